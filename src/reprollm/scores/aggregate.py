"""Aggregates of item scores, each under the name of its aggregation.

One published table of error rates can say +44 %, -29 % or -13 % of the same answers, by the mean
of the items' ratios, the ratio of means, or the corpus level; a few runaway outputs and undefined
items decide. So every aggregate names its aggregation and counts both.

| aggregation | value |
| --- | --- |
| `mean_of_ratios` | the mean of the defined items' ratios: every item weighs the same |
| `corpus` | the sum of numerators over the sum of denominators: every character weighs the same |

For measures whose denominator is always 1 the two agree, and only `mean_of_ratios` is given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from reprollm.scores.measures import Ratio


@dataclass(frozen=True)
class ItemScore:
    """The score of one final answer."""

    request: str
    item: str
    stratum: str | None
    sampling: str
    seed: str
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


def aggregate(scores: Iterable[ItemScore]) -> list[Aggregate]:
    """Return the aggregates of item scores by score, sampling, and level, in that order."""

    def key(score: ItemScore) -> tuple[str, str]:
        return (score.score, score.sampling)

    rows: list[Aggregate] = []
    for (name, sampling), group in groupby(sorted(scores, key=key), key=key):
        members = list(group)
        rows += _aggregates(name, sampling, "all", None, members)
        strata = sorted({member.stratum for member in members if member.stratum is not None})
        for stratum in strata:
            part = [member for member in members if member.stratum == stratum]
            rows += _aggregates(name, sampling, "stratum", stratum, part)
    return rows


def _aggregates(
    name: str, sampling: str, level: str, stratum: str | None, members: Sequence[ItemScore]
) -> list[Aggregate]:
    ratios = [member.ratio for member in members if member.ratio.denominator]
    undefined = len(members) - len(ratios)
    runaway = sum(member.runaway for member in members)
    values = {"mean_of_ratios": _mean_of_ratios(ratios)}
    if any(ratio.denominator != 1 for ratio in ratios):
        values["corpus"] = _corpus(ratios)
    return [
        Aggregate(
            name, sampling, level, stratum, aggregation, value, len(members), undefined, runaway
        )
        for aggregation, value in values.items()
    ]


def _mean_of_ratios(ratios: Sequence[Ratio]) -> float | None:
    if not ratios:
        return None
    return math.fsum(ratio.numerator / ratio.denominator for ratio in ratios) / len(ratios)


def _corpus(ratios: Sequence[Ratio]) -> float | None:
    length = sum(ratio.denominator for ratio in ratios)
    return sum(ratio.numerator for ratio in ratios) / length if length else None
