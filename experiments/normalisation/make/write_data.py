"""Write what fixed seeds draw: python experiments/normalisation/make/write_data.py.

`planted.csv`, `reference.csv` and `rules.csv` go into the data folder; `rules.csv` needs the
published `items.csv` there. With `--drawn FOLDER` only the two inputs of `reprollm dataset seal`
are written, into that folder: the first variant of each item, and its further ones.
"""

import argparse
import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from earlygerman.items import Draw, Item, Pair, draw_items
from published import DATA, read_items

COLUMNS = ("id", "source", "reference", "stratum")


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file: UTF-8 without byte order mark, line feeds, quotes only where needed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_drawn(draw: Draw, folder: Path) -> None:
    """Write the inputs of the seal: `items.csv` and `variants.csv`."""
    first = [(group, group.variants[0]) for group in draw.groups]
    further = [(group, pair) for group in draw.groups for pair in group.variants[1:]]
    write_table(folder / "items.csv", COLUMNS, (cells(group.id, pair) for group, pair in first))
    write_table(
        folder / "variants.csv",
        COLUMNS[:-1],
        (cells(group.id, pair)[:-1] for group, pair in further),
    )


def write_public(draw: Draw, folder: Path) -> None:
    """Write `planted.csv` and `reference.csv`."""
    write_table(
        folder / "planted.csv",
        ("id", "repetitions"),
        ((group.id, group.repetitions) for group in draw.groups if group.repetitions),
    )
    write_table(
        folder / "reference.csv",
        COLUMNS,
        (cells(group.id, group.variants[0]) for group in draw.reference),
    )


def cells(name: str, pair: Pair) -> tuple[str, ...]:
    """Return the row of an item with that id."""
    return (name, pair.source, pair.reference, pair.stratum)


def write_rules(items: Iterable[Item], folder: Path) -> None:
    """Write `rules.csv`: every rule that respelt a published item."""
    rows = ((item.id, "+".join(item.pair.rules)) for item in items)
    write_table(folder / "rules.csv", ("id", "rules"), rows)


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drawn", type=Path, help="write the inputs of the seal here instead")
    drawn: Path | None = parser.parse_args().drawn
    draw = draw_items()
    if drawn is not None:
        drawn.mkdir(parents=True, exist_ok=True)
        write_drawn(draw, drawn)
        return
    write_public(draw, DATA)
    write_rules(read_items(), DATA)


if __name__ == "__main__":
    main()
