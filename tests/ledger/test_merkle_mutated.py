"""Proofs with one thing changed: each is refused, and for its own reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import pytest

from ledger.rfc9162 import data_of
from reprollm.ledger.merkle import (
    consistency_defect,
    consistency_proof,
    inclusion_defect,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from reprollm.records.merkle import leaf_hash, node_hash, root

SIZES = range(1, 34)
OTHER_ROOT = r"expected nodes that lead to the root [0-9a-f]{64}, found [0-9a-f]{64}"
OTHER_EARLIER = r"expected nodes that lead to the earlier root [0-9a-f]{64}, found [0-9a-f]{64}"
OTHER_LATER = r"expected nodes that lead to the later root [0-9a-f]{64}, found [0-9a-f]{64}"
COUNT = r"expected \d+ nodes .*, found (\d+|an empty proof)"


@cache
def leaves_of(size: int) -> tuple[bytes, ...]:
    return tuple(map(leaf_hash, data_of(size)))


@dataclass(frozen=True)
class Inclusion:
    """What a verifier of an inclusion proof is given."""

    leaf: bytes
    index: int
    size: int
    proof: tuple[bytes, ...]
    root: bytes

    def defect(self) -> str | None:
        given = (self.leaf, self.index, self.size, self.proof, self.root)
        defect = inclusion_defect(*given)
        assert verify_inclusion(*given) == (defect is None)
        return defect


@dataclass(frozen=True)
class Consistency:
    """What a verifier of a consistency proof is given."""

    size1: int
    size2: int
    proof: tuple[bytes, ...]
    root1: bytes
    root2: bytes

    def defect(self) -> str | None:
        given = (self.size1, self.size2, self.proof, self.root1, self.root2)
        defect = consistency_defect(*given)
        assert verify_consistency(*given) == (defect is None)
        return defect


def inclusions() -> Iterator[Inclusion]:
    for size in SIZES:
        leaves = leaves_of(size)
        for index in range(size):
            proof = tuple(inclusion_proof(index, leaves))
            yield Inclusion(leaves[index], index, size, proof, root(leaves))


def consistencies() -> Iterator[Consistency]:
    for size in SIZES:
        leaves = leaves_of(size)
        for old in range(1, size + 1):
            proof = tuple(consistency_proof(old, leaves))
            yield Consistency(old, size, proof, root(leaves[:old]), root(leaves))


def flipped(value: bytes) -> bytes:
    return bytes([value[0] ^ 1]) + value[1:]


def swapped(proof: tuple[bytes, ...], at: int) -> tuple[bytes, ...]:
    return (*proof[:at], proof[at + 1], proof[at], *proof[at + 2 :])


def put(proof: tuple[bytes, ...], at: int, *nodes: bytes) -> tuple[bytes, ...]:
    return (*proof[:at], *nodes, *proof[at + 1 :])


def node_defects(proof: tuple[bytes, ...]) -> Iterator[tuple[str, tuple[bytes, ...], str]]:
    """Yield changes of a proof's nodes that are refused for what can be counted."""
    for at, node in enumerate(proof):
        yield "short", put(proof, at, node[:31]), f"expected 32 bytes in node {at + 1}, found 31"
        yield "long", put(proof, at, node + b"\0"), f"expected 32 bytes in node {at + 1}, found 33"
        yield "missing", put(proof, at), COUNT
        yield "repeated", put(proof, at, node, node), COUNT
    yield "leading", (bytes(32), *proof), COUNT
    yield "trailing", (*proof, bytes(32)), COUNT
    if proof:
        yield "none", (), "expected .*, found an empty proof"


def inclusion_mutations(good: Inclusion) -> Iterator[tuple[str, Inclusion, str]]:
    """Yield name, mutated vector, and the pattern of the reason for which it must fail."""
    size, index, proof = good.size, good.index, good.proof
    outside = rf"expected an index from 0 to {size - 1} in a tree of {size}, found "
    yield "size 0", replace(good, size=0), "expected a tree of at least one leaf, found the size 0"
    yield "index = size", replace(good, index=size), f"{outside}{size}"
    yield "negative index", replace(good, index=-1), f"{outside}-1"
    yield "short leaf", replace(good, leaf=good.leaf[:31]), "32 bytes in the leaf hash, found 31"
    yield "long leaf", replace(good, leaf=good.leaf + b"\0"), "in the leaf hash, found 33"
    yield "short root", replace(good, root=good.root[:31]), "32 bytes in the root, found 31"
    yield "flipped leaf", replace(good, leaf=flipped(good.leaf)), OTHER_ROOT
    yield "flipped root", replace(good, root=flipped(good.root)), OTHER_ROOT
    for name, changed, reason in node_defects(proof):
        yield f"{name} node", replace(good, proof=changed), reason
    for at, node in enumerate(proof):
        yield "flipped node", replace(good, proof=put(proof, at, flipped(node))), OTHER_ROOT
    for at in range(len(proof) - 1):
        yield "swapped siblings", replace(good, proof=swapped(proof, at)), OTHER_ROOT
    for other in range(size):
        if other != index:
            same = len(inclusion_proof(other, leaves_of(size))) == len(proof)
            yield "wrong index", replace(good, index=other), OTHER_ROOT if same else COUNT
    if proof:
        parent = node_hash(*((proof[0], good.leaf) if index & 1 else (good.leaf, proof[0])))
        cut = replace(good, leaf=parent, index=index >> 1, proof=proof[1:])
        yield "inner node as leaf", cut, COUNT
        under = replace(good, leaf=leaf_hash(good.leaf + proof[0]), proof=proof[1:])
        yield "siblings as entry", under, COUNT


