"""Score records of earlier releases are what the answers of the log give, or are named."""

from pathlib import Path

import pytest

from ledger.building import plan, publish_attempt
from reprollm.canon import dumps, loads_object
from reprollm.ledger.commit import commit
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_records
from reprollm.scores.earlier.aggregate import ItemScore
from reprollm.scores.earlier.measures import Ratio
from reprollm.scores.earlier.summary import item_line
from reprollm.scores.recompute import recompute
from scores.changes import OF_ANY_RELEASE, Record, of_another_run
from scores.earlier.ledgers import Change, falsely_scored, score


def with_a_stratum_more(records: list[Record]) -> list[Record]:
    return [*records, {**records[-1], "level": "stratum", "stratum": "fine"}]


def fewer_runaways(records: list[Record]) -> list[Record]:
    return [{**record, "runaway": 3} for record in records]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        *OF_ANY_RELEASE,
        (with_a_stratum_more, "stratum fine, sampling greedy is recorded, the answers give no"),
        (of_another_run, "began before them in the log, found none"),
        (fewer_runaways, "found runaway 3"),
    ],
)
def test_a_score_that_the_answers_do_not_give_is_named(
    tmp_path: Path, change: Change, named: str
) -> None:
    falsely_scored(tmp_path, change)
    problems = recompute(tmp_path).problems
    assert {problem.defect for problem in problems} == {"ScoreMismatch"}
    assert named in problems[0].sentence


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
