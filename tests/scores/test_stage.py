"""What `reprollm score` leaves behind: records, a table, and words for people."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from command import Run, runner
from ledger.building import plan, publish_attempt
from reprollm.cli.score import _endings
from reprollm.errors import InvalidInput
from reprollm.ledger.commit import commit
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_records
from reprollm.scores.read import estimates
from reprollm.scores.recompute import recompute
from reprollm.scores.settings import Settings
from reprollm.scores.stage import runs_to_score, score
from reprollm.unattested.inspect_log import read
from reprollm.unattested.record import take_in
from scores.answers import answer, rows
from scores.ledgers import answered, scored
from unattested.logs import EVAL


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def documented(ledger: Path) -> str:
    """Return the run of a ledger whose items are taken from two documents."""
    made = plan(6)
    made.publish(ledger)
    items = [
        new("item", plan=made.plan, item=f"item-{n}", document=f"text {n % 2}",
            split="test" if n < 4 else None, annotations=None)
        for n in range(6)
    ]  # fmt: skip
    publish(ledger, f"items-{made.plan[:16]}", map(Sealed, items))
    commit(ledger)
    publish_attempt(ledger, made, 0, 6)
    commit(ledger)
    return made.run


def test_estimates_name_the_checkpoint_that_they_speak_of(tmp_path: Path) -> None:
    made = answered(tmp_path)
    done = score(tmp_path, made.run)
    assert done.shard is not None
    records = list(read_records(done.shard.path(tmp_path)))
    [size] = {record["checkpoint"]["size"] for record in records}
    assert (tmp_path / "log" / f"{size:012d}.checkpoint").is_file()
    assert {record["kind"] for record in records} == {"estimate"}


def test_documents_of_the_log_are_what_is_resampled(tmp_path: Path) -> None:
    run = documented(tmp_path)
    done = score(tmp_path, run)
    whole = next(row for row in done.rows if row.level == "all")
    assert (whole.n, whole.items, whole.clusters) == (5, 5, 2)
    assert whole.interval.method == "bootstrap"
    [split] = [row for row in done.rows if row.level == "split"]
    assert (split.group, split.n) == ("test", 3)
    commit(tmp_path)
    assert [each.verdict for each in recompute(tmp_path).runs] == ["same"]


def test_the_table_of_item_scores_says_what_was_counted(tmp_path: Path) -> None:
    run = documented(tmp_path)
    score(tmp_path, run)
    rows = pq.read_table(tmp_path / "scores" / f"{run[:16]}.parquet").to_pylist()
    assert [row["index"] for row in rows] == [0, 1, 2, 4, 5]
    assert {row["document"] for row in rows} == {"text 0", "text 1"}
    assert [row["split"] for row in rows] == ["test", "test", "test", None, None]
    assert {(row["counts"], row["value"], row["status"]) for row in rows} == {
        ("[[0,1]]", 0.0, "answered")
    }
    assert all(row["counted"] and not row["runaway"] for row in rows)


def test_recorded_estimates_are_read_back_as_they_were_made(tmp_path: Path) -> None:
    made = answered(tmp_path)
    done = score(tmp_path, made.run)
    commit(tmp_path)
    found = estimates(tmp_path, made.run)
    assert [one.to_json() for one in found] == [row.to_json() for row in done.rows]
    assert {(one.run, one.plan) for one in found} == {(made.run, made.plan)}
    assert estimates(tmp_path, "ab" * 32) == []


def test_of_a_row_that_was_recorded_again_the_later_estimate_counts(tmp_path: Path) -> None:
    made = plan(6)
    made.publish(tmp_path)
    commit(tmp_path)
    for first, last in ((0, 3), (3, 6)):
        publish_attempt(tmp_path, made, first, last)
        commit(tmp_path)
        score(tmp_path, made.run)
        commit(tmp_path)
    assert [one.n for one in estimates(tmp_path, made.run) if one.level == "all"] == [5]


def test_names_of_scores_are_for_imports_alone(tmp_path: Path) -> None:
    answered(tmp_path)
    with pytest.raises(InvalidInput, match="its plan names them"):
        runs_to_score(tmp_path, None, ["accuracy"])


def test_scores_of_mentions_are_not_for_imports(tmp_path: Path) -> None:
    take_in(tmp_path, read(EVAL))
    commit(tmp_path)
    with pytest.raises(InvalidInput, match="found text, which is how answers of imports are read"):
        runs_to_score(tmp_path, None, ["entity_f1_strict"])


def test_an_unknown_run_is_refused_by_name(tmp_path: Path) -> None:
    answered(tmp_path)
    with pytest.raises(InvalidInput, match="expected a run or import abababab"):
        score(tmp_path, "ab" * 32)


def test_people_are_told_values_intervals_and_what_was_counted(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    said = run("score", str(tmp_path))
    assert said.code == 0, said.err
    words = " ".join(said.out.split())
    assert "exact match mean of ratios all 0.0000 0.0000–0.4345 5" in words
    assert "Intervals at the level 0.95: wilson (exact match)." in words
    assert "stratum umlaut" in words
    assert "5 answers to 5 items: 5 answered." in words
    assert "1 further answers have no reference." in words


def test_programs_are_told_the_same_as_json(tmp_path: Path, run: Run) -> None:
    made = scored(tmp_path)
    rows = json.loads(run("score", str(tmp_path), "--json").out)
    assert {(row["run"], row["unattested"]) for row in rows} == {(made.run, False)}
    recorded = [one.to_json() for one in estimates(tmp_path, made.run)]
    assert [{name: row[name] for name in recorded[0]} for row in rows] == recorded


def test_what_is_undefined_is_left_out_of_means_alone() -> None:
    judged = [answer(0, "x", '["O"]'), answer(1, "x", '["B-pers"]')]
    found = rows(judged, Settings(("entity_f1_strict",), {"parser": "mentions"}))
    [said] = [line for line in _endings(found) if "undefined" in line]
    assert said == "entity f1 strict: undefined for 1 answers, left out of the mean of ratios."
