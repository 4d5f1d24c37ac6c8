"""Where each number of a table stands in the log, and what it was derived from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reprollm.tables.grid import Grid


@dataclass(frozen=True)
class Traced:
    """One number: its row and column in the table, and its record.

    Attributes:
        value: as recorded, with all digits.
        position, leaf: of the record in the log.
        code: digest of the code that computed it.
        size, root: the checkpoint of the log that it was computed from.
    """

    row: str
    column: str
    value: str | None
    position: int
    leaf: str
    code: str | None
    size: int | None
    root: str | None


def traced(grid: Grid) -> Iterator[Traced]:
    """Yield every number of a table, row by row."""
    for row in grid.rows:
        for (top, below), cell in zip(grid.columns, row.cells, strict=True):
            if cell.number is None:
                continue
            place = cell.number.place
            yield Traced(
                row=", ".join(filter(None, row.names)),
                column=f"{top}, {below}",
                value=cell.number.value,
                position=place.position,
                leaf=place.leaf,
                code=place.code,
                size=place.size,
                root=place.root,
            )


def sentence(found: Traced) -> str:
    """Return a line that says of one number where it stands."""
    derived = f", derived from {found.size} records with root {found.root}" if found.root else ""
    code = f" by code {found.code}" if found.code else ""
    return (
        f"{found.row}; {found.column}: {found.value or 'undefined'} is record {found.position}, "
        f"leaf {found.leaf}{derived}{code}"
    )
