"""The counted answers of one cell, summed up so that every level of rows can be made of them.

Texts are gone when an answer has been taken up. What is kept are integers: for each item its
cluster, and for each answer what the measures count of it, as (item, column, number).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from reprollm.scores.exact import ExactSum
from reprollm.scores.judged import Judged
from reprollm.scores.measures import Counts, Measure, OfItems, Ratio, Term
from reprollm.scores.parsers import STATUSES

BILLION = 10**9
Group: TypeAlias = tuple[str, str | None]


class Column(NamedTuple):
    """What one column of integers counts.

    Attributes:
        measure: place of the measure.
        key: the key of its counts; None for a column of terms.
        aggregation: for a column of terms, the place of the aggregation; else 0.
        place: place in the numbers of the key, or in the terms; `ONES` counts defined answers.
    """

    measure: int
    key: tuple[str, ...] | None
    aggregation: int
    place: int


ONES = -1


@dataclass
class Terms:
    """Exact sums of the terms of the answers that have them, and the number of these answers."""

    sums: list[ExactSum]
    answers: int = 0

    def include(self, other: Terms) -> None:
        """Take up the answers of other sums."""
        self.answers += other.answers
        for exact, further in zip(self.sums, other.sums, strict=True):
            exact.include(further)


@dataclass
class Counted:
    """How many answers of one group ended how.

    Attributes:
        statuses: number of the answers with a reference by what became of the output.
        runaway: those of them that ended only because they ran out of tokens.
        without_reference: further answers, which cannot be scored.
        undefined: for each measure, the answers without a score.
        terms: those of each measure's aggregations of items, by the places of the two.
    """

    statuses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))
    runaway: int = 0
    without_reference: int = 0
    undefined: list[int] = field(default_factory=list)
    terms: dict[tuple[int, int], Terms] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of the answers with a reference."""
        return sum(self.statuses.values())

    def include(self, other: Counted) -> None:
        """Take up the answers of another group."""
        for status, number in other.statuses.items():
            self.statuses[status] += number
        self.runaway += other.runaway
        self.without_reference += other.without_reference
        self.undefined = [a + b for a, b in zip(self.undefined, other.undefined, strict=True)]
        for which, terms in other.terms.items():
            own = self.terms.setdefault(which, Terms([ExactSum() for _ in terms.sums]))
            own.include(terms)


class Bucket(NamedTuple):
    """What the answers to one item share."""

    item: str
    cluster: tuple[str, str]
    stratum: str | None
    split: str | None

    def groups(self) -> list[Group]:
        """Return the groups of answers that this item belongs to."""
        found: list[Group] = [("all", None)]
        if self.stratum is not None:
            found.append(("stratum", self.stratum))
        if self.split is not None:
            found.append(("split", self.split))
        return found


class Tally:
    """The counted answers of one cell.

    Attributes:
        measures: the measures, in their order.
        widths: how many numbers each measure counts under a key.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        self.measures = measures
        self.widths = [0] * len(measures)
        self._parts: dict[tuple[str | None, str | None], Counted] = {}
        self._columns: dict[Column, int] = {}
        self._buckets: dict[Bucket, tuple[int, Counted]] = {}
        self._where, self._what, self._value = array("L"), array("L"), array("q")
        self._of_items = [
            [(p, each) for p, each in enumerate(one.aggregations) if isinstance(each, OfItems)]
            for one in measures
        ]

    def add(self, judged: Judged) -> None:
        """Take up a counted answer that has a reference."""
        place, answer = judged.place, judged.answer
        number, counted = self._bucket(
            Bucket(answer.item, place.cluster(answer.item), answer.stratum, place.split)
        )
        counted.statuses[judged.status] += 1
        counted.runaway += judged.runaway
        for measure, (one, counts) in enumerate(zip(self.measures, judged.counts, strict=True)):
            self._counts(number, measure, counts)
            if not one.defined(counts):
                counted.undefined[measure] += 1
            for position, aggregation in self._of_items[measure]:
                terms = aggregation.terms(counts)
                if terms is not None:
                    self._terms(number, counted, (measure, position), terms)

    def add_without_reference(self, stratum: str | None, split: str | None) -> None:
        """Take up a counted answer that has no reference."""
        self._part(stratum, split).without_reference += 1

    def groups(self) -> dict[Group, Counted]:
        """Return how the answers of each group ended."""
        found: dict[Group, Counted] = {}
        for (stratum, split), counted in self._parts.items():
            for group in Bucket("", ("", ""), stratum, split).groups():
                empty = Counted(undefined=[0] * len(self.measures))
                found.setdefault(group, empty).include(counted)
        return found

    def columns(self) -> tuple[Column, ...]:
        """Return what the columns count, in the order of `entries`."""
        return tuple(self._columns)

    def buckets(self) -> tuple[Bucket, ...]:
        """Return the items in the order of their first answers."""
        return tuple(self._buckets)

    def entries(self) -> Iterator[tuple[int, int, int]]:
        """Yield all that was counted: place of the item, place of the column, number."""
        return zip(self._where, self._what, self._value, strict=True)

    def _bucket(self, bucket: Bucket) -> tuple[int, Counted]:
        found = self._buckets.get(bucket)
        if found is None:
            part = self._part(bucket.stratum, bucket.split)
            found = self._buckets[bucket] = len(self._buckets), part
        return found

    def _part(self, stratum: str | None, split: str | None) -> Counted:
        found = self._parts.get((stratum, split))
        if found is None:
            found = self._parts[stratum, split] = Counted(undefined=[0] * len(self.measures))
        return found

    def _counts(self, bucket: int, measure: int, counts: Counts) -> None:
        for key, numbers in counts.items():
            self.widths[measure] = len(numbers)
            for position, value in enumerate(numbers):
                if value:
                    self._put(bucket, (measure, key, 0, position), value)

    def _put(
        self, bucket: int, column: tuple[int, tuple[str, ...] | None, int, int], value: int
    ) -> None:
        number = self._columns.get(column)  # type: ignore[call-overload]
        if number is None:
            number = self._columns[Column(*column)] = len(self._columns)
        self._where.append(bucket)
        self._what.append(number)
        self._value.append(value)

    def _terms(
        self, bucket: int, counted: Counted, which: tuple[int, int], terms: Sequence[Term]
    ) -> None:
        measure, aggregation = which
        sums = counted.terms.get(which)
        if sums is None:
            sums = counted.terms[which] = Terms([ExactSum() for _ in terms])
        sums.answers += 1
        self._put(bucket, (measure, None, aggregation, ONES), 1)
        for position, term in enumerate(terms):
            self._put(bucket, (measure, None, aggregation, position), billionths(term))
            value = term.value if isinstance(term, Ratio) else term
            if value:
                sums.sums[position].add(value)


def billionths(term: Term) -> int:
    """Return the number of billionths nearest to a term, halves rounded up."""
    if isinstance(term, Ratio):
        return (2 * term.numerator * BILLION + term.denominator) // (2 * term.denominator)
    return math.floor(term * BILLION + 0.5)
