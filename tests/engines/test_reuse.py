from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from engines.conftest import OpenEngine
from engines.jobs import Job, plan_job
from engines.test_attempt import Lent, work_of
from reprollm.canon import Json, loads_object
from reprollm.engines.attempt import answer_slice
from reprollm.engines.engine_class import engine_class
from reprollm.engines.slices import Opened, Outcome
from reprollm.ledger.commit import commit
from reprollm.ledger.read import final_answers, runs
from reprollm.ledger.verify import verify
from reprollm.records.shard import read_lines

ITEMS = ["vnd er", "ſprach zu jhm", "das liecht"]


class OtherVersion(Lent):
    """The same engine, as another release of its library would describe itself."""

    def describe(self) -> dict[str, Json]:
        return {**super().describe(), "transformers": "99.0"}


def answered(job: Job, engine: Lent, reuse: bool = True) -> Outcome:
    work = dataclasses.replace(work_of(job), reuse=reuse)
    return answer_slice(work, lambda: Opened(engine, "full"))


@pytest.fixture
def first(models: Path, tmp_path: Path, engine: OpenEngine) -> Job:
    """Return a job whose run is answered and committed."""
    job = plan_job(tmp_path, models / "llama", items=ITEMS)
    assert answered(job, Lent(engine())).reused == 0
    commit(job.ledger)
    return job


def edited(models: Path, tmp_path: Path, items: list[str] = ITEMS) -> Job:
    """Return the job after an edit that leaves its requests the same, planned in one ledger."""
    return plan_job(tmp_path, models / "llama", items=items, title="Another title")


def marked(job: Job) -> list[dict[str, Any]]:
    return [record for record in job.records("generation") if "reused" in record["batch"]]


def test_answers_to_the_same_requests_are_taken_over_and_marked(
    first: Job, models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    before = {record["request"]: record for record in first.records("generation")}
    second = edited(models, tmp_path, [*ITEMS, "ein newes"])
    lent = Lent(engine())
    outcome = answered(second, lent)
    assert (outcome.reused, outcome.answered, lent.asked) == (9, 12, 3)
    commit(second.ledger)
    taken = [record for record in marked(second) if record["run"] == second.run]
    assert len(taken) == 9
    for record in taken:
        source = before[record["request"]]
        assert record["batch"]["reused"] == source["attempt"] != record["attempt"]
        assert (record["result"], record["plan"]) == (source["result"], second.plan.plan)
        assert record["output"] != source["output"]
    report = verify(second.ledger)
    assert report.holds
    assert [run.reused for run in report.runs] == [0, 9]
    assert any("9 answers were taken over" in notice for notice in report.notices)
    assert [run.reused for run in runs(second.ledger)] == [0, 9]
    shown = {answer.request: answer for answer in final_answers(second.ledger, second.run)}
    assert sum(answer.reused_from is not None for answer in shown.values()) == 9
    assert all(answer.trust == "owned" for answer in shown.values())


def test_what_was_taken_over_is_not_taken_over_again_from_there(
    first: Job, models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    original = {record["attempt"] for record in first.records("generation")}
    answered(edited(models, tmp_path), Lent(engine()))
    third = plan_job(tmp_path, models / "llama", items=ITEMS, title="A third title")
    assert answered(third, Lent(engine())).reused == 9
    assert {record["batch"]["reused"] for record in marked(third)} == original


def test_another_class_of_engine_is_asked_again(
    first: Job, models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    lent = OtherVersion(engine())
    assert answered(edited(models, tmp_path), lent).reused == 0
    assert lent.asked == 9


def test_nothing_is_taken_over_where_that_is_not_wanted(
    first: Job, models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    lent = Lent(engine())
    assert answered(edited(models, tmp_path), lent, reuse=False).reused == 0
    assert lent.asked == 9


@pytest.mark.parametrize("folder", ["shards", "openings"])
def test_a_damaged_shard_gives_no_answers(
    first: Job, models: Path, tmp_path: Path, engine: OpenEngine, folder: str
) -> None:
    path = shard_of(first, folder)
    content = path.read_bytes()
    path.chmod(0o644)
    where = content.rindex(b'"salt":"' if folder == "openings" else b'"output":"') + 10
    path.write_bytes(
        content[:where] + (b"0" if content[where] != 48 else b"1") + content[where + 1 :]
    )
    lent = Lent(engine())
    assert answered(edited(models, tmp_path), lent).reused == 0
    assert lent.asked == 9


def test_withheld_answers_are_asked_again(
    first: Job, models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    shard_of(first, "openings").unlink()
    assert answered(edited(models, tmp_path), Lent(engine())).reused == 0


def test_only_circumstances_leave_the_class_of_an_engine_as_it_is() -> None:
    description: dict[str, Json] = {"family": "x", "version": "1", "probe": {"rows": 4}}
    same = engine_class(description)
    assert engine_class({**description, "probe": None, "canary": {"ids": [1]}}) == same
    assert engine_class({**description, "version": "2"}) != same
    assert engine_class({**description, "trust": "claimed"}) != same


def shard_of(job: Job, folder: str) -> Path:
    """Return the shard, or the openings, with the answers of the job's run."""
    for path in sorted((job.ledger / "shards" / f"run-{job.run[:16]}").glob("*/*.jsonl")):
        if any(loads_object(line)["kind"] == "generation" for line in read_lines(path)):
            return job.ledger / folder / path.relative_to(job.ledger / "shards")
    raise AssertionError("no shard holds answers")
