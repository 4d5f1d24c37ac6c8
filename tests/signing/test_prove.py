"""A record of a ledger is found by position or request, and proved under a signed checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.building import Plan, fake, plan, publish_attempt
from reprollm.canon import loads_object
from reprollm.errors import InvalidInput, LeafMismatch, SignatureMismatch
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.identity import run_id
from reprollm.signing import prove
from reprollm.signing.log import lines, read_log
from reprollm.signing.note_key import new_signing_key
from reprollm.signing.proof import check, parse
from signing import ledgers

JANE, JOE = new_signing_key("example.org/jane"), new_signing_key("example.org/joe")
MADE = plan(6)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ledgers.grown(tmp_path_factory.mktemp("prove") / "ledger")


def test_every_record_of_a_ledger_is_proved(ledger: Path) -> None:
    log = read_log(ledger)
    for position, line in lines(ledger, log.segments):
        found = prove.find(ledger, log, str(position))
        assert found.line == line
        proof = prove.make(ledger, log, found)
        assert check(parse(proof.text().encode()), line).index == position


def test_a_request_s_proof_is_of_the_answer_that_counts(tmp_path: Path) -> None:
    made = plan(3)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 3, answers="first", name="a")
    commit(tmp_path)
    publish_attempt(tmp_path, made, 0, 3, answers="again", name="b")
    commit(tmp_path)
    log = read_log(tmp_path)
    found = prove.find(tmp_path, log, made.requests[1][:12])
    records = [(at, loads_object(line)) for at, line in lines(tmp_path, log.segments)]
    answers = [
        at
        for at, record in records
        if record["kind"] == "generation" and record["request"] == made.requests[1]
    ]
    assert len(answers) == 2
    assert found.position == min(answers)


def test_another_kind_of_record_can_be_asked_for(ledger: Path) -> None:
    found = prove.find(ledger, read_log(ledger), MADE.requests[2], "request")
    assert loads_object(found.line)["index"] == 2
    with pytest.raises(InvalidInput, match="expected a record of kind failure"):
        prove.find(ledger, read_log(ledger), MADE.requests[2], "failure")


def test_a_failure_is_proved_like_an_answer(tmp_path: Path) -> None:
    made = plan(2)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 2, failing=[1])
    commit(tmp_path)
    found = prove.find(tmp_path, read_log(tmp_path), made.requests[1][:8], "failure")
    assert loads_object(found.line)["reason"] == "memory"


@dataclass(frozen=True)
class Again(Plan):
    """The same plan, executed a second time."""

    @property
    def run(self) -> str:
        return run_id(self.plan, fake("code"), "another nonce")


def test_a_request_of_two_runs_asks_which_one_is_meant(tmp_path: Path) -> None:
    made = plan(2)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 2)
    publish_attempt(tmp_path, Again(made.plan, made.requests, made.sealed), 0, 2)
    commit(tmp_path)
    with pytest.raises(InvalidInput, match="name the position that you mean"):
        prove.find(tmp_path, read_log(tmp_path), made.requests[0])


@pytest.mark.parametrize("what", ["", "abc", "99999", "-1", "0x10", "ABCDEF01", "\u0665", "%" * 9])
def test_what_is_neither_position_nor_request_is_refused(ledger: Path, what: str) -> None:
    with pytest.raises(InvalidInput, match="expected a position below"):
        prove.find(ledger, read_log(ledger), what)


def test_an_unknown_request_is_refused(ledger: Path) -> None:
    with pytest.raises(InvalidInput, match="found none"):
        prove.find(ledger, read_log(ledger), "0" * 64)


def test_the_last_signed_checkpoint_that_covers_the_record_is_taken(
    ledger: Path, tmp_path: Path
) -> None:
    copy = ledgers.copied(ledger, tmp_path / "ledger")
    _, middle, end = read_checkpoints(copy)
    log = read_log(copy)
    first, last = (prove.find(copy, log, str(at)) for at in (0, end.size - 1))
    assert prove.make(copy, log, first).checkpoint == end
    ledgers.sign_note(copy, JANE, middle)
    ledgers.sign_note(copy, JOE, middle)
    proof = prove.make(copy, log, first)
    assert proof.checkpoint.body() == middle.body()
    keys = {JANE.verifier(), JOE.verifier()}
    assert set(check(parse(proof.text().encode()), keys=list(keys)).signers) == keys
    assert prove.make(copy, log, last).checkpoint == end


def test_no_proof_is_made_beside_a_signature_that_does_not_hold(
    ledger: Path, tmp_path: Path
) -> None:
    copy = ledgers.copied(ledger, tmp_path / "ledger")
    path = ledgers.sign_note(copy, JANE, ledgers.last(copy))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"example.org", b"example.com"))
    log = read_log(copy)
    with pytest.raises(SignatureMismatch):
        prove.make(copy, log, prove.find(copy, log, "0"))


def test_a_shard_that_changes_under_the_hand_is_found(ledger: Path, tmp_path: Path) -> None:
    copy = ledgers.copied(ledger, tmp_path / "ledger")
    log = read_log(copy)
    shard = next(copy.glob("shards/plan-*/*.jsonl"))
    shard.write_bytes(shard.read_bytes().replace(b"normalisation", b"translations!"))
    with pytest.raises(LeafMismatch, match="changed while it was read"):
        prove.find(copy, log, "0")


def test_the_record_can_travel_inside(ledger: Path) -> None:
    log = read_log(ledger)
    found = prove.find(ledger, log, "3")
    proof = parse(prove.make(ledger, log, found, carry_record=True).text().encode())
    assert proof.line == found.line
    assert check(proof).record == loads_object(found.line)
