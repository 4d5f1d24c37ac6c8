"""A proof of one record is checked alone; every change of its text fails for its own reason."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.canon import dumps
from reprollm.errors import CheckpointMismatch, InvalidInput, LeafMismatch, SignatureMismatch
from reprollm.ledger.merkle import inclusion_proof
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.checkpoint import parse as parse_checkpoint
from reprollm.records.merkle import leaf_hash, root
from reprollm.signing import note
from reprollm.signing.note_key import new_signing_key
from reprollm.signing.proof import Proof, check, parse, require_kept

JANE, JOE = new_signing_key("example.org/jane"), new_signing_key("example.org/joe")
ORIGIN = "reprollm/normalisation/3f6a0c1d2e4b5968"
LINES = [dumps({"kind": "note", "number": number}) for number in range(13)]
LEAVES = [leaf_hash(line) for line in LINES]
INDEX = 5


def made(index: int = INDEX, size: int = len(LEAVES), extra: bytes | None = None) -> Proof:
    body = Checkpoint(ORIGIN, size, root(LEAVES[:size])).body()
    signed = parse_checkpoint(note.sign(body, JANE).content())
    return Proof(index, tuple(inclusion_proof(index, LEAVES[:size])), signed, extra)


PROOF = made(extra=LEAVES[INDEX])
TEXT = PROOF.text()


def test_a_proof_reads_as_the_specification_writes_it() -> None:
    header, extra, index, *path = TEXT.partition("\n\n")[0].split("\n")
    assert header == "c2sp.org/tlog-proof@v1"
    assert extra == "extra " + base64.b64encode(LEAVES[5]).decode()
    assert index == "index 5"
    assert [base64.b64decode(line) for line in path] == inclusion_proof(5, LEAVES)
    assert TEXT.partition("\n\n")[2] == PROOF.checkpoint.text()


def test_the_specification_s_form_without_an_extra_line_is_read() -> None:
    text = made().text()
    assert "extra" not in text
    assert check(parse(text.encode()), LINES[INDEX]).record == {"kind": "note", "number": 5}


PLACES = [(index, size) for size in range(1, len(LEAVES) + 1) for index in range(size)]


@pytest.mark.parametrize(("index", "size"), PLACES)
def test_every_record_of_every_tree_is_proved(index: int, size: int) -> None:
    for extra in (None, LEAVES[index], LINES[index]):
        proof = parse(made(index, size, extra).text().encode())
        assert proof == made(index, size, extra)
        proven = check(proof, LINES[index], [JANE.verifier()])
        assert (proven.index, proven.leaf) == (index, LEAVES[index])
        assert proven.signers == (JANE.verifier(),)


def test_a_record_that_travels_in_the_proof_needs_no_file() -> None:
    proven = check(parse(made(extra=LINES[INDEX]).text().encode()))
    assert proven.record == {"kind": "note", "number": 5}


def test_without_the_record_its_hash_is_what_is_proved() -> None:
    proven = check(parse(TEXT.encode()))
    assert (proven.record, proven.leaf, proven.signers) == (None, LEAVES[INDEX], ())
    assert [item.name for item in proven.unknown] == ["example.org/jane"]


def test_a_proof_that_tells_no_record_needs_one() -> None:
    with pytest.raises(InvalidInput, match="name its file with --record"):
        check(parse(made().text().encode()))


def test_a_proof_of_a_million_records_is_short_enough_for_a_footnote() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(1 << 10)]
    path = (*inclusion_proof(700, leaves), *leaves[:10])
    checkpoint = Checkpoint(ORIGIN, 1 << 20, bytes(32))
    signed = parse_checkpoint(note.sign(checkpoint.body(), JANE).content())
    assert len(Proof(700, path, signed, leaves[700]).text().encode()) < 1300


def edited(change: Callable[[list[str]], object]) -> str:
    lines = TEXT.split("\n")
    change(lines)
    return "\n".join(lines)


def line(number: int, text: str) -> str:
    return edited(lambda lines: lines.__setitem__(number, text))


def swap(lines: list[str]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


HASH = TEXT.split("\n")[3]
SHORT = base64.b64encode(bytes(31)).decode()
LONG = base64.b64encode(bytes(33)).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "whose last line ends"),
        (TEXT[:-1], "whose last line ends"),
        (TEXT.replace("\n", "\r\n"), "carriage return"),
        (TEXT.replace(f"{ORIGIN}\n", f"{ORIGIN}\r\n"), "carriage return"),
        (line(0, "c2sp.org/tlog-proof@v2"), "expected c2sp.org/tlog-proof@v1"),
        (line(0, ""), "expected c2sp.org/tlog-proof@v1"),
        ("\ufeff" + TEXT, "expected c2sp.org/tlog-proof@v1"),
        (line(1, "extra " + HASH[:-1]), "extra line: expected base64"),
        (line(1, "extra "), "extra line"),
        (line(1, "extra  " + HASH), "extra line: expected base64"),
        (line(1, "Extra " + HASH), "expected 'index'"),
        (line(1, "extra " + SHORT), "expected a leaf hash of 32 bytes or a canonical record"),
        (line(1, "extra " + base64.b64encode(b'{"a": 1}').decode()), "canonical"),
        (line(1, "extra " + base64.b64encode(b'{"a":1.5}').decode()), "canonical"),
        (line(2, "index 05"), "without leading zeros"),
        (line(2, "index 00"), "without leading zeros"),
        (line(2, "index -5"), "without leading zeros"),
        (line(2, "index +5"), "without leading zeros"),
        (line(2, "index 5 "), "without leading zeros"),
        (line(2, "index  5"), "without leading zeros"),
        (line(2, "index 0x5"), "without leading zeros"),
        (line(2, "index \u0665"), "without leading zeros"),
        (line(2, "index 99999999999999999999"), "without leading zeros"),
        (line(2, "index"), "without leading zeros"),
        (edited(lambda lines: lines.pop(2)), "expected 'index'"),
        (edited(lambda lines: lines.insert(2, lines[2])), "hash 1 of the proof: expected base64"),
        (line(3, SHORT), "expected 32 bytes as hash 1 of a proof, found 31"),
        (line(3, LONG), "expected 32 bytes as hash 1 of a proof, found 33"),
        (line(3, HASH[:-1]), "hash 1 of the proof: expected base64"),
        (line(3, HASH + " "), "hash 1 of the proof: expected base64"),
        (line(3, HASH.replace("=", "")), "hash 1 of the proof: expected base64"),
        (line(3, HASH[:-2] + chr(ord(HASH[-2]) + 1) + "="), "canonical"),
        (edited(lambda lines: lines.__setitem__(slice(3, 4), [HASH] * 64)), "at most 63 hashes"),
        (edited(lambda lines: lines.remove("")), "hash 5 of the proof: expected base64"),
        (TEXT.replace("\n\n", "\n"), "expected an empty line"),
        (TEXT.replace(f"\n{ORIGIN}", f"\n\n{ORIGIN}"), "the proof's checkpoint"),
        (TEXT.replace(ORIGIN, f"{ORIGIN}\x1b[2J"), "expected an origin"),
        (TEXT.replace("\n13\n", "\n013\n"), "expected a decimal size"),
        (TEXT.replace("\n13\n", "\n13\nmore\n"), "three lines"),
        (TEXT + TEXT.split("\n")[-2] + "\n", "found two of 'example.org/jane'"),
        (TEXT + "\n", "the proof's checkpoint: expected a signature line"),
        (TEXT.partition("\n\n")[0] + "\n\n", "three lines"),
    ],
)
def test_a_changed_text_is_refused_for_its_own_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        parse(text.encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidInput, match="in UTF-8"):
        parse(TEXT.encode().replace(b"index", b"ind\xff"))
    with pytest.raises(InvalidInput, match="at most"):
        parse(b"x" * (4 * 1024 * 1024 + 1))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (line(2, "index 4"), "lead to the root"),
        (line(2, "index 6"), "lead to the root"),
        (line(2, "index 13"), "expected an index from 0 to 12 in a tree of 13, found 13"),
        (line(2, "index 12"), "expected 2 nodes for leaf 12 of 13, found 4"),
        (edited(swap), "lead to the root"),
        (edited(lambda lines: lines.insert(7, HASH)), "expected 4 nodes for leaf 5 of 13, found 5"),
        (edited(lambda lines: lines.pop(6)), "expected 4 nodes for leaf 5 of 13, found 3"),
        (edited(lambda lines: lines.pop(3)), "expected 4 nodes for leaf 5 of 13, found 3"),
        (
            edited(lambda lines: lines.__delitem__(slice(3, 7))),
            "expected 4 nodes for leaf 5 of 13, found an empty proof",
        ),
        (line(3, base64.b64encode(bytes(32)).decode()), "lead to the root"),
        (TEXT.replace("\n13\n", "\n8\n"), "expected 3 nodes for leaf 5 of 8, found 4"),
        (TEXT.replace("\n13\n", "\n0\n"), "expected a tree of at least one leaf, found the size 0"),
        (TEXT.replace("\n13\n", "\n5\n"), "expected an index from 0 to 4 in a tree of 5, found 5"),
        (line(1, "extra " + base64.b64encode(LEAVES[4]).decode()), "lead to the root"),
        (line(1, "extra " + base64.b64encode(LINES[4]).decode()), "lead to the root"),
    ],
)
def test_a_proof_that_does_not_lead_to_the_root_is_refused(text: str, reason: str) -> None:
    with pytest.raises(LeafMismatch, match=reason):
        check(parse(text.encode()))


def test_another_root_is_not_reached() -> None:
    root_ = made().checkpoint.root
    own, other = (base64.b64encode(value).decode() for value in (root_, root_[::-1]))
    with pytest.raises(LeafMismatch, match="lead to the root"):
        check(parse(TEXT.replace(own, other).encode()))


def test_another_record_than_the_proof_s_is_refused() -> None:
    with pytest.raises(LeafMismatch, match="it is another record, or it was changed"):
        check(parse(TEXT.encode()), LINES[4])
    with pytest.raises(LeafMismatch, match="lead to the root"):
        check(parse(made().text().encode()), LINES[4])


def test_a_record_that_is_not_canonical_is_refused_even_where_it_is_in_the_log() -> None:
    loose = b'{"kind": "note"}'
    leaf = leaf_hash(loose)
    proof = Proof(0, (), Checkpoint(ORIGIN, 1, leaf), leaf)
    assert check(proof).leaf == leaf
    with pytest.raises(InvalidInput, match="canonical"):
        check(proof, loose)


def test_the_one_record_of_a_log_needs_no_hashes() -> None:
    assert parse(made(0, 1, LEAVES[0]).text().encode()).path == ()
    assert check(made(0, 1, LEAVES[0])).index == 0


def test_a_named_key_must_have_signed() -> None:
    assert check(parse(TEXT.encode()), keys=[JANE.verifier()]).signers == (JANE.verifier(),)
    with pytest.raises(SignatureMismatch, match="expected a signature of a known key"):
        check(parse(TEXT.encode()), keys=[JOE.verifier()])
    unsigned = TEXT.rpartition("\n\n")[0] + "\n"
    assert check(parse(unsigned.encode())).signers == ()
    with pytest.raises(SignatureMismatch, match="found one without signatures"):
        check(parse(unsigned.encode()), keys=[JANE.verifier()])


def test_a_signature_over_another_checkpoint_does_not_hold() -> None:
    other = note.sign(Checkpoint(ORIGIN, 12, root(LEAVES[:12])).body(), JANE).signatures[0].line()
    own = PROOF.checkpoint.signatures[0]
    with pytest.raises(SignatureMismatch, match="text or signature was changed"):
        check(parse(TEXT.replace(own, other).encode()), keys=[JANE.verifier()])


def test_several_may_have_signed_and_strangers_are_told() -> None:
    signed = note.sign(PROOF.checkpoint.body(), JANE, JOE).content()
    proof = Proof(INDEX, PROOF.path, parse_checkpoint(signed), LEAVES[INDEX])
    proven = check(parse(proof.text().encode()), keys=[JOE.verifier()])
    assert proven.signers == (JOE.verifier(),)
    assert [item.name for item in proven.unknown] == ["example.org/jane"]


def test_a_kept_checkpoint_stands_in_for_a_key() -> None:
    proven = check(parse(TEXT.encode()))
    require_kept(proven, parse_checkpoint(PROOF.checkpoint.body()))
    with pytest.raises(CheckpointMismatch, match="expected the kept checkpoint"):
        require_kept(proven, Checkpoint(ORIGIN, 12, root(LEAVES[:12])))


@given(st.integers(0, len(TEXT.encode()) - 1), st.integers(1, 255))
def test_no_changed_byte_proves_anything_else(at: int, change: int) -> None:
    content = TEXT.encode()
    changed = content[:at] + bytes([content[at] ^ change]) + content[at + 1 :]
    with pytest.raises((InvalidInput, LeafMismatch, SignatureMismatch)):
        check(parse(changed), LINES[INDEX], [JANE.verifier()])


def test_the_size_is_told_by_the_signature_and_not_by_the_hashes() -> None:
    """Record 5 has the same siblings in trees of 9 to 16: that is RFC 6962, and no defect."""
    other = parse(TEXT.replace("\n13\n", "\n12\n").encode())
    assert check(other).checkpoint.size == 12
    with pytest.raises(SignatureMismatch, match="text or signature was changed"):
        check(other, keys=[JANE.verifier()])


def test_checking_a_proof_needs_little_more_than_the_standard_library() -> None:
    """A footnote is checked years later: the less that takes, the better."""
    program = (
        "import sys\n"
        "from reprollm.signing.note_key import parse_verifier_key\n"
        "from reprollm.signing.proof import check, parse\n"
        "check(parse(sys.stdin.buffer.read()), keys=[parse_verifier_key(sys.argv[1])])\n"
        "print(*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )
    command = [sys.executable, "-S", "-c", program, JANE.verifier().text()]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        command, input=TEXT.encode(), capture_output=True, env={"PYTHONPATH": paths}, check=True
    )
    crypto = {"cryptography", "_cffi_backend", "_openssl"}
    assert set(done.stdout.decode().split()) <= {"reprollm", "__main__", *crypto}
