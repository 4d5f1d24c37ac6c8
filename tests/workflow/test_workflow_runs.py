"""Whole runs of a tiny model: what is run again, what never is, and how a run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from workspaces import REQUESTS, Workspace

SCORING = {"score", "commit_scores", "verify", "report", "all"}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def verification(workspace: Workspace) -> dict[str, object]:
    found = workspace.reprollm("ledger", "verify", str(workspace.ledger), "--json")
    assert found.returncode == 0, found.stderr
    value: dict[str, object] = json.loads(found.stdout)
    return value


def attempts(workspace: Workspace) -> list[str]:
    """Return how the attempts in the ledger ended, in the order of their start."""
    listed = verification(workspace)["attempts"]
    assert isinstance(listed, list)
    return [attempt["how"] for attempt in sorted(listed, key=lambda attempt: attempt["started"])]


def edit(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "\n# another line\n", encoding="utf-8")


def test_a_run_answers_every_request_and_verifies(finished: Workspace) -> None:
    (run,) = verification(finished)["runs"]  # type: ignore[misc]
    assert (run["planned"], run["answered"], run["missing"]) == (REQUESTS, REQUESTS, 0)
    assert attempts(finished) == ["complete", "complete"]


def test_after_a_run_there_is_nothing_to_do(finished: Workspace) -> None:
    assert finished.pending() == {}
    before = tree(finished.ledger)
    again = finished.reprollm("run", "tiny")
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stderr
    assert tree(finished.ledger).keys() == before.keys()
    assert all(
        content == before[name]
        for name, content in tree(finished.ledger).items()
        if not name.endswith(".run.lock")
    )


def test_a_new_time_stamp_alone_runs_nothing(finished: Workspace) -> None:
    (finished.experiment / "data" / "items.csv").touch()
    assert finished.pending() == {}


@pytest.mark.parametrize("name", ["data/items.csv", "prompts/ask.jinja", "experiment.yaml"])
def test_an_edited_source_runs_everything_again(finished: Workspace, name: str) -> None:
    edit(finished.experiment / name)
    assert finished.pending().keys() >= {"plan", "generate", "score", "verify"}


def test_changed_engine_code_asks_again(finished: Workspace) -> None:
    edit(finished.checkout / "src" / "reprollm" / "engines" / "sampling.py")
    assert finished.pending()["generate"] == 2


def test_changed_scoring_code_asks_no_model(finished: Workspace) -> None:
    edit(finished.checkout / "src" / "reprollm" / "scores" / "summary.py")
    assert finished.pending().keys() == SCORING


def test_deleted_outputs_lose_no_answer_and_ask_nothing_again(finished: Workspace) -> None:
    before = tree(finished.ledger / "shards")
    deleted = finished.workflow("--cores", "1", "--delete-all-output")
    assert deleted.returncode == 0, deleted.stderr
    assert not (finished.ledger / "receipts" / "verify.json").exists()
    assert before.items() <= tree(finished.ledger / "shards").items()

    again = finished.reprollm("run", "tiny", "--cores", "2")
    assert again.returncode == 0, again.stderr
    assert attempts(finished) == ["complete", "complete"]


def test_bare_snakemake_and_reprollm_run_run_the_same_commands(workspace: Workspace) -> None:
    bare = workspace.workflow("--dry-run", "--printshellcmds")
    ours = workspace.reprollm("run", "tiny", "--", "--dry-run", "--printshellcmds")
    assert len(commands(bare.stdout + bare.stderr)) == 9
    assert commands(bare.stdout + bare.stderr) == commands(ours.stdout)


def commands(output: str) -> list[str]:
    marker = "Shell command: reprollm "
    return sorted(line for line in output.splitlines() if line.startswith(marker))


def test_a_changed_model_is_refused_with_its_own_sentence_and_code(workspace: Workspace) -> None:
    weights = workspace.experiment / "models" / "tiny" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    run = workspace.reprollm("run", "tiny", "--cores", "2")
    assert run.returncode == 4, run.stderr
    assert "model.safetensors" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (workspace.ledger / "receipts" / "plan.json").exists()


def test_an_unknown_experiment_is_refused_before_anything_is_written(workspace: Workspace) -> None:
    run = workspace.reprollm("run", "tinny")
    assert run.returncode == 3
    assert "tiny" in run.stderr
    assert not (workspace.folder / "ledger").exists()
    assert not (workspace.folder / ".snakemake").exists()


def test_a_dry_run_says_what_would_be_done_and_does_nothing(workspace: Workspace) -> None:
    run = workspace.reprollm("run", "tiny", "--", "--dry-run")
    assert run.returncode == 0, run.stderr
    assert "rule generate" in run.stdout
    assert "verified" not in run.stdout
    assert not workspace.ledger.joinpath("plans").exists()


def test_a_profile_is_found_by_name_whatever_lies_in_the_workspace(workspace: Workspace) -> None:
    (workspace.folder / "default").mkdir()
    run = workspace.reprollm("run", "tiny", "--profile", "default", "--", "-n", "--cores", "1")
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_unknown_profile_is_refused(workspace: Workspace) -> None:
    run = workspace.reprollm("run", "tiny", "--profile", "slum")
    assert run.returncode == 3
    assert "slurm" in run.stderr


@contextmanager
def running(workspace: Workspace) -> Iterator[subprocess.Popen[str]]:
    """Give a run of long answers, at a time when some are written and others are not."""
    file = workspace.experiment / "experiment.yaml"
    text = file.read_text().replace("max_tokens: 6", "max_tokens: 450")
    file.write_text(text.replace("slices: 2", "slices: 1"))
    with subprocess.Popen(
        workspace.command("-m", "reprollm", "run", "tiny", "--cores", "2"),
        cwd=workspace.folder,
        env=workspace.environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not answers(workspace):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        yield process


def answers(workspace: Workspace) -> int:
    """Return how many generations stand in journals of attempts that are not finished."""
    journals = workspace.ledger.glob("journals/*.jsonl")
    return sum(journal.read_bytes().count(b'"kind":"generation"') for journal in journals)


def test_a_second_run_is_refused_and_sigterm_keeps_what_was_answered(workspace: Workspace) -> None:
    with running(workspace) as process:
        second = workspace.reprollm("run", "tiny")
        process.terminate()
        _, said = process.communicate()
    assert second.returncode == 6
    assert "another run" in second.stderr
    assert process.returncode == 8, said
    assert "start again" in said
    again = workspace.reprollm("run", "tiny", "--cores", "2")
    assert again.returncode == 0, again.stderr
    ended = attempts(workspace)
    assert "interrupted" in ended
    assert set(ended) == {"interrupted", "complete"}


def test_kill_9_of_everything_loses_no_answer(workspace: Workspace) -> None:
    with running(workspace) as process:
        snakemake = snakemake_of(workspace)
        process.kill()
        os.killpg(snakemake, signal.SIGKILL)
        process.communicate()
    kept = answers(workspace)
    assert kept > 0
    again = workspace.reprollm("run", "tiny", "--cores", "2")
    assert again.returncode == 0, again.stderr
    found = verification(workspace)
    (run,) = found["runs"]  # type: ignore[misc]
    assert (run["answered"], run["replicates"]) == (REQUESTS, 0)
    assert "killed" in attempts(workspace)


def snakemake_of(workspace: Workspace) -> int:
    """Return the process group of the Snakemake that works in `workspace`."""
    owner = (workspace.ledger / "receipts" / ".run.lock").read_text()
    return int(owner.split()[1])
