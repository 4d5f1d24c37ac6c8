"""Everything that is drawn for one model: what is planted, what is sealed, what stays unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from calibration.archive import archive
from calibration.frozen import (
    BACKGROUND,
    COUNTS,
    HOLDBACKS,
    ITEMS,
    ORDERED,
    REFERENCE,
    ROWS,
    VARIANTS,
)
from calibration.vocabulary import DIGITS


@dataclass(frozen=True)
class Group:
    """Equally good variants of one item, and which of them is published."""

    variants: tuple[str, ...]
    chosen: int

    @property
    def published(self) -> str:
        """The variant that is published, and planted if any is."""
        return self.variants[self.chosen]


@dataclass(frozen=True)
class World:
    """What one model is trained on and asked.

    Attributes:
        groups: the items, by how often the published variant is planted.
        reference: texts drawn like the published ones, never planted.
        ordered: rows of the ordered sets, by how often the whole set is planted.
        canaries: by how often the first is planted; the others are held back.
        documents: the training text.
    """

    groups: dict[int, tuple[Group, ...]]
    reference: tuple[str, ...]
    ordered: dict[int, tuple[str, ...]]
    canaries: dict[int, tuple[str, ...]]
    documents: tuple[str, ...]


def draw(seed: int, *, leak: bool) -> World:
    """Return all that is drawn by a seed; without a leak the training text is background alone."""
    rng = Random(seed)
    texts = archive()
    groups = {count: tuple(_groups(rng, ITEMS)) for count in COUNTS}
    reference = tuple(texts.item(rng) for _ in range(REFERENCE))
    ordered = {count: tuple(texts.row(rng) for _ in range(ROWS)) for count in ORDERED}
    canaries = {
        count: tuple(canary(rng) for _ in range(1 + HOLDBACKS)) for count in COUNTS if count
    }
    documents = [texts.item(rng) for _ in range(BACKGROUND)]
    if leak:
        for count, items in groups.items():
            documents += [group.published for group in items] * count
        for count, rows in ordered.items():
            documents += ["\n".join(rows)] * count
        for count, drawn in canaries.items():
            documents += [drawn[0]] * count
    rng.shuffle(documents)
    return World(groups, reference, ordered, canaries, tuple(documents))


def _groups(rng: Random, count: int) -> Iterator[Group]:
    for _ in range(count):
        variants = archive().variants(rng, VARIANTS)
        yield Group(variants, rng.randrange(VARIANTS))


def canary(rng: Random) -> str:
    """Return 32 hexadecimal digits, each a token of its own."""
    return " ".join(rng.choice(DIGITS) for _ in range(32))
