"""Trees and proofs as RFC 9162, section 2.1, defines them: slow, recursive, over data entries.

Written down from the text of the RFC and from nothing else, so that the package's own, iterative
functions over leaf hashes have something to agree with.
"""

import hashlib


def mth(data: list[bytes]) -> bytes:
    """MTH(D_n), section 2.1.1."""
    n = len(data)
    if n == 0:
        return hashlib.sha256(b"").digest()
    if n == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = largest_power_of_two_below(n)
    return hashlib.sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def path(m: int, data: list[bytes]) -> list[bytes]:
    """PATH(m, D_n), section 2.1.3.1."""
    n = len(data)
    if n == 1:
        return []
    k = largest_power_of_two_below(n)
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def proof(m: int, data: list[bytes]) -> list[bytes]:
    """PROOF(m, D_n), section 2.1.4.1."""
    return subproof(m, data, True)


def subproof(m: int, data: list[bytes], known: bool) -> list[bytes]:
    """SUBPROOF(m, D_n, b), section 2.1.4.1."""
    n = len(data)
    if m == n:
        return [] if known else [mth(data)]
    k = largest_power_of_two_below(n)
    if m <= k:
        return [*subproof(m, data[:k], known), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


def largest_power_of_two_below(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def data_of(size: int) -> list[bytes]:
    """Return `size` different entries."""
    return [b"entry %d" % index for index in range(size)]
