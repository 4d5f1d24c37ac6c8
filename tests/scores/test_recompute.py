"""Estimates are what the answers of the log give, or are named as what they are not."""

from pathlib import Path
from typing import Any

import pytest

from ledger.building import Plan, plan, publish_attempt
from reprollm.ledger.commit import commit
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_records
from reprollm.scores import answers
from reprollm.scores.recompute import recompute
from reprollm.scores.stage import score
from scores.ledgers import Change, falsely_scored, scored

Record = dict[str, Any]


def test_scores_that_follow_from_the_answers_hold(tmp_path: Path) -> None:
    made = scored(tmp_path)
    found = recompute(tmp_path)
    assert (found.problems, found.unchecked) == ((), ())
    assert [(run.run, run.verdict) for run in found.runs] == [(made.run, "same")]
    assert found.answers == 5, "one of six requests has no reference"


def test_scoring_twice_records_nothing_new(tmp_path: Path) -> None:
    made = scored(tmp_path)
    before = sorted((tmp_path / "shards").rglob("*.jsonl"))
    score(tmp_path, made.run)
    assert sorted((tmp_path / "shards").rglob("*.jsonl")) == before


def raised(records: list[Record]) -> list[Record]:
    return [{**records[0], "value": "0.999999"}, *records[1:]]


def counting_more(records: list[Record]) -> list[Record]:
    return [{**record, "n": record["n"] + 1} for record in records]


def another_table(records: list[Record]) -> list[Record]:
    return [{**record, "table_sha256": "0" * 64} for record in records]


def without_the_stratum(records: list[Record]) -> list[Record]:
    return [record for record in records if record["level"] == "all"]


def with_a_stratum_more(records: list[Record]) -> list[Record]:
    return [*records, {**records[-1], "level": "stratum", "group": "fine"}]


def twice(records: list[Record]) -> list[Record]:
    return [records[0], *records]


def twice_differently(records: list[Record]) -> list[Record]:
    return [*records, {**records[0], "value": "1.000000"}]


def of_another_run(records: list[Record]) -> list[Record]:
    return [{**record, "run": "ab" * 32} for record in records]


def of_another_plan(records: list[Record]) -> list[Record]:
    return [{**record, "plan": "ab" * 32} for record in records]


def of_another_measure(records: list[Record]) -> list[Record]:
    return [{**record, "score": "character_error_rate"} for record in records]


def more_runaways(records: list[Record]) -> list[Record]:
    return [{**record, "counted": {**record["counted"], "runaway": 3}} for record in records]


def undefined(records: list[Record]) -> list[Record]:
    return [{**record, "value": None, "undefined": record["n"]} for record in records]


def narrower(records: list[Record]) -> list[Record]:
    return [{**records[0], "high": "0.400000"}, *records[1:]]


def by_another_method(records: list[Record]) -> list[Record]:
    interval = {**records[0]["interval"], "method": "bootstrap", "resamples": 999, "seed": "1"}
    return [{**record, "interval": interval} for record in records]


def without_its_warnings(records: list[Record]) -> list[Record]:
    return [{**record, "warnings": ["all-is-well"]} for record in records]


def of_more_clusters(records: list[Record]) -> list[Record]:
    return [{**record, "clusters": record["clusters"] + 1} for record in records]


def of_more_passes(records: list[Record]) -> list[Record]:
    return [{**record, "passes": {"asked": 3, "distinct": 3}} for record in records]


def of_another_checkpoint(records: list[Record]) -> list[Record]:
    return [{**r, "checkpoint": {**r["checkpoint"], "root": "ab" * 32}} for r in records]


def of_a_later_checkpoint(records: list[Record]) -> list[Record]:
    later = {"root": "ab" * 32, "size": 10_000}
    return [{**record, "checkpoint": later} for record in records]


