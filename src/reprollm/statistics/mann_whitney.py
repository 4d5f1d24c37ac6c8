"""Whether one set of scores is larger than another (Mann and Whitney 1947, AMS 18:50-60).

One-sided, with the normal approximation, corrected for ties (Lehmann 1975, Nonparametrics, section
1.4) and for continuity. It holds where the two sets were drawn alike but for what is tested: an
assumption, which `reprollm.screening.guard` can refuse and nobody can prove.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.statistics.auroc import twice_wins


@dataclass(frozen=True)
class MannWhitney:
    """What the test found.

    Attributes:
        u: pairs in which the first set's score is larger, ties counting half.
        p: probability of so many or more where both sets are drawn alike.
    """

    u: float
    p: float


def mann_whitney_greater(scores: Sequence[float], reference: Sequence[float]) -> MannWhitney | None:
    """Return whether `scores` tend to be larger than `reference`; None where a side is empty."""
    m, n = len(scores), len(reference)
    if not m or not n:
        return None
    u = twice_wins(scores, reference) / 2
    total = m + n
    ties = sum(k**3 - k for k in Counter([*scores, *reference]).values())
    variance = m * n / 12 * ((total + 1) - ties / (total * (total - 1)))
    if variance <= 0:
        return MannWhitney(u, 1.0)
    z = (u - m * n / 2 - 0.5) / math.sqrt(variance)
    return MannWhitney(u, math.erfc(z / math.sqrt(2)) / 2)
