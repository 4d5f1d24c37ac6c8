"""Intervals for shares: x of n, and the difference of two such shares.

| function | method | source |
| --- | --- | --- |
| `clopper_pearson` | exact, never covers less than `level` | Clopper and Pearson 1934, Biometrika 26:404-413 |
| `wilson` | inverts the score test; covers `level` on average | Wilson 1927, JASA 22:209-212 |
| `newcombe` | difference of two shares from their Wilson intervals | Newcombe 1998, Statistics in Medicine 17:873-890, method 10 |

Without any observation (n = 0) nothing is excluded: a share lies in [0, 1], a difference in [-1, 1].
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

_HALVINGS = 80


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact two-sided interval of a binomial share.

    The lower bound is the share at which `hits` or more have probability (1 - level) / 2, the upper
    one that at which `hits` or fewer have it; each is found by halving [0, 1] 80 times.

    Args:
        hits: x, from 0 to `n`.
        n: number of independent draws.
        level: coverage, in (0, 1).
    """
    if 2 * hits > n:
        low, high = clopper_pearson(n - hits, n, level)
        return 1 - high, 1 - low
    tail = (1 - level) / 2
    low = _crossing(lambda share: at_most(hits - 1, n, share) <= 1 - tail) if hits else 0.0
    high = _crossing(lambda share: at_most(hits, n, share) < tail) if n else 1.0
    return low, high


def at_most(hits: int, n: int, share: float) -> float:
    """Return P(X <= hits) for X binomial with `n` draws of probability `share`.

    The terms are taken by their logarithms and added up exactly.
    """
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(hits >= n)
    hit, miss = math.log(share), math.log1p(-share)
    ways = math.lgamma(n + 1)
    terms = (
        ways - math.lgamma(x + 1) - math.lgamma(n - x + 1) + x * hit + (n - x) * miss
        for x in range(hits + 1)
    )
    return min(1.0, math.fsum(map(math.exp, terms)))


def wilson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a binomial share."""
    if not n:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = hits / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = (centre - half) / scale if hits else 0.0
    high = (centre + half) / scale if hits < n else 1.0
    return low, high


def newcombe(
    hits: int, n: int, other_hits: int, other_n: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of `hits / n - other_hits / other_n`, two independent shares."""
    if not n or not other_n:
        return -1.0, 1.0
    share, other = hits / n, other_hits / other_n
    low, high = wilson(hits, n, level)
    other_low, other_high = wilson(other_hits, other_n, level)
    difference = share - other
    return (
        difference - math.hypot(share - low, other_high - other),
        difference + math.hypot(high - share, other - other_low),
    )


def _crossing(above: Callable[[float], bool]) -> float:
    """Return where in [0, 1] `above` turns true, given that it does so once."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if above(middle):
            high = middle
        else:
            low = middle
    return high
