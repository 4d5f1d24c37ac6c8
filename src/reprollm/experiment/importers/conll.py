"""Tab-separated tokens, one a line, as CoNLL and HIPE write them.

HIPE 2022 (Ehrmann et al. 2022, CLEF): a first line of column names; comments `# key = value` in
front of each document, `document_id` among their keys; in the column MISC, flags joined by `|`, of
which `EndOfSentence` ends a sentence and `NoSpaceAfter` joins a token to the next. CoNLL: no names,
blank lines between sentences, `-DOCSTART-` or comments between documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from reprollm.errors import DataInvalid
from reprollm.experiment.importers.imported import (
    Imported,
    Record,
    complete,
    content_of,
    files_of,
    hash_of,
    listed_cells,
)
from reprollm.experiment.text import decode

_COMMENT = re.compile(r"#\s*([^=]+?)\s*=\s*(.*?)\s*\Z")
_END, _JOINED, _DOCUMENT = "EndOfSentence", "NoSpaceAfter", "-DOCSTART-"


@dataclass(frozen=True)
class TokenTable:
    """Tokens with labels.

    Attributes:
        unit: what a row is: a `document` or a `sentence`.
        columns: names of the columns; those of the file's first line without any.
        token: the column with the tokens.
        flags: the column with flags, or None.
    """

    encoding: str = "utf-8"
    unit: Literal["document", "sentence"] = "document"
    columns: tuple[str, ...] = ()
    token: str = "TOKEN"
    flags: str | None = "MISC"

    endings: ClassVar[tuple[str, ...]] = (".tsv", ".conll", ".conllu")

    def read(self, path: Path) -> Imported:
        """Return a row a unit.

        Its cells: `id` (the document's id, and for sentences `:` and their number in it, from 1),
        `document`, `sentence` (its number; empty for documents), `text` (tokens joined by spaces,
        without one after a token that is flagged so), a JSON array for each column, and one cell
        for each key of the comments. In a folder a document's id stands behind its file's name and
        `:`.
        """
        read = [(file, content_of(file)) for file in files_of(path, self.endings)]
        found = [self._units(path, file, content) for file, content in read]
        names = tuple(dict.fromkeys(name for own, _ in found for name in own))
        units = [(unit, file) for (file, _), (_, own) in zip(read, found, strict=True)
                 for unit in own]  # fmt: skip
        if not units:
            raise DataInvalid(f"expected tokens in {path}, found none")
        keys = dict.fromkeys(key for unit, _ in units for key in unit.comments)
        columns = ("id", "document", "sentence", "text", *names, *keys)
        if len(set(columns)) != len(columns):
            again = next(name for name in columns if columns.count(name) > 1)
            raise DataInvalid(f"expected every name once in {path}, found {again!r:.80} again")
        rows = tuple(complete(columns, (unit.row(self, str(file)) for unit, file in units)))
        return Imported(columns, rows, hash_of(path, read))

    def _units(self, path: Path, file: Path, content: bytes) -> tuple[tuple[str, ...], list[_Unit]]:
        """Return the names of a file's columns, and its units."""
        lines = decode(content, self.encoding, str(file)).replace("\r\n", "\n").split("\n")
        names, first = self._names(lines, file)
        units = list(_Reader(self, names, file).units(lines, first))
        if path.is_dir():
            for unit in units:
                unit.document = f"{file.relative_to(path).as_posix()}:{unit.document}"
        return names, units

    def _names(self, lines: list[str], path: Path) -> tuple[tuple[str, ...], int]:
        """Return the columns' names and how many lines stand before the data."""
        names, first = (self.columns, 0) if self.columns else (tuple(lines[0].split("\t")), 1)
        for name in (self.token, self.flags):
            if name is not None and name not in names:
                raise DataInvalid(
                    f"expected the column {name!r} among those of {path}, found "
                    f"{', '.join(map(repr, names))}; name the columns, the token column and the "
                    "flags"
                )
        return names, first


@dataclass
class _Unit:
    """A document or sentence on its way."""

    document: str
    sentence: int
    line: int
    comments: dict[str, str]
    cells: dict[str, list[str]] = field(default_factory=dict)

    def row(self, form: TokenTable, file: str) -> Record:
        sentences = form.unit == "sentence"
        flags = self.cells[form.flags] if form.flags else [""] * len(self.cells[form.token])
        cells = {
            "id": f"{self.document}:{self.sentence}" if sentences else self.document,
            "document": self.document,
            "sentence": str(self.sentence) if sentences else "",
            "text": joined(self.cells[form.token], [_JOINED in each.split("|") for each in flags]),
            **{name: listed_cells(values) for name, values in self.cells.items()},
            **self.comments,
        }
        return Record(cells, file, self.line)


def joined(tokens: list[str], tight: list[bool]) -> str:
    """Return tokens as running text, with a space after each that is not `tight`."""
    parts = [token if close else f"{token} " for token, close in zip(tokens, tight, strict=True)]
    return "".join(parts).removesuffix(" ")


class _Reader:
    """Follows the lines of one file."""

    def __init__(self, form: TokenTable, names: tuple[str, ...], path: Path) -> None:
        self._form, self._names, self._path = form, names, path
        self._documents = 0
        self._document, self._sentence = "", 0
        self._comments: dict[str, str] = {}
        self._fresh = True  # whether the next comment or token begins a document
        self._unit: _Unit | None = None

    def units(self, lines: list[str], first: int) -> Iterator[_Unit]:
        for number, line in enumerate(lines[first:], start=first + 1):
            comment = _COMMENT.match(line)
            if comment:
                if not self._fresh:
                    yield from self._close()
                    self._begin()
                self._comments[comment[1]] = comment[2]
            elif not line.strip():
                if self._form.unit == "sentence":
                    yield from self._close()
            elif line.startswith(_DOCUMENT):
                yield from self._close()
                self._begin()
            else:
                yield from self._token(number, line.split("\t"))
        yield from self._close()

    def _begin(self) -> None:
        self._fresh, self._comments = True, {}

    def _token(self, number: int, cells: list[str]) -> Iterator[_Unit]:
        if len(cells) != len(self._names):
            raise DataInvalid(
                f"expected {len(self._names)} cells in line {number} of {self._path}, found "
                f"{len(cells)}; a tabulator is missing or too many"
            )
        if self._fresh:
            self._fresh = False
            self._documents += 1
            self._sentence = 0
            ids = (v for k, v in self._comments.items() if k.split(":")[-1] == "document_id")
            self._document = next(ids, str(self._documents))
        if self._unit is None:
            self._sentence += 1
            self._unit = _Unit(self._document, self._sentence, number, dict(self._comments))
            self._unit.cells = {name: [] for name in self._names}
        for name, cell in zip(self._names, cells, strict=True):
            self._unit.cells[name].append(cell)
        flags = self._unit.cells[self._form.flags][-1].split("|") if self._form.flags else []
        if self._form.unit == "sentence" and _END in flags:
            yield from self._close()

    def _close(self) -> Iterator[_Unit]:
        if self._unit is not None:
            yield self._unit
            self._unit = None
