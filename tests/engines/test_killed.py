"""Real processes that are killed, stopped, starved of room, or started twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.jobs import Job, environment, fork, plan_job, wait
from reprollm.engines.transformers import TransformersEngine
from reprollm.records.journal import read_journal
from reprollm.records.shard import ShardReference

OpenEngine = Callable[..., TransformersEngine]


def journals(job: Job) -> list[Path]:
    return sorted((job.ledger / "journals").glob("*.jsonl"))


def wait_for_answers(job: Job, count: int, alive: Callable[[], bool]) -> None:
    """Wait until a journal holds so many answers, besides the two records of its beginning."""
    while alive():
        if any(path.read_bytes().count(b"\n") >= count + 2 for path in journals(job)):
            return
        time.sleep(0.005)
    raise AssertionError("the process ended before it had so many answers")


def said(job: Job) -> str:
    """Return what the forks of a job wrote to standard error."""
    return (job.folder / "stderr").read_text(encoding="utf-8")


def large(folder: Path, models: Path) -> Job:
    return plan_job(folder, models / "llama", items=10, size=2, tokens=24)


def assert_seen(job: Job, distinct: int) -> None:
    """Assert that every attempt is closed, and every request answered in just one of them."""
    attempts = [record["attempt"] for record in job.records("start")]
    ends = {record["attempt"]: record for record in job.records("end")}
    assert len(set(attempts)) == len(attempts) == len(job.records("end"))
    assert ends.keys() == set(attempts)
    answered = Counter(record["attempt"] for record in job.records("generation"))
    assert all(end["generations"] == answered[attempt] for attempt, end in ends.items())
    requests = Counter(record["request"] for record in job.records("generation"))
    assert set(requests.values()) == {1}
    assert len(requests) == distinct


def test_killed_at_any_point_and_started_again_loses_and_repeats_nothing(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    engine()  # the forks then need not load torch
    whole = large(tmp_path / "whole", models)
    began = time.monotonic()
    assert wait(fork(whole)) == 0
    duration = time.monotonic() - began
    job = large(tmp_path / "killed", models)
    chance = random.Random(20261121)
    acknowledged: dict[str, str] = {}
    kills = 0
    for _ in range(8):
        child = fork(job)
        time.sleep(chance.uniform(0.02, 0.3) * duration)
        os.kill(child, signal.SIGKILL)
        kills += wait(child) == -signal.SIGKILL
        for path in journals(job):
            for sealed in read_journal(path):
                if sealed.record["kind"] == "generation":
                    acknowledged[sealed.record["request"]] = sealed.record["result"]
    assert wait(fork(job)) == 0
    assert kills >= 3
    assert journals(job) == []
    assert_seen(job, 30)
    assert acknowledged.items() <= job.results().items()
    assert job.results() == whole.results()
    assert job.bits() == whole.bits()
    assert set(job.endings()) <= {"killed", "complete"}


def test_a_killed_process_is_closed_by_the_next_one(models: Path, tmp_path: Path) -> None:
    job = large(tmp_path, models)
    process = job.start()
    wait_for_answers(job, 4, lambda: process.poll() is None)
    process.kill()
    process.communicate()
    again = job.generate()
    assert again.returncode == 0
    assert "1 killed attempt" in again.stderr
    assert job.endings() == ["killed", "complete"]
    assert_seen(job, 30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_process_publishes_what_it_has_and_says_so(
    models: Path, tmp_path: Path, engine: OpenEngine, number: signal.Signals
) -> None:
    engine()
    job = large(tmp_path, models)
    child = fork(job)
    wait_for_answers(job, 4, lambda: os.waitpid(child, os.WNOHANG) == (0, 0))
    os.kill(child, number)
    assert wait(child) == 8
    assert said(job).count("\n") == 1
    assert "told to stop after" in said(job) and "start again" in said(job)
    assert job.endings() == ["interrupted"]
    assert len(job.records("generation")) >= 4
    assert journals(job) == []
    assert wait(fork(job)) == 0
    assert job.endings() == ["interrupted", "complete"]
    assert_seen(job, 30)


def test_a_second_process_on_the_same_slice_is_refused(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    engine()
    job = large(tmp_path, models)
    child = fork(job)
    wait_for_answers(job, 2, lambda: os.waitpid(child, os.WNOHANG) == (0, 0))
    os.kill(child, signal.SIGSTOP)
    second = job.generate()
    os.kill(child, signal.SIGCONT)
    assert second.returncode == 6
    assert second.stderr.count("\n") == 1 and f"process {child}" in second.stderr
    assert wait(child) == 0
    assert job.endings() == ["complete"]


def test_where_there_is_no_room_at_all_nothing_is_asked(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    engine()
    job = large(tmp_path, models)
    assert wait(fork(job, largest_file=6000)) == 7
    assert said(job).count("\n") == 1 and "make room" in said(job)
    assert job.records() == []
    assert wait(fork(job)) == 0
    assert job.endings() == ["complete"]


def test_when_the_room_ends_midway_the_answers_are_kept(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    engine()
    job = large(tmp_path, models)
    assert wait(fork(job, largest_file=45_000)) == 7
    assert said(job).count("\n") == 1
    assert "make room" in said(job) and "answers given so far are published" in said(job)
    assert job.endings() == ["failed"]
    kept = len(job.records("generation"))
    assert 0 < kept < 30
    assert wait(fork(job)) == 0
    assert job.endings() == ["failed", "complete"]
    assert_seen(job, 30)


def test_when_the_ledger_cannot_be_written_the_journal_keeps_the_answers(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    engine()
    job = large(tmp_path, models)
    child = fork(job)
    wait_for_answers(job, 4, lambda: os.waitpid(child, os.WNOHANG) == (0, 0))
    os.kill(child, signal.SIGSTOP)

    shards = next((job.ledger / "shards").glob("run-*/*"))
    shards.rename(tmp_path / "aside")
    shards.write_text("in the way", encoding="utf-8")
    os.kill(child, signal.SIGCONT)
    assert wait(child) == 7
    [journal] = journals(job)
    assert said(job).count("\n") == 1 and f"kept in {journal}" in said(job)
    assert len(read_journal(journal)) == 32
    shards.unlink()
    (tmp_path / "aside").rename(shards)
    assert wait(fork(job)) == 0
    assert job.endings() == ["killed"]
    assert_seen(job, 30)


def test_a_folder_that_cannot_be_written_is_refused_in_one_sentence(
    models: Path, tmp_path: Path
) -> None:
    job = large(tmp_path, models)
    done = job.generate("--journals", "/proc/reprollm")
    assert done.returncode == 7
    assert done.stderr.count("\n") == 1 and "/proc/reprollm" in done.stderr
    assert job.records() == []


def test_changed_weights_are_refused_before_the_first_token(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiny_models import make_llama

    model = make_llama(tmp_path / "models" / "mine")
    monkeypatch.setenv("REPROLLM_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    job = plan_job(tmp_path / "job", model)
    weights = model / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-9] ^= 1
    weights.write_bytes(content)
    done = job.generate()
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1 and "model.safetensors" in done.stderr
    assert job.records() == []
    assert journals(job) == []


def test_a_missing_extra_is_named_in_one_sentence(models: Path, tmp_path: Path) -> None:
    job = large(tmp_path, models)
    blocked = "import sys; sys.modules['torch'] = None; from reprollm.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", blocked, *job.command()[3:]],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1 and "pip install 'reprollm[transformers]'" in done.stderr


def test_a_receipt_names_the_shards_also_where_nothing_was_left_to_do(
    models: Path, tmp_path: Path, engine: OpenEngine
) -> None:
    import json

    engine()
    job = plan_job(tmp_path, models / "llama")
    receipts = []
    for number in range(2):
        file = tmp_path / f"{number}.json"
        assert wait(fork(job, "--slice", "2/2", "--receipt", str(file))) == 0
        receipts.append(json.loads(file.read_text(encoding="utf-8")))
    first, second = receipts
    assert first["shards"] == second["shards"]
    assert (first["requests"], first["answered"], first["first"], first["last"]) == (9, 9, 9, 18)
    assert first["attempt"] and second["attempt"] is None
    for named in first["shards"]:
        assert ShardReference(**named).path(job.ledger).is_file()
