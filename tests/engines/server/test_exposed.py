"""What leaves the machine is on record before it does: which items, which fields, which role."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engines.jobs import Job
from engines.server.elsewhere import (
    EXAMPLES,
    ITEMS,
    plan_elsewhere,
    unspecified,
    write_elsewhere,
)
from engines.server.jobs import answer, plan_served, work_of
from engines.server.standins import StandIn, serving
from reprollm.engines.attempt import answer_slice
from reprollm.engines.exposure import require_here
from reprollm.engines.protocol import Failure, Generation
from reprollm.engines.registry import open_engine
from reprollm.engines.server.engine import ServerEngine
from reprollm.engines.slices import Opened, Outcome
from reprollm.errors import EngineUnavailable, LeafMismatch
from reprollm.ledger.commit import commit
from reprollm.ledger.verify import verify
from reprollm.prompts.requests import Request
from reprollm.prompts.stored import read_plan
from reprollm.snapshot.model import LocatedModel, load_model

Sent = set[tuple[str, str, str]]
OWN = {(f"i{n}", "source_text", "prompt") for n in range(len(ITEMS))}
GOLD = {(f"i{n}", "gold", "prompt") for n in range(len(ITEMS))}
SHOWN = {(name, field, "few_shot") for name in EXAMPLES for field in ("source_text", "gold")}


@pytest.fixture
def server(llama: Path) -> Iterator[StandIn]:
    with serving(StandIn("openai", folder=llama)) as started:
        yield unspecified(started)


def sent(job: Job) -> Sent:
    return {(each["item"], each["field"], each["role"]) for each in job.records("exposed")}


def test_items_and_examples_are_on_record_with_their_fields(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server, with_policy=True), llama)
    assert answer(job, llama).answered == len(ITEMS)
    assert sent(job) == OWN | SHOWN
    kinds = [record["kind"] for record in job.records()]
    assert kinds[:3] == ["environment", "start", "exposure"]
    assert set(kinds[3:10]) == {"exposed"}
    examples = [each for each in job.records("exposed") if each["role"] == "few_shot"]
    assert {each["requests"] for each in examples} == {len(ITEMS)}
    [address] = {each["address"] for each in job.records("exposed")}
    assert address == server.url
    [policy] = {each["policy"] for each in job.records("exposed")}
    assert policy == job.plan.core["policy_sha256"]
    assert job.plan.core["policy"]["retention_days"] == 30
    commit(job.ledger)
    assert not verify(job.ledger).problems


def test_a_field_that_the_template_leaves_out_is_not_sent(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    template = "{% set kept = reference %}{{ source[1:] }}"
    written = write_elsewhere(tmp_path, server, template=template, few_shot=False)
    job = plan_elsewhere(written, llama)
    answer(job, llama)
    assert sent(job) == OWN


class Halted(ServerEngine):
    """The engine, halted between its records and its first request."""

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        os._exit(9)


def attempt(job: Job, model: Path, change: Callable[[ServerEngine], object]) -> Outcome:
    """Make an attempt with an engine that was changed after it was opened."""
    asked = load_model(job.folder / "experiment" / "models" / "tiny.lock.json")

    def opened() -> Opened:
        engine = open_engine(LocatedModel((model,), "full"), asked, job.plan.engine)
        assert isinstance(engine, ServerEngine)
        change(engine)
        return Opened(engine, "full")

    return answer_slice(work_of(job), opened)


def test_a_kill_between_record_and_request_leaves_the_record(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server), llama)

    def halt(engine: ServerEngine) -> None:
        engine.__class__ = Halted

    killed = os.fork()
    if killed == 0:
        attempt(job, llama, halt)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(killed, 0)[1]) == 9
    assert sent(job) == OWN | SHOWN
    assert answer(job, llama).answered == len(ITEMS)
    attempts = {each["attempt"] for each in job.records("exposed")}
    assert len(attempts) == 2
    assert len(job.records("exposed")) == 2 * len(OWN | SHOWN)
    commit(job.ledger)
    assert not verify(job.ledger).problems


def test_a_request_that_fails_counts(server: StandIn, llama: Path, tmp_path: Path) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server), llama)

    def break_it(engine: ServerEngine) -> None:
        server.flaws = frozenset({"fails"})

    assert attempt(job, llama, break_it).failures == len(ITEMS)
    assert {each["reason"] for each in job.records("failure")} == {"server_status"}
    assert sent(job) == OWN | SHOWN


def test_a_request_that_times_out_counts(
    server: StandIn, llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server), llama)
    over = threading.Event()

    def hang(engine: ServerEngine) -> None:
        monkeypatch.setattr("reprollm.engines.server.exchange.ANSWER_SECONDS", 0.05)
        monkeypatch.setattr("reprollm.engines.server.exchange.TOKEN_SECONDS", 0.0)
        monkeypatch.setattr(server, "route", lambda *asked: (200, {"late": over.wait(20)}))

    assert attempt(job, llama, hang).failures == len(ITEMS)
    over.set()
    assert {each["reason"] for each in job.records("failure")} == {"server_timeout"}
    assert sent(job) == OWN | SHOWN


def test_what_is_taken_over_or_answered_sends_nothing(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server), llama)
    answer(job, llama)
    before = len(job.records("exposed"))
    assert answer(job, llama).attempt is None
    assert len(job.records("exposed")) == before
    work = replace(work_of(job), run="1" * 64, reuse=True)
    asked = load_model(job.folder / "experiment" / "models" / "tiny.lock.json")
    outcome = answer_slice(
        work,
        lambda: Opened(open_engine(LocatedModel((llama,), "full"), asked, job.plan.engine), "full"),
    )
    assert outcome.reused == len(ITEMS)
    group = job.ledger / "shards" / f"run-{'1' * 16}"
    text = "".join(path.read_text() for path in group.glob("*/*.jsonl"))
    assert '"kind":"generation"' in text
    assert '"kind":"expos' not in text


def test_a_slice_exposes_only_its_own_items(server: StandIn, llama: Path, tmp_path: Path) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server, few_shot=False), llama)
    asked = load_model(job.folder / "experiment" / "models" / "tiny.lock.json")
    answer_slice(
        replace(work_of(job), first=1, last=2),
        lambda: Opened(open_engine(LocatedModel((llama,), "full"), asked, job.plan.engine), "full"),
    )
    assert {each["item"] for each in job.records("exposed")} == {"i1"}


def test_a_server_on_this_machine_is_no_exposure(llama: Path, tmp_path: Path) -> None:
    with serving(StandIn("openai", folder=llama)) as here:
        job = plan_served(tmp_path, llama, here)
        answer(job, llama)
        assert not job.records("exposed")
        assert "carried_sha256" not in job.plan.core


def test_without_its_list_every_field_counts_as_sent(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server), llama)
    (job.plan.folder / "carried.json").unlink()
    answer(job, llama)
    assert sent(job) == OWN | GOLD | SHOWN


def test_a_changed_list_is_refused_before_anything_is_recorded_or_sent(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server), llama)
    path = job.plan.folder / "carried.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"i0", b"i8"))
    with pytest.raises(LeafMismatch, match="carry"):
        read_plan(job.plan.folder).carried()
    with pytest.raises(LeafMismatch, match="carry"):
        answer(job, llama)
    assert not job.records("exposed")
    assert not [body for body in server.asked if "sprach" in str(body)]


def test_what_keeps_no_ledger_asks_no_server_elsewhere(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    job = plan_elsewhere(write_elsewhere(tmp_path, server), llama)
    asked = load_model(job.folder / "experiment" / "models" / "tiny.lock.json")
    engine = open_engine(LocatedModel((llama,), "full"), asked, job.plan.engine)
    with pytest.raises(EngineUnavailable, match="reprollm rerun"):
        require_here(engine, "a challenge")
    engine.close()
