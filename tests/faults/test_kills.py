"""Two hundred `kill -9` of jobs at seeded moments, each followed by a start again."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from faults import children
from faults.attempts import STAGES, World, answer, answer_and_commit
from ledger.building import plan
from reprollm.canon import loads_object
from reprollm.ledger.commit import commit
from reprollm.ledger.merkle import consistency_proof, verify_consistency
from reprollm.ledger.segments import positions, read_segments
from reprollm.ledger.verify import verify
from reprollm.records.merkle import leaf_hash
from reprollm.records.shard import read_lines

KILLS = 200
KILLS_A_LEDGER = 40
SLICES, SLICE = 12, 12
ENDINGS = frozenset({"killed", "complete"})
ASKING = ("begin", "answer", "publish")


def test_200_kills_at_any_stage_lose_nothing_and_repeat_nothing_silently(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, hits = random.Random(20261203), Counter[str]()
    durations = _durations(planned(tmp_path / "clean"))
    for number in range(KILLS // KILLS_A_LEDGER):
        world = planned(tmp_path / str(number))
        hits += _kill_often(world, chance, durations)
        finish(world, *range(SLICES))
        assert_nothing_lost(world)
        assert_nothing_repeated(world)
    told = ", ".join(f"{name} {hits[name]}" for name in STAGES)
    with capsys.disabled():
        print(f"\n{hits.total()} kills, by stage: {told}")
    assert hits.total() == KILLS
    assert set(hits) == set(STAGES)


def _kill_often(world: World, chance: random.Random, durations: dict[str, float]) -> Counter[str]:
    """Kill jobs in the middle of their work until enough were hit; return in which stages."""
    hits: Counter[str] = Counter()
    while hits.total() < KILLS_A_LEDGER:
        open_slices = _unanswered(world)
        stage = chance.choice(STAGES if open_slices else ("rescue", "commit"))
        index = chance.choice(open_slices if stage in ASKING else range(SLICES))
        said = world.length()
        work = answer_and_commit if stage == "commit" else answer
        process = children.start(work, world, [bounds(index)])
        reached = _wait_for(stage, world, said, process)
        time.sleep(chance.uniform(0, durations[stage]))
        process.kill()
        if children.ended(process) == -9 and reached:
            hits[_stages(world.said(said))[-1][0]] += 1
    return hits


def _unanswered(world: World) -> list[int]:
    """Return the slices of which not every answer was acknowledged."""
    answered = {words[1] for words in world.said() if words[0] == "answer"}
    asked = world.plan.requests
    return [index for index in range(SLICES) if set(asked[slice(*bounds(index))]) - answered]


def _wait_for(stage: str, world: World, said: int, process: children.ForkServerProcess) -> bool:
    """Wait until the job is in `stage`; return False when it ended without coming to it."""
    while True:
        alive = process.is_alive()
        if any(name == stage for name, _ in _stages(world.said(said))):
            return True
        if not alive:
            return False
        time.sleep(0.0002)


def assert_nothing_lost(world: World, endings: frozenset[str] = ENDINGS) -> None:
    """Every request is answered, and whatever a job was promised is in the log."""
    report = verify(world.ledger)
    assert report.holds, report.problems
    assert report.runs[0].answered == SLICES * SLICE
    assert {line.how for line in report.attempts} <= endings
    records = _records(world)
    said = world.said()
    answers = {(record["request"], record["result"]) for record in records["generation"]}
    assert {(words[1], words[2]) for words in said if words[0] == "answer"} <= answers
    logged = [shard for _, shard in positions(read_segments(world.ledger))]
    shards = {(shard.group, shard.sha256) for shard in logged}
    assert {(words[1], words[2]) for words in said if words[0] == "shard"} <= shards
    asking = {int(words[2]) for words in said if words[:2] == ["stage", "answer"]}
    assert asking <= {record["pid"] for record in records["start"]}
    _assert_only_grew(world)


def assert_nothing_repeated(world: World) -> None:
    """No request has two attempts' answers, and no shard stands in the log twice."""
    attempts = defaultdict(set)
    for record in _records(world)["generation"]:
        attempts[record["request"]].add((record["attempt"], record["result"]))
    assert all(len(given) == 1 for given in attempts.values())
    report = verify(world.ledger)
    assert (report.runs[0].rerolled, report.runs[0].differing) == (0, 0)
    names = Counter(shard.sha256 for _, shard in positions(read_segments(world.ledger)))
    assert set(names.values()) == {1}


def _assert_only_grew(world: World) -> None:
    """Every checkpoint that a job was told of is a prefix of the next, up to the last."""
    told = {int(words[1]): words[2] for words in world.said() if words[0] == "checkpoint"}
    leaves = [leaf_hash(line) for line in _lines(world)]
    for (size1, root1), (size2, root2) in pairwise(sorted(told.items())):
        proof = consistency_proof(size1, leaves[:size2])
        roots = bytes.fromhex(root1), bytes.fromhex(root2)
        assert verify_consistency(size1, size2, proof, *roots)
    assert max(told) == len(leaves)


def planned(folder: Path) -> World:
    """Return a ledger whose plan is committed."""
    made = plan(SLICES * SLICE)
    shard = made.publish(folder / "ledger")
    commit(folder / "ledger")
    return World(folder, made, shard)


def _durations(world: World) -> dict[str, float]:
    """Return how long each stage of an undisturbed job takes, in seconds."""
    for index in range(3):
        finish(world, index)
    stages = _stages(world.said())[-len(STAGES) - 1 :]
    return {name: end - begin for (name, begin), (_, end) in pairwise(stages)}


def finish(world: World, *slices: int) -> None:
    """Answer what is left of some slices, and commit."""
    said = world.folder / "said"
    children.run(answer_and_commit, world, [bounds(index) for index in slices], said=said)


def bounds(index: int) -> tuple[int, int]:
    """Return the first request of a slice and the one after its last."""
    return index * SLICE, (index + 1) * SLICE


def _stages(said: list[list[str]]) -> list[tuple[str, float]]:
    return [(words[1], float(words[3])) for words in said if words[0] == "stage"]


def _lines(world: World) -> list[bytes]:
    logged = [shard for _, shard in positions(read_segments(world.ledger))]
    return [line for shard in logged for line in read_lines(shard.path(world.ledger))]


def _records(world: World) -> dict[str, list[dict[str, object]]]:
    by_kind: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for record in map(loads_object, _lines(world)):
        by_kind[record["kind"]].append(record)
    return by_kind
