"""Small tables as others publish them, with rates that were counted by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from reprollm.evaluation.source import Columns

HEADER = ("", "Sample ID", "OCR Text", "Ground Truth", "Model Correction")
# Edits before and after, and the reference's length, were counted by hand.
ROWS = (
    ("0", "a", "tbe cat", "the cat", "the cat"),  # 1, 0 of 7
    ("1", "a", "abcd", "abcd", "abxd"),  # 0, 1 of 4
    ("2", "b", "Hauss,\nHof", "Haus,\nHof", "Haus, Hof"),  # 1, 1 of 9
    ("3", "b", "xy", "ab", "ab"),  # 2, 0 of 2
    ("4", "c", " ein Wort ", "ein Wort", "ein Wort"),  # stripped 0, else 2; 0 of 8
    ("5", "c", "a", "", "a"),  # no reference
)
COLUMNS = Columns(
    reference="Ground Truth",
    outputs=("Model Correction",),
    source="OCR Text",
    document="Sample ID",
)


def write(
    path: Path,
    rows: Sequence[Sequence[str]] = ROWS,
    header: Sequence[str] = HEADER,
    delimiter: str = ",",
    encoding: str = "utf-8",
) -> Path:
    """Write a table and return its path."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([header, *rows])
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def with_column(name: str, cells: Sequence[str], path: Path, times: int = 1) -> Path:
    """Write the table with one more column, all rows so many times."""
    rows = [(*row, cell) for row, cell in zip(ROWS, cells, strict=True)]
    return write(path, rows * times, (*HEADER, name))
