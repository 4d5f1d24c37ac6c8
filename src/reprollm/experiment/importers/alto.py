"""ALTO (Library of Congress; versions 2 to 4): text lines made of strings, spaces and hyphens.

A line is its `String/@CONTENT` and a space for each `SP`; a hyphen `HYP` at its end is kept, as it
stands in the print (ALTO 4.4, LineType).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from reprollm.errors import DataInvalid
from reprollm.experiment.importers.imported import (
    Imported,
    Record,
    content_of,
    files_of,
    hash_of,
)
from reprollm.experiment.importers.xml import find, line_of, parse

if TYPE_CHECKING:
    from lxml.etree import _Element

COLUMNS = ("id", "file", "page", "block", "line", "text")


@dataclass(frozen=True)
class Alto:
    """Pages.

    Attributes:
        unit: what a row is: a `line` or a `block`; the lines of a block are joined by line breaks.
    """

    unit: Literal["line", "block"] = "line"
    endings: ClassVar[tuple[str, ...]] = (".xml",)

    def read(self, path: Path) -> Imported:
        """Return a row a unit; units without strings are passed over."""
        read = [(file, content_of(file)) for file in files_of(path, self.endings)]
        rows = tuple(row for file, content in read for row in self._rows(path, file, content))
        if not rows:
            raise DataInvalid(f"expected text {self.unit}s of ALTO in {path}, found none")
        return Imported(COLUMNS, rows, hash_of(path, read))

    def _rows(self, path: Path, file: Path, content: bytes) -> Iterator[Record]:
        root = parse(content, file)
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        for page in find(root, "//*[local-name()='Page']", {}, file):
            for block in find(page, ".//*[local-name()='TextBlock']", {}, file):
                lines = find(block, "./*[local-name()='TextLine']", {}, file)
                units = [[line] for line in lines] if self.unit == "line" else [lines]
                for unit in units:
                    texts = [text for line in unit if (text := _text(line)) is not None]
                    if texts:
                        line = unit[0] if self.unit == "line" else None
                        yield _record(name, str(file), (page, block, line), "\n".join(texts))


def _record(
    name: str, file: str, place: tuple[_Element, _Element, _Element | None], text: str
) -> Record:
    page, block, line = place
    here = block if line is None else line
    inner = "" if line is None else line.get("ID") or ""
    own = here.get("ID") or ""
    cells = (f"{name}:{own}", name, page.get("ID") or "", block.get("ID") or "", inner, text)
    return Record(dict(zip(COLUMNS, cells, strict=True)), file, line_of(here))


def _text(line: _Element) -> str | None:
    parts: list[str] = []
    for child in line:
        kind = str(child.tag).rpartition("}")[2]
        if kind in ("String", "HYP"):
            parts.append(child.get("CONTENT") or ("-" if kind == "HYP" else ""))
        elif kind == "SP":
            parts.append(" ")
    return "".join(parts) if parts else None
