"""An interval for the mean of bounded, independent values, whatever their distribution.

Hoeffding 1963 (JASA 58:13-30, theorem 2): of n independent values in [0, 1] the mean is t or more
above its expectation with probability at most exp(-2 n t^2), and likewise below. The interval
covers at least `level` at every n; it is wide where the values hardly vary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Return an interval in [0, 1] for the expected mean of `values`, each in [0, 1].

    It is the mean (`math.fsum` over n) plus and minus sqrt(log(2 / (1 - level)) / (2 n)), cut to
    [0, 1]; [0, 1] for no values.
    """
    n = len(values)
    if not n:
        return 0.0, 1.0
    mean = math.fsum(values) / n
    half = math.sqrt(math.log(2 / (1 - level)) / (2 * n))
    return max(0.0, mean - half), min(1.0, mean + half)
