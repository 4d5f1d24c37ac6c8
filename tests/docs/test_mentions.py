"""What the pages mention in passing is there too: commands, options, targets, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docs.blocks import CHECKOUT, blocks, pages, text_of
from docs.calling import resolve
from reprollm.cli import reprollm
from reprollm.experiment.config import ExperimentConfig
from reprollm.experiment.document import read_document

_CODE = re.compile(r"`([^`]+)`")
_OPTION = re.compile(r"--[a-z][a-z-]+")


def spans(page: str) -> Iterator[str]:
    """Yield what stands between backticks outside of blocks, on one line each."""
    text = text_of(page)
    for block in blocks(text):
        if block.info:
            text = text.replace(block.text, "")
    for span in _CODE.findall(text):
        yield " ".join(span.split())


def mentioned(span: str) -> Iterator[list[str]]:
    """Yield the command lines of a span, words behind `reprollm`; `a | b` names two commands."""
    words = span.removeprefix(".venv/bin/").split()
    if not words or words[0] != "reprollm" or len(words) == 1:
        return
    first = re.split(r"[|,…]", " ".join(words[1:]))
    yield first[0].split()
    group = reprollm.get_command(click.Context(reprollm), words[1])
    if isinstance(group, click.Group):
        for other in first[1:]:
            if other.strip():
                yield [words[1], *other.split()]


@pytest.mark.parametrize("page", pages())
def test_commands_in_running_text_exist_with_their_options(page: str) -> None:
    for span in spans(page):
        for words in mentioned(span):
            command, name, rest = resolve(words)
            known = {"--help"} | {
                option for each in command.params for option in (*each.opts, *each.secondary_opts)
            }
            rest = rest[: rest.index("--")] if "--" in rest else rest
            asked = {option for word in rest for option in _OPTION.findall(word)}
            known |= {"--version"} if name == "reprollm" else set()
            assert asked <= known, f"{page}: `{span}`: {name} has no {asked - known}"


@pytest.mark.parametrize("page", pages())
def test_targets_in_running_text_stand_in_the_makefile(page: str) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    asked = {found[1] for span in spans(page) if (found := re.match(r"make ([a-z][a-z-]*)", span))}
    assert asked <= targets


def described() -> list[tuple[str, str]]:
    """Return the whole experiments that pages show: those that begin with their schema."""
    return [
        (page, block.text)
        for page in pages()
        for block in blocks(text_of(page))
        if "schema: reprollm/experiment/1\n" in block.text and "\nsampling:" in block.text
    ]


@pytest.mark.parametrize(("page", "text"), described(), ids=[page for page, _ in described()])
def test_experiments_that_are_shown_are_valid(page: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "experiment.yaml").write_text(text, encoding="utf-8")
    document = read_document(tmp_path / "experiment.yaml")
    assert ExperimentConfig.model_validate(document.value).name == "letters"


def test_there_are_experiments_to_be_checked() -> None:
    assert {page for page, _ in described()} >= {"README.md", "docs/tutorial.md"}
