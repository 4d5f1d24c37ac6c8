"""Whether p-values of tests without any effect are uniform (Kolmogorov 1933; Smirnov 1948).

The distribution of the largest distance D between the empirical distribution and the uniform one is
computed exactly by a power of a matrix (Durbin 1973; the form of Marsaglia, Tsang and Wang 2003,
Journal of Statistical Software 8(18)) where n D is at most 50, otherwise by Kolmogorov's limit with
Stephens's correction (1970, JRSS B 32:115-122).

p-values with few possible values are never quite uniform. They make D larger than it would be, so
that only coarse tests (few permutations) are rejected for their steps; `uniformity_p` takes the
size of a step and does not count it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import TypeAlias

_Matrix: TypeAlias = list[list[float]]

_EXACT = 50
_NEGLIGIBLE = 18.0


def ks_distance(ps: Sequence[float], step: float = 0.0) -> float:
    """Return the largest distance of the empirical distribution of `ps` from the uniform one.

    Args:
        ps: values in [0, 1].
        step: width of the grid on which the p-values lie, 0 where they are continuous. A p-value
            then stands for the whole step up to it, and distances within a step do not count.
    """
    ranked = sorted(ps)
    n = len(ranked)
    above = max((rank + 1) / n - p for rank, p in enumerate(ranked))
    below = max((p - step) - rank / n for rank, p in enumerate(ranked))
    return max(above, below, 0.0)


def uniformity_p(ps: Sequence[float], step: float = 0.0) -> float:
    """Return the probability that uniform values lie at least as far from uniformity as `ps`."""
    return ks_p(ks_distance(ps, step), len(ps))


def ks_p(distance: float, n: int) -> float:
    """Return P(D >= distance) of `n` independent uniform values."""
    if distance <= 0:
        return 1.0
    if distance >= 1:
        return 0.0
    if n * distance * distance > _NEGLIGIBLE:
        return 2 * math.exp(-2 * n * distance * distance)
    if n * distance <= _EXACT:
        return min(1.0, max(0.0, 1 - _below(distance, n)))
    root = math.sqrt(n)
    return _limit((root + 0.12 + 0.11 / root) * distance)


def _limit(scaled: float) -> float:
    """Return 2 (e^(-2 x^2) - e^(-8 x^2) + …), the limit of P(D sqrt(n) >= x)."""
    if scaled < 0.2:
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * math.fsum(terms)))


def _below(distance: float, n: int) -> float:
    """Return P(D < distance): n! / n^n times the middle element of the matrix's n-th power."""
    k = math.floor(n * distance) + 1
    size = 2 * k - 1
    h = k - n * distance
    matrix = [[float(row - column + 1 >= 0) for column in range(size)] for row in range(size)]
    for place in range(size):
        matrix[place][0] -= h ** (place + 1)
        matrix[size - 1][place] -= h ** (size - place)
    matrix[size - 1][0] += max(0.0, 2 * h - 1) ** size
    for row in range(size):
        for column in range(min(row + 2, size)):
            matrix[row][column] /= math.factorial(row - column + 1)
    power, exponent = _power(matrix, n)
    value = power[k - 1][k - 1]
    if value <= 0:
        return 0.0
    scale = exponent * math.log(2) + math.lgamma(n + 1) - n * math.log(n)
    return math.exp(math.log(value) + scale)


def _power(matrix: _Matrix, n: int) -> tuple[_Matrix, int]:
    """Return the n-th power as a matrix and an exponent of 2 to scale it by."""
    if n == 1:
        return matrix, 0
    half, exponent = _power(matrix, n // 2)
    power, exponent = _product(half, half), 2 * exponent
    if n % 2:
        power = _product(power, matrix)
    largest = max(map(max, power))
    shift = math.frexp(largest)[1]
    return [[math.ldexp(value, -shift) for value in row] for row in power], exponent + shift


def _product(one: _Matrix, other: _Matrix) -> _Matrix:
    columns = list(zip(*other, strict=True))
    return [[sum(map(mul, row, column)) for column in columns] for row in one]
