"""What the seal published: the items with what was drawn for them, and the canaries."""

import csv
from pathlib import Path

from earlygerman.items import Item, draw_items, published

DATA = Path(__file__).resolve().parents[1] / "data"
CANARY = "canary"
"""The column of `items.csv` that the canaries stand in."""


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_items(folder: Path = DATA) -> tuple[Item, ...]:
    """Return the published items in the order of their ids."""
    rows = _rows(folder / "items.csv")
    return published(draw_items(), ((row["id"], row["source"], row["reference"]) for row in rows))


def read_canaries(folder: Path = DATA) -> tuple[str, ...]:
    """Return the published canaries, each once, in the order of the file."""
    rows = _rows(folder / "items.csv")
    return tuple(dict.fromkeys(row[CANARY] for row in rows if row[CANARY]))
