"""A log proves that it still begins with what someone kept, and a rewritten one cannot."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from ledger.building import plan, publish_attempt
from reprollm.errors import CheckpointMismatch, InvalidInput, LeafMismatch, SignatureMismatch
from reprollm.ledger.commit import commit
from reprollm.ledger.merkle import verify_consistency
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.checkpoint import Checkpoint, parse
from reprollm.signing import note
from reprollm.signing.growth import compare, read_kept, signers
from reprollm.signing.log import read_log
from reprollm.signing.note_key import new_signing_key
from signing import ledgers

JANE = new_signing_key("example.org/jane")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ledgers.grown(tmp_path_factory.mktemp("growth") / "ledger")


def test_a_log_has_grown_from_each_of_its_checkpoints(ledger: Path) -> None:
    log = read_log(ledger)
    for kept in read_checkpoints(ledger):
        found = compare(kept, log)
        assert (found.before, found.after) == (kept, ledgers.last(ledger))
        assert verify_consistency(
            kept.size, found.after.size, found.proof, kept.root, found.after.root
        )


def test_a_log_has_grown_from_every_size_that_anyone_could_have_kept(ledger: Path) -> None:
    log = read_log(ledger)
    for size in range(1, len(log.leaves) + 1):
        kept = Checkpoint(log.origin, size, log.root_at(size))
        proof = compare(kept, log).proof
        assert verify_consistency(size, len(log.leaves), proof, kept.root, log.last.root)


def test_the_proof_s_text_has_the_form_of_tlog_witness(ledger: Path) -> None:
    kept = read_checkpoints(ledger)[0]
    head, _, tail = compare(kept, read_log(ledger)).text().partition("\n\n")
    first, *nodes = head.split("\n")
    assert first == f"old {kept.size}"
    assert all(len(base64.b64decode(node, validate=True)) == 32 for node in nodes)
    assert parse(tail) == ledgers.last(ledger)


def test_a_rewritten_history_names_both_roots(tmp_path: Path) -> None:
    """The author answers again until pleased, and publishes the second log under the first plan."""
    made = plan(4)
    for name, answers in (("first", "sprach"), ("second", "spricht")):
        made.publish(tmp_path / name)
        publish_attempt(tmp_path / name, made, 0, 4, answers=answers)
        commit(tmp_path / name)
    kept, rewritten = (ledgers.last(tmp_path / name) for name in ("first", "second"))
    assert kept.origin == rewritten.origin
    with pytest.raises(CheckpointMismatch, match="history was rewritten") as refused:
        compare(kept, read_log(tmp_path / "second"))
    assert kept.root.hex() in str(refused.value)
    assert rewritten.root.hex() in str(refused.value)


def test_a_truncated_log_is_told_from_a_rewritten_one(ledger: Path, tmp_path: Path) -> None:
    copy = ledgers.copied(ledger, tmp_path / "ledger")
    kept = ledgers.last(copy)
    sorted((copy / "log").glob("*.segment.json"))[-1].unlink()
    sorted((copy / "log").glob("*.checkpoint"))[-1].unlink()
    with pytest.raises(CheckpointMismatch, match="the log was truncated"):
        compare(kept, read_log(copy))


def test_a_checkpoint_of_another_log_is_refused(ledger: Path) -> None:
    kept = Checkpoint("reprollm/other/0123456789abcdef", 3, bytes(32))
    with pytest.raises(CheckpointMismatch, match="of another log"):
        compare(kept, read_log(ledger))


def test_a_log_that_contradicts_its_own_checkpoint_does_not_pass(
    ledger: Path, tmp_path: Path
) -> None:
    copy = ledgers.copied(ledger, tmp_path / "ledger")
    kept = read_checkpoints(copy)[0]
    path = sorted((copy / "log").glob("*.checkpoint"))[-1]
    false = Checkpoint(kept.origin, ledgers.last(copy).size, bytes(32))
    path.write_text(false.text())
    with pytest.raises(CheckpointMismatch, match="reprollm ledger verify"):
        compare(kept, read_log(copy))


def test_a_missing_or_cut_shard_is_named(ledger: Path, tmp_path: Path) -> None:
    copy = ledgers.copied(ledger, tmp_path / "ledger")
    shard = next(copy.glob("shards/run-*/*/*.jsonl"))
    content = shard.read_bytes()
    for changed, reason in (
        (content.partition(b"\n")[2], "expected 6 records in"),
        (content[:-1], "cut off"),
    ):
        shard.write_bytes(changed)
        with pytest.raises(LeafMismatch, match=reason):
            read_log(copy)
    shard.unlink()
    with pytest.raises(LeafMismatch, match="it was removed"):
        read_log(copy)


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected a log with a checkpoint"):
        read_log(tmp_path)


def test_progress_counts_every_record(ledger: Path) -> None:
    seen: list[int] = []
    assert sum(seen) == 0
    log = read_log(ledger, seen.append)
    assert sum(seen) == len(log.leaves) == log.last.size


BODY = "a log\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_a_kept_checkpoint_may_have_lost_its_last_line_end() -> None:
    assert read_kept(BODY[:-1].encode()) == read_kept(BODY.encode())


def test_a_kept_note_s_signatures_are_judged_where_a_key_is_named() -> None:
    kept = read_kept(note.sign(BODY, JANE).content().encode())
    assert signers(kept, []) == []
    assert signers(kept, [JANE.verifier()]) == [JANE.verifier().text()]
    with pytest.raises(SignatureMismatch, match="expected a signature of a known key"):
        signers(kept, [new_signing_key("joe").verifier()])
    with pytest.raises(SignatureMismatch):
        signers(read_kept(BODY.encode()), [JANE.verifier()])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "expected a checkpoint of three lines"),
        (BODY.replace("\n", "\r\n").encode(), "expected an origin"),
        (BODY.replace("12", "012").encode(), "expected a decimal size"),
        (BODY.replace("12", "0").encode(), "found one over none"),
        (BODY.replace("2I=", "2J=").encode(), "expected a root of 32 bytes"),
        (BODY.replace("xq2I=", "").encode(), "expected a root of 32 bytes"),
        (b"\xff" + BODY.encode(), "in UTF-8"),
        ((BODY + BODY).encode(), "expected a checkpoint of three lines"),
        ((BODY + "\n").encode(), "expected"),
    ],
)
def test_what_is_no_checkpoint_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read_kept(content)
