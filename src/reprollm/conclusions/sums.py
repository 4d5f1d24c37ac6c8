"""A pairing as rows of integers, one a cluster or unit, which resamples and exchanges add up.

Where arms are compared by the mean of items a row is the sum of the items' differences and their
number. Where they are compared by an aggregation of sums it holds the summed counts of the first
arm, then those of the second, by key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reprollm.conclusions.pairing import PairedItem, Pairing
from reprollm.errors import InvalidInput
from reprollm.scores.measures.protocol import Counts, Measure, OfItems, OfSums, Sums, add
from reprollm.scores.tally import BILLION, billionths
from reprollm.statistics.resampling import dealt


def sums_compared(measure: Measure, aggregation: str | None) -> OfSums | None:
    """Return the aggregation of sums that arms are compared by; None for the mean of items.

    Args:
        measure: the score.
        aggregation: as declared; None takes the first that the score has.

    Raises:
        InvalidInput: the score has no such aggregation, or arms are not compared by it.
    """
    known = [
        each
        for place, each in enumerate(measure.aggregations)
        if isinstance(each, OfSums) or (not place and isinstance(each, OfItems))
    ]
    for each in known:
        if aggregation in (None, each.name):
            return each if isinstance(each, OfSums) else None
    raise InvalidInput(
        f"expected comparisons of {measure.name} by {' or '.join(each.name for each in known)}, "
        f"found {aggregation!a:.80}; name one of these, or none"
    )


@dataclass(frozen=True)
class Layout:
    """Where the counts of each key lie in one arm's half of a row."""

    keys: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many integers one arm takes."""
        return sum(self.widths)

    def row(self, counts: Counts) -> list[int]:
        """Return counts as a row."""
        found: list[int] = []
        for key, width in zip(self.keys, self.widths, strict=True):
            found += counts.get(key, (0,) * width)
        return found

    def counts(self, row: Sequence[int]) -> Counts:
        """Return the counts of a row; keys without any are left out."""
        found, place = {}, 0
        for key, width in zip(self.keys, self.widths, strict=True):
            values = tuple(row[place : place + width])
            place += width
            if any(values):
                found[key] = values
        return found


def layout_of(pairing: Pairing) -> Layout:
    """Return the layout of all keys that a pairing's counts have, sorted."""
    widths: dict[tuple[str, ...], int] = {}
    for item in pairing.items:
        for counts in (*item.of, *item.against):
            widths.update({key: len(values) for key, values in counts.items()})
    return Layout(tuple(sorted(widths)), tuple(widths[key] for key in sorted(widths)))


def difference_rows(pairing: Pairing) -> list[list[int]]:
    """Return the sum of the differences and the number of items of each cluster."""
    rows = [[0, 0] for _ in range(pairing.clusters)]
    for item in pairing.items:
        rows[item.cluster][0] += item.difference
        rows[item.cluster][1] += 1
    return rows


def count_rows(pairing: Pairing, layout: Layout) -> list[list[int]]:
    """Return the summed counts of both arms of each cluster, every item weighing the same."""
    weight = pairing.weight
    clusters: list[tuple[Sums, Sums]] = [({}, {}) for _ in range(pairing.clusters)]
    for item in pairing.items:
        for sums, side in zip(clusters[item.cluster], (item.of, item.against), strict=True):
            for counts in side:
                add(sums, counts, weight // len(side))
    return [layout.row(of) + layout.row(against) for of, against in clusters]


def in_units(rows: Sequence[Sequence[int]], seed: str) -> list[list[int]]:
    """Return the rows of the units that clusters are dealt into (`statistics.resampling`)."""
    places = dealt(seed, len(rows))
    units = [[0] * len(rows[0]) for _ in range(max(places, default=-1) + 1)]
    for place, row in zip(places, rows, strict=True):
        units[place] = [old + new for old, new in zip(units[place], row, strict=True)]
    return units


def aggregate(
    aggregation: OfSums | OfItems,
    pairing: Pairing,
    side: Callable[[PairedItem], tuple[Counts, ...]],
) -> float | None:
    """Return an aggregate of one arm's answers to the paired items, every item weighing the same.

    Args:
        aggregation: how.
        pairing: the items.
        side: which arm's counts are taken of an item.
    """
    weight = pairing.weight
    sums: Sums = {}
    terms: list[int] = []
    weights = 0
    for item in pairing.items:
        answers = side(item)
        for counts in answers:
            times = weight // len(answers)
            if isinstance(aggregation, OfSums):
                add(sums, counts, times)
            elif (found := aggregation.terms(counts)) is not None:
                terms = terms or [0] * len(found)
                terms = [
                    old + times * billionths(new) for old, new in zip(terms, found, strict=True)
                ]
                weights += times
    if isinstance(aggregation, OfSums):
        return aggregation.value(sums)
    return aggregation.value(terms, BILLION * weights) if weights else None
