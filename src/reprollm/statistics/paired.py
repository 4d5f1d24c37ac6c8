"""The size of a paired difference, as a mean over its own spread.

d_z is the mean of the differences over their standard deviation (Cohen 1988, Statistical Power
Analysis, section 2.3.5; Lakens 2013, Frontiers in Psychology 4:863, formula 6). It is the root of
one division of integers, so that two programs agree in every digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def d_z(differences: Sequence[int]) -> float | None:
    """Return the standardised mean of paired differences, with their sign.

    Args:
        differences: one an item, shape (n,), in any unit.

    Returns:
        None of fewer than two differences, or where all are the same.
    """
    n, total = len(differences), sum(differences)
    spread = n * sum(each * each for each in differences) - total * total
    if n < 2 or not spread:
        return None
    return math.copysign(math.sqrt(total * total * (n - 1) / (n * spread)), total)
