"""The paired permutation test: had the two arms' answers been exchanged, unit by unit.

Under the hypothesis that it made no difference which arm gave which answer, every exchange of
whole units was equally likely, so that the share of exchanges with a statistic as large as the one
seen is an exact p-value (Fisher 1935, The Design of Experiments, section 21; Good 2005,
Permutation, Parametric and Bootstrap Tests, section 3.2). Where there are too many to go through,
B of them are drawn and the one seen counts among them (Hemerik and Goeman 2018, arXiv:1411.7565).

The draws follow from a seed by SHAKE-256 alone. Exchange b of m units is made of the first
ceil(m / 8) bytes over the parts `reprollm/sign-flip/v1`, seed and b in decimal, each preceded by
its length in 8 bytes, big-endian; the bit of value 2^(j mod 8) of byte floor(j / 8) exchanges unit
j. Everything that is summed is an integer, so that ties are ties.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import getitem

_TAG = "reprollm/sign-flip/v1"
_BYTE = 8


@dataclass(frozen=True)
class SignFlip:
    """A two-sided test.

    Attributes:
        p: share of the exchanges whose statistic is at least as far from 0 as the one seen.
        moved: m, the units that an exchange changes.
        drawn: how many exchanges were drawn; None where all 2^m were gone through.
    """

    p: float
    moved: int
    drawn: int | None

    @property
    def exact(self) -> bool:
        """Whether all exchanges were gone through."""
        return self.drawn is None


def sign_flip(
    statistic: Callable[[int], int], values: Sequence[int], permutations: int, seed: str
) -> SignFlip:
    """Test a statistic of units that may be exchanged between two arms.

    Args:
        statistic: its value where the exchanged units' values have the given sum, 0 for none.
        values: what each unit adds to the sum when it is exchanged, shape (m,); several numbers
            may be packed into one integer.
        permutations: the most exchanges that are looked at.
        seed: decides the draws.
    """
    seen, m = abs(statistic(0)), len(values)
    exact = m < permutations.bit_length() and 1 << m <= permutations
    sums = _all_sums(values) if exact else _drawn_sums(values, permutations, seed)
    reached = sum(abs(statistic(each)) >= seen for each in sums)
    if exact:
        return SignFlip(reached / (1 << m), m, None)
    return SignFlip((1 + reached) / (1 + permutations), m, permutations)


def exchanged(seed: str, b: int, m: int) -> bytes:
    """Return which of `m` units exchange number `b`, from 0, exchanges: one bit each."""
    state = hashlib.shake_256()
    for part in (_TAG, seed, str(b)):
        raw = part.encode("ascii")
        state.update(len(raw).to_bytes(8, "big") + raw)
    return state.digest(-(-m // _BYTE))


def _all_sums(values: Sequence[int]) -> Iterator[int]:
    tables, length = _tables(values), -(-len(values) // _BYTE)
    for number in range(1 << len(values)):
        yield sum(map(getitem, tables, number.to_bytes(length, "little")))


def _drawn_sums(values: Sequence[int], permutations: int, seed: str) -> Iterator[int]:
    tables = _tables(values)
    for b in range(permutations):
        yield sum(map(getitem, tables, exchanged(seed, b, len(values))))


def _tables(values: Sequence[int]) -> list[list[int]]:
    """Return, for each eight units, the sums of their values by the byte that chooses them."""
    tables = []
    for first in range(0, len(values), _BYTE):
        sums = [0]
        for value in values[first : first + _BYTE]:
            sums += [total + value for total in sums]
        tables.append(sums * ((1 << _BYTE) // len(sums)))
    return tables
