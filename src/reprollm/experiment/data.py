"""The items: rows of named cells with an id each, read whole and strictly.

What form the file has is its importer's matter (`reprollm.experiment.importers`). Here the rows get
their ids, and what no form allows is refused: an id twice, a missing column, a monstrous cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import DataInvalid
from reprollm.experiment.importers import Importer
from reprollm.experiment.importers.delimited import Delimited
from reprollm.experiment.importers.imported import Imported, Record
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
    """Checked data: their columns, their rows in order, and the hash of their bytes."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    sha256: str


def read_data(
    path: Path,
    id_column: str,
    needed: Sequence[str],
    encoding: str,
    delimiter: str,
    importer: Importer | None = None,
) -> DataFile:
    """Return the rows of a file whose ids are unique.

    Args:
        path: the file.
        id_column: the column that identifies rows.
        needed: the columns that must be there, `id_column` among them.
        encoding: a Python codec name.
        delimiter: one character.
        importer: reads the file's form; CSV with a header in that encoding without one.

    Raises:
        DataInvalid: the file cannot be read or decoded, is empty, has a malformed header or row, an
            id twice or empty, or a cell above `MAX_CELL_BYTES`.
    """
    found = (importer or Delimited(encoding, delimiter)).read(path)
    _check_columns(found, needed, delimiter, str(path))
    rows = tuple(_identified(found.rows, id_column, str(path)))
    if not rows:
        raise DataInvalid(f"expected at least one row below the header of {path}, found none")
    return DataFile(found.columns, rows, found.sha256)


def _check_columns(found: Imported, needed: Sequence[str], delimiter: str, name: str) -> None:
    columns = found.columns
    for column in needed:
        if column not in columns:
            raise DataInvalid(
                f"expected the column {column!r} in the header of {name}, found "
                f"{listed(columns)}{_hint(column, columns, delimiter)}"
            )


def _hint(column: str, columns: Sequence[str], delimiter: str) -> str:
    if len(columns) == 1:
        for other in (",", ";", "\t"):
            if other != delimiter and other in columns[0]:
                return f'; the columns look separated by {other!r}: write `delimiter: "{other}"`'
    return meant(column, columns)


def _identified(rows: Sequence[Record], id_column: str, name: str) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for record in rows:
        _check_cells(record)
        row = Row(record.cells[id_column], record.cells, record.line)
        if not row.id:
            raise DataInvalid(f"expected an id in column {id_column!r} of {name}, line {row.line}")
        if row.id in seen:
            raise DataInvalid(
                f"expected every id once in {name}, found {row.id!r:.80} in line {row.line} and "
                f"before in line {seen[row.id]}"
            )
        seen[row.id] = row.line
        yield row


def _check_cells(record: Record) -> None:
    for column, cell in record.cells.items():
        if len(cell) > MAX_CELL_BYTES // 4 and (size := len(cell.encode())) > MAX_CELL_BYTES:
            raise DataInvalid(
                f"expected cells of at most {MAX_CELL_BYTES} bytes in {record.file}, found {size} "
                f"bytes in column {column!r} of line {record.line}; is a quote not closed before "
                "it?"
            )
