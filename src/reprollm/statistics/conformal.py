"""The conformal p-value of one score against a reference set (Vovk et al. 2005, chapter 2).

Where the score was drawn independently of, and like, the n reference scores, its rank among all
n + 1 is uniform, and P(p <= a) <= a for every a. That holds on average over reference sets, not for
the one at hand: among many items that share one, the share of those with p <= a varies about a as a
Beta-binomial does (`spread`). The p-values of one reference set are positively dependent, so that
Benjamini-Hochberg holds of them (Bates et al. 2023, arXiv:2104.08279, theorem 2).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence


def conformal_p(score: float, reference: Sequence[float]) -> float:
    """Return (1 + number of reference scores that are at least `score`) / (n + 1).

    Larger scores are more member-like; a tie counts against the item.
    """
    return (1 + sum(other >= score for other in reference)) / (len(reference) + 1)


def conformal_ps(scores: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Return `conformal_p` of each score against the same reference set, in order."""
    ranked = sorted(reference)
    n = len(ranked)
    return [(1 + n - bisect_left(ranked, score)) / (n + 1) for score in scores]


def expected_share(level: float, n: int) -> float:
    """Return P(p <= level) for a score like the `n` reference scores, without ties."""
    return math.floor(level * (n + 1) + 1e-9) / (n + 1)


def spread(level: float, n: int, items: int) -> float:
    """Return the standard deviation of the share of `items` with p <= level, without any leak.

    The number of such items is Beta-binomial with a = floor(level (n + 1)) and b = n + 1 - a, all
    items being compared with the same `n` reference scores (Bates et al. 2023, section 2).
    """
    share = expected_share(level, n)
    return math.sqrt(share * (1 - share) * (n + 1 + items) / ((n + 2) * items))
