"""Roots and proofs against the slow reference in `ledger.rfc9162`."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import rfc9162
from ledger.rfc9162 import data_of
from reprollm.ledger.merkle import (
    consistency_defect,
    consistency_proof,
    inclusion_defect,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from reprollm.records.merkle import Frontier, leaf_hash, root

SIZES = range(1, 71)


@cache
def head(size: int) -> bytes:
    """The root of the first `size` entries, from the reference."""
    return rfc9162.mth(data_of(size))


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(entry) for entry in data_of(size)]


def test_roots_are_those_of_the_rfc() -> None:
    for size in range(71):
        assert root(leaves_of(size)) == head(size)


def test_the_root_of_nothing_and_of_one_empty_entry_are_the_known_ones() -> None:
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root([leaf_hash(b"")]).hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )


def test_every_inclusion_proof_up_to_70_leaves_is_that_of_the_rfc_and_verifies() -> None:
    for size in SIZES:
        data, leaves = data_of(size), leaves_of(size)
        for index in range(size):
            proof = inclusion_proof(index, leaves)
            assert proof == rfc9162.path(index, data)
            assert inclusion_defect(leaves[index], index, size, proof, head(size)) is None
            assert verify_inclusion(leaves[index], index, size, proof, head(size))


def test_every_consistency_proof_up_to_70_leaves_is_that_of_the_rfc_and_verifies() -> None:
    for size in SIZES:
        data, leaves = data_of(size), leaves_of(size)
        for old in range(1, size + 1):
            proof = consistency_proof(old, leaves)
            assert proof == rfc9162.proof(old, data)
            assert consistency_defect(old, size, proof, head(old), head(size)) is None
            assert verify_consistency(old, size, proof, head(old), head(size))


@settings(max_examples=30, deadline=None)
@given(st.integers(71, 600), st.data())
def test_larger_trees_agree_with_the_rfc_too(size: int, draw: st.DataObject) -> None:
    data, leaves = data_of(size), leaves_of(size)
    index = draw.draw(st.integers(0, size - 1), "index")
    old = draw.draw(st.integers(1, size), "old size")
    after = rfc9162.mth(data)
    assert root(leaves) == after
    path = inclusion_proof(index, leaves)
    assert path == rfc9162.path(index, data)
    assert verify_inclusion(leaves[index], index, size, path, after)
    proof = consistency_proof(old, leaves)
    assert proof == rfc9162.proof(old, data)
    assert verify_consistency(old, size, proof, rfc9162.mth(data[:old]), after)


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


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(index, leaves_of(3))


@pytest.mark.parametrize("size", [0, 4])
def test_there_is_no_consistency_proof_from_an_empty_or_larger_tree(size: int) -> None:
    with pytest.raises(IndexError):
        consistency_proof(size, leaves_of(3))
