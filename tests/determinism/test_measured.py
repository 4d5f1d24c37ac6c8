"""Real engines, asked again: what the notes of the two batch policies promise, seen once more."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from command import Run, runner
from determinism.building import AGAIN
from engines.jobs import fork, plan_job, wait
from reprollm.compare.levels import Level
from reprollm.compare.precision import FEW
from reprollm.determinism import worker
from reprollm.determinism.findings import Finding, find
from reprollm.determinism.job import Job
from reprollm.determinism.process import gather, work
from reprollm.determinism.questions import questions
from reprollm.determinism.variation import BASELINE, first_worker
from reprollm.engines.declared import evidence_of, read_measurements
from reprollm.engines.opening import open_checked
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.ledger.commit import commit
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.model import load_model, locate_model
from reprollm.snapshot.pin import pin
from tiny_models import make_llama

PORTIONS = ("one at a time", "by threes")


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_lock(pin(make_llama(folder / "tiny")), folder / "tiny.lock.json", replace=False)
    return folder / "tiny.lock.json"


def job_of(
    lock: Path, settings: EngineSettings, count: int, tokens: int, names: Sequence[str] = PORTIONS
) -> Job:
    model = load_model(lock)
    asked = questions(model, locate_model(model), settings, count, tokens)
    passes = first_worker(settings, count).passes
    wanted = tuple(each for _, each in passes if each.name in (BASELINE, *names))
    return Job(lock, (), "", settings, tuple(asked), wanted)


def portions(
    lock: Path, policy: str, count: int, tokens: int, names: Sequence[str] = PORTIONS
) -> list[Finding]:
    """Ask in this process, all at once and in portions, in bfloat16; compare."""
    settings = EngineSettings("transformers", "bfloat16", "cpu", policy, 8)
    job = job_of(lock, settings, count, tokens, names)
    engine = open_checked(load_model(lock), settings).engine
    written = io.StringIO()
    worker.answer(job, engine, written)
    worked = gather(job, map(json.loads, written.getvalue().splitlines()), lambda *_: None)
    baseline = worked.answers[BASELINE]
    return [find(AGAIN, baseline, worked.answers[name], "bfloat16") for name in names]


def test_fast_batches_in_sixteen_bits_part_at_near_ties(lock: Path) -> None:
    [found] = portions(lock, "fast", 24, 32, ("by threes",))
    assert found.share(Level.BITS) < 1
    assert found.divergences
    nearest = min(place.ulps for place in found.divergences if place.ulps is not None)
    assert nearest <= FEW["bfloat16"]
    assert all(0 <= place.step < 32 for place in found.divergences)


def test_strict_batches_keep_every_bit_in_sixteen_bits_too(lock: Path) -> None:
    found = portions(lock, "strict", 8, 16)
    assert [finding.levels for finding in found] == [{Level.BITS: 8}] * 2


def test_a_worker_that_cannot_open_the_engine_says_why(lock: Path) -> None:
    job = job_of(lock, EngineSettings("transformers", "float32", "cpu", "fast", 8), 2, 2)
    unknown = replace(job, settings=replace(job.settings, family="none"))
    with pytest.raises(EngineUnavailable, match="expected an engine of the families"):
        work(unknown)


def test_a_worker_that_dies_leaves_its_last_words(lock: Path, tmp_path: Path) -> None:
    settings = EngineSettings("transformers", "float32", "cpu", "fast", 8)
    job = job_of(lock, settings, 2, 2)
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise SystemExit('torn apart')")
    with pytest.raises(EngineUnavailable, match="ended with code 1: torn apart"):
        work(replace(job, variables={"PYTHONPATH": str(tmp_path)}))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_the_command_asks_in_processes_of_their_own_and_runs_declare_what_it_found(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "experiment" / "models"
    job = plan_job(tmp_path, make_llama(folder / "tiny"))
    done = run(
        "determinism", str(folder / "tiny.lock.json"), "--engine", "transformers",
        "--dtype", "float32", "--policy", "strict", "--requests", "4", "--tokens", "6",
        "--declare", "-o", str(tmp_path / "report.json"), "--picture", str(tmp_path / "a.svg"),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "transformers, float32, strict: L3 (bit-identical)" in done.out
    assert "transformers, float32, strict: restarted" in done.err
    [found] = json.loads((tmp_path / "report.json").read_text())["measurements"]
    assert {each["variation"]: each["level"] for each in found["variations"]} == dict.fromkeys(
        ("again", "shuffled", *PORTIONS, "restarted", "batch size 32", "2 threads"), "L3"
    )
    assert (found["requests"], found["tokens"], found["batch_sizes"]) == (4, 24, [1, 8, 32])
    assert (tmp_path / "a.svg").read_text().startswith("<svg")
    [kept] = read_measurements(folder / "tiny.determinism.json")
    assert kept == found

    assert wait(fork(job)) == 0
    [start] = job.records("start")
    assert start["engine"]["declared"] == {
        "level": "L3",
        "policy": "strict",
        "evidence": evidence_of(kept),
    }
    commit(job.ledger)
    compared = json.loads(run("compare", str(job.ledger), str(job.ledger), "--json").out)
    assert compared["first"]["declared"] == compared["second"]["declared"]
    assert compared["first"]["declared"]["level"] == compared["level"] == "L3"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nothing.lock.json", "--engine", "transformers"), 3, "nothing.lock.json"),
        (("LOCK", "--engine", "server"), 3, "expected --experiment"),
        (("LOCK", "--engine", "transformers", "--tokens", "4000"), 3, "--tokens 4000"),
        (("LOCK", "--engine", "none"), 2, "none"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(
    run: Run, lock: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    given = (str(lock) if each == "LOCK" else each for each in arguments)
    done = run("determinism", *given)
    assert done.code == code
    assert words in done.err
