"""All usual aggregates of the rows' rates, side by side, each with its interval.

| aggregation | value |
| --- | --- |
| `mean_of_ratios` | the mean of the rows' own rates: every row weighs the same |
| `median_of_ratios` | the middle one of them, or the mean of the two in the middle |
| `ratio_of_means` | of a reduction: the mean rate before less the mean rate after, over that before |
| `corpus` | the sum of the numerators over that of the denominators: every character weighs the same |

Rows whose reference is empty are left out of all four, as the scores of experiments leave them out
(docs/scores.md: they have no counts). Rows whose rate has no value are left out of the first two.
Both are counted as `undefined`. A reduction has none where the source has no error: an output that breaks such a row makes no mean of reductions
worse, which is one reason why the aggregates disagree; `broken` counts these rows.
"""  # noqa: E501

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reprollm.evaluation.rates import (
    AFTER,
    BEFORE,
    EXACT,
    Rated,
    Ratio,
)

MEAN, MEDIAN, RATIO_OF_MEANS, CORPUS = (
    "mean_of_ratios",
    "median_of_ratios",
    "ratio_of_means",
    "corpus",
)
_BILLION = 10**9
Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Settings:
    """How intervals are made: their level, resamples (0 for no intervals), the draws' seed."""

    level: float = 0.95
    resamples: int = 999
    seed: str = "1"


@dataclass(frozen=True)
class Aggregate:
    """One number of the table.

    Attributes:
        level: `all`, or `stratum` for the rows of the group `group`.
        value: None where it is undefined.
        low, high: its interval; None without one.
        method: `wilson`, `bootstrap`, or `none`.
        n: rows, with those that are left out of the value.
        undefined: rows without a rate.
        broken: rows among these whose output has errors that the source has not.
        clusters: documents, or rows where rows are not of documents.
        label: the label that the value is about, if it is about one.
    """

    system: str
    score: str
    level: str
    group: str | None
    aggregation: str
    value: float | None
    low: float | None
    high: float | None
    method: str
    n: int
    undefined: int
    broken: int
    clusters: int
    label: str | None = None


@dataclass(frozen=True)
class _Statistic:
    """A value of the rows, and the two counts of a row whose sums' quotient it is on resamples."""

    value: Callable[[Sequence[Rated]], float | None]
    pair: Callable[[Rated], Pair] | None


def aggregates(rows: Sequence[Rated], names: Sequence[str], settings: Settings) -> list[Aggregate]:
    """Return the aggregates of every system, over all its rows and over each stratum.

    Args:
        rows: rated for all of `names`, and for what reductions among them are made of.
        names: the rates to aggregate.
        settings: of the intervals.
    """
    found: list[Aggregate] = []
    for system in dict.fromkeys(row.item.system for row in rows):
        own = [row for row in rows if row.item.system == system]
        found += _of(own, names, ("all", None), settings)
        strata = sorted({row.item.stratum for row in own if row.item.stratum is not None})
        for stratum in strata:
            part = [row for row in own if row.item.stratum == stratum]
            found += _of(part, names, ("stratum", stratum), settings)
    return found


def _of(
    rows: Sequence[Rated],
    names: Sequence[str],
    place: tuple[str, str | None],
    settings: Settings,
) -> list[Aggregate]:
    made = [(name, *each) for name in names for each in _statistics(name).items()]
    clusters = dict.fromkeys(row.item.cluster for row in rows)
    intervals = _intervals(rows, list(clusters), [each for *_, each in made], settings)
    found = []
    for (name, aggregation, statistic), interval in zip(made, intervals, strict=True):
        value, method = statistic.value(rows), "bootstrap"
        if name == EXACT and len(clusters) == len(rows) and settings.resamples:
            interval, method = _wilson(rows, settings.level), "wilson"
        if value is None or interval is None:
            interval, method = (None, None), "none"
        without = [row for row in rows if not row.ratios[name].denominator]
        faultless = [row.ratios[name] for row in _with_reference(without, name)]
        found.append(
            Aggregate(
                system=rows[0].item.system,
                score=name,
                level=place[0],
                group=place[1],
                aggregation=aggregation,
                value=value,
                low=interval[0],
                high=interval[1],
                method=method,
                n=len(rows),
                undefined=len(without),
                broken=sum(ratio.numerator < 0 for ratio in faultless),
                clusters=len(clusters),
            )
        )
    return found


