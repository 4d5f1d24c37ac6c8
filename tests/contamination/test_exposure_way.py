"""The way of a declaration: planned with the experiment, committed, examined, shown, reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command import Run
from contamination.checked import EXPERIMENT, LEDGER, planned, records, well, write_checked
from reprollm.ledger.verify import verify

CHECKS = "contamination: {exposure: {declarations: data/declarations.yaml}}\n"
DECLARED = """\
schema: reprollm/declarations/1
use: []
expected:
  - {because: written down for this test from a text of 1775}
"""


@pytest.fixture
def declared(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, in which `experiments/spelling` declares exposures alone."""
    folder = tmp_path / "experiments" / "spelling"
    write_checked(folder, models / "llama.lock.json", CHECKS)
    (folder / "data" / "declarations.yaml").write_text(DECLARED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def finding() -> dict[str, object]:
    [found] = [each for each in records("finding") if each["finding"] == "contamination/exposure"]
    evidence = found["evidence"]
    assert isinstance(evidence, dict)
    return evidence


def test_declarations_enter_the_log_with_the_plan_and_are_examined(
    declared: Path, reprollm: Run
) -> None:
    planned(reprollm)
    assert {record["what"] for record in records("declaration")} == {"use", "publication"}
    well(reprollm("contamination", "examine", "spelling"))
    well(reprollm("ledger", "commit", str(LEDGER)))
    assert not verify(LEDGER, allow_incomplete=True).problems
    evidence = finding()
    assert (evidence["claim"], evidence["verdict"], evidence["n"]) == ("fact", "not_sent", 6)
    detail = evidence["detail"]
    assert isinstance(detail, dict)
    assert detail["covers"] == "recorded runs and declared use"
    assert detail["temporal"]["source_text"]["expected"] == 6
    told = json.loads(well(reprollm("exposure", "report", str(LEDGER), "--json")).out)
    [account] = told["data_sets"]
    assert account["models"][0]["pinned"] is True
    assert told["table"][0]["Model access"] == "LOCAL"


def test_planning_again_publishes_only_what_is_new(declared: Path, reprollm: Run) -> None:
    planned(reprollm)
    planned(reprollm)
    assert len(records("declaration")) == 2
    path = EXPERIMENT / "data" / "declarations.yaml"
    path.write_text(DECLARED.replace("1775", "1776"), encoding="utf-8")
    planned(reprollm)
    assert len(records("declaration")) == 3
    assert len({record["plan"] for record in records("declaration")}) == 1


def test_what_is_declared_later_is_examined_and_enters_the_log_with_the_finding(
    declared: Path, reprollm: Run
) -> None:
    planned(reprollm)
    path = EXPERIMENT / "data" / "declarations.yaml"
    used = "use:\n  - {where: browser, service: Chat}"
    path.write_text(DECLARED.replace("use: []", used), encoding="utf-8")
    well(reprollm("contamination", "examine", "spelling"))
    detail = finding()["detail"]
    assert isinstance(detail, dict)
    assert detail["outside"] == "yes"
    assert detail["temporal"]["gold"]["unknown"] == 6, "no release is shown of the tiny model"
    well(reprollm("ledger", "commit", str(LEDGER)))
    well(reprollm("contamination", "examine", "spelling"))
    assert finding()["detail"] == detail, "the log alone gives the same finding"


def test_a_wrong_declaration_ends_planning_in_one_sentence(declared: Path, reprollm: Run) -> None:
    path = EXPERIMENT / "data" / "declarations.yaml"
    path.write_text(DECLARED.replace("because", "becaus"), encoding="utf-8")
    refused = reprollm("plan", "spelling")
    assert refused.code == 3
    assert "did you mean 'because'" in refused.err
    assert len(refused.err.splitlines()) == 1
    assert not records("plan")
