"""Leaf hashes and the root over a stream of leaves (RFC 6962, section 2.1; RFC 9162, 2.1.1).

`Frontier` is a compact range: the roots of the perfect subtrees that make up the tree so far, one
for each set bit of the size. It appends in amortised constant time, needs O(log n) memory, and can
be stored and taken up again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

HASH_BYTES = 32


def leaf_hash(line: bytes) -> bytes:
    """Return SHA-256(0x00 || line): the leaf of a record's canonical line without its line end."""
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right), the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A growing Merkle tree, known by the roots of its perfect subtrees, largest first."""

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        """Take up a tree of `size` leaves; `roots` holds one hash for each set bit of `size`."""
        self.size = size
        self.roots = list(roots)
        if len(self.roots) != size.bit_count() or any(len(r) != HASH_BYTES for r in self.roots):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} subtree roots")

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the right."""
        merges = (~self.size & (self.size + 1)).bit_length() - 1
        for _ in range(merges):
            leaf = node_hash(self.roots.pop(), leaf)
        self.roots.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree's root; the empty tree's is SHA-256 of nothing."""
        if not self.roots:
            return hashlib.sha256(b"").digest()
        head = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            head = node_hash(left, head)
        return head


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes (32 bytes each), in order."""
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()
