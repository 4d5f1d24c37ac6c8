"""A second plan in a log never comes without a record of what changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.building import TIME, Plan, fake, plan, publish_attempt, whole
from reprollm.errors import PlanNotCommitted
from reprollm.ledger.commit import commit
from reprollm.ledger.deviations import REASON_FILE, changes
from reprollm.ledger.segments import covering, positions, read_checkpoints, read_segments
from reprollm.ledger.verify import verify
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_records


def deviations(ledger: Path) -> list[dict[str, Any]]:
    return [
        record
        for _, shard in positions(read_segments(ledger))
        for record in read_records(shard.path(ledger))
        if record["kind"] == "deviation"
    ]


def changed_plan(ledger: Path, count: int = 4) -> tuple[Plan, Plan]:
    """Commit a whole run of six requests, then a plan of the first `count` of them."""
    first = whole(ledger)
    commit(ledger)
    second = plan(count, experiment="shorter")
    second.publish(ledger)
    return first, second


def test_a_first_plan_deviates_from_nothing(tmp_path: Path) -> None:
    whole(tmp_path)
    assert commit(tmp_path).deviations == 0
    assert deviations(tmp_path) == []


def test_a_dropped_item_and_a_changed_file_are_recorded_by_the_commit(tmp_path: Path) -> None:
    first, second = changed_plan(tmp_path)
    assert commit(tmp_path).deviations == 1
    [record] = deviations(tmp_path)
    assert (record["before"], record["plan"]) == (first.plan, second.plan)
    assert (record["kept"], record["dropped"], record["added"]) == (4, 2, 0)
    assert record["changed"] == {
        "experiment_sha256": {"before": fake("normalisation"), "after": fake("shorter")}
    }
    assert commit(tmp_path).deviations == 0


def test_the_report_shows_what_changed_and_the_reason_given(tmp_path: Path) -> None:
    _, second = changed_plan(tmp_path)
    folder = tmp_path / "plans" / second.plan
    folder.mkdir(parents=True)
    (folder / REASON_FILE).write_text("two items were duplicates\n", encoding="utf-8")
    commit(tmp_path)
    report = verify(tmp_path)
    assert report.holds
    [notice] = [notice for notice in report.notices if "deviates" in notice]
    assert "experiment_sha256" in notice
    assert "2 dropped" in notice
    assert "two items were duplicates" in notice


def test_a_run_of_a_later_plan_follows_its_deviation_and_holds(tmp_path: Path) -> None:
    _, second = changed_plan(tmp_path)
    commit(tmp_path)
    seen = read_checkpoints(tmp_path)[-1]
    publish_attempt(tmp_path, second, 0, 4, checkpoint=seen)
    commit(tmp_path)
    assert verify(tmp_path).problems == ()


UNTRUE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "kept": lambda true: {**true, "kept": 5},
    "dropped": lambda true: {**true, "dropped": 0},
    "added": lambda true: {**true, "added": 1},
    "changed": lambda true: {**true, "changed": {}},
    "before": lambda true: {**true, "before": fake("another plan")},
}


@pytest.mark.parametrize("field", UNTRUE)
def test_an_untrue_deviation_is_named(tmp_path: Path, field: str) -> None:
    first, second = changed_plan(tmp_path)
    true = new(
        "deviation", plan=second.plan, before=first.plan, kept=4, dropped=2, added=0, reason=None,
        changed={"experiment_sha256": {"before": fake("normalisation"), "after": fake("shorter")}},
        created=TIME.format(9),
    )  # fmt: skip
    publish(tmp_path, f"deviation-{second.plan[:16]}", [Sealed(UNTRUE[field](true))])
    commit(tmp_path)
    [problem] = verify(tmp_path).problems
    assert problem.defect == "RecordsDisagree"
    assert ("not true: " + field if field != "before" else "before it") in problem.sentence


def test_a_second_deviation_of_one_plan_is_named(tmp_path: Path) -> None:
    changed_plan(tmp_path)
    commit(tmp_path)
    [record] = deviations(tmp_path)
    again = {**record, "reason": "another story"}
    publish(tmp_path, f"deviation-{record['plan'][:16]}", [Sealed(again)])
    commit(tmp_path)
    [problem] = verify(tmp_path).problems
    assert "second deviation record" in problem.sentence


def test_changes_show_absent_fields_as_null() -> None:
    assert changes({"a": 1, "b": {"c": "x"}}, {"b": {"c": "y"}, "d": None}) == {
        "a": {"before": 1, "after": None},
        "b": {"before": {"c": "x"}, "after": {"c": "y"}},
    }


def test_no_run_begins_before_a_checkpoint_covers_its_plan(tmp_path: Path) -> None:
    shard = plan(2).publish(tmp_path)
    with pytest.raises(PlanNotCommitted, match="before the first token"):
        covering(tmp_path, shard)
    done = commit(tmp_path)
    assert covering(tmp_path, shard).size == done.size
