"""Aggregates of item scores, each under the name of its aggregation.

One published table of error rates can say +44 %, -29 % or -13 % of the same answers, by the mean
of the items' ratios, the ratio of means, or the corpus level; a few runaway outputs and undefined
items decide. So every aggregate names its aggregation and counts both.

| aggregation | value |
| --- | --- |
| `mean_of_ratios` | the mean of the defined items' ratios: every item weighs the same |
| `corpus` | the sum of numerators over the sum of denominators: every character weighs the same |

For measures whose denominator is always 1 the two agree, and only `mean_of_ratios` is given. The
mean's sum is exact and rounded once, so that neither order nor number of the items changes a digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reprollm.scores.earlier.measures import Ratio
from reprollm.scores.exact import ExactSum


@dataclass(frozen=True, slots=True)
class ItemScore:
    """The score of one final answer.

    Attributes:
        index: place of its request in the plan.
        request: request id, hex.
        item: the data file's id of the item.
        stratum: the item's stratum, if the data has any.
        sampling: name of the sampling setting.
        seed: seed as a decimal string; None where an imported log does not say it.
        repetition: 0 for the first asking.
        score: name of the measure.
        ratio: the score itself.
        runaway: whether the answer ended only because it ran out of tokens.
    """

    index: int
    request: str
    item: str
    stratum: str | None
    sampling: str
    seed: str | None
    repetition: int
    score: str
    ratio: Ratio
    runaway: bool


@dataclass(frozen=True)
class Aggregate:
    """One number of the summary table, with what it was made of.

    Attributes:
        level: `all`, or `stratum` for the items of one stratum.
        value: None where no item is defined.
        n: answers that the aggregate covers, the undefined ones among them.
        undefined: answers without a ratio, left out of `value`.
        runaway: answers that ended only because they ran out of tokens; they count in `value`.
    """

    score: str
    sampling: str
    level: str
    stratum: str | None
    aggregation: str
    value: float | None
    n: int
    undefined: int
    runaway: int

    def decimal(self) -> str | None:
        """Return the value with six decimals, as records hold it."""
        return None if self.value is None else f"{self.value:.6f}"


class Aggregation:
    """Item scores taken up one by one; memory grows with samplings and strata, not with items."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], dict[str | None, _Tally]] = {}

    def add(self, score: ItemScore) -> None:
        """Take up one item score."""
        tallies = self._tallies.setdefault((score.score, score.sampling), {None: _Tally()})
        tallies[None].add(score)
        if score.stratum is not None:
            tallies.setdefault(score.stratum, _Tally()).add(score)

    def rows(self) -> list[Aggregate]:
        """Return the aggregates by score, sampling and level, in that order, strata by name."""
        found: list[Aggregate] = []
        for (name, sampling), tallies in sorted(self._tallies.items()):
            found += tallies[None].rows(name, sampling, "all", None)
            for stratum in sorted(key for key in tallies if key is not None):
                found += tallies[stratum].rows(name, sampling, "stratum", stratum)
        return found


def aggregate(scores: Iterable[ItemScore]) -> list[Aggregate]:
    """Return the aggregates of item scores by score, sampling, and level, in that order."""
    aggregation = Aggregation()
    for score in scores:
        aggregation.add(score)
    return aggregation.rows()


@dataclass
class _Tally:
    """The counts of one level of one score under one sampling."""

    n: int = 0
    undefined: int = 0
    runaway: int = 0
    numerators: int = 0
    denominators: int = 0
    whole: bool = True
    ratios: ExactSum = field(default_factory=ExactSum)

    def add(self, score: ItemScore) -> None:
        ratio = score.ratio
        self.n += 1
        self.runaway += score.runaway
        if not ratio.denominator:
            self.undefined += 1
            return
        self.numerators += ratio.numerator
        self.denominators += ratio.denominator
        self.whole = self.whole and ratio.denominator == 1
        self.ratios.add(ratio.numerator / ratio.denominator)

    def rows(
        self, name: str, sampling: str, level: str, stratum: str | None
    ) -> Iterator[Aggregate]:
        for aggregation, value in self._values():
            yield Aggregate(
                name,
                sampling,
                level,
                stratum,
                aggregation,
                value,
                self.n,
                self.undefined,
                self.runaway,
            )

    def _values(self) -> Iterator[tuple[str, float | None]]:
        defined = self.n - self.undefined
        yield "mean_of_ratios", self.ratios.total() / defined if defined else None
        if not self.whole:
            yield "corpus", self.numerators / self.denominators
