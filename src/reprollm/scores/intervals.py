"""Intervals of estimates: Wilson's score for shares of independent answers, else the bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reprollm.scores.row import BOOTSTRAP, NONE, WILSON
from reprollm.scores.settings import Settings
from reprollm.statistics.bootstrap import ranked
from reprollm.statistics.proportion import wilson
from reprollm.statistics.resampling import sums


@dataclass(frozen=True)
class Interval:
    """An interval and its method; without ends where there is none.

    Attributes:
        resamples: resamples on which the statistic was defined; 0 but for the bootstrap.
    """

    method: str
    low: float | None = None
    high: float | None = None
    resamples: int = 0


def wilson_interval(hits: int, of: int, level: str) -> Interval:
    """Return Wilson's score interval of a share; `level` is decimal."""
    return Interval(WILSON, *wilson(hits, of, float(level)))


def bootstrapped(
    statistics: Sequence[Callable[[Sequence[int]], float | None]],
    rows: Sequence[Sequence[int]],
    settings: Settings,
) -> list[Interval]:
    """Return percentile intervals of several statistics, all on the same resamples.

    Args:
        statistics: each a function of sums of the columns; None where it is not defined.
        rows: integers of each unit (n, columns), n at least 2.
        settings: level, number of resamples and seed.
    """
    values: list[list[float | None]] = [[] for _ in statistics]
    for drawn in sums(rows, settings.seed, settings.resamples):
        for statistic, found in zip(statistics, values, strict=True):
            found.append(statistic(drawn))
    intervals = (ranked(found, float(settings.level)) for found in values)
    return [
        Interval(NONE) if one is None else Interval(BOOTSTRAP, one.low, one.high, one.resamples)
        for one in intervals
    ]
