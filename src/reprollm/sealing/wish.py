"""What an author asks to be sealed, and what is refused of it before anything is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reprollm.errors import DataInvalid, InvalidInput
from reprollm.sealing.table import Table

CANARY_COLUMN = "canary"


@dataclass(frozen=True)
class Further:
    """Further versions of items: the columns in which they differ, and their cells by item id."""

    columns: tuple[str, ...]
    versions: Mapping[str, Sequence[Mapping[str, str]]]


@dataclass(frozen=True)
class Wish:
    """What to seal: versions, whether the order, how many canaries with how many held back each."""

    further: Further | None = None
    order: bool = False
    canaries: int = 0
    holdbacks: int = 0


def check_wish(table: Table, wish: Wish) -> None:
    """Raise `InvalidInput` where nothing is asked for, or more than the rows can give."""
    rows = len(table.rows)
    if not (wish.further or wish.order or wish.canaries):
        raise InvalidInput(
            "expected something to seal, found nothing; ask for variants, an order or canaries"
        )
    if wish.order and rows < 2:
        raise InvalidInput(f"expected at least 2 rows to seal their order, found {rows}")
    if wish.canaries > rows:
        raise InvalidInput(
            f"expected at most one canary a row, found {wish.canaries} for {rows} rows"
        )
    if wish.canaries and wish.holdbacks < 1:
        raise InvalidInput("expected at least 1 canary to hold back for each published, found 0")
    if wish.canaries and CANARY_COLUMN in table.columns:
        raise DataInvalid(
            f"expected no column {CANARY_COLUMN!r} in the data, found one; it is the published "
            "canary's: rename yours, or seal the rows as they were before they were sealed"
        )
    if wish.further is not None and not wish.further.versions:
        raise DataInvalid("expected variants of at least one item, found none")


def check_versions(item: str, versions: Sequence[tuple[tuple[str, str], ...]]) -> None:
    """Refuse versions that are empty, or that a cleaned training text could not tell apart."""
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in enumerate(versions):
        for column, text in cells:
            if not text.strip():
                raise DataInvalid(
                    f"expected a text in column {column!r} of every variant of item {item!r:.80}, "
                    f"found none in variant {number} (0 is the data file's own)"
                )
        plain = tuple(" ".join(unicodedata.normalize("NFC", text).split()) for _, text in cells)
        if plain in seen:
            raise DataInvalid(
                f"expected different variants of item {item!r:.80}, found {seen[plain]} and "
                f"{number} alike up to white space and Unicode's composed forms (0 is the data "
                "file's own); drop or change one"
            )
        seen[plain] = number
