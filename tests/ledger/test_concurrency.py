"""Many real processes on one ledger."""

import random
import time
from itertools import pairwise
from pathlib import Path

import pytest

from faults import children
from ledger.building import Plan, plan, publish_attempt, whole
from reprollm.ledger.commit import Committed, commit
from reprollm.ledger.merkle import consistency_proof, verify_consistency
from reprollm.ledger.segments import positions, read_checkpoints, read_segments
from reprollm.ledger.verify import verify
from reprollm.records.merkle import leaf_hash
from reprollm.records.shard import read_lines

PUBLISHERS, SHARDS = 8, 10


def publish_many(ledger: Path, made: Plan, number: int) -> None:
    """Publish one shard after another, and print the name of each once it is published.

    After every second one the process waits until the log has grown, so that no process is done
    before there were several commits.
    """
    chance, seen = random.Random(number), read_checkpoints(ledger)
    for first in range(SHARDS * number, SHARDS * (number + 1)):
        shard = publish_attempt(ledger, made, first, first + 1, checkpoint=seen[0])
        print(shard.sha256, flush=True)
        time.sleep(chance.uniform(0, 0.02))
        while first % 2 and len(read_checkpoints(ledger)) == len(seen):
            time.sleep(0.005)
        seen = read_checkpoints(ledger)


def commit_and_print(ledger: Path) -> None:
    print(commit(ledger, wait=True).size)


def test_eight_processes_publish_while_one_commits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, made = tmp_path / "ledger", plan(PUBLISHERS * SHARDS)
    made.seal(ledger)
    said = [tmp_path / f"said-{number}" for number in range(PUBLISHERS)]
    publishers = [
        children.start(publish_many, ledger, made, number, said=said[number])
        for number in range(PUBLISHERS)
    ]
    steps = []
    while any(process.is_alive() for process in publishers):
        steps.append(commit(ledger))
        assert verify(ledger, allow_incomplete=True).holds
    assert [children.ended(process) for process in publishers] == [0] * PUBLISHERS
    steps.append(commit(ledger))
    grown = sum(one.size < other.size for one, other in pairwise(steps))
    with capsys.disabled():
        print(f"\n{len(steps)} commits, {grown} of them between publications")
    assert grown >= SHARDS // 2
    report = verify(ledger)
    assert report.holds
    assert report.runs[0].answered == PUBLISHERS * SHARDS
    assert report.uncommitted == ()
    published = [line for file in said for line in file.read_text(encoding="ascii").split()]
    logged = [shard.sha256 for _, shard in positions(read_segments(ledger))]
    assert sorted(published) == sorted(logged[1:])
    assert_each_is_a_prefix_of_the_next(ledger, steps)


def assert_each_is_a_prefix_of_the_next(ledger: Path, steps: list[Committed]) -> None:
    logged = [shard.path(ledger) for _, shard in positions(read_segments(ledger))]
    leaves = [leaf_hash(line) for path in logged for line in read_lines(path)]
    for one, other in pairwise(steps):
        proof = consistency_proof(one.size, leaves[: other.size])
        roots = bytes.fromhex(one.root), bytes.fromhex(other.root)
        assert verify_consistency(one.size, other.size, proof, *roots)


def test_two_commits_at_once_append_every_shard_once(tmp_path: Path) -> None:
    ledger, said = tmp_path / "ledger", [tmp_path / f"said-{number}" for number in range(3)]
    whole(ledger)
    committers = [children.start(commit_and_print, ledger, said=file) for file in said]
    assert [children.ended(process) for process in committers] == [0, 0, 0]
    assert {file.read_text(encoding="ascii") for file in said} == {"20\n"}
    assert len(read_segments(ledger)) == 2
    assert verify(ledger).holds
