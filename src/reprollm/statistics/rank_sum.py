"""The sum of ranks of things that were drawn by lot, one from each of several groups.

One of the m candidates of each group was chosen by lot, each with probability 1/m and independently
of the others. Whatever scores they have, the rank of the chosen one among its m is then uniform on
0 .. m-1 (0 for the largest score), and the sum of ranks over groups has the distribution of a sum
of independent discrete uniforms. Groups may differ in m. With ties the chosen one is ranked last of
those that tie with it; that makes its rank larger and the p-value conservative.

The number of outcomes with a sum of at most T is counted in integers by de Moivre's formula, so
that the p-value is exact: with groups of m_1 .. m_n candidates it is the sum of the first T + 1
coefficients of prod_i (1 - x^m_i) / (1 - x)^n.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import NormalDist

_STEPS = 40


def rank(chosen: float, others: Sequence[float]) -> int:
    """Return how many of `others` are at least `chosen`: 0 where it is strictly the largest."""
    return sum(other >= chosen for other in others)


def twin_p(ranks: Sequence[tuple[int, int]]) -> float:
    """Return P(sum of ranks <= the observed sum) where every rank is uniform.

    Args:
        ranks: for each group the rank of the chosen candidate, from 0 for the largest score, and
            the number of candidates.

    Returns:
        The quotient of two integers, correctly rounded, but never below the smallest normal double
        (2.2e-308). 1 for no groups.

    Raises:
        ValueError: a rank is not among its group's candidates.
    """
    for observed, candidates in ranks:
        if not 0 <= observed < candidates:
            raise ValueError(f"expected a rank below {candidates}, found {observed}")
    sizes = [candidates for _, candidates in ranks]
    return share_at_most(sum(observed for observed, _ in ranks), sizes)


def share_at_most(total: int, sizes: Sequence[int]) -> float:
    """Return P(sum of ranks <= total) for groups of these sizes, as `twin_p` does."""
    return max(outcomes_at_most(total, sizes) / math.prod(sizes), sys.float_info.min)


def outcomes_at_most(total: int, sizes: Sequence[int]) -> int:
    """Return how many of the prod(sizes) equally likely outcomes have a sum of at most `total`."""
    n = len(sizes)
    numerator = _numerator(Counter(sizes), total)
    return sum(
        numerator[used] * ways
        for used, ways in zip(range(total, -1, -1), _binomials(n, total), strict=True)
        if used in numerator
    )


def detectable_share(sizes: Sequence[int], level: float = 0.05, power: float = 0.8) -> float | None:
    """Return the smallest share of groups whose chosen one is foreseen best that would be found.

    The alternative: independently in each group, the chosen candidate has rank 0 with probability
    f, and a uniform rank otherwise. The result is the f, to within 1e-12, at which the test at
    `level` rejects with probability `power`, the sum of ranks taken as normal (a hint at what the
    test can see, not a part of it). None where even f = 1 is not found, because no p-value of these
    groups is as small as `level`.
    """
    if share_at_most(0, sizes) > level:
        return None
    limit = _normal(sizes, 0.0).inv_cdf(level) - 0.5
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _reaches(limit, sizes, middle) < power:
            low = middle
        else:
            high = middle
    return high


def _numerator(groups: Counter[int], total: int) -> dict[int, int]:
    """Return the coefficients of prod_i (1 - x^m_i) up to x^total, those that are not 0."""
    found = {0: 1}
    for size, count in sorted(groups.items()):
        factor = list(_signed_binomials(size, count, total))
        product: dict[int, int] = {}
        for done, coefficient in found.items():
            for power, other in factor:
                if done + power > total:
                    break
                product[done + power] = product.get(done + power, 0) + coefficient * other
        found = {power: value for power, value in product.items() if value}
    return found


def _signed_binomials(size: int, count: int, total: int) -> Iterator[tuple[int, int]]:
    """Yield power and coefficient of the terms of (1 - x^size)^count up to x^total."""
    value = 1
    for j in range(min(count, total // size) + 1):
        yield j * size, value
        value = -value * (count - j) // (j + 1)


def _binomials(n: int, total: int) -> Iterator[int]:
    """Yield C(rest + n, n) for rest = 0 .. total: the first rest + 1 terms of 1 / (1 - x)^n."""
    value = 1
    for rest in range(total + 1):
        yield value
        value = value * (rest + 1 + n) // (rest + 1)


def _reaches(limit: float, sizes: Sequence[int], share: float) -> float:
    """Return P(sum <= limit) where a share of the groups has rank 0, continuity-corrected."""
    return 1.0 if share >= 1 else _normal(sizes, share).cdf(limit + 0.5)


def _normal(sizes: Sequence[int], share: float) -> NormalDist:
    """Return the normal distribution with mean and variance of the sum under the alternative."""
    means = [(1 - share) * (m - 1) / 2 for m in sizes]
    squares = ((1 - share) * (m - 1) * (2 * m - 1) / 6 for m in sizes)
    variance = math.fsum(squares) - math.fsum(mean * mean for mean in means)
    return NormalDist(math.fsum(means), math.sqrt(max(variance, sys.float_info.min)))
