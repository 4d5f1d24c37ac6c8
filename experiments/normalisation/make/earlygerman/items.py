"""Draws the test items, their strata, and which of them the training text repeats.

An item's stratum is the rarest family among the rules that respelt it, in the order of `STRATA`;
sentences in which only the commonest rules acted, or none, are the last stratum. Every stratum
has the same number of items and of planted items, so that neither the mix of rules nor a
sentence's length tells a planted item from a clean one: both are drawn by the same lot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from earlygerman.grammar import sentence
from earlygerman.spelling import COMMON, RULE_FAMILY, respell

SEED = 1522
STRATA = (
    "w-for-u",
    "th",
    "dt",
    "nasals",
    "sharp-s",
    "words",
    "quantity",
    "i-j",
    "consonants",
    "u-v",
    "umlaut",
    COMMON,
)
ITEMS_PER_STRATUM = 35
PLANTED_PER_STRATUM = 10
REPETITIONS = (1, 4, 16, 64)
SHORTEST, LONGEST = 24, 72
"""Bounds on a pair's two texts, in bytes of UTF-8."""


@dataclass(frozen=True)
class Pair:
    """An old spelling, its modern reference, and the rules between them."""

    source: str
    reference: str
    rules: tuple[str, ...]

    @property
    def stratum(self) -> str:
        """The rarest family among the rules."""
        families = {RULE_FAMILY[rule] for rule in self.rules}
        return next((name for name in STRATA if name in families), COMMON)


@dataclass(frozen=True)
class Item:
    """A test item; `repetitions` counts its copies in the training text, 0 for a clean one."""

    id: str
    pair: Pair
    repetitions: int


def pairs(rng: Random) -> Iterator[Pair]:
    """Yield pairs without end; no modern sentence comes twice."""
    seen: set[str] = set()
    while True:
        modern = sentence(rng)
        old = respell(modern, rng)
        sizes = (len(modern.encode()), len(old.text.encode()))
        if modern in seen or min(sizes) < SHORTEST or max(sizes) > LONGEST:
            continue
        seen.add(modern)
        yield Pair(old.text, modern, old.rules)


def draw_items(seed: int = SEED) -> tuple[Item, ...]:
    """Return all test items in the order of their ids, which tells nothing of their stratum."""
    rng = Random(seed)
    drawn: dict[str, list[Pair]] = {name: [] for name in STRATA}
    for pair in pairs(rng):
        if len(drawn[pair.stratum]) < ITEMS_PER_STRATUM:
            drawn[pair.stratum].append(pair)
        elif all(len(members) == ITEMS_PER_STRATUM for members in drawn.values()):
            break
    lots = []
    turn = 0
    for members in drawn.values():
        for place, pair in enumerate(members):
            planted = place < PLANTED_PER_STRATUM
            lots.append((pair, REPETITIONS[turn % len(REPETITIONS)] if planted else 0))
            turn += planted
    rng.shuffle(lots)
    return tuple(
        Item(f"n{number:04}", pair, repetitions)
        for number, (pair, repetitions) in enumerate(lots, start=1)
    )