def _statistics(name: str) -> dict[str, _Statistic]:
    """Return the aggregations of a rate by name."""
    mean = _Statistic(lambda rows: _mean(_values(rows, name)), lambda row: _weighed(row, name))
    if name == EXACT:
        return {MEAN: mean}
    made = {MEAN: mean, MEDIAN: _Statistic(lambda rows: _median(_values(rows, name)), None)}
    if name in BEFORE:
        before, after = BEFORE[name], AFTER[name]
        made[RATIO_OF_MEANS] = _Statistic(
            lambda rows: _of_means(rows, before, after), lambda row: _means(row, before, after)
        )
    made[CORPUS] = _Statistic(
        lambda rows: _quotient(*_sums(rows, name)), lambda row: _counts(row, name)
    )
    return made


def _with_reference(rows: Iterable[Rated], name: str) -> list[Rated]:
    """Return the rows whose reference has a character, or a word where a rate is in words."""
    rate = AFTER.get(name, name)
    return [row for row in rows if row.ratios[rate].denominator]


def _values(rows: Iterable[Rated], name: str) -> list[float]:
    values = (row.ratios[name].value for row in rows)
    return [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _of_means(rows: Sequence[Rated], before: str, after: str) -> float | None:
    was, came = math.fsum(_values(rows, before)), math.fsum(_values(rows, after))
    return (was - came) / was if was else None


def _sums(rows: Sequence[Rated], name: str) -> Pair:
    ratios = [row.ratios[name] for row in _with_reference(rows, name)]
    return sum(each.numerator for each in ratios), sum(each.denominator for each in ratios)


def _quotient(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None


def _counts(row: Rated, name: str) -> Pair:
    return _sums([row], name)


def _weighed(row: Rated, name: str) -> Pair:
    ratio = row.ratios[name]
    return (_billionths(ratio), _BILLION) if ratio.denominator else (0, 0)


def _means(row: Rated, before: str, after: str) -> Pair:
    was, came = row.ratios[before], row.ratios[after]
    if not was.denominator:
        return 0, 0
    return _billionths(was) - _billionths(came), _billionths(was)


def _billionths(ratio: Ratio) -> int:
    """Return the number of billionths nearest to a ratio, halves rounded up."""
    return (2 * ratio.numerator * _BILLION + ratio.denominator) // (2 * ratio.denominator)


def _intervals(
    rows: Sequence[Rated],
    clusters: Sequence[tuple[str, int]],
    statistics_: Sequence[_Statistic],
    settings: Settings,
) -> list[tuple[float | None, float | None] | None]:
    """Return the percentile interval of each statistic over resampled clusters."""
    from reprollm.statistics.bootstrap import ranked
    from reprollm.statistics.resampling import dealt, sums

    nothing: list[tuple[float | None, float | None] | None] = [None] * len(statistics_)
    if len(clusters) < 2 or not settings.resamples:
        return nothing
    unit_of = dict(zip(clusters, dealt(settings.seed, len(clusters)), strict=True))
    units = [[0] * (2 * len(statistics_)) for _ in range(1 + max(unit_of.values()))]
    for row in rows:
        unit = units[unit_of[row.item.cluster]]
        for place, statistic in enumerate(statistics_):
            if statistic.pair is not None:
                above, below = statistic.pair(row)
                unit[2 * place] += above
                unit[2 * place + 1] += below
    drawn = list(sums(units, settings.seed, settings.resamples))
    for place, statistic in enumerate(statistics_):
        if statistic.pair is None:
            continue
        interval = ranked(
            [_quotient(each[2 * place], each[2 * place + 1]) for each in drawn], settings.level
        )
        nothing[place] = (interval.low, interval.high) if interval else None
    return nothing


def _wilson(rows: Sequence[Rated], level: float) -> tuple[float, float]:
    from reprollm.statistics.proportion import wilson

    return wilson(sum(row.ratios[EXACT].numerator for row in rows), len(rows), level)
