"""Two arms brought together item by item; what has no counterpart is counted, not dropped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reprollm.conclusions.answers import Answered, Given, Item
from reprollm.scores.measures.protocol import Counts, Measure
from reprollm.scores.tally import billionths

_NOTHING = Item()


@dataclass(frozen=True)
class Part:
    """Which items a comparison takes; None takes all."""

    stratum: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class PairedItem:
    """One item that both arms answered.

    Attributes:
        item: the data file's id.
        cluster: number of its cluster, from 0 in the order of first appearance.
        of: the counts of each answer of the first arm.
        against: those of the second arm.
        values: the two arms' values in billionths; None where counts are compared.
    """

    item: str
    cluster: int
    of: tuple[Counts, ...]
    against: tuple[Counts, ...]
    values: tuple[int, int] | None

    @property
    def difference(self) -> int:
        """The first arm's value less the second's, in billionths; 0 without values."""
        return self.values[0] - self.values[1] if self.values else 0


@dataclass(frozen=True)
class Pairing:
    """All items of two arms.

    Attributes:
        items: the paired ones, in the order in which the first arm answers them.
        clusters: how many clusters they form.
        only_of: items that the first arm alone answers.
        only_against: items that the second arm alone answers.
        undefined: items that both answer and one of them has no value for.
    """

    items: tuple[PairedItem, ...]
    clusters: int
    only_of: int
    only_against: int
    undefined: int

    @property
    def weight(self) -> int:
        """The least number that every arm's number of answers to an item divides."""
        return math.lcm(1, *(len(side) for item in self.items for side in (item.of, item.against)))


def paired(
    of: Answered,
    against: Answered,
    measure: Measure,
    items: Mapping[str, Item],
    part: Part = Part(),
    by_values: bool = True,
) -> Pairing:
    """Return two arms' answers by item.

    Args:
        of: the first arm's answers.
        against: the second's.
        measure: the score that they are compared by.
        items: what is on record of the items.
        part: which of them are taken.
        by_values: whether items are compared by their values, where the score has such; otherwise
            by their counts, which every item has.
    """
    valued = by_values and measure.item is not None
    first, second = (_by_item(each, measure, items, part) for each in (of, against))
    clusters: dict[tuple[bool, str], int] = {}
    found = []
    undefined = 0
    for item in first.keys() & second.keys():
        both = (first[item], second[item])
        undefined += valued and None in [_value(measure, counts) for counts in both]
    for item, counts in first.items():
        if item not in second:
            continue
        values = None
        if valued:
            one, other = _value(measure, counts), _value(measure, second[item])
            if one is None or other is None:
                continue
            values = (one, other)
        document = items.get(item, _NOTHING).document
        named = (False, item) if document is None else (True, document)
        cluster = clusters.setdefault(named, len(clusters))
        found.append(PairedItem(item, cluster, counts, second[item], values))
    return Pairing(
        items=tuple(found),
        clusters=len(clusters),
        only_of=len(first.keys() - second.keys()),
        only_against=len(second.keys() - first.keys()),
        undefined=undefined,
    )


def _by_item(
    cell: Answered, measure: Measure, items: Mapping[str, Item], part: Part
) -> dict[str, tuple[Counts, ...]]:
    found: dict[str, list[Counts]] = {}
    for answer in cell.answers:
        if answer.counts is not None and not answer.folded and _taken(answer, items, part):
            found.setdefault(answer.item, []).append(answer.counts[measure.name])
    return {item: tuple(counts) for item, counts in found.items()}


def _taken(answer: Given, items: Mapping[str, Item], part: Part) -> bool:
    in_split = part.split in (None, items.get(answer.item, _NOTHING).split)
    return in_split and part.stratum in (None, answer.stratum)


def _value(measure: Measure, answers: tuple[Counts, ...]) -> int | None:
    """Return an arm's value of an item, in billionths: the mean over its defined answers."""
    item = measure.item
    assert item is not None
    terms = [term for counts in answers if (term := item(counts)) is not None]
    return nearest(sum(map(billionths, terms)), len(terms)) if terms else None


def nearest(numerator: int, denominator: int) -> int:
    """Return the integer nearest to a fraction with a denominator above 0, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)
