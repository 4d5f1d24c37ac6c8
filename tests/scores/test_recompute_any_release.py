"""What holds alike of score records of earlier releases and of today's estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.building import Plan, plan, publish_attempt
from reprollm.ledger.commit import commit
from reprollm.scores import answers, stage
from reprollm.scores.recompute import recompute
from scores import ledgers
from scores.changes import Record
from scores.earlier import ledgers as earlier


@dataclass(frozen=True)
class Release:
    """How a release scores a run, and a ledger with records that an author changed."""

    score: Callable[[Path, str], Any]
    falsely_scored: Callable[[Path, ledgers.Change], Plan]


@pytest.fixture(params=["today", "earlier"])
def of(request: pytest.FixtureRequest) -> Release:
    if request.param == "today":
        return Release(stage.score, ledgers.falsely_scored)
    return Release(earlier.score, earlier.falsely_scored)


def unchanged(records: list[Record]) -> list[Record]:
    return records


def test_scores_that_follow_from_the_answers_hold(tmp_path: Path, of: Release) -> None:
    made = of.falsely_scored(tmp_path, unchanged)
    found = recompute(tmp_path)
    assert (found.problems, found.unchecked) == ((), ())
    assert [(run.run, run.verdict) for run in found.runs] == [(made.run, "same")]
    assert found.answers == 5, "one of six requests has no reference"


def test_scores_speak_only_of_the_answers_before_them(tmp_path: Path, of: Release) -> None:
    made = plan(6)
    made.publish(tmp_path)
    commit(tmp_path)
    publish_attempt(tmp_path, made, 0, 3)
    commit(tmp_path)
    of.score(tmp_path, made.run)
    commit(tmp_path)
    publish_attempt(tmp_path, made, 3, 6)
    commit(tmp_path)
    of.score(tmp_path, made.run)
    commit(tmp_path)
    found = recompute(tmp_path)
    assert found.problems == ()
    assert [run.rows[0]["n"] for run in found.runs] == [3, 5]


def test_withheld_texts_leave_scores_unchecked_and_say_so(tmp_path: Path, of: Release) -> None:
    made = of.falsely_scored(tmp_path, unchanged)
    withhold_outputs(tmp_path, made)
    found = recompute(tmp_path)
    assert found.problems == ()
    assert "5 of 6 answers or references are withheld" in found.unchecked[0]
    assert [run.verdict for run in found.runs] == ["not recomputed"]


def test_withheld_texts_hide_no_row_that_counts_more_answers_than_there_are(
    tmp_path: Path, of: Release
) -> None:
    made = of.falsely_scored(tmp_path, lambda records: [{**r, "n": 7} for r in records])
    withhold_outputs(tmp_path, made)
    [problem] = recompute(tmp_path).problems
    assert "counts 7 answers, the log holds 6" in problem.sentence


def withhold_outputs(ledger: Path, made: Plan) -> None:
    for path in (ledger / "openings" / f"run-{made.run[:16]}").rglob("*.jsonl"):
        path.unlink()
    (ledger / "ledger.duckdb").unlink()
    commit(ledger)


def test_more_answers_than_one_portion_are_scored_in_the_plans_order(
    tmp_path: Path, of: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    of.falsely_scored(tmp_path, unchanged)
    whole = recompute(tmp_path)
    monkeypatch.setattr(answers, "_PORTION", 2)
    assert recompute(tmp_path) == whole
    assert whole.answers == 5
