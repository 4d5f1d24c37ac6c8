"""The blocks of a Markdown page that a reader would type, or save under the name they carry."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from reprollm.cli import reprollm

CHECKOUT = Path(__file__).resolve().parents[2]

PROGRAMS = frozenset(
    "apptainer bash cat cd chmod conda cp curl docker duckdb export find git grep ln ls make mkdir "
    "mkdocs mv openssl pip pip3 podman python python3 R rm Rscript rsync sbatch scp sed sh "
    "sha256sum shasum snakemake source squeue ssh ssh-keygen sudo tar unzip uv wget zip".split()
)
SHELLS = frozenset({"bash", "console", "sh", "shell"})
_FENCE = re.compile(r"^( *)(```+|~~~+)(.*)$")


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        line: of the page, from 1, where its text begins.
        info: what stands behind an opening fence.
    """

    line: int
    info: str
    text: str

    @property
    def language(self) -> str:
        return self.info.split(" ")[0]

    @property
    def file(self) -> str | None:
        """The name under which the reader saves the block, where it carries one."""
        named = re.search(r'title="([^"]+)"', self.info)
        return named[1] if named else None


@dataclass(frozen=True)
class Step:
    """One command as the reader types it, or one file that the reader saves.

    Attributes:
        text: the command with its continued lines, or the file's content.
        file: the file's name; None of a command.
        python: the text is Python.
    """

    line: int
    text: str
    file: str | None = None
    python: bool = False


def pages() -> list[str]:
    """Return the Markdown files for readers, relative to the checkout."""
    found = [
        *CHECKOUT.glob("*.md"),
        *CHECKOUT.glob("docs/*.md"),
        *CHECKOUT.glob("envs/*.md"),
        *CHECKOUT.glob("experiments/*/README.md"),
        CHECKOUT / "ledger" / "README.md",
    ]
    names = {str(path.relative_to(CHECKOUT)) for path in found}
    return sorted(names - {"CHANGELOG.md"})


def text_of(page: str) -> str:
    return (CHECKOUT / page).read_text(encoding="utf-8")


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced and the indented blocks of a page, in its order."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        begins = number
        if fence:
            number += 1
            while number < len(lines) and lines[number].strip() != fence[2]:
                number += 1
            yield _block(lines[begins + 1 : number], begins + 2, fence[3].strip())
        elif lines[number].startswith("    ") and not lines[number - 1].strip():
            margin = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
            while number < len(lines) and (
                lines[number].startswith(margin) or not lines[number].strip()
            ):
                number += 1
            yield _block(lines[begins:number], begins + 1, "")
            continue
        number += 1


def _block(lines: list[str], line: int, info: str) -> Block:
    return Block(line, info, textwrap.dedent("\n".join(lines)).strip("\n") + "\n")


def steps(page: str) -> list[Step]:
    """Return what a reader of the page does, in its order."""
    found: list[Step] = []
    for block in blocks(text_of(page)):
        if block.file:
            found.append(Step(block.line, block.text, file=block.file))
        elif block.language == "python" or re.match(r"(from \w[\w.]* )?import ", block.text):
            found.append(Step(block.line, block.text, python=True))
        elif block.language in SHELLS or is_typed(block.text):
            found += _commands(block)
    return found


def is_typed(text: str) -> bool:
    """Say whether a block is typed into a shell: some line of it calls a program by name."""
    return any(_calls(line) for line in text.split("\n"))


def _calls(line: str) -> bool:
    words = line.replace(".venv/bin/", "", 1).split()
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    if not words:
        return False
    if words[0] == "reprollm":
        named = reprollm.list_commands(click.Context(reprollm))
        return len(words) > 1 and (words[1] in named or words[1].startswith("-"))
    return words[0] in PROGRAMS


def _commands(block: Block) -> Iterator[Step]:
    whole, begins = "", block.line
    for number, line in enumerate(block.text.split("\n"), start=block.line):
        begins = begins if whole else number
        whole += line
        if line.endswith("\\"):
            whole += "\n"
            continue
        if whole.strip() and not whole.lstrip().startswith("#"):
            yield Step(begins, whole.strip())
        whole = ""