def of_two_checkpoints(records: list[Record]) -> list[Record]:
    return [of_another_checkpoint(records)[0], *records[1:]]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (raised, "value 0.999999"),
        (counting_more, "found n 6"),
        (another_table, "table_sha256 0000"),
        (without_the_stratum, "stratum umlaut, sampling greedy is not recorded"),
        (with_a_stratum_more, "stratum fine, sampling greedy is recorded, the answers give no"),
        (twice, "is recorded twice"),
        (twice_differently, "is recorded twice"),
        (of_another_run, "began before their checkpoint, found none"),
        (of_another_plan, "expected plan"),
        (of_another_measure, "character_error_rate"),
        (more_runaways, "'runaway': 3"),
        (undefined, "value None"),
        (narrower, "found high 0.400000"),
        (by_another_method, "bootstrap"),
        (without_its_warnings, "all-is-well"),
        (of_more_clusters, "found clusters 6"),
        (of_more_passes, "'distinct': 3"),
        (of_another_checkpoint, "one checkpoint of the log before them"),
        (of_a_later_checkpoint, "one checkpoint of the log before them"),
        (of_two_checkpoints, "one checkpoint of the log before them"),
    ],
)
def test_a_score_that_the_answers_do_not_give_is_named(
    tmp_path: Path, change: Change, named: str
) -> None:
    falsely_scored(tmp_path, change)
    problems = recompute(tmp_path).problems
    assert {problem.defect for problem in problems} == {"ScoreMismatch"}
    assert named in problems[0].sentence


def test_scores_speak_only_of_the_answers_before_them(tmp_path: Path) -> None:
    made = plan(6)
    made.publish(tmp_path)
    commit(tmp_path)
    publish_attempt(tmp_path, made, 0, 3)
    commit(tmp_path)
    score(tmp_path, made.run)
    commit(tmp_path)
    publish_attempt(tmp_path, made, 3, 6)
    commit(tmp_path)
    score(tmp_path, made.run)
    commit(tmp_path)
    found = recompute(tmp_path)
    assert found.problems == ()
    assert [run.rows[0]["n"] for run in found.runs] == [3, 5]


def test_a_score_before_its_run_is_refused(tmp_path: Path) -> None:
    made = plan(6)
    made.publish(tmp_path / "first")
    publish_attempt(tmp_path / "first", made, 0, 6)
    commit(tmp_path / "first")
    done = score(tmp_path / "first", made.run)
    assert done.shard is not None
    ledger = tmp_path / "second"
    made.publish(ledger)
    publish(ledger, "score-early", map(Sealed, read_records(done.shard.path(tmp_path / "first"))))
    commit(ledger)
    publish_attempt(ledger, made, 0, 6)
    commit(ledger)
    [problem] = recompute(ledger).problems
    assert "one checkpoint of the log before them" in problem.sentence


def test_withheld_texts_leave_scores_unchecked_and_say_so(tmp_path: Path) -> None:
    made = scored(tmp_path)
    withhold_outputs(tmp_path, made)
    found = recompute(tmp_path)
    assert found.problems == ()
    assert "5 of 6 answers or references are withheld" in found.unchecked[0]
    assert [run.verdict for run in found.runs] == ["not recomputed"]


def test_withheld_texts_hide_no_row_that_counts_more_answers_than_there_are(
    tmp_path: Path,
) -> None:
    made = falsely_scored(tmp_path, lambda records: [{**r, "n": 7} for r in records])
    withhold_outputs(tmp_path, made)
    [problem] = recompute(tmp_path).problems
    assert "counts 7 answers, the log holds 6" in problem.sentence


def withhold_outputs(ledger: Path, made: Plan) -> None:
    for path in (ledger / "openings" / f"run-{made.run[:16]}").rglob("*.jsonl"):
        path.unlink()
    (ledger / "ledger.duckdb").unlink()
    commit(ledger)


def test_estimates_by_definitions_of_a_release_to_come_are_not_judged(tmp_path: Path) -> None:
    falsely_scored(
        tmp_path,
        lambda records: [{**r, "version": "exact_match/9 text/1", "value": "0.5"} for r in records],
    )
    found = recompute(tmp_path)
    assert found.problems == ()
    assert [run.verdict for run in found.runs] == ["not recomputed"]
    assert "exact_match/9 text/1" in found.unchecked[0]


def test_more_answers_than_one_portion_are_scored_in_the_plans_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(tmp_path)
    whole = recompute(tmp_path)
    monkeypatch.setattr(answers, "_PORTION", 2)
    assert recompute(tmp_path) == whole
    assert whole.answers == 5
