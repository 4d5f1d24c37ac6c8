"""A table ready to be written: texts and numbers in rows, before any format's markup."""

from __future__ import annotations

from dataclasses import dataclass

from reprollm.tables.measured import Number


@dataclass(frozen=True)
class Cell:
    """A number as it is shown, and the record that says it; without one the cell is empty.

    Attributes:
        value: rounded, in the table's language.
        interval: likewise, `low, high`; None without one.
        marks: letters of the arms that this one is better than.
        best: whether no other value of its column is better.
    """

    number: Number | None
    value: str = ""
    interval: str | None = None
    marks: str = ""
    best: bool = False


@dataclass(frozen=True)
class Row:
    """Names of the row, and its cells; `letter` is what marks of others call it."""

    names: tuple[str, ...]
    letter: str
    n: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        id: ASCII name by which a document may refer to it.
        caption, notes: sentences.
        names: headings of the rows' names.
        columns: pairs of two headings, one over the other.
        groups: how many rows stand together, one number a group; they add up to all rows.
        n: whether rows show their numbers of answers.
    """

    id: str
    caption: tuple[str, ...]
    names: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    groups: tuple[int, ...]
    notes: tuple[str, ...]
