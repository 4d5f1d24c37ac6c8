"""What the workflow's files promise before anything is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workspaces import CHECKOUT, Workspace, jobs

EXPECTED = {
    "plan": 1,
    "commit_plan": 1,
    "generate": 2,
    "commit_generations": 1,
    "score": 1,
    "commit_scores": 1,
    "verify": 1,
    "report": 1,
    "all": 1,
}


def test_a_bare_dry_run_in_a_checkout_lists_every_job(checkout: Workspace) -> None:
    assert jobs(checkout.snakemake("-n")) == EXPECTED


def test_a_bare_dry_run_in_this_checkout_lists_jobs(tmp_path: Path) -> None:
    bare = Workspace(tmp_path)
    listed = jobs(
        bare.snakemake("-n", "--snakefile", str(CHECKOUT / "Snakefile"), "--directory",
                       str(CHECKOUT), "--forceall", "--nolock")
    )  # fmt: skip
    assert listed.pop("generate") >= 1
    assert listed.keys() >= EXPECTED.keys() - {"generate"}


def test_declared_checks_add_their_jobs_and_nothing_else(checkout: Workspace) -> None:
    data = checkout.experiment / "data"
    data.joinpath("reference.csv").write_text("id,source,reference\nr,alſo,also\n", "utf-8")
    with (checkout.experiment / "experiment.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "contamination:\n"
            "  screening: {reference: data/reference.csv}\n"
            "  scan: [{name: training, corpus: [training.txt]}]\n"
        )
    assert checkout.pending() == EXPECTED | {
        "measure": 2,
        "scan": 1,
        "commit_measurements": 1,
        "examine": 1,
        "commit_findings": 1,
    }


def test_declared_claims_add_their_jobs_and_nothing_else(checkout: Workspace) -> None:
    with (checkout.experiment / "experiment.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "claims:\n"
            "  - {name: some, says: Some are right., score: exact_match,\n"
            "     of: {sampling: greedy}, at_least: 0.1}\n"
        )
    assert checkout.pending() == EXPECTED | {"conclude": 1, "commit_conclusions": 1}


def test_wrapper_and_workflow_list_the_same_jobs(checkout: Workspace) -> None:
    assert jobs(checkout.snakemake("-n")) == checkout.pending()


def test_the_plan_is_committed_before_any_token(checkout: Workspace) -> None:
    graph = checkout.workflow("--dag").stdout
    numbers = {
        rule: {line.split("[")[0].strip() for line in graph.splitlines() if f'"{rule}' in line}
        for rule in ("commit_plan", "generate")
    }
    (committed,) = numbers["commit_plan"]
    assert len(numbers["generate"]) == 2
    for job in numbers["generate"]:
        assert f"{committed} -> {job}" in graph


def test_the_workflow_is_lint_clean(checkout: Workspace) -> None:
    run = checkout.snakemake("--lint")
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_workflow_is_formatted() -> None:
    snakefmt = Path(sys.executable).with_name("snakefmt")
    run = subprocess.run(
        [snakefmt, "--check", CHECKOUT / "Snakefile", CHECKOUT / "workflow"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_raw_output_is_temporary_and_no_shard_is_an_output() -> None:
    rules = [path.read_text() for path in (CHECKOUT / "workflow").rglob("*.smk")]
    assert len(rules) == 11
    for text in rules:
        assert "temp(" not in text
        assert "shards" not in text.replace("(shards, log, database)", "").replace("its shards", "")


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("experimnets: [tiny]", "experimnets"),
        ("experiments: [tiny]\nledgr: x", "ledgr"),
        ("experiments: []", "experiments"),
        ("experiments: [tiny, tinny]", "tinny"),
        ("experiments: tiny", "tiny"),
    ],
)
def test_a_wrong_configuration_is_refused(checkout: Workspace, setting: str, named: str) -> None:
    (checkout.folder / "config" / "config.yaml").write_text(setting + "\n")
    run = checkout.snakemake("-n")
    assert run.returncode != 0
    assert named in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_a_wheel_carries_the_workflow_and_the_pinned_environments(installed: Path) -> None:
    shipped = installed / "reprollm" / "_workflow"
    for folder in ("workflow", "envs"):
        for path in (CHECKOUT / folder).rglob("*"):
            if path.is_file():
                copy = shipped / path.relative_to(CHECKOUT)
                assert copy.read_bytes() == path.read_bytes()


def test_an_installed_wheel_runs_outside_the_checkout(
    workspace: Workspace, installed: Path
) -> None:
    elsewhere = Workspace(workspace.folder, installed=installed)
    where = elsewhere.python("-c", "from reprollm.workflow import snakefile; print(snakefile())")
    assert Path(where.stdout.strip()).is_relative_to(installed)
    run = elsewhere.reprollm("run", "tiny", "--", "--dry-run")
    assert run.returncode == 0, run.stderr
