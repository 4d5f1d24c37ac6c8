"""What a measure is: integer counts of one answer, and numbers made of sums of counts.

A measure looks at texts once, in `counts`. Everything after that is arithmetic on integers, which
another program can repeat in every digit. An aggregation is made in one of three ways:

| way | of what | value |
| --- | --- | --- |
| `OfSums` | counts, summed over the answers | a function of the sums |
| `OfItems` | terms of each answer, summed | a function of the sums and the number of answers |
| `ByLabel` | counts, summed over the answers | one value for each label |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reprollm.scores.parsers.answer import Texts

Counts: TypeAlias = Mapping[tuple[str, ...], tuple[int, ...]]
Sums: TypeAlias = dict[tuple[str, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One item's score as numerator over denominator; undefined where the denominator is 0."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """Return the quotient, or None where it is undefined."""
        return self.numerator / self.denominator if self.denominator else None


Term: TypeAlias = "Ratio | float"


@dataclass(frozen=True)
class OfSums:
    """An aggregation that is a function of summed counts; None where it is undefined."""

    name: str
    value: Callable[[Counts], float | None]


@dataclass(frozen=True)
class OfItems:
    """An aggregation that is a function of sums over the defined answers.

    Attributes:
        terms: one answer's terms, of defined value; None where the answer is undefined.
        value: the aggregate of the summed terms and of what the sum of as many ones would be. Sums
            of floats come with the number of answers; sums of integers, each 10^9 times its term,
            with 10^9 times that number.
    """

    name: str
    terms: Callable[[Counts], tuple[Term, ...] | None]
    value: Callable[[Sequence[float], float], float | None]


@dataclass(frozen=True)
class ByLabel:
    """An aggregation with a value for each label.

    Attributes:
        labels: the labels that have a row, sorted, of summed counts.
        value: the value of one label; None where the counts do not have it.
    """

    name: str
    labels: Callable[[Counts], tuple[str, ...]]
    value: Callable[[Counts, str], float | None]


Aggregation: TypeAlias = OfSums | OfItems | ByLabel


@dataclass(frozen=True)
class Measure:
    """One score.

    Attributes:
        name: what experiments call it.
        version: version of its definition, such as `accuracy/1`.
        needs: what it is made of: a `text`, the text and the `source`, a `label`, or `mentions`.
        proportion: whether every defined item scores 0 or 1.
        lower_is_better: whether a smaller value is the better one.
        counts: the counts of one answer; without any where the reference is of no use. Total: it
            raises nothing.
        aggregations: in the order in which they are shown.
        item: the score of one answer; None where it is undefined, or where the measure speaks of
            no single answer.
    """

    name: str
    version: str
    needs: Literal["text", "source", "label", "mentions"]
    proportion: bool
    lower_is_better: bool
    counts: Callable[[Texts], Counts]
    aggregations: tuple[Aggregation, ...]
    item: Callable[[Counts], Term | None] | None = None

    def defined(self, counts: Counts) -> bool:
        """Return whether an answer with these counts is defined."""
        return bool(counts) if self.item is None else self.item(counts) is not None

    def value(self, counts: Counts) -> float | None:
        """Return the score of one answer as a number, or None."""
        term = None if self.item is None else self.item(counts)
        return term.value if isinstance(term, Ratio) else term


def add(sums: Sums, counts: Counts, times: int = 1) -> None:
    """Add counts, as often as is said, to sums."""
    for key, values in counts.items():
        before = sums.get(key)
        if before is None:
            sums[key] = tuple(times * value for value in values)
        else:
            sums[key] = tuple(old + times * new for old, new in zip(before, values, strict=True))


def mean_of_ratios(item: Callable[[Counts], Term | None]) -> OfItems:
    """Return the mean of the defined items' values."""

    def terms(counts: Counts) -> tuple[Term, ...] | None:
        term = item(counts)
        return None if term is None else (term,)

    def value(sums: Sequence[float], ones: float) -> float | None:
        return sums[0] / ones if ones else None

    return OfItems("mean_of_ratios", terms, value)


def ratio_of(counts: Counts, numerator: int, denominator: int) -> Ratio | None:
    """Return the ratio of two of the numbers under the key `()`; None where it is undefined."""
    numbers = counts.get(())
    if numbers is None or not numbers[denominator]:
        return None
    return Ratio(numbers[numerator], numbers[denominator])
