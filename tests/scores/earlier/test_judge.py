"""Score records of earlier releases are what the answers of the log give, or are named."""

from pathlib import Path
from typing import Any

import pytest

from ledger.building import Plan, plan, publish_attempt
from reprollm.canon import dumps, loads_object
from reprollm.ledger.commit import commit
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_records
from reprollm.scores import answers
from reprollm.scores.earlier.aggregate import ItemScore
from reprollm.scores.earlier.measures import Ratio
from reprollm.scores.earlier.summary import item_line
from reprollm.scores.recompute import recompute
from scores.earlier.ledgers import Change, falsely_scored, score, scored

Record = dict[str, Any]


def test_scores_that_follow_from_the_answers_hold(tmp_path: Path) -> None:
    made = scored(tmp_path)
    found = recompute(tmp_path)
    assert (found.problems, found.unchecked) == ((), ())
    assert [(run.run, run.verdict) for run in found.runs] == [(made.run, "same")]
    assert found.answers == 5, "one of six requests has no reference"


def raised(records: list[Record]) -> list[Record]:
    return [{**records[0], "value": "0.999999"}, *records[1:]]


def counting_more(records: list[Record]) -> list[Record]:
    return [{**record, "n": record["n"] + 1} for record in records]


def another_table(records: list[Record]) -> list[Record]:
    return [{**record, "table_sha256": "0" * 64} for record in records]


def without_the_stratum(records: list[Record]) -> list[Record]:
    return [record for record in records if record["level"] == "all"]


def with_a_stratum_more(records: list[Record]) -> list[Record]:
    return [*records, {**records[-1], "level": "stratum", "stratum": "fine"}]


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


def fewer_runaways(records: list[Record]) -> list[Record]:
    return [{**record, "runaway": 3} for record in records]


def undefined(records: list[Record]) -> list[Record]:
    return [{**record, "value": None, "undefined": record["n"]} for record in records]


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
        (of_another_run, "began before them in the log, found none"),
        (of_another_plan, "expected plan"),
        (of_another_measure, "character_error_rate"),
        (fewer_runaways, "found runaway 3"),
        (undefined, "value None"),
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
    shard = score(tmp_path / "first", made.run)
    ledger = tmp_path / "second"
    made.publish(ledger)
    publish(ledger, "score-early", map(Sealed, read_records(shard.path(tmp_path / "first"))))
    commit(ledger)
    publish_attempt(ledger, made, 0, 6)
    commit(ledger)
    [problem] = recompute(ledger).problems
    assert "began before them" in problem.sentence


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


def test_the_line_of_an_item_score_is_canonical() -> None:
    score = ItemScore(7, "ab" * 32, "i", None, "greedy", "0", 0, "exact_match", Ratio(1, 1), True)
    line = item_line(score)
    assert dumps(loads_object(line)) == line
    assert loads_object(line) == {
        "index": 7,
        "request": "ab" * 32,
        "score": "exact_match",
        "numerator": 1,
        "denominator": 1,
        "runaway": True,
    }


def test_more_answers_than_one_portion_are_scored_in_the_plans_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(tmp_path)
    whole = recompute(tmp_path)
    monkeypatch.setattr(answers, "_PORTION", 2)
    assert recompute(tmp_path) == whole
    assert whole.answers == 5
