"""The form in which a bundle's tables are stated: columns with their types and meanings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its name, its Arrow type, its meaning.

    Attributes:
        kind: `string`, `int64`, `double`, `bool`, `list<float>`, `list<uint32>` or `list<string>`;
            list columns of numbers are made from little-endian bytes.
    """

    name: str
    kind: str
    means: str


@dataclass(frozen=True)
class Table:
    """One table: its file's name, what a row is, how its rows are found, its columns.

    Attributes:
        name: the file's name without its suffix.
        row: what one row is, in words.
        places: query for the positions, in order, of the records from which each row is made: its
            own, and that of the request it answers.
        sql: query for the columns. Where `places` is given it reads one page of them as
            `page(n, own, asked)` and the log and openings of that page only; rows come by `n`.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    sql: str
    places: str | None = None


def columns(text: str) -> tuple[Column, ...]:
    """Return the columns that lines of `name | type | meaning` describe."""
    lines = [line for line in text.splitlines() if line.strip()]
    rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    return tuple(Column(name, kind, means) for name, kind, means in rows)
