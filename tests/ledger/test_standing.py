"""Which runs a ledger stands for, and from which plan one deviates, by both verifiers."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from ledger.both import defects
from ledger.building import Plan, plan, publish_attempt, whole
from reprollm.errors import InvalidInput
from reprollm.ledger.commit import commit
from reprollm.ledger.read import current_run, current_runs, run_of_model
from reprollm.ledger.segments import read_checkpoints
from reprollm.ledger.standing import Begun, predecessors, standing
from reprollm.ledger.verify import verify
from reprollm.records.checkpoint import Checkpoint
from reprollm.review import verify as standalone


def core(experiment: str = "e", model: str | None = None, data: str = "d") -> dict[str, Any]:
    return {
        "experiment_sha256": experiment,
        "data_sha256": data,
        **({} if model is None else {"model": model}),
    }


def counting(cores: dict[str, Any], begun: list[Begun]) -> list[tuple[str, str | None]]:
    return [(each.plan, each.run and each.run.run) for each in standing(cores, begun)]


def test_of_one_model_the_last_complete_run_counts() -> None:
    cores = {"P": core(), "Q": core("f")}
    begun = [Begun("p", "P", True), Begun("q", "Q", False)]
    assert counting(cores, begun) == [("P", "p")]
    assert counting(cores, begun[1:]) == [("Q", "q")]
    assert counting(cores, []) == []


def test_of_several_models_each_has_a_run_in_the_order_of_the_plans() -> None:
    cores = {"A": core(model="a"), "B": core(model="b")}
    begun = [Begun("b1", "B", True), Begun("a1", "A", True), Begun("b2", "B", False)]
    assert counting(cores, begun) == [("A", "a1"), ("B", "b1")]


def test_a_model_that_was_not_asked_is_missed() -> None:
    cores = {"A": core(model="a"), "B": core(model="b")}
    assert counting(cores, [Begun("a1", "A", True)]) == [("A", "a1"), ("B", None)]


def test_a_family_that_was_given_up_does_not_count() -> None:
    cores = {
        "A": core(model="a"), "B": core(model="b"),
        "C": core(model="a", data="new"), "D": core(model="b", data="new"),
    }  # fmt: skip
    done = [Begun("a", "A", True), Begun("b", "B", True), Begun("c", "C", True)]
    assert counting(cores, done) == [("A", "a"), ("B", "b")]
    assert counting(cores, [*done, Begun("d", "D", True)]) == [("C", "c"), ("D", "d")]


def test_sisters_do_not_deviate_and_each_model_deviates_from_itself() -> None:
    cores = {
        "A": core(model="a"), "B": core(model="b"),
        "C": core(model="a", data="new"), "D": core(model="b", data="new"),
    }  # fmt: skip
    assert predecessors(cores) == {"C": "A", "D": "B"}


def test_models_that_take_the_place_of_one_deviate_from_it() -> None:
    cores = {"P": core("f"), "A": core(model="a"), "B": core(model="b"), "Q": core("g")}
    assert predecessors(cores) == {"A": "P", "B": "P", "Q": "P"}


def test_the_stand_alone_verifier_judges_likewise() -> None:
    kinds = [core(model="a"), core(model="b"), core("f", "a"), core(), core(data="n", model="b")]
    runs = [(0, True), (1, False), (1, True), (2, True), (3, False), (4, True), (0, False)]
    for order in itertools.permutations(range(5), 3):
        cores = {f"P{number}": kinds[number] for number in order}
        assert standalone.predecessors(cores) == predecessors(cores)
        for some in itertools.combinations(runs, 3):
            begun = [
                Begun(f"r{place}", f"P{number}", done)
                for place, (number, done) in enumerate(some)
                if number in order
            ]
            said = [{"run": b.run, "plan": b.plan, "missing": int(not b.complete)} for b in begun]
            found = standalone.standing(cores, said)
            assert [(p, r and r["run"]) for p, r in found] == counting(cores, begun)


def two_models(ledger: Path) -> tuple[Plan, Plan]:
    """Commit the plans of two models, and answer that of the first."""
    first, second = (plan(experiment="e", model=name) for name in ("a", "b"))
    first.publish(ledger)
    second.publish(ledger)
    commit(ledger)
    seen = checkpoint(ledger)
    publish_attempt(ledger, first, 0, 6, checkpoint=seen)
    commit(ledger)
    return first, second


def checkpoint(ledger: Path) -> Checkpoint:
    return read_checkpoints(ledger)[0]


def test_the_plans_of_two_models_are_no_change_of_the_plan(tmp_path: Path) -> None:
    first, second = two_models(tmp_path)
    publish_attempt(tmp_path, second, 0, 6, checkpoint=checkpoint(tmp_path))
    commit(tmp_path)
    assert defects(tmp_path) == ([], [])
    assert not list((tmp_path / "shards").glob("deviation-*"))
    assert {run.plan for run in current_runs(tmp_path)} == {first.plan, second.plan}


def test_a_ledger_in_which_one_model_was_not_asked_is_incomplete(tmp_path: Path) -> None:
    two_models(tmp_path)
    for found in defects(tmp_path):
        assert len(found) == 1
        assert found[0].startswith("PlanIncomplete") and "model" in found[0]
    assert verify(tmp_path, allow_incomplete=True).holds


def test_a_ledger_in_which_one_model_answered_in_part_is_incomplete(tmp_path: Path) -> None:
    _, second = two_models(tmp_path)
    publish_attempt(tmp_path, second, 0, 3, checkpoint=checkpoint(tmp_path))
    commit(tmp_path)
    for found in defects(tmp_path):
        assert len(found) == 1
        assert found[0].startswith("PlanIncomplete") and "found none for 3" in found[0]


def test_a_run_is_found_by_its_models_name(tmp_path: Path) -> None:
    first, second = two_models(tmp_path)
    publish_attempt(tmp_path, second, 0, 6, checkpoint=checkpoint(tmp_path))
    commit(tmp_path)
    assert run_of_model(tmp_path, "b").run == second.run
    assert run_of_model(tmp_path, "a").run == first.run
    assert current_run(tmp_path) == current_runs(tmp_path)[0]
    with pytest.raises(InvalidInput, match="found none; name it with --model"):
        run_of_model(tmp_path, None)
    with pytest.raises(InvalidInput, match=r"one of the models of .*, found 'c'"):
        run_of_model(tmp_path, "c")


def test_a_run_of_the_only_model_needs_no_name(tmp_path: Path) -> None:
    made = whole(tmp_path)
    commit(tmp_path)
    assert run_of_model(tmp_path, None).run == made.run
    with pytest.raises(InvalidInput, match="one model without a name"):
        run_of_model(tmp_path, "a")
