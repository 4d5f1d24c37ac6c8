"""Inclusion and consistency proofs over leaf hashes (RFC 6962, section 2.1; RFC 9162, 2.1).

A tree is a sequence of leaf hashes, 32 bytes each; `reprollm.records.merkle` computes leaves and
roots. Provers read all leaves of the tree once. Verifiers need nothing but the proof: each comes as
a `..._defect`, which names the first thing wrong or answers None, and as a `verify_...`, which only
answers whether there is none. How many nodes a proof has follows from index and sizes alone, so a
node too few or too many is told from one that was changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from reprollm.records.merkle import HASH_BYTES, node_hash, root


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH(index, leaves): the siblings from the leaf up (RFC 9162, section 2.1.3.1).

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"expected an index below {len(leaves)}, found {index}")
    start, end, siblings = 0, len(leaves), []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append(root(leaves[middle:end]))
            end = middle
        else:
            siblings.append(root(leaves[start:middle]))
            start = middle
    return siblings[::-1]


def consistency_proof(size: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PROOF(size, leaves): the first `size` leaves are a prefix (RFC 9162, 2.1.4.1).

    Raises:
        IndexError: `size` is 0 or larger than the tree.
    """
    if not 0 < size <= len(leaves):
        raise IndexError(f"expected a size from 1 to {len(leaves)}, found {size}")
    start, end, nodes = 0, len(leaves), []
    while end != size:
        middle = start + _split(end - start)
        if size <= middle:
            nodes.append(root(leaves[middle:end]))
            end = middle
        else:
            nodes.append(root(leaves[start:middle]))
            start = middle
    if start:
        nodes.append(root(leaves[start:end]))
    return nodes[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> bool:
    """Return whether `proof` leads from `leaf` at `index` to the root (RFC 9162, 2.1.3.2)."""
    return inclusion_defect(leaf, index, size, proof, expected) is None


def inclusion_defect(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> str | None:
    """Return why `proof` does not lead from `leaf` to the root, or None where it does.

    Args:
        leaf: hash of the leaf, 32 bytes.
        index: the leaf's index, from 0.
        size: number of leaves of the tree.
        proof: hashes of the siblings from the leaf up.
        expected: the tree's root, 32 bytes.
    """
    if size < 1:
        return f"expected a tree of at least one leaf, found the size {size}"
    if not 0 <= index < size:
        return f"expected an index from 0 to {size - 1} in a tree of {size}, found {index}"
    defect = _hash_defect([("the leaf hash", leaf), ("the root", expected)], proof)
    if defect:
        return defect
    wanted = _path_length(index, size)
    if len(proof) != wanted:
        return f"expected {wanted} nodes for leaf {index} of {size}, found {_count(proof)}"
    found = _climb(leaf, index, size, proof)
    if found != expected:
        return f"expected nodes that lead to the root {expected.hex()}, found {found.hex()}"
    return None


def verify_consistency(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> bool:
    """Return whether the tree of `size1` is a prefix of that of `size2` (RFC 9162, 2.1.4.2)."""
    return consistency_defect(size1, size2, proof, root1, root2) is None


def consistency_defect(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> str | None:
    """Return why `proof` does not show that one tree begins with the other, or None where it does.

    Args:
        size1: number of leaves of the earlier tree.
        size2: number of leaves of the later tree.
        proof: hashes of the nodes that lead from the one to the other.
        root1: root of the earlier tree, 32 bytes.
        root2: root of the later tree, 32 bytes.
    """
    if size1 < 1:
        return f"expected an earlier tree of at least one leaf, found the size {size1}"
    if size1 > size2:
        return f"expected an earlier tree of at most {size2} leaves, found {size1}"
    defect = _hash_defect([("the earlier root", root1), ("the later root", root2)], proof)
    if defect:
        return defect
    wanted = _proof_length(size1, size2)
    if len(proof) != wanted:
        return f"expected {wanted} nodes from {size1} leaves to {size2}, found {_count(proof)}"
    found1, found2 = _climb_both(size1, size2, proof, root1)
    if found1 != root1:
        return f"expected nodes that lead to the earlier root {root1.hex()}, found {found1.hex()}"
    if found2 != root2:
        return f"expected nodes that lead to the later root {root2.hex()}, found {found2.hex()}"
    return None


def _climb(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root to which a proof of the right length leads (RFC 9162, 2.1.3.2, step 4)."""
    number, last, head = index, size - 1, leaf
    for sibling in proof:
        if number & 1 or number == last:
            head = node_hash(sibling, head)
            number, last = _skip_left_edge(number, last)
        else:
            head = node_hash(head, sibling)
        number, last = number >> 1, last >> 1
    return head


def _climb_both(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes
) -> tuple[bytes, bytes]:
    """Return the roots to which a proof of the right length leads (RFC 9162, 2.1.4.2, step 6)."""
    if size1 == size2:
        return root1, root1
    nodes = list(proof) if size1 & (size1 - 1) else [root1, *proof]
    number, last = size1 - 1, size2 - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    head1 = head2 = nodes[0]
    for node in nodes[1:]:
        if number & 1 or number == last:
            head1, head2 = node_hash(node, head1), node_hash(node, head2)
            number, last = _skip_left_edge(number, last)
        else:
            head2 = node_hash(head2, node)
        number, last = number >> 1, last >> 1
    return head1, head2


def _path_length(index: int, size: int) -> int:
    """Return how many siblings lie on the way from a leaf to the root.

    Up to the level where leaf and last leaf share an ancestor every level has one; above it only
    the levels on which that ancestor is a right child.
    """
    shared = (index ^ (size - 1)).bit_length()
    return shared + (index >> shared).bit_count()


def _proof_length(size1: int, size2: int) -> int:
    """Return how many nodes a consistency proof has.

    It is the path from the earlier tree's last perfect subtree, and that subtree's own root where
    the earlier root does not tell it.
    """
    if size1 == size2:
        return 0
    below = (size1 & -size1).bit_length() - 1
    path = _path_length((size1 >> below) - 1, ((size2 - 1) >> below) + 1)
    return path if size1 & (size1 - 1) == 0 else path + 1


def _split(size: int) -> int:
    """Return the largest power of two below `size` (`size` > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def _skip_left_edge(number: int, last: int) -> tuple[int, int]:
    """Climb past the levels on which the node has no sibling, until `number` is odd or 0."""
    while number and not number & 1:
        number, last = number >> 1, last >> 1
    return number, last


def _hash_defect(named: Sequence[tuple[str, bytes]], proof: Sequence[bytes]) -> str | None:
    nodes = ((f"node {number}", node) for number, node in enumerate(proof, start=1))
    for name, value in (*named, *nodes):
        if len(value) != HASH_BYTES:
            return f"expected {HASH_BYTES} bytes in {name}, found {len(value)}"
    return None


def _count(proof: Sequence[bytes]) -> str:
    return str(len(proof)) if proof else "an empty proof"
