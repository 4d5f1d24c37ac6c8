"""How well a score tells members from others: area under the ROC curve, and its left end.

The area is the probability that a member's score exceeds another's, ties counting half (Hanley and
McNeil 1982, Radiology 143:29-36). Pairs are counted in whole numbers.

Its interval is Newcombe's (2006, Statistics in Medicine 25:559-573, method 5): the bounds lie where
their distance from the observed area is z standard errors, with Hanley and McNeil's variance at the
bound itself and (m + n) / 2 in place of both sizes. Unlike the intervals about the estimate
(Hanley-McNeil, DeLong) it does not shrink to a point at an area of 1.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import NormalDist

_HALVINGS = 80


def auroc(members: Sequence[float], others: Sequence[float]) -> float | None:
    """Return the area under the ROC curve; None where a side is empty.

    Twice the number of pairs in which the member is larger, plus the number of ties, over twice the
    number of pairs.
    """
    if not members or not others:
        return None
    return twice_wins(members, others) / (2 * len(members) * len(others))


def twice_wins(members: Sequence[float], others: Sequence[float]) -> int:
    """Return 2 for each pair in which the member's score is larger, 1 for each tie, summed."""
    ranked = sorted(others)
    return sum(bisect_left(ranked, one) + bisect_right(ranked, one) for one in members)


def tpr_at_fpr(members: Sequence[float], others: Sequence[float], fpr: float) -> float | None:
    """Return the largest share of members found at a threshold that finds at most `fpr` others.

    A threshold t finds all scores >= t. None where a side is empty.
    """
    if not members or not others:
        return None
    allowed = math.floor(fpr * len(others) + 1e-9)
    ranked = sorted(others, reverse=True)
    if allowed >= len(ranked):
        return 1.0
    return sum(one > ranked[allowed] for one in members) / len(members)


def auroc_interval(
    area: float, members: int, others: int, level: float = 0.95
) -> tuple[float, float]:
    """Return Newcombe's interval of an area observed of so many members and others."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    return _bound(area, 0.0, z, members, others), _bound(area, 1.0, z, members, others)


def hanley_mcneil_variance(area: float, members: float, others: float) -> float:
    """Return the variance of an observed area about the true `area` (exponential model)."""
    inner = 1 + (members - 1) * (1 - area) / (2 - area) + (others - 1) * area / (1 + area)
    return area * (1 - area) * inner / (members * others)


def _bound(area: float, end: float, z: float, members: int, others: int) -> float:
    """Return the point between `area` and `end` that is just z standard errors away."""
    half = (members + others) / 2
    scale = half * half / (members * others)
    near, far = area, end
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        deviation = math.sqrt(scale * hanley_mcneil_variance(middle, half, half))
        if abs(area - middle) <= z * deviation:
            near = middle
        else:
            far = middle
    return (near + far) / 2
