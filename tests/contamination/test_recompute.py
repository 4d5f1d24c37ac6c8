"""Every finding is recomputed from the log alone, by both verifiers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from attacks.judging import by_verify_py
from command import Run
from contamination.checked import EXPERIMENT, LEDGER, measured, planned, well
from contamination.whole import DECLARED
from reprollm.contamination.recompute import recompute
from reprollm.review.verification import verify_path


def test_every_finding_comes_out_of_the_log_again(whole_once: Path) -> None:
    found = verify_path(whole_once / LEDGER)
    assert found.problems == ()
    assert {check.recomputed for check in found.checks} == {"same"}
    assert {check.claim for check in found.checks} == {"fact", "test", "screening", "decision"}
    alone = by_verify_py(whole_once / LEDGER)
    assert alone.report["problems"] == []
    assert {row["recomputed"] for row in alone.report["contamination"]} == {"same"}


def test_findings_of_a_log_that_grew_come_out_of_what_stood_before_each(
    whole_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprollm: Run
) -> None:
    monkeypatch.chdir(shutil.copytree(whole_once, tmp_path / "grown"))
    used = "use:\n  - {where: browser, service: Chat}"
    declared = DECLARED.replace("use: []", used)
    (EXPERIMENT / "data" / "declarations.yaml").write_text(declared, encoding="utf-8")
    well(reprollm("contamination", "examine", "spelling"))
    well(reprollm("ledger", "commit", str(LEDGER)))
    found = recompute(LEDGER)
    said = [
        each.record["evidence"]["detail"]["outside"]
        for each in found.findings
        if each.record["finding"] == "contamination/exposure"
    ]
    assert said == ["no", "yes"]
    assert {each.recomputed for each in found.findings} == {"same"}
    assert by_verify_py(LEDGER).report["problems"] == []


def test_what_is_measured_in_part_and_not_examined_is_told(place: Path, reprollm: Run) -> None:
    planned(reprollm)
    measured(reprollm, "--slice", "2/3")
    well(reprollm("ledger", "commit", str(LEDGER)))
    for notices in (verify_path(LEDGER).notices, by_verify_py(LEDGER).report["notices"]):
        told = " ".join(notices).lower()
        assert "of 11 texts" in told
        assert "has no findings in the log" in told
