"""One attempt after another at real ledgers, in this process."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from engines.jobs import Job, plan_job
from reprollm.canon import Json
from reprollm.engines.attempt import answer_slice
from reprollm.engines.evidence import AttemptNames, answer_record
from reprollm.engines.hold import held
from reprollm.engines.protocol import Capabilities, Failure, Generation
from reprollm.engines.salvage import QUIET_SECONDS
from reprollm.engines.slices import Opened, Outcome, Slice, parse_slice
from reprollm.engines.transformers import TransformersEngine
from reprollm.environment import environment_id
from reprollm.errors import Busy, InvalidInput
from reprollm.ledger.segments import covering
from reprollm.prompts.requests import Request, slice_bounds
from reprollm.records.identity import result_id
from reprollm.records.journal import Journal, JournalName
from reprollm.records.kinds import check, new
from reprollm.records.sealed import Sealed

OpenEngine = Callable[..., TransformersEngine]


class Lent:
    """An engine that other tests go on using after it was closed here."""

    def __init__(self, engine: TransformersEngine, *, batches: int | None = None) -> None:
        self.engine, self.batches, self.asked = engine, batches, 0

    @property
    def capabilities(self) -> Capabilities:
        return self.engine.capabilities

    def describe(self) -> dict[str, Json]:
        return self.engine.describe()

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        self.asked += len(requests)
        for number, batch in enumerate(self.engine.generate(requests, policy=policy)):
            if number == self.batches:
                raise RuntimeError("the engine broke")
            yield batch

    def canary(self) -> dict[str, Json] | None:
        return self.engine.canary()

    def exposure(self) -> dict[str, Json] | None:
        return self.engine.exposure()

    def close(self) -> None:
        """Leave the engine open."""


def work_of(job: Job, number: int = 1, slices: int = 1, remeasure: int = 5) -> Slice:
    first, last = slice_bounds(job.plan.requests, slices, number)
    code = "0" * 64
    journals = job.ledger / "journals"
    seen = covering(job.ledger, job.plan.shard)
    return Slice(job.ledger, job.plan, job.run, code, seen, first, last, journals, remeasure)


def answer(job: Job, engine: Lent, number: int = 1, slices: int = 1) -> Outcome:
    return answer_slice(work_of(job, number, slices), lambda: Opened(engine, "full"))


@pytest.fixture
def job(models: Path, tmp_path: Path) -> Job:
    return plan_job(tmp_path, models / "llama")


def test_an_attempt_leaves_start_answers_and_end(job: Job, engine: OpenEngine) -> None:
    outcome = answer(job, Lent(engine(4)))
    assert (outcome.requests, outcome.answered, outcome.failures) == (18, 18, 0)
    kinds = Counter(record["kind"] for record in job.records())
    assert kinds == {"environment": 1, "start": 1, "generation": 18, "end": 1}
    for record in job.records():
        check(record)
    [start], [end] = job.records("start"), job.records("end")
    assert start["attempt"] == end["attempt"] == end["closed_by"] == outcome.attempt
    assert (start["requests"], start["first"], start["last"]) == (18, 0, 18)
    assert (end["how"], end["generations"], end["failures"]) == ("complete", 18, 0)
    [environment] = job.records("environment")
    assert start["environment"] == environment["environment"]
    assert environment_id(environment["facts"]) == environment["environment"]
    assert list((job.ledger / "journals").glob("*.jsonl")) == []


def test_what_a_record_commits_to_is_what_the_engine_answered(job: Job, engine: OpenEngine) -> None:
    answer(job, Lent(engine(4)))
    asked = {request.request: request for request in job.plan.asked(0, 18)}
    given = {
        each.request: each
        for batch in engine(4).generate(list(asked.values()))
        for each in batch
        if isinstance(each, Generation)
    }
    checked = 0
    for record, openings in job.opened():
        if record["kind"] != "generation":
            continue
        expected = given[record["request"]]
        assert record["result"] == result_id(expected.request, expected.output_ids, expected.finish)
        assert openings["output"].value.decode() == expected.text
        assert openings["logprobs"].value == expected.logprobs.tobytes()
        assert openings["margins"].value == expected.margins.tobytes()
        checked += 1
    assert checked == 18


def test_slices_of_any_number_give_the_results_of_one(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    whole = plan_job(tmp_path / "whole", models / "llama")
    answer(whole, Lent(engine(4)))
    for slices in (2, 5):
        parts = plan_job(tmp_path / str(slices), models / "llama")
        for number in range(1, slices + 1):
            answer(parts, Lent(engine(4)), number, slices)
        assert parts.results() == whole.results()
        assert parts.bits() == whole.bits()


def test_a_subset_of_the_items_keeps_its_answers(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    sources = [f"vnd jhm {number}" for number in range(6)]
    whole = plan_job(tmp_path / "whole", models / "llama", items=sources)
    part = plan_job(tmp_path / "part", models / "llama", items=sources[::-2])
    for each in (whole, part):
        answer(each, Lent(engine(4)))
    assert len(part.results()) == 9
    assert part.results().items() <= whole.results().items()
    assert part.bits().items() <= whole.bits().items()


def test_nothing_that_is_answered_is_asked_again(job: Job, engine: OpenEngine) -> None:
    first = answer(job, Lent(engine(4)), 1, 2)
    lent = Lent(engine(4))
    again = answer(job, lent, 1, 2)
    assert lent.asked == 0
    assert (again.attempt, again.requests, again.answered) == (None, 9, 9)
    assert again.shards == first.shards
    whole = answer(job, lent)
    assert lent.asked == 9
    assert whole.answered == 18
    assert (
        Counter(record["request"] for record in job.records("generation")).most_common(1)[0][1] == 1
    )


def test_equal_prompts_share_one_answer(models: Path, tmp_path: Path, engine: OpenEngine) -> None:
    job = plan_job(tmp_path, models / "llama", items=["vnd", "jhm", "vnd", "vnd"])
    outcome = answer(job, Lent(engine(4)))
    assert job.plan.requests == 12
    assert outcome.requests == outcome.answered == 6
    assert len(job.records("generation")) == 6


def test_another_run_of_the_plan_is_asked_afresh(job: Job, engine: OpenEngine) -> None:
    answer(job, Lent(engine(4)))
    lent = Lent(engine(4))
    work = work_of(job)
    other = Slice(**{**vars(work), "run": "f" * 64})
    answer_slice(other, lambda: Opened(lent, "full"))
    assert lent.asked == 18


def test_a_broken_engine_ends_the_attempt_as_failed_and_keeps_its_answers(
    job: Job, engine: OpenEngine
) -> None:
    with pytest.raises(RuntimeError, match="the engine broke"):
        answer(job, Lent(engine(4), batches=2))
    [end] = job.records("end")
    assert end["how"] == "failed"
    assert end["generations"] == len(job.records("generation")) > 0
    answer(job, Lent(engine(4)))
    assert job.endings() == ["failed", "complete"]
    assert len(job.results()) == 18


class Refusing(Lent):
    """An engine that cannot answer the requests that it is given last."""

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        yield from super().generate(requests[:-2], policy=policy)
        yield [Failure(each.request, "RuntimeError", "out of memory") for each in requests[-2:]]


def test_a_request_that_cannot_be_answered_is_a_failure_and_asked_again_later(
    job: Job, engine: OpenEngine
) -> None:
    outcome = answer(job, Refusing(engine(4)))
    assert (outcome.answered, outcome.failures) == (16, 2)
    failures = job.records("failure")
    assert [(each["reason"], each["message"]) for each in failures] == [
        ("RuntimeError", "out of memory")
    ] * 2
    lent = Lent(engine(4))
    assert answer(job, lent).answered == 18
    assert lent.asked == 2
    assert job.records("end")[0]["failures"] == 2


def test_a_fast_run_measures_and_records_how_many_answers_differ(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    job = plan_job(tmp_path, models / "llama", dtype="bfloat16", policy="fast")
    outcome = answer(job, Lent(engine(4, "bfloat16", "fast")))
    [finding] = job.records("finding")
    check(finding)
    assert finding["finding"] == "batch_variance"
    assert finding["subject"] == outcome.attempt
    evidence = finding["evidence"]
    assert evidence == {"policy": "fast", "against": "strict", **(outcome.variance or {})}
    assert evidence["measured"] == 5
    assert 0 < evidence["logprobs_differ"] <= 5
    assert len(evidence["requests"]) == evidence["tokens_differ"]
    assert len(job.records("generation")) == 18


def journal_of(job: Job, attempt: str, first: int, last: int, host: str | None = None) -> Journal:
    """Write the journal of an attempt that got as far as one answer."""
    work = work_of(job)
    journal = Journal(work.journals, JournalName(job.run[:16], first, last, attempt))
    facts: dict[str, Json] = {"torch": None}
    environment = environment_id(facts)
    start = new(
        "start", attempt=attempt, run=job.run, plan=job.plan.plan, first=first, last=last,
        requests=last - first, environment=environment, snapshot=job.plan.core["snapshot"],
        snapshot_check="stat", checkpoint={"size": 0, "root": "0" * 64}, engine={},
        code="0" * 64, host=host or os.uname().nodename, pid=1,
        job=None, started="2026-01-01T00:00:00.000Z",
    )  # fmt: skip
    record = new("environment", environment=environment, facts=facts)
    journal.append([Sealed(record), Sealed(start)])
    asked = job.plan.asked(first, last)[0]
    names = AttemptNames(attempt, job.run, job.plan.plan)
    failure = Failure(asked.request, "RuntimeError", "made for this test")
    journal.append([answer_record(names, failure, "2026-01-01T00:00:01.000Z")])
    return journal


def test_a_dead_attempts_journal_is_published_with_a_killed_end(
    job: Job, engine: OpenEngine
) -> None:
    journal = journal_of(job, "a" * 32, 0, 9)
    with journal.path.open("ab") as file:
        file.write(b'{"openings":[],"record":{"kind":"genera')
    journal.close()
    outcome = answer(job, Lent(engine(4)), 1, 2)
    assert outcome.salvaged == 1
    assert not journal.path.exists()
    killed, complete = job.records("end")
    assert (killed["how"], killed["attempt"], killed["failures"]) == ("killed", "a" * 32, 1)
    assert killed["closed_by"] == complete["attempt"] == outcome.attempt
    assert [record["attempt"] for record in job.records("failure")] == ["a" * 32]
    assert len(job.records("start")) == 2


def test_a_live_attempts_journal_is_left_alone(job: Job, engine: OpenEngine) -> None:
    journal = journal_of(job, "a" * 32, 0, 9)
    outcome = answer(job, Lent(engine(4)))
    journal.close()
    assert outcome.salvaged == 0
    assert journal.path.exists()
    assert job.endings() == ["complete"]


def test_a_journal_of_another_slice_is_left_to_that_slice(job: Job, engine: OpenEngine) -> None:
    journal_of(job, "a" * 32, 9, 18).close()
    assert answer(job, Lent(engine(4)), 1, 2).salvaged == 0
    assert answer(job, Lent(engine(4)), 2, 2).salvaged == 1


def test_another_hosts_journal_is_published_only_when_it_has_been_quiet(
    job: Job, engine: OpenEngine
) -> None:
    journal = journal_of(job, "a" * 32, 0, 9, host="elsewhere")
    journal.close()
    assert answer(job, Lent(engine(4)), 1, 2).salvaged == 0
    stamp = journal.path.stat().st_mtime - QUIET_SECONDS - 1
    os.utime(journal.path, (stamp, stamp))
    assert answer(job, Lent(engine(4)), 1, 2).salvaged == 1


def test_a_slice_is_held_by_one_process_and_free_again_afterwards(
    job: Job, engine: OpenEngine
) -> None:
    with (
        held(job.ledger / "journals", job.run, 0, 9),
        pytest.raises(Busy, match=rf"requests 0 to 8 .* process {os.getpid()} "),
    ):
        answer(job, Lent(engine(4)), 1, 2)
    assert answer(job, Lent(engine(4)), 1, 2).answered == 9


@pytest.mark.parametrize(
    "text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "a/b", "1/2/3", "\u0661/\u0662"]
)
def test_a_slice_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="I/N"):
        parse_slice(text)
    assert parse_slice("2/3") == (2, 3)
