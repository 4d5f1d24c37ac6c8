"""What `reprollm run` makes of Snakemake's output."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprollm.errors import Busy, Interrupted, InvalidInput, StorageFailed, VerificationFailed
from reprollm.workflow.outcome import failure
from reprollm.workflow.progress import RunProgress

TABLE = ["job         count\n", "--------  -------\n", "generate        2\n", "total          11\n"]


def fed(*lines: str) -> RunProgress:
    progress = RunProgress()
    for line in lines:
        progress.feed(line)
    return progress


def failed(log: Path, *more: str) -> RunProgress:
    return fed(
        *TABLE,
        *more,
        "Error in rule generate:\n",
        f"    log: {log} (check log file(s) for error details)\n",
    )


def test_finished_jobs_are_counted_against_the_total() -> None:
    progress = fed(*TABLE)
    assert progress.feed("Finished jobid: 3 (Rule: plan)\n") == "plan done (1 of 10)"
    assert progress.feed("Finished jobid: 7 (Rule: commit_plan)\n") == "commit_plan done (2 of 10)"
    assert progress.feed("2 of 11 steps (18%) done\n") is None


def test_a_job_that_is_started_again_is_told() -> None:
    progress = fed(*TABLE)
    for _ in range(2):
        assert progress.feed("Error in rule generate:\n") == "generate failed"
        assert progress.feed("Error in rule generate:\n") is None
        assert progress.feed("Trying to restart job 4.\n") == "generate is started again"


def test_a_failed_job_speaks_for_itself_with_its_own_exit_code(tmp_path: Path) -> None:
    log = tmp_path / "generate.log"
    log.write_text("asking\nreprollm: expected model.safetensors unchanged, found another\n")
    progress = failed(log, "Command 'x' returned non-zero exit status 4.\n")
    error = failure(progress, 1)
    assert isinstance(error, VerificationFailed)
    assert str(error) == ("generate failed: expected model.safetensors unchanged, found another")


def test_a_job_that_left_no_sentence_is_quoted_and_its_log_named(tmp_path: Path) -> None:
    log = tmp_path / "generate.log"
    log.write_text("one\nKilled\n\n")
    error = failure(failed(log, "Command 'x' returned non-zero exit status 137.\n"), 1)
    assert isinstance(error, StorageFailed)
    assert "Killed" in str(error)
    assert str(log) in str(error)


def test_a_job_without_any_log_still_ends_in_one_sentence(tmp_path: Path) -> None:
    error = failure(failed(tmp_path / "missing.log"), 1)
    assert isinstance(error, StorageFailed)
    assert "missing.log" in str(error)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Error: Directory cannot be locked. Please make sure\n", Busy),
        ("Will exit after finishing currently running jobs (scheduler).\n", Interrupted),
        ("WorkflowError: expected a profile\n", InvalidInput),
    ],
)
def test_snakemake_stopping_by_itself_is_named(line: str, expected: type[Exception]) -> None:
    assert type(failure(fed(line), 1)) is expected


def test_a_run_without_jobs_is_idle() -> None:
    assert fed("Nothing to be done (all requested files are present and up to date).\n").idle
