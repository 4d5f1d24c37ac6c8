"""Hold a ledger's findings against what was planted.

python experiments/normalisation/make/truth.py ledger/normalisation prints, by copies in the
training text, how many items the checks point at. Of the clean ones, one in twenty has a p-value of
at most 0.05 by its very definition.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earlygerman.items import REPETITIONS
from published import DATA

SCORES = ("loss", "zlib", "min_k_20", "min_k_pp_20")
LEVEL = 0.05
Finding = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """What the checks say of the items with so many copies.

    Attributes:
        copies: in the training text.
        items: how many items have so many.
        scanned: how many of them the scan of the training text found.
        beaten: the mean share of its four twins that a published item beats; 0.5 by chance.
        found: by score, how many have a conformal p of at most 0.05.
        listed: by score, how many are on its list (Benjamini-Hochberg at 0.05).
    """

    copies: int
    items: int
    scanned: int
    beaten: float
    found: Mapping[str, int]
    listed: Mapping[str, int]


def copies(folder: Path = DATA) -> dict[str, int]:
    """Return how often each item stands in the training text, in the order of the data file."""
    planted = {row["id"]: int(row["repetitions"]) for row in _table(folder / "planted.csv")}
    return {row["id"]: planted.get(row["id"], 0) for row in _table(folder / "items.csv")}


def rows(findings: Sequence[Finding], planted: Mapping[str, int]) -> list[Row]:
    """Return a row for each number of copies, clean items first."""
    by_item = {
        (finding["finding"].removeprefix("contamination/"), finding["subject"]): finding["evidence"]
        for finding in findings
    }
    ranks = dict(zip(planted, by_item["sealed_twins", "*"]["detail"]["ranks"], strict=True))
    found = []
    for count in (0, *REPETITIONS):
        ids = [item for item, times in planted.items() if times == count]
        evidence = {name: [by_item[f"screening_{name}", item] for item in ids] for name in SCORES}
        found.append(
            Row(
                count,
                len(ids),
                sum(_scanned(by_item, item) for item in ids),
                sum(1 - ranks[item] / 4 for item in ids) / len(ids),
                {
                    name: sum(float(each["p"]) <= LEVEL for each in of_score)
                    for name, of_score in evidence.items()
                },
                {
                    name: sum(each["verdict"] == "listed" for each in of_score)
                    for name, of_score in evidence.items()
                },
            )
        )
    return found


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", type=Path)
    from reprollm.contamination.reading import findings

    found = rows(findings(parser.parse_args().ledger), copies())
    print("The findings against what was planted: items by copies in the training text.")
    print("Found: p <= 0.05 against the reference set. Listed: Benjamini-Hochberg at 0.05.\n")
    names = "".join(f"{name:>19}" for name in SCORES)
    print(f"{'copies':>6} {'items':>6} {'in corpus':>10} {'twins beaten':>13}{names}")
    print(f"{'':>38}" + f"{'found, listed':>19}" * len(SCORES))
    for row in found:
        cells = "".join(f"{row.found[name]:>12}, {row.listed[name]:>5}" for name in SCORES)
        print(f"{row.copies:>6} {row.items:>6} {row.scanned:>10} {row.beaten:>13.0%}{cells}")


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _scanned(by_item: Mapping[tuple[str, str], Any], item: str) -> bool:
    said = by_item.get(("scan", item))
    return said is not None and said["verdict"] == "contaminated"


if __name__ == "__main__":
    main()
