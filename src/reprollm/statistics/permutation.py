"""Permutations that a seed fixes, and the p-value of a permutation test.

Where the true arrangement is one of many that were equally likely by our own randomisation, it and
B arrangements that were drawn independently of it are exchangeable, so that
P(p <= a) <= a for every a and every number of them (Hemerik and Goeman 2018, arXiv:1411.7565,
theorem 2, with the true arrangement among those that are compared). The p-value is never below
1 / (B + 1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_TAG = b"reprollm/permutation/v1"


def permutation(seed: str, b: int, n: int) -> list[int]:
    """Return permutation number `b` of 0 .. n-1: the indices in the order of their digests.

    The digest of index i is SHA-256 over the parts tag (`reprollm/permutation/v1`), seed (UTF-8),
    b and i (ASCII decimal), each preceded by its length in 8 bytes, big-endian. Any change of seed
    or b gives an arrangement that cannot be told from an independent, uniform one.
    """
    start = hashlib.sha256()
    for part in (_TAG, seed.encode(), str(b).encode()):
        start.update(len(part).to_bytes(8, "big") + part)

    def rank(index: int) -> bytes:
        part = str(index).encode()
        state = start.copy()
        state.update(len(part).to_bytes(8, "big") + part)
        return state.digest()

    return sorted(range(n), key=rank)


def permutation_p(statistic: float, null: Sequence[float]) -> float:
    """Return (1 + number of values in `null` that are at least `statistic`) / (B + 1)."""
    return (1 + sum(value >= statistic for value in null)) / (len(null) + 1)
