"""Inclusion and consistency proofs over leaf hashes (RFC 6962, section 2.1; RFC 9162, 2.1).

A tree is a sequence of leaf hashes, 32 bytes each; `reprollm.records.merkle` computes leaves and
roots. Provers read all leaves of the tree once. Verifiers need nothing but the proof, and answer
False for anything malformed: a hash that is not 32 bytes, an index outside the tree, an empty
first tree, a node too few or too many.
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
    if not 0 <= index < size or not _are_hashes(leaf, expected, *proof):
        return False
    number, last, head = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            head = node_hash(sibling, head)
            number, last = _skip_left_edge(number, last)
        else:
            head = node_hash(head, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and head == expected


def verify_consistency(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> bool:
    """Return whether the tree of `size1` is a prefix of that of `size2` (RFC 9162, 2.1.4.2)."""
    if not 0 < size1 <= size2 or not _are_hashes(root1, root2, *proof):
        return False
    if size1 == size2:
        return not proof and root1 == root2
    nodes = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    if not proof:
        return False
    number, last = size1 - 1, size2 - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    head1 = head2 = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            head1, head2 = node_hash(node, head1), node_hash(node, head2)
            number, last = _skip_left_edge(number, last)
        else:
            head2 = node_hash(head2, node)
        number, last = number >> 1, last >> 1
    return last == 0 and head1 == root1 and head2 == root2


def _split(size: int) -> int:
    """Return the largest power of two below `size` (`size` > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def _skip_left_edge(number: int, last: int) -> tuple[int, int]:
    """Climb past the levels on which the node has no sibling, until `number` is odd or 0."""
    while number and not number & 1:
        number, last = number >> 1, last >> 1
    return number, last


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
