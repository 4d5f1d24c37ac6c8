from __future__ import annotations

import json
from pathlib import Path

import pytest

from attacks.judging import by_reprollm, by_verify_py
from command import Run
from contamination.checked import CHECKS, EXPERIMENT, LEDGER, planned, records, well
from experiment_files import change
from reprollm.contamination.findings.scan import findings
from reprollm.contamination.material import Material

SCAN = """\
contamination:
  scan:
    - {name: training, corpus: [corpus], n: 5, control: data/reference.csv}
"""


BESIDE = ("near_duplicates", "rephrasings")


@pytest.fixture
def declared(place: Path) -> Path:
    """Return the current folder, whose experiment declares a scan and nothing else."""
    change(EXPERIMENT / "experiment.yaml", CHECKS, SCAN)
    corpus = EXPERIMENT / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("Chronik: VND ER SPRACH ZU JHM 3 MAL, und er sprach zu ihm 3 mal")
    return place


def test_a_declared_scan_is_recorded_under_the_examination(declared: Path, reprollm: Run) -> None:
    planned(reprollm)
    said = well(
        reprollm("contamination", "scan", "spelling", "--receipt", "scan.json", "--jobs", "1")
    )
    assert "6 of 6 items have at least one 5-gram" in said.out
    [head] = records("examination")
    found = records("finding")
    assert {record["run"] for record in found} == {head["examination"]}
    assert {record["finding"] for record in found} == {"contamination/scan"}
    assert [record["subject"] for record in found] == ["*", *(f"i{at}" for at in range(6))]
    receipt = json.loads(Path("scan.json").read_text())
    assert (receipt["stage"], receipt["scan"]) == ("scan", "training")
    assert not list((LEDGER / "journals").glob("scan-*"))
    well(reprollm("ledger", "commit", str(LEDGER), "scan.json"))
    well(reprollm("contamination", "examine", "spelling"))
    shown = well(reprollm("contamination", "show", str(LEDGER))).out
    assert "contaminated items" in shown
    assert "not possible" not in shown


def test_a_declared_scan_looks_for_near_duplicates_and_rephrasings_too(
    declared: Path, models: Path, reprollm: Run
) -> None:
    data = EXPERIMENT / "data"
    data.joinpath("tokenizer.json").write_bytes((models / "llama/tokenizer.json").read_bytes())
    rows = [f"c{at},zettel {at * 7} aus der truhe,,s" for at in range(20)]
    control = "\n".join(["id,source,reference,stratum", *rows])
    data.joinpath("control.csv").write_text(control, encoding="utf-8")
    asked = (
        "preset: llama2, tokenizer: data/tokenizer.json, near: true, "
        "rephrase: models/tiny.lock.json, control: data/control.csv"
    )
    change(EXPERIMENT / "experiment.yaml", "n: 5, control: data/reference.csv", asked)
    planned(reprollm)
    well(reprollm("contamination", "scan", "spelling", "--receipt", "scan.json", "--jobs", "1"))
    well(reprollm("ledger", "commit", str(LEDGER), "scan.json"))
    well(reprollm("contamination", "examine", "spelling", "--receipt", "examine.json"))
    well(reprollm("ledger", "commit", str(LEDGER), "examine.json"))
    found = {
        record["finding"]: record["evidence"]
        for record in records("finding")
        if record["subject"] == "*"
    }
    assert [found[f"contamination/{name}"]["claim"] for name in BESIDE] == ["fact", "screening"]
    assert {found[f"contamination/{name}"]["parameters"]["scan"] for name in BESIDE} == {"training"}
    [head] = records("examination")
    [scan] = head["core"]["checks"]["scan"]
    assert scan["rephrase"] == head["snapshot"]
    assert len(scan["tokenizer"]) == 64
    statement = found["contamination/decision"]["detail"]["statement"]
    assert all(f"{name} (training)" in statement for name in BESIDE)
    # Nothing was answered here; all else holds.
    for judged in (by_reprollm(LEDGER), by_verify_py(LEDGER)):
        assert [problem["defect"] for problem in judged.report["problems"]] == ["PlanIncomplete"]


def test_rephrasings_without_a_control_are_refused_by_the_plan(
    declared: Path, reprollm: Run
) -> None:
    file = EXPERIMENT / "experiment.yaml"
    change(file, "control: data/reference.csv", "rephrase: models/tiny.lock.json")
    answer = reprollm("plan", "spelling")
    assert (answer.code, "expected control in the scan training" in answer.err) == (3, True)


def test_a_scan_before_the_plan_is_in_the_log_is_refused(declared: Path, reprollm: Run) -> None:
    well(reprollm("plan", "spelling"))
    answer = reprollm("contamination", "scan", "spelling", "--jobs", "1")
    assert answer.code == 3
    assert "expected the examination in a checkpoint" in answer.err
    assert records("finding") == []


def test_a_damaged_corpus_records_nothing(declared: Path, reprollm: Run) -> None:
    planned(reprollm)
    (EXPERIMENT / "corpus" / "b.jsonl.gz").write_bytes(b"no archive")
    answer = reprollm("contamination", "scan", "spelling", "--jobs", "1")
    assert answer.code == 3
    assert "corpus/b.jsonl.gz: its gzip compression is broken" in answer.err
    assert records("finding") == []


def test_a_scan_that_is_not_declared_is_refused(declared: Path, reprollm: Run) -> None:
    answer = reprollm("contamination", "scan", "spelling", "--name", "other")
    assert answer.code == 3
    assert "expected a scan named 'other'" in answer.err
    assert "found training" in answer.err


def test_a_scan_without_a_result_in_the_log_is_said() -> None:
    scans = [{"name": name, "preset": "robust"} for name in ("done", "missing")]
    recorded = {"finding": "contamination/scan", "evidence": {"parameters": {"scan": "done"}}}
    material = Material("e" * 64, "p" * 64, {"checks": {"scan": scans}}, recorded=(recorded,))
    [found] = findings(material)
    assert found.evidence["parameters"] == {"scan": "missing", "preset": "robust"}
    assert found.evidence["mode"] == "not possible"
