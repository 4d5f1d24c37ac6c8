"""A table as CSV (RFC 4180): a line a number, unrounded, with the record that says it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from reprollm.tables.grid import Cell, Grid
from reprollm.tables.measured import Book
from reprollm.tables.plain import guarded

COLUMNS = (
    "experiment", "model", "prompt", "sampling", "level", "group", "label", "score", "aggregation",
    "value", "low", "high", "interval", "confidence", "n", "undefined", "better_than", "best",
    "position", "leaf", "code", "checkpoint_size", "checkpoint_root", "ledger_size", "ledger_root",
)  # fmt: skip


def csv_table(grid: Grid, books: Sequence[Book]) -> str:
    """Return a header and a line for each number of the table, row by row."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in grid.rows:
        for cell in row.cells:
            if cell.number is not None:
                table.writerow(map(guarded, _line(cell, books)))
    return out.getvalue()


def _line(cell: Cell, books: Sequence[Book]) -> list[str]:
    number = cell.number
    if number is None:
        return []
    book, place = books[number.ledger], number.place
    arm = next(arm for arm in book.arms if (arm.run, arm.cell) == (number.run, number.cell))
    said: list[object] = [
        book.name, arm.model, arm.prompt, arm.sampling, number.level, number.group, number.label,
        number.score, number.aggregation, number.value, number.low, number.high,
        number.interval.get("method"), number.interval.get("level"), number.n, number.undefined,
        cell.marks, "yes" if cell.best else "", place.position, place.leaf, place.code, place.size,
        place.root, book.size, book.root,
    ]  # fmt: skip
    return ["" if each is None else str(each) for each in said]
