"""Ledgers with decisions on record, and the command that corrects them together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command import Run, runner
from ledger.building import TIME, fake, plan
from reprollm.ledger.commit import commit
from reprollm.records.evidence import evidence
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish

HOSTILE = "\x1b[2Jsealed_twins\u202e"


@pytest.fixture
def reprollm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def ledger(folder: Path, p: float, tests: int = 3, primary: str = "sealed_twins") -> Path:
    """Return a ledger whose log holds one decision."""
    made = plan(1, experiment=folder.name)
    made.seal(folder)
    said = evidence(
        "decision",
        "decision",
        "1",
        mode="records",
        parameters={"primary": primary, "family": "spelling", "tests": tests},
        n=50,
        verdict="no evidence found",
        p=p,
        detail={"snapshot": fake("model"), "data": fake("data"), "statement": "…"},
    )
    record = new(
        "finding",
        run=fake(folder.name),
        plan=made.plan,
        finding="contamination/decision",
        subject="*",
        evidence=said,
        created=TIME.format(9),
    )
    publish(folder, "finding-1", [Sealed(record)])
    commit(folder)
    return folder


def test_several_ledgers_are_corrected_as_one_family(tmp_path: Path, reprollm: Run) -> None:
    first, second = ledger(tmp_path / "one", 0.01), ledger(tmp_path / "two", 0.2)
    done = reprollm("contamination", "family", str(first), str(second), "--json")
    assert done.code == 0, done.err
    value = json.loads(done.out)
    assert (value["family"], value["tests_declared"], value["tests_here"]) == ("spelling", 3, 2)
    assert [each["adjusted"] for each in value["members"]] == pytest.approx([0.03, 0.4])
    assert [each["verdict"] for each in value["members"]] == ["evidence for", "no evidence found"]


def test_the_table_says_how_many_tests_are_missing(tmp_path: Path, reprollm: Run) -> None:
    done = reprollm("contamination", "family", str(ledger(tmp_path / "one", 0.01)))
    assert done.code == 0, done.err
    assert "1 of 3 declared tests are here; all 3 are corrected for" in done.out


def test_hostile_texts_reach_no_terminal(tmp_path: Path, reprollm: Run) -> None:
    done = reprollm("contamination", "family", str(ledger(tmp_path / "one", 0.01, 3, HOSTILE)))
    assert done.code == 0, done.err
    assert not {"\x1b", "\u202e"} & set(done.out)


def test_more_tests_than_declared_are_one_sentence(tmp_path: Path, reprollm: Run) -> None:
    folders = [ledger(tmp_path / name, 0.1, tests=1) for name in ("one", "two")]
    done = reprollm("contamination", "family", *map(str, folders))
    assert done.code == 3
    assert "expected at most 1 tests, as the family spelling was declared, found 2" in done.err


def test_a_ledger_without_decision_is_one_sentence(tmp_path: Path, reprollm: Run) -> None:
    made = plan(1)
    made.seal(tmp_path)
    commit(tmp_path)
    done = reprollm("contamination", "family", str(tmp_path))
    assert done.code == 3
    assert "expected a decision on a declared primary test" in done.err


def test_a_missing_ledger_is_one_sentence(tmp_path: Path, reprollm: Run) -> None:
    done = reprollm("contamination", "family", str(tmp_path / "none"))
    assert done.code == 3
    assert "Traceback" not in done.err
