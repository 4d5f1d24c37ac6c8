"""`reprollm exposure`: declared beside an experiment, recorded in a ledger, said in a statement."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from command import Run, runner
from engines.jobs import Job
from engines.server.elsewhere import plan_elsewhere, unspecified, write_elsewhere
from engines.server.jobs import answer
from engines.server.standins import StandIn, serving
from reprollm.compare.rerun import adopt
from reprollm.contamination.exposure import accounts
from reprollm.errors import ExperimentInvalid
from reprollm.experiment.load import load
from reprollm.exposure.table import COLUMNS
from reprollm.ledger.commit import commit
from reprollm.ledger.verify import verify
from reprollm.prompts.stored import find_plan


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def job(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A ledger whose run sent three items and two examples elsewhere."""
    with serving(StandIn("openai", folder=llama)) as started:
        folder = tmp_path_factory.mktemp("elsewhere")
        written = write_elsewhere(folder, unspecified(started), with_policy=True)
        made = plan_elsewhere(written, llama)
        answer(made, llama)
        commit(made.ledger)
        yield made


def data_sets(run: Run, job: Job) -> list[dict[str, Any]]:
    answered = run("exposure", "report", str(job.ledger), "--json")
    assert answered.code == 0, answered.err
    found: list[dict[str, Any]] = json.loads(answered.out)["data_sets"]
    return found


def test_the_statement_is_made_of_the_records(run: Run, job: Job) -> None:
    [found] = data_sets(run, job)
    assert (found["items"], found["with_gold"], found["without_gold"], found["beside"]) == (
        3,
        0,
        3,
        2,
    )
    assert found["covers"] == "recorded runs only"
    [model] = found["models"]
    assert model["pinned"] is False
    assert model["temporal"]["source_text"]["possible"] == 3
    assert model["temporal"]["gold"]["unknown"] == 3
    text = run("exposure", "report", str(job.ledger)).out
    assert "0 were sent with their gold answers and 3 without" in text
    german = run("exposure", "report", str(job.ledger), "--language", "de", "--format", "latex").out
    assert "nur für aufgezeichnete Läufe" in german


def test_the_table_s_row_is_complete(run: Run, job: Job) -> None:
    out = run("exposure", "report", str(job.ledger), "--format", "csv").out
    [row] = csv.DictReader(io.StringIO(out))
    assert tuple(row) == COLUMNS
    assert row["Model"] == "tiny"
    assert row["Datasets leaked"] == "elsewhere; -; entire set; 3; 100.0%"
    assert row["Model access"] == "API - POST MARCH 2023 OR OPT-OUT"
    assert row["Prompts available"] == "Y"


def test_what_is_declared_goes_into_file_ledger_and_statement(run: Run, job: Job) -> None:
    experiment = str(job.folder / "experiment")
    refused = run("exposure", "declare", experiment, "use", "--where", "browser")
    assert refused.code == 3
    assert "service" in refused.err
    assert not (job.folder / "experiment" / "declarations.yaml").exists()
    done = run(
        "exposure", "declare", experiment, "use", "--where", "browser", "--service", "Chat",
        "--field", "gold", "--from", "2023-02", "--item", "i1",
        "--ledger", str(job.ledger), "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert json.loads(done.out)["published"] == 1
    again = run("exposure", "declare", experiment, "--ledger", str(job.ledger), "--json")
    assert json.loads(again.out)["published"] == 0
    kept = job.folder / "experiment" / "terms.html"
    shown = run(
        "exposure", "declare", experiment, "publication", "--url", "https://example.org",
        "--date", "2024-05", "--evidence", "page", "--evidence-file", str(kept),
        "--ledger", str(job.ledger),
    )  # fmt: skip
    assert shown.code == 0, shown.err
    commit(job.ledger)
    assert not verify(job.ledger).problems
    [found] = data_sets(run, job)
    assert found["outside"] == "yes"
    [model] = found["models"]
    assert model["public"] == 3
    assert model["temporal"]["gold"]["possible"] == 3
    out = run("exposure", "report", str(job.ledger), "--format", "csv").out
    browser = list(csv.DictReader(io.StringIO(out)))[1]
    assert (browser["Model access"], browser["Running period"]) == ("BROWSER", "February 2023")


def test_ledgers_of_one_data_file_are_counted_together(job: Job) -> None:
    [once] = accounts([job.ledger])
    [twice] = accounts([job.ledger, job.ledger])
    assert (twice.name, twice.items, twice.models) == (once.name, once.items, once.models)
    assert len(twice.declared) == len(once.declared)


def test_a_rerun_takes_the_list_of_what_prompts_carry_over(job: Job, tmp_path: Path) -> None:
    assert adopt(job.ledger, tmp_path / "again").carried() == job.plan.carried()


def test_a_policy_that_was_edited_needs_another_plan(job: Job, llama: Path) -> None:
    path = job.folder / "experiment" / "policy.yaml"
    asked = load(job.folder / "experiment" / "experiment.yaml")
    snapshot = job.plan.core["snapshot"]
    assert find_plan(job.ledger, asked, snapshot).plan == job.plan.plan
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("30", "0"), encoding="utf-8")
    try:
        with pytest.raises(ExperimentInvalid, match="from other files"):
            find_plan(job.ledger, asked, snapshot)
    finally:
        path.write_text(before, encoding="utf-8")


def test_a_ledger_that_was_never_committed_is_named(run: Run, tmp_path: Path) -> None:
    answered = run("exposure", "report", str(tmp_path))
    assert answered.code == 3
    assert "reprollm ledger commit" in answered.err


def test_help_has_an_example(run: Run) -> None:
    for command in ("declare", "report"):
        assert "Example: reprollm exposure" in run("exposure", command, "--help").out
