"""Proofs against a slow reference that is written down straight from RFC 9162, section 2.1."""

import hashlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.ledger.merkle import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from reprollm.records.merkle import Frontier, leaf_hash, root


def mth(data: list[bytes]) -> bytes:
    """MTH of section 2.1.1, over data entries."""
    n = len(data)
    if n == 0:
        return hashlib.sha256(b"").digest()
    if n == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = largest_power_below(n)
    return hashlib.sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def path(m: int, data: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    n = len(data)
    if n == 1:
        return []
    k = largest_power_below(n)
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: list[bytes], known: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    n = len(data)
    if m == n:
        return [] if known else [mth(data)]
    k = largest_power_below(n)
    if m <= k:
        return [*subproof(m, data[:k], known), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def data_of(size: int) -> list[bytes]:
    return [b"entry %d" % index for index in range(size)]


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(entry) for entry in data_of(size)]


@pytest.mark.parametrize("size", range(66))
def test_roots_are_those_of_the_rfc(size: int) -> None:
    assert root(leaves_of(size)) == mth(data_of(size))


def test_the_root_of_nothing_and_of_one_empty_entry_are_the_known_ones() -> None:
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root([leaf_hash(b"")]).hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )


@given(st.integers(0, 80), st.integers(0, 80))
def test_a_stored_frontier_grows_on_as_if_never_stored(first: int, more: int) -> None:
    leaves = leaves_of(first + more)
    tree = Frontier()
    for leaf in leaves[:first]:
        tree.append(leaf)
    taken_up = Frontier(tree.size, tree.roots)
    for leaf in leaves[first:]:
        taken_up.append(leaf)
    assert taken_up.root() == root(leaves)
    assert taken_up.size == first + more


@pytest.mark.parametrize(("size", "roots"), [(1, []), (0, [bytes(32)]), (3, [bytes(32)]),
                                             (1, [bytes(31)])])  # fmt: skip
def test_a_frontier_that_is_none_is_refused(size: int, roots: list[bytes]) -> None:
    with pytest.raises(ValueError, match="subtree roots"):
        Frontier(size, roots)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33])
def test_inclusion_proofs_are_those_of_the_rfc_and_verify(size: int) -> None:
    data, leaves = data_of(size), leaves_of(size)
    for index in range(size):
        proof = inclusion_proof(index, leaves)
        assert proof == path(index, data)
        assert verify_inclusion(leaves[index], index, size, proof, mth(data))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33])
def test_consistency_proofs_are_those_of_the_rfc_and_verify(size: int) -> None:
    data, leaves = data_of(size), leaves_of(size)
    for old in range(1, size + 1):
        proof = consistency_proof(old, leaves)
        assert proof == subproof(old, data, True)
        assert verify_consistency(old, size, proof, mth(data[:old]), mth(data))


Mutation = Callable[[list[bytes]], list[bytes]]
MUTATIONS: dict[str, Mutation] = {
    "a node dropped at the start": lambda proof: proof[1:],
    "a node dropped at the end": lambda proof: proof[:-1],
    "a node added at the start": lambda proof: [bytes(32), *proof],
    "a node added at the end": lambda proof: [*proof, bytes(32)],
    "the first node repeated": lambda proof: [proof[0], *proof],
    "a bit changed": lambda proof: [bytes([proof[0][0] ^ 1]) + proof[0][1:], *proof[1:]],
    "a short hash": lambda proof: [proof[0][:31], *proof[1:]],
    "a long hash": lambda proof: [proof[0] + b"\x00", *proof[1:]],
    "nodes swapped": lambda proof: [*proof[::-1]],
    "nothing": lambda proof: [],
}


def mutated(proof: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    for name, mutate in MUTATIONS.items():
        changed = mutate(proof)
        if changed != proof:
            yield name, changed


@given(st.integers(2, 70), st.data())
def test_a_mutated_inclusion_proof_never_verifies(size: int, draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    head, proof = root(leaves), inclusion_proof(index, leaves)
    for name, changed in mutated(proof):
        assert not verify_inclusion(leaves[index], index, size, changed, head), name
    for other in {0, index - 1, index + 1, size - 1, size, -1} - {index}:
        assert not verify_inclusion(leaves[index], other, size, proof, head)
    other_leaf = leaf_hash(b"another entry")
    assert not verify_inclusion(other_leaf, index, size, proof, head)
    assert not verify_inclusion(leaves[index], index, size, proof, bytes(32))
    assert not verify_inclusion(leaves[index][:31], index, size, proof, head)
    assert not verify_inclusion(leaves[index], index, size, proof, head[:31])
    assert not verify_inclusion(leaves[index], 0, 0, proof, head)


@given(st.integers(2, 70), st.data())
def test_a_mutated_consistency_proof_never_verifies(size: int, draw: st.DataObject) -> None:
    old = draw.draw(st.integers(1, size - 1))
    leaves = leaves_of(size)
    before, after, proof = root(leaves[:old]), root(leaves), consistency_proof(old, leaves)
    for name, changed in mutated(proof):
        assert not verify_consistency(old, size, changed, before, after), name
    assert not verify_consistency(0, size, proof, before, after)
    assert not verify_consistency(0, size, [], root([]), after)
    assert not verify_consistency(size, old, proof, after, before)
    assert not verify_consistency(old, size, proof, after, before)
    assert not verify_consistency(old, size, proof, before[:31], after)
    assert not verify_consistency(old, size, proof, before, after + b"\x00")
    assert not verify_consistency(old, size, proof, bytes(32), after)
    assert not verify_consistency(old, size, proof, before, bytes(32))


def test_equal_sizes_need_an_empty_proof_and_equal_roots() -> None:
    head = root(leaves_of(5))
    assert verify_consistency(5, 5, [], head, head)
    assert not verify_consistency(5, 5, [head], head, head)
    assert not verify_consistency(5, 5, [], head, bytes(32))


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(index, leaves_of(3))


@pytest.mark.parametrize("size", [0, 4])
def test_there_is_no_consistency_proof_from_an_empty_or_larger_tree(size: int) -> None:
    with pytest.raises(IndexError):
        consistency_proof(size, leaves_of(3))
