"""Estimates are what the answers of the log give, or are named as what they are not."""

from pathlib import Path

import pytest

from ledger.building import plan, publish_attempt
from reprollm.ledger.commit import commit
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_records
from reprollm.scores.recompute import recompute
from reprollm.scores.stage import score
from scores.changes import OF_ANY_RELEASE, Record, of_another_run
from scores.ledgers import Change, falsely_scored, scored


def test_scoring_twice_records_nothing_new(tmp_path: Path) -> None:
    made = scored(tmp_path)
    before = sorted((tmp_path / "shards").rglob("*.jsonl"))
    score(tmp_path, made.run)
    assert sorted((tmp_path / "shards").rglob("*.jsonl")) == before


def with_a_stratum_more(records: list[Record]) -> list[Record]:
    return [*records, {**records[-1], "level": "stratum", "group": "fine"}]


def more_runaways(records: list[Record]) -> list[Record]:
    return [{**record, "counted": {**record["counted"], "runaway": 3}} for record in records]


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
        *OF_ANY_RELEASE,
        (with_a_stratum_more, "stratum fine, sampling greedy is recorded, the answers give no"),
        (of_another_run, "began before their checkpoint, found none"),
        (more_runaways, "'runaway': 3"),
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


def test_estimates_by_definitions_of_a_release_to_come_are_not_judged(tmp_path: Path) -> None:
    falsely_scored(
        tmp_path,
        lambda records: [{**r, "version": "exact_match/9 text/1", "value": "0.5"} for r in records],
    )
    found = recompute(tmp_path)
    assert found.problems == ()
    assert [run.verdict for run in found.runs] == ["not recomputed"]
    assert "exact_match/9 text/1" in found.unchecked[0]
