"""The rows of a data set, and the bytes of its published file.

The file is CSV (RFC 4180) with line feeds, and quotes just where a cell needs them. Cells are
written as they are: nothing is stripped or normalised, and whatever reads the file strictly reads
the same cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reprollm.errors import DataInvalid

DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Format:
    """How a table is spelled: delimiter, Python codec, and which column holds the ids."""

    id: str = "id"
    delimiter: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Table:
    """Columns in order, and rows as cells by column, in order."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]


def to_csv(table: Table, form: Format) -> bytes:
    """Return the file's bytes; raise `DataInvalid` for a cell that the encoding cannot write."""
    needs_quotes = re.compile(f'["\r\n{re.escape(form.delimiter)}]')

    def cell(value: str) -> str:
        if needs_quotes.search(value):
            return '"' + value.replace('"', '""') + '"'
        return value

    lines = [table.columns, *([row[name] for name in table.columns] for row in table.rows)]
    text = "".join(form.delimiter.join(map(cell, line)) + "\n" for line in lines)
    try:
        return text.encode(form.encoding)
    except UnicodeEncodeError as error:
        raise DataInvalid(
            f"expected characters that {form.encoding} can write, found "
            f"{error.object[error.start]!r} in the versions; write all files as UTF-8"
        ) from None
