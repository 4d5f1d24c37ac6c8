"""Percentile intervals by resampling items with replacement (Efron 1979, Annals of Statistics 7:1).

The draws follow from a seed by SHA-256 alone, so that any program finds the same interval. Item i
of resample b, both from 0, is taken from `digest("reprollm/bootstrap/v1", seed, b, i // 8)`, its
numbers in decimal ASCII. These 32 bytes are eight big-endian words of 32 bits; the word w at place
i % 8 stands for the item w n >> 32 of 0 … n - 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reprollm.canon import digest

RESAMPLES = 999
_WORDS = 8


@dataclass(frozen=True)
class Interval:
    """A percentile interval.

    Attributes:
        low: the value of rank k = floor((B + 1) (1 - level) / 2), at least 1, among B.
        high: the value of rank B + 1 - k.
        resamples: B, the resamples on which the statistic was defined.
    """

    low: float
    high: float
    resamples: int


def draws(seed: str, resample: int, n: int) -> list[int]:
    """Return the `n` items, from 0, of one resample; an item may come more than once."""
    return [word * n >> 32 for word in _words(seed, resample, n)]


def percentile_interval(
    statistic: Callable[[Sequence[int]], float | None],
    n: int,
    seed: str,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """Return the interval of a statistic of `n` items.

    Whatever `statistic` computes of an item's several values is paired by item.

    Args:
        statistic: its value on the items with these indices; None where it is not defined.
        n: number of items.
        seed: decides the draws.
        level: coverage aimed at, in (0, 1).
        resamples: how many are drawn.

    Returns:
        None where the statistic is defined on fewer than half of the resamples.
    """
    if not n:
        return None
    return ranked([statistic(draws(seed, number, n)) for number in range(resamples)], level)


def ranked(values: Sequence[float | None], level: float) -> Interval | None:
    """Return the interval between the values of the stated ranks.

    Args:
        values: the statistic on each resample; None where it was not defined.
        level: coverage aimed at, in (0, 1).

    Returns:
        None where fewer than half of the values are defined.
    """
    found = sorted(value for value in values if value is not None)
    if 2 * len(found) < len(values) or not found:
        return None
    rank = max(1, math.floor((len(found) + 1) * (1 - level) / 2 + 1e-9))
    return Interval(found[rank - 1], found[len(found) - rank], len(found))


def _words(seed: str, resample: int, n: int) -> Iterator[int]:
    named = (seed.encode("ascii"), str(resample).encode("ascii"))
    for block in range(0, n, _WORDS):
        drawn = digest("reprollm/bootstrap/v1", *named, str(block // _WORDS).encode("ascii"))
        for word in range(min(_WORDS, n - block)):
            yield int(drawn[8 * word : 8 * word + 8], 16)
