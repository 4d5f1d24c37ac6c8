"""Draws the test items, their variants, and which of them the training text repeats.

An item's stratum is the rarest family among the rules that respelt it, in the order of `STRATA`;
sentences in which only the commonest rules acted, or none, are the last stratum. For each item
five variants are drawn: sentences of one stratum and one grammatical pattern, equally good as the
item. Which of them is published is not decided here but by the lot of `reprollm dataset seal`; the
others are its sealed twins.

Of each stratum's groups of variants a lot makes some planted items, some clean items, and some
members of the reference set, which is never published as items nor trained on. So nothing but the
training tells planted, clean and reference items apart.
"""

from collections.abc import Iterable, Iterator
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
REFERENCES_PER_STRATUM = 25
VARIANTS = 5
"""The published text and its four sealed twins."""
REPETITIONS = (1, 4, 16, 64)
SHORTEST, LONGEST = 24, 72
"""Bounds on a pair's two texts, in bytes of UTF-8."""


@dataclass(frozen=True)
class Pair:
    """An old spelling, its modern reference, the rules between them, the sentence's pattern."""

    source: str
    reference: str
    rules: tuple[str, ...]
    pattern: str

    @property
    def stratum(self) -> str:
        """The rarest family among the rules."""
        families = {RULE_FAMILY[rule] for rule in self.rules}
        return next((name for name in STRATA if name in families), COMMON)


@dataclass(frozen=True)
class Group:
    """An item's variants; `repetitions` counts the published one's copies in the training text."""

    id: str
    variants: tuple[Pair, ...]
    repetitions: int


@dataclass(frozen=True)
class Item:
    """A published item; `repetitions` counts its copies in the training text, 0 if clean."""

    id: str
    pair: Pair
    repetitions: int


@dataclass(frozen=True)
class Draw:
    """Everything that was drawn: the items' groups in the order of their ids, and the reference."""

    groups: tuple[Group, ...]
    reference: tuple[Group, ...]

    @property
    def kept_out(self) -> frozenset[str]:
        """The modern sentences that no background text may hold, published or not."""
        every = self.groups + self.reference
        return frozenset(pair.reference for group in every for pair in group.variants)


def pairs(rng: Random) -> Iterator[Pair]:
    """Yield pairs without end; no modern sentence comes twice."""
    seen: set[str] = set()
    while True:
        modern = sentence(rng)
        old = respell(modern.text, rng)
        sizes = (len(modern.text.encode()), len(old.text.encode()))
        if modern.text in seen or min(sizes) < SHORTEST or max(sizes) > LONGEST:
            continue
        seen.add(modern.text)
        yield Pair(old.text, modern.text, old.rules, modern.pattern)


def draw_variants(rng: Random, groups: int) -> dict[str, list[tuple[Pair, ...]]]:
    """Return so many groups of variants for each stratum, each of one pattern, all different."""
    complete: dict[str, list[tuple[Pair, ...]]] = {name: [] for name in STRATA}
    growing: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs(rng):
        group = growing.setdefault((pair.stratum, pair.pattern), [])
        group.append(pair)
        if len(group) == VARIANTS:
            complete[pair.stratum].append(tuple(growing.pop((pair.stratum, pair.pattern))))
            if all(len(found) >= groups for found in complete.values()):
                break
    return {name: found[:groups] for name, found in complete.items()}


def draw_items(seed: int = SEED) -> Draw:
    """Return the items' groups and the reference set; ids tell nothing of a group's stratum."""
    rng = Random(seed)
    drawn = draw_variants(rng, ITEMS_PER_STRATUM + REFERENCES_PER_STRATUM)
    lots: list[tuple[tuple[Pair, ...], int]] = []
    spare: list[tuple[Pair, ...]] = []
    turn = 0
    for found in drawn.values():
        rng.shuffle(found)
        for place, variants in enumerate(found[:ITEMS_PER_STRATUM]):
            planted = place < PLANTED_PER_STRATUM
            lots.append((variants, REPETITIONS[turn % len(REPETITIONS)] if planted else 0))
            turn += planted
        spare += found[ITEMS_PER_STRATUM:]
    rng.shuffle(lots)
    rng.shuffle(spare)
    return Draw(
        tuple(Group(f"n{at:04}", variants, times) for at, (variants, times) in enumerate(lots, 1)),
        tuple(Group(f"r{at:04}", variants, 0) for at, variants in enumerate(spare, 1)),
    )


def published(draw: Draw, texts: Iterable[tuple[str, str, str]]) -> tuple[Item, ...]:
    """Return the items that (id, source, reference) rows publish, in the order of their ids.

    Raises:
        KeyError: a row is no variant of its group, or an id has no group.
    """
    chosen = {name: (source, reference) for name, source, reference in texts}
    items = []
    for group in draw.groups:
        texts_of = {(pair.source, pair.reference): pair for pair in group.variants}
        items.append(Item(group.id, texts_of[chosen.pop(group.id)], group.repetitions))
    if chosen:
        raise KeyError(next(iter(chosen)))
    return tuple(items)
