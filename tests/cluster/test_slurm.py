"""The demo on a real SLURM: one job cancelled, one requeued, and the same answers as without."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from workspaces import CHECKOUT, Workspace

DEMO = "normalisation"
PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class OnCluster:
    """A ledger that grew on the cluster, and the jobs that were not left in peace."""

    ledger: Path
    cancelled: str
    requeued: str


@dataclass(frozen=True)
class Attempt:
    """An attempt as the ledger shows it."""

    first: int
    last: int
    how: str
    job: str
    scheduler: str
    partition: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The demo's experiment in a folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(
        CHECKOUT / "experiments" / DEMO,
        folder / "experiments" / DEMO,
        ignore=shutil.ignore_patterns("published", "__pycache__"),
    )
    file = folder / "experiments" / DEMO / "experiment.yaml"
    # More jobs than the cluster can work on at once, each short: one seed, and no sealed texts, of
    # which every order is long.
    text = file.read_text()
    text = text.replace("slices: 2", "slices: 4").replace("seeds: [1, 2, 3]", "seeds: [1]")
    before, _, after = text.partition("contamination:\n")
    file.write_text(f"{before}contamination:\n{after[after.index('  screening:') :]}")
    return Workspace(folder)


@pytest.fixture(scope="module")
def on_slurm(demo: Workspace, cluster: Path) -> OnCluster:
    """A run on the cluster in which one job was cancelled and one requeued."""
    ledger = demo.folder / "slurm" / DEMO
    log = demo.folder / "run.log"
    command = demo.command("-m", "reprollm", "run", DEMO, "--ledger", "slurm", "--profile", "slurm")
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=demo.folder, env=demo.environment(), stdout=output, stderr=output
        ) as process,
    ):
        try:
            cancelled = working_job(ledger, process, set())
            slurm("scancel", cancelled)
            requeued = working_job(ledger, process, {cancelled})
            slurm("scontrol", "requeue", requeued)
            start_again(requeued)
            process.wait()
        finally:
            process.terminate()
            process.wait()
            print(log.read_text())
    assert process.returncode == 0, log.read_text()
    return OnCluster(ledger, cancelled, requeued)


@pytest.fixture(scope="module")
def locally(demo: Workspace) -> Path:
    """The ledger of the same experiment run without a cluster."""
    run = demo.reprollm("run", DEMO, "--ledger", "local")
    assert run.returncode == 0, run.stderr
    return demo.folder / "local" / DEMO


def slurm(*command: str) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def working_job(ledger: Path, process: subprocess.Popen[bytes], but: set[str]) -> str:
    """Return a SLURM job that has answered some requests of its slice and works on others."""
    end = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < end:
        running = set(slurm("squeue", "--noheader", "--states=RUNNING", "--format=%i").split())
        for job in (job_at_work(journal) for journal in ledger.glob("journals/*.jsonl")):
            if job in running - but:
                return job
        time.sleep(0.1)
    raise AssertionError(
        f"expected a job at work, found none; the run ended with {process.poll()}; "
        f"queue:\n{slurm('squeue', '--states=all')}"
    )


def job_at_work(journal: Path) -> str:
    """Return the job that writes `journal`, if it has answered something and not yet ended."""
    try:
        lines = journal.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return ""
    records = [json.loads(line)["record"] for line in lines]
    kinds = [record["kind"] for record in records]
    if "generation" not in kinds or "end" in kinds:
        return ""
    (start,) = [record for record in records if record["kind"] == "start"]
    return str(start["job"]["id"])


def start_again(job: str) -> None:
    """Let a requeued job start at once instead of after SLURM's two minutes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        state = slurm("squeue", "--noheader", "--jobs", job, "--format=%T").strip()
        if state == "PENDING":
            slurm("scontrol", "update", f"JobId={job}", "StartTime=now")
            return
        time.sleep(0.2)
    raise AssertionError(f"expected job {job} in the queue again, found it {state}")


def rows(ledger: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(ledger / "ledger.duckdb", read_only=True) as connection:
        return connection.execute(query).fetchall()


def attempts(ledger: Path) -> list[Attempt]:
    """Return the attempts in the order in which they started."""
    return [
        Attempt(*row)  # type: ignore[arg-type]
        for row in rows(
            ledger,
            """SELECT "first", "last", how, job->>'id', job->>'scheduler', job->>'partition'
            FROM attempts ORDER BY started""",
        )
    ]


def test_every_attempt_names_its_job_and_partition(on_slurm: OnCluster) -> None:
    found = attempts(on_slurm.ledger)
    assert len(found) >= 6
    assert {(attempt.scheduler, attempt.partition) for attempt in found} == {("slurm", "cpu")}
    assert all(attempt.job.isdigit() for attempt in found)


def test_texts_are_measured_in_jobs_and_have_the_same_bits_as_without(
    on_slurm: OnCluster, locally: Path
) -> None:
    query = "SELECT DISTINCT job->>'scheduler' FROM measurements"
    assert rows(on_slurm.ledger, query) == [("slurm",)]
    query = """SELECT DISTINCT l."index", o.field, o.bytes
        FROM likelihoods l JOIN opening o USING ("position")
        WHERE o.bytes IS NOT NULL ORDER BY ALL"""
    assert rows(on_slurm.ledger, query) == rows(locally, query)


def test_the_cancelled_job_shows_as_an_interrupted_attempt_taken_up_by_another_job(
    on_slurm: OnCluster,
) -> None:
    cancelled = on_slurm.cancelled
    found = attempts(on_slurm.ledger)
    (ended,) = [attempt for attempt in found if attempt.job == cancelled]
    assert ended.how in ("interrupted", "killed")
    (other,) = [
        attempt
        for attempt in found
        if (attempt.first, attempt.last) == (ended.first, ended.last) and attempt.job != cancelled
    ]
    assert other.how == "complete"


def test_the_requeued_job_shows_as_two_attempts_under_one_job_id(on_slurm: OnCluster) -> None:
    first, second = [
        attempt for attempt in attempts(on_slurm.ledger) if attempt.job == on_slurm.requeued
    ]
    assert first.how in ("interrupted", "killed")
    assert second.how == "complete"
    assert (first.first, first.last) == (second.first, second.last)


def test_nothing_was_asked_twice(on_slurm: OnCluster) -> None:
    assert rows(on_slurm.ledger, "SELECT count(*) FROM replicates") == [(0,)]


def test_the_ledger_of_the_cluster_verifies(on_slurm: OnCluster, demo: Workspace) -> None:
    verified = demo.reprollm("ledger", "verify", str(on_slurm.ledger))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_cluster_gave_the_same_results_as_one_machine(
    on_slurm: OnCluster, locally: Path
) -> None:
    results = "SELECT request, result FROM final ORDER BY request"
    expected = rows(locally, results)
    assert len(expected) == rows(locally, "SELECT count(*) FROM planned")[0][0]
    assert rows(on_slurm.ledger, results) == expected


def test_compare_calls_the_two_identical(
    on_slurm: OnCluster, locally: Path, demo: Workspace
) -> None:
    compared = demo.reprollm("compare", str(locally), str(on_slurm.ledger))
    assert compared.returncode == 0, compared.stdout + compared.stderr
