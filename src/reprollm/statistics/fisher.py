"""Fisher's exact test of a table of two by two, one-sided (Fisher 1935, JRSS 98:39-82).

Given the margins, the number of hits among the first group is hypergeometric where the two groups
do not differ. All counting is in whole numbers, so that the p-value is the nearest double to the
exact one.
"""

from __future__ import annotations

import math


def fisher_greater(hits: int, misses: int, other_hits: int, other_misses: int) -> float:
    """Return the probability of `hits` or more in the first group, the margins being fixed.

    Args:
        hits: hits of the first group.
        misses: the rest of the first group.
        other_hits: hits of the second group, the control.
        other_misses: the rest of the second group.
    """
    size, other = hits + misses, other_hits + other_misses
    drawn = hits + other_hits
    ways = math.comb(size, hits) * math.comb(other, drawn - hits)
    total = 0
    for found in range(hits, min(size, drawn) + 1):
        total += ways
        ways = ways * (size - found) * (drawn - found)
        ways //= (found + 1) * (other - drawn + found + 1)
    return total / math.comb(size + other, drawn)
