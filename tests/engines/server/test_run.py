"""Whole attempts at a server: what is recorded, and what happens when its weights are swapped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.jobs import Job
from engines.server.jobs import answer, plan_served, write_experiment
from engines.server.standins import StandIn, serving
from reprollm.engines.canary import compare
from reprollm.errors import EngineUnavailable, ExperimentInvalid, Interrupted, SnapshotChanged
from reprollm.experiment.load import load
from reprollm.ledger.commit import commit
from reprollm.ledger.verify import verify

PROBES = 6
"""Answers that opening takes: the canary twice, another prompt, and three draws."""


@pytest.fixture
def server() -> Iterator[StandIn]:
    with serving(StandIn("openai")) as started:
        yield started


@pytest.fixture
def job(server: StandIn, llama: Path, tmp_path: Path) -> Job:
    server.folder = llama
    return plan_served(tmp_path, llama, server)


def test_an_attempt_records_trust_probe_and_canary(job: Job, llama: Path) -> None:
    outcome = answer(job, llama)
    assert (outcome.requests, outcome.answered, outcome.failures) == (3, 3, 0)
    [start] = job.records("start")
    engine = start["engine"]
    assert (engine["trust"], engine["probe"]["seed"]) == ("claimed", "request")
    [finding] = job.records("finding")
    assert (finding["finding"], finding["evidence"]["same"]) == ("canary", True)
    commit(job.ledger)
    assert not verify(job.ledger).problems


def test_weights_that_are_swapped_in_mid_run_leave_no_answer(
    job: Job, llama: Path, server: StandIn
) -> None:
    server.swap_after = PROBES + 1
    with pytest.raises(SnapshotChanged, match="canary gives another answer"):
        answer(job, llama)
    assert not job.records("generation")
    assert job.endings() == ["failed"]
    assert {record["reason"] for record in job.records("failure")} == {"canary_changed"}
    [finding] = job.records("finding")
    assert finding["evidence"]["same"] is False
    assert finding["evidence"]["text"] is False


def test_weights_that_stay_swapped_refuse_the_next_attempt(
    job: Job, llama: Path, server: StandIn
) -> None:
    server.swap_after = PROBES + 1
    with pytest.raises(SnapshotChanged):
        answer(job, llama)
    with pytest.raises(SnapshotChanged, match="earlier requests"):
        answer(job, llama)
    assert len(job.records("start")) == 1
    server.weights, server.swap_after = "one", None
    assert answer(job, llama).answered == 3


def test_an_interrupted_attempt_asks_its_canary_too(job: Job, llama: Path, server: StandIn) -> None:
    def stop(requests: int, tokens: int) -> None:
        if tokens:
            server.weights = "two"
            raise Interrupted("stop")

    with pytest.raises(SnapshotChanged):
        answer(job, llama, stop)
    assert not job.records("generation")


def test_a_canary_that_is_not_answered_keeps_the_answers_and_says_so(
    job: Job, llama: Path, server: StandIn
) -> None:
    def fail(requests: int, tokens: int) -> None:
        if len(server.asked) == PROBES + 3:
            server.flaws = frozenset({"fails"})

    assert answer(job, llama, fail).answered == 3
    [finding] = job.records("finding")
    assert finding["evidence"]["same"] is None


def test_what_the_probe_refuses_leaves_no_attempt(job: Job, llama: Path, server: StandIn) -> None:
    server.flaws = frozenset({"penalties"})
    with pytest.raises(EngineUnavailable):
        answer(job, llama)
    assert not job.records()


def test_private_data_and_a_remote_server_are_refused(tmp_path: Path, server: StandIn) -> None:
    folder = write_experiment(tmp_path, server, private="true", remote="allowed")
    with pytest.raises(ExperimentInvalid, match="private"):
        load(folder / "experiment.yaml")


@pytest.mark.parametrize(
    ("kind", "sampling", "words"),
    [
        ("tabbyapi", "temperature: 0.5, max_tokens: 6", "take no seeds"),
        ("mistralrs", "temperature: 1, max_tokens: 6", "temperature: 0"),
        ("openai", "temperature: 1, top_k: 5, max_tokens: 6", "no top_k"),
    ],
)
def test_what_a_kind_cannot_do_is_refused_when_it_is_planned(
    kind: str, sampling: str, words: str, tmp_path: Path, server: StandIn
) -> None:
    file = write_experiment(tmp_path, server, kind=kind) / "experiment.yaml"
    text = file.read_text().replace("temperature: 0, max_tokens: 6", sampling)
    file.write_text(text)
    with pytest.raises(ExperimentInvalid, match=words):
        load(file)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('url: "http://127', 'url: null, x: "http://127', "x"),
        ("trust: claimed", "trust: owned", "remove url"),
        ("device: cpu", "device: cpu\n  quantization: int8", "no quantization"),
    ],
)
def test_settings_that_a_server_decides_are_refused(
    old: str, new: str, words: str, tmp_path: Path, server: StandIn
) -> None:
    file = write_experiment(tmp_path, server) / "experiment.yaml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ExperimentInvalid, match=words):
        load(file)


def test_canaries_are_compared_up_to_their_tolerance() -> None:
    first = {"text": "ab", "ids": [1, 2], "said": "x", "logprobs": ["-1.0", None]}
    near = first | {"logprobs": ["-1.05", None]}
    assert compare(first | {"tolerance": "0.1"}, near)["same"] is True
    assert compare(first | {"tolerance": "0"}, near)["same"] is False
    assert compare(first, first | {"said": "y"})["same"] is False
    assert compare(first, first | {"logprobs": [None, "-1.0"]})["same"] is False
    assert compare(first, first | {"logprobs": None})["same"] is False
    assert compare(first, None)["same"] is None


def test_requests_that_leave_the_machine_are_recorded_before_the_first(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    # The unspecified address leads to this machine, but is no loopback: a remote that is at hand.
    server.folder, server.url = llama, server.url.replace("127.0.0.1", "0.0.0.0")
    with pytest.raises(EngineUnavailable, match="remote: allowed"):
        answer(plan_served(tmp_path / "refused", llama, server), llama)
    job = plan_served(tmp_path / "allowed", llama, server, remote="allowed")
    assert answer(job, llama).answered == 3
    heads = [record["kind"] for record in job.records()][:3]
    assert heads == ["environment", "start", "exposure"]
    [exposed] = job.records("exposure")
    assert (exposed["address"], exposed["server"]) == (server.url, "openai")
    assert (exposed["first"], exposed["last"], exposed["requests"]) == (0, 3, 3)
    commit(job.ledger)
    assert not verify(job.ledger).problems


def test_a_killed_attempt_s_exposure_is_published_once(
    server: StandIn, llama: Path, tmp_path: Path
) -> None:
    server.folder, server.url = llama, server.url.replace("127.0.0.1", "0.0.0.0")
    job = plan_served(tmp_path, llama, server, remote="allowed")
    killed = os.fork()
    if killed == 0:
        answer(job, llama, lambda requests, tokens: os._exit(9) if tokens else None)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(killed, 0)[1]) == 9
    assert answer(job, llama).answered == 3
    assert sorted(job.endings()) == ["complete", "killed"]
    attempts = [record["attempt"] for record in job.records("exposure")]
    assert len(attempts) == len(set(attempts)) == 2
    assert len(job.records("start")) == 2
