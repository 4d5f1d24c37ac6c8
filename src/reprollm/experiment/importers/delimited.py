"""CSV and TSV (RFC 4180), with a header or without, with quotes or without."""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from reprollm.errors import DataInvalid
from reprollm.experiment.importers.imported import Imported, Record, content_of
from reprollm.experiment.text import decode


@dataclass(frozen=True)
class Delimited:
    """A table in a text file.

    Attributes:
        encoding: a Python codec name; `utf-8-sig` where the file has a byte order mark.
        delimiter: one character.
        header: whether the first row names the columns.
        columns: their names where there is no header; `column_1`, … without any.
        quoted: whether cells may stand in `"…"`; without, a quotation mark is a character.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    header: bool = True
    columns: tuple[str, ...] = ()
    quoted: bool = True

    endings: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Imported:
        """Return the table's rows; rows that are blank lines are passed over."""
        content = content_of(path)
        lines = self._lines(decode(content, self.encoding, str(path)), str(path))
        first = next(lines, None)
        if first is None:
            what = "a header and rows" if self.header else "rows"
            raise DataInvalid(f"expected {what} in {path}, found an empty file")
        if self.header:
            names: Sequence[str] = first[1]
        else:
            names = self.columns or [f"column_{number + 1}" for number in range(len(first[1]))]
            lines = _with(first, lines)
        _check_names(names, str(path))
        rows = tuple(
            Record(dict(zip(names, cells, strict=True)), str(path), line)
            for line, cells in _checked(lines, len(names), str(path))
        )
        return Imported(tuple(names), rows, hashlib.sha256(content).hexdigest())

    def _lines(self, text: str, name: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that are not blank, each with the line on which it begins."""
        csv.field_size_limit(sys.maxsize)
        reader = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            strict=True,
        )
        start = 1
        try:
            for cells in reader:
                if cells:
                    yield start, cells
                start = reader.line_num + 1
        except csv.Error as error:
            raise DataInvalid(_broken(str(error), start, name)) from None


def _with(
    first: tuple[int, list[str]], rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rest


def _broken(problem: str, line: int, name: str) -> str:
    if problem == "unexpected end of data":
        return (
            f"expected the row that starts in line {line} of {name} to end, found the end of the "
            "file inside quotation marks; a quote is not closed, or the file is truncated"
        )
    return (
        f"expected a row in line {line} of {name}, found a malformed one ({problem}); put cells "
        'with separators or quotes in "…" and double the quotes inside, or write `quoted: false` '
        "where a quotation mark is a character like any other"
    )


def _check_names(names: Sequence[str], file: str) -> None:
    for index, name in enumerate(names):
        if not name:
            raise DataInvalid(
                f"expected a name for every column in the header of {file}, found none for column "
                f"{index + 1}; name it, or write `header: false`"
            )
        if name in names[:index]:
            raise DataInvalid(
                f"expected every column once in the header of {file}, found {name!r:.80} again"
            )


def _checked(
    lines: Iterator[tuple[int, list[str]]], columns: int, file: str
) -> Iterator[tuple[int, list[str]]]:
    for line, cells in lines:
        if len(cells) != columns:
            raise DataInvalid(
                f"expected {columns} cells in line {line} of {file}, found {len(cells)}; "
                "a separator is missing or too many, or the file is truncated"
            )
        yield line, cells
