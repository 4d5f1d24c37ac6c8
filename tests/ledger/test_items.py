"""Item records are just those that their plan committed to, and stand before its first answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ledger.both import defects
from ledger.building import Plan, plan, publish_attempt
from reprollm.ledger.commit import commit
from reprollm.ledger.read import Item, items
from reprollm.ledger.segments import read_checkpoints
from reprollm.prompts.described import Described, described_sha256, publish_items
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import publish

FACTS = tuple(
    Described(
        f"item-{number}",
        f"letter {number // 2}",
        "dev" if number < 2 else "test",
        {"anna": "x", "bert": "y"} if number % 2 else {},
    )
    for number in range(6)
)


@dataclass(frozen=True)
class Made:
    """A ledger with a plan that commits to item records."""

    ledger: Path
    plan: Plan

    def answer(self) -> None:
        """Commit what is there, then answers to all requests."""
        commit(self.ledger)
        seen = read_checkpoints(self.ledger)[-1]
        publish_attempt(self.ledger, self.plan, 0, 6, checkpoint=seen)
        commit(self.ledger)

    def records(self) -> list[Sealed]:
        """Return the records as they should be."""
        return [self.record(fact) for fact in FACTS]

    def record(self, fact: Described) -> Sealed:
        said: dict[str, Any] = {
            "item": fact.item, "document": fact.document, "split": fact.split, "annotations": None,
        }  # fmt: skip
        return seal_record(new("item", plan=self.plan.plan, **said), {"annotations": None})


@pytest.fixture
def made(tmp_path: Path) -> Made:
    said = {"records": len(FACTS), "sha256": described_sha256(FACTS)}
    planned = plan(items=said)
    planned.publish(tmp_path)
    return Made(tmp_path, planned)


def test_items_are_read_as_the_experiment_said(made: Made) -> None:
    publish_items(FACTS, made.plan.plan, made.ledger)
    made.answer()
    found = items(made.ledger, made.plan.plan)
    assert list(found) == [fact.item for fact in FACTS]
    assert found["item-3"] == Item("letter 1", "test", {"anna": "x", "bert": "y"})
    assert found["item-0"] == Item("letter 0", "dev", None)
    assert items(made.ledger, "0" * 64) == {}
    assert defects(made.ledger) == ([], [])


def test_items_are_published_once(made: Made) -> None:
    first = publish_items(FACTS, made.plan.plan, made.ledger)
    assert publish_items(FACTS, made.plan.plan, made.ledger) == first


def changed(records: list[Sealed]) -> list[Sealed]:
    return [Sealed({**records[0].record, "split": "test"}), *records[1:]]


def dropped(records: list[Sealed]) -> list[Sealed]:
    return records[:-1]


def added(records: list[Sealed]) -> list[Sealed]:
    return [*records, Sealed({**records[0].record, "item": "item-6"})]


def twice(records: list[Sealed]) -> list[Sealed]:
    return [*records[:-1], records[0]]


def permuted(records: list[Sealed]) -> list[Sealed]:
    return list(reversed(records))


def renamed(records: list[Sealed]) -> list[Sealed]:
    return [Sealed({**records[0].record, "item": "another"}), *records[1:]]


@pytest.mark.parametrize(
    ("attack", "defect"),
    [
        (changed, "LeafMismatch"),
        (dropped, "PlanIncomplete"),
        (added, "PlanIncomplete"),
        (twice, "RecordsDisagree"),
        (permuted, "RecordsDisagree"),
        (renamed, "RecordsDisagree"),
    ],
)
def test_other_item_records_than_the_plan_committed_to_are_named(
    made: Made, attack: Callable[[list[Sealed]], list[Sealed]], defect: str
) -> None:
    publish(made.ledger, f"items-{made.plan.plan[:16]}", attack(made.records()))
    made.answer()
    for found in defects(made.ledger):
        [sentence] = found
        assert sentence.startswith(f"{defect}: plan {made.plan.plan[:16]}"), sentence


def test_item_records_that_are_missing_altogether_are_named(made: Made) -> None:
    made.answer()
    for found in defects(made.ledger):
        [sentence] = found
        assert sentence.startswith("PlanIncomplete") and "6 item records" in sentence


def test_item_records_after_the_first_start_are_named(made: Made) -> None:
    made.answer()
    publish_items(FACTS, made.plan.plan, made.ledger)
    commit(made.ledger)
    for found in defects(made.ledger):
        [sentence] = found
        assert "begun before all its item records were in the log" in sentence


def test_item_records_of_a_plan_that_commits_to_none_are_named(tmp_path: Path) -> None:
    planned = plan()
    planned.publish(tmp_path)
    made = Made(tmp_path, planned)
    publish(tmp_path, f"items-{planned.plan[:16]}", made.records())
    made.answer()
    for found in defects(tmp_path):
        [sentence] = found
        assert sentence.startswith("RecordsDisagree") and "did not commit" in sentence


def test_another_document_gives_another_digest() -> None:
    other = (replace(FACTS[0], document=None), *FACTS[1:])
    assert described_sha256(other) != described_sha256(FACTS)
