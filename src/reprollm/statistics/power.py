"""What a test of so many observations would have found: its power, and the smallest effect it sees.

| test | effect | power |
| --- | --- | --- |
| Mann-Whitney | area under the ROC curve | normal, spread after Hanley and McNeil 1982 |
| permutation | shift, in standard deviations of the permutation distribution | normal |

These are approximations that help to read a result without evidence; no p-value depends on them.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from reprollm.statistics.auroc import hanley_mcneil_variance

_NORMAL = NormalDist()
_HALVINGS = 60


def mann_whitney_power(area: float, members: int, others: int, level: float = 0.05) -> float:
    """Return the chance of p <= `level`, one-sided, where members win a pair with chance `area`.

    Args:
        area: 0.5 without effect, below 1.
        members: size of the set under suspicion.
        others: size of the reference set.
        level: of the test.
    """
    if not members or not others:
        return 0.0
    plain = math.sqrt((members + others + 1) / (12 * members * others))
    limit = 0.5 + 0.5 / (members * others) + _NORMAL.inv_cdf(1 - level) * plain
    if limit >= 1:
        return 0.0
    spread = math.sqrt(hanley_mcneil_variance(area, members, others))
    if not spread:
        return float(area >= limit)
    return _NORMAL.cdf((area - limit) / spread)


def detectable_area(
    members: int, others: int, level: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest area that the Mann-Whitney test finds with chance `power`, or None."""
    low, high = 0.5, 1.0
    if mann_whitney_power(high, members, others, level) < power:
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if mann_whitney_power(middle, members, others, level) < power:
            low = middle
        else:
            high = middle
    return high


def detectable_shift(permutations: int, level: float = 0.05, power: float = 0.8) -> float | None:
    """Return the smallest shift that a permutation test finds with chance `power`.

    In standard deviations of the statistic over the permutations. None where the smallest possible
    p-value, 1 / (permutations + 1), is above `level`.
    """
    allowed = math.floor(level * (permutations + 1) + 1e-9)
    if not allowed:
        return None
    return _NORMAL.inv_cdf(1 - allowed / (permutations + 1)) + _NORMAL.inv_cdf(power)
