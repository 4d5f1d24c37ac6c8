"""The prompt's template: Jinja over one item's columns and its few-shot examples.

In a template every column of the data file is a variable (`{{ source }}`); a column whose name is
no variable's name is `{{ item["its name"] }}`; `examples` is the list of few-shot rows
(`{{ example.source }}`). One line end at the end of the file, which editors add, is not part of the
prompt (Jinja's `keep_trailing_newline` is off): end the file with an empty line to ask for one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import TemplateInvalid
from reprollm.experiment.words import listed, meant
from reprollm.prompts.bounded import Rendering, bounded
from reprollm.prompts.sandbox import strict_sandbox

RESERVED = ("item", "examples")


@dataclass(frozen=True)
class PromptTemplate:
    """A compiled template, the hash of its file's bytes, the file as messages name it, its text."""

    template: Rendering
    sha256: str
    name: str
    text: str = ""

    def render(
        self, item: str, cells: Mapping[str, str], examples: Sequence[Mapping[str, str]]
    ) -> str:
        """Return the prompt of one item.

        Raises:
            TemplateInvalid: an expression fails, or the prompt is empty.
        """
        known = {**cells, "item": dict(cells), "examples": [dict(row) for row in examples]}
        columns = f"; the columns are {listed(cells)}"
        if examples:
            columns += f", those of the examples {listed(examples[0])}"
        text = self.template.render(known, item, columns)
        if not text.strip():
            raise TemplateInvalid(
                f"expected {self.name} to render a prompt for item {item!r:.80}, found it empty"
            )
        return text


def read_template(path: Path, columns: Sequence[str]) -> PromptTemplate:
    """Return the template in `path`, checked against the columns that the data file has.

    Raises:
        TemplateInvalid: the file cannot be read, is not UTF-8, is no template, loads another one,
            or names a column that is not there.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TemplateInvalid(f"could not read {path}: {error.strerror}") from None
    source = _decoded(content, path)
    environment = strict_sandbox()
    setting = {"chat": False, "clock": None}
    template = bounded(environment, source, str(path), setting)
    known = {*columns, *RESERVED, *environment.globals}
    for name in sorted(template.names - known):
        raise TemplateInvalid(
            f"expected {path} to name columns of the data file ({listed(columns)}), "
            f"found {name!r}{meant(name, [*columns, *RESERVED])}"
        )
    return PromptTemplate(template, hashlib.sha256(content).hexdigest(), str(path), source)


def _decoded(content: bytes, path: Path) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TemplateInvalid(
            f"expected UTF-8 text in {path}, found byte 0x{content[error.start]:02x} at offset "
            f"{error.start}; save the file as UTF-8"
        ) from None
    if text.startswith("\ufeff"):
        raise TemplateInvalid(
            f"expected no byte order mark in {path}, found one that every prompt would hold; "
            "save the file as UTF-8 without it"
        )
    return text
