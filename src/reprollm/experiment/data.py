"""The data file: CSV (RFC 4180) with a header, read whole and strictly.

Every cell is text as it stands in the file: nothing is stripped, normalised or guessed to be a
number. A row that is not what the header promises is refused with its line, never repaired.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import DataInvalid
from reprollm.experiment.text import decode
from reprollm.experiment.words import listed, meant

MAX_CELL_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Row:
    """One row: its id, its cells by column, and the line (from 1) where it starts."""

    id: str
    cells: Mapping[str, str]
    line: int


@dataclass(frozen=True)
class DataFile:
    """A checked data file: its columns, its rows in order, and the hash of its bytes."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    sha256: str


def read_data(
    path: Path, id_column: str, needed: Sequence[str], encoding: str, delimiter: str
) -> DataFile:
    """Return the rows of a CSV file whose ids are unique.

    Args:
        path: the file.
        id_column: the column that identifies rows.
        needed: the columns that must be there, `id_column` among them.
        encoding: a Python codec name.
        delimiter: one character.

    Raises:
        DataInvalid: the file cannot be read or decoded, is empty, has a malformed header or row, an
            id twice or empty, or a cell above `MAX_CELL_BYTES`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataInvalid(f"could not read {path}: {error.strerror}") from None
    name = str(path)
    lines = _rows(decode(content, encoding, name), delimiter, name)
    _, header = next(lines, (1, None))
    if header is None:
        raise DataInvalid(
            f"expected a header and rows in {name}, found an empty file; "
            f"its first line names the columns ({listed(needed)})"
        )
    _check_header(header, needed, delimiter, name)
    rows = tuple(_identified(lines, header, id_column, name))
    if not rows:
        raise DataInvalid(f"expected at least one row below the header of {name}, found none")
    return DataFile(tuple(header), rows, hashlib.sha256(content).hexdigest())


def _rows(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line on which it starts."""
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for cells in reader:
            if cells:
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataInvalid(_broken(str(error), start, name)) from None


def _broken(problem: str, line: int, name: str) -> str:
    if problem == "unexpected end of data":
        return (
            f"expected the row that starts in line {line} of {name} to end, found the end of the "
            "file inside quotation marks; a quote is not closed, or the file is truncated"
        )
    return (
        f"expected a CSV row in line {line} of {name}, found a malformed one ({problem}); "
        'put cells with separators or quotes in "…" and double the quotes inside'
    )


def _check_header(header: list[str], needed: Sequence[str], delimiter: str, name: str) -> None:
    for index, column in enumerate(header):
        if not column:
            raise DataInvalid(
                f"expected a name for every column in the header of {name}, found none for "
                f"column {index + 1}"
            )
        if column in header[:index]:
            raise DataInvalid(
                f"expected every column once in the header of {name}, found {column!r} again"
            )
    for column in needed:
        if column not in header:
            raise DataInvalid(
                f"expected the column {column!r} in the header of {name}, found "
                f"{listed(header)}{_hint(column, header, delimiter)}"
            )


def _hint(column: str, header: list[str], delimiter: str) -> str:
    if len(header) == 1:
        for other in (",", ";", "\t"):
            if other != delimiter and other in header[0]:
                return f'; the columns look separated by {other!r}: write `delimiter: "{other}"`'
    return meant(column, header)


def _identified(
    lines: Iterator[tuple[int, list[str]]], header: list[str], id_column: str, name: str
) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for line, cells in lines:
        _check_row(line, cells, header, name)
        row = Row(cells[header.index(id_column)], dict(zip(header, cells, strict=True)), line)
        if not row.id:
            raise DataInvalid(f"expected an id in column {id_column!r} of {name}, line {line}")
        if row.id in seen:
            raise DataInvalid(
                f"expected every id once in {name}, found {row.id!r:.80} in line {line} and before "
                f"in line {seen[row.id]}"
            )
        seen[row.id] = line
        yield row


def _check_row(line: int, cells: list[str], header: list[str], name: str) -> None:
    if len(cells) != len(header):
        raise DataInvalid(
            f"expected {len(header)} cells in line {line} of {name}, found {len(cells)}; "
            "a separator is missing or too many, or the file is truncated"
        )
    for column, cell in zip(header, cells, strict=True):
        if len(cell) > MAX_CELL_BYTES // 4 and (size := len(cell.encode())) > MAX_CELL_BYTES:
            raise DataInvalid(
                f"expected cells of at most {MAX_CELL_BYTES} bytes in {name}, found {size} bytes "
                f"in column {column!r} of line {line}; is a quote not closed before it?"
            )