def consistency_mutations(good: Consistency) -> Iterator[tuple[str, Consistency, str]]:
    """Yield name, mutated vector, and the pattern of the reason for which it must fail."""
    size1, size2, proof = good.size1, good.size2, good.proof
    nothing = "expected an earlier tree of at least one leaf, found the size 0"
    yield "size1 0", replace(good, size1=0), nothing
    yield "from nothing", replace(good, size1=0, proof=(), root1=root([])), nothing
    larger = f"expected an earlier tree of at most {size2} leaves, found {size2 + 1}"
    yield "size1 > size2", replace(good, size1=size2 + 1), larger
    yield "short root1", replace(good, root1=good.root1[:31]), "in the earlier root, found 31"
    yield "long root2", replace(good, root2=good.root2 + b"\0"), "in the later root, found 33"
    first = OTHER_LATER if size1 & (size1 - 1) == 0 or size1 == size2 else OTHER_EARLIER
    yield "flipped root1", replace(good, root1=flipped(good.root1)), first
    yield "flipped root2", replace(good, root2=flipped(good.root2)), OTHER_LATER
    if size1 != size2:
        yield "roots swapped", replace(good, root1=good.root2, root2=good.root1), first
    for name, changed, reason in node_defects(proof):
        yield f"{name} node", replace(good, proof=changed), reason
    either = f"{OTHER_EARLIER}|{OTHER_LATER}"
    for at, node in enumerate(proof):
        yield "flipped node", replace(good, proof=put(proof, at, flipped(node))), either
    for at in range(len(proof) - 1):
        yield "swapped nodes", replace(good, proof=swapped(proof, at)), either
    for other in range(1, size2 + 1):
        if other != size1:
            same = len(consistency_proof(other, leaves_of(size2))) == len(proof)
            yield "another size1", replace(good, size1=other), either if same else COUNT


def test_every_mutated_inclusion_proof_is_refused_for_its_own_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counted = 0
    for good in inclusions():
        assert good.defect() is None
        for name, mutated, reason in inclusion_mutations(good):
            assert re.search(reason, mutated.defect() or ""), (name, good, mutated.defect())
            counted += 1
    with capsys.disabled():
        print(f"\nmutated inclusion proofs refused: {counted}")
    assert counted > 10_000


def test_every_mutated_consistency_proof_is_refused_for_its_own_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counted = 0
    for good in consistencies():
        assert good.defect() is None
        for name, mutated, reason in consistency_mutations(good):
            assert re.search(reason, mutated.defect() or ""), (name, good, mutated.defect())
            counted += 1
    with capsys.disabled():
        print(f"\nmutated consistency proofs refused: {counted}")
    assert counted > 10_000


def test_an_inclusion_proof_for_a_tree_of_another_size_is_refused() -> None:
    for good in inclusions():
        for other in {good.size - 1, good.size + 1, 2 * good.size} - {0}:
            leaves = leaves_of(other)
            if good.index < other:
                same = len(inclusion_proof(good.index, leaves)) == len(good.proof)
                there = replace(good, size=other, root=root(leaves))
                assert re.search(OTHER_ROOT if same else COUNT, there.defect() or "")


def test_a_consistency_proof_to_a_tree_of_another_size_is_refused() -> None:
    for good in consistencies():
        if good.size1 < good.size2:
            other = good.size2 + 1
            same = len(consistency_proof(good.size1, leaves_of(other))) == len(good.proof)
            there = replace(good, size2=other, root2=root(leaves_of(other)))
            reason = f"{OTHER_EARLIER}|{OTHER_LATER}" if same else COUNT
            assert re.search(reason, there.defect() or "")


def test_two_siblings_are_never_the_leaf_whose_hash_their_parent_is() -> None:
    """A second preimage: the entry `left || right` would hash as its parent without the prefix."""
    leaves = leaves_of(4)
    entry = leaves[0] + leaves[1]
    proof = (inclusion_proof(0, leaves)[1],)
    forged = Inclusion(leaf_hash(entry), 0, 2, proof, root(leaves))
    assert re.search(OTHER_ROOT, forged.defect() or "")
    assert replace(forged, leaf=node_hash(*leaves[:2])).defect() is None


def test_equal_sizes_need_an_empty_proof_and_equal_roots() -> None:
    head = root(leaves_of(5))
    assert Consistency(5, 5, (), head, head).defect() is None
    assert re.search(COUNT, Consistency(5, 5, (head,), head, head).defect() or "")
    assert re.search(OTHER_LATER, Consistency(5, 5, (), head, bytes(32)).defect() or "")
