"""Write the test items: python experiments/normalisation/make/write_data.py."""

import argparse
import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from earlygerman.items import Item, draw_items

DATA = Path(__file__).resolve().parents[1] / "data"


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file: UTF-8 without byte order mark, line feeds, quotes only where needed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_data(items: Sequence[Item], folder: Path) -> None:
    """Write `items.csv`, `rules.csv` and `planted.csv` into a folder."""
    write_table(
        folder / "items.csv",
        ("id", "source", "reference", "stratum"),
        ((item.id, item.pair.source, item.pair.reference, item.pair.stratum) for item in items),
    )
    write_table(
        folder / "rules.csv",
        ("id", "rules"),
        ((item.id, "+".join(item.pair.rules)) for item in items),
    )
    write_table(
        folder / "planted.csv",
        ("id", "repetitions"),
        ((item.id, item.repetitions) for item in items if item.repetitions),
    )


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DATA)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    write_data(draw_items(), out)


if __name__ == "__main__":
    main()
