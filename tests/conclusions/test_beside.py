from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from conclusions.conftest import GOOD, GREEDY, POOR, STUDY
from conclusions.ledgers import answered
from reprollm.cli.compare import command
from reprollm.compare.runs import Comparison, compare
from reprollm.conclusions.beside import beside, side_meant, sides_of
from reprollm.conclusions.kept import kept

OF = replace(STUDY, cells={"a": {"greedy": {GREEDY: GOOD}}}, splits=(), annotations={})
AGAINST = replace(OF, cells={"b": {"greedy": {GREEDY: POOR}}})


def test_two_arms_of_a_ledger_are_compared_by_item(concluded_once: Path) -> None:
    sides = sides_of(concluded_once)
    assert [side.arm.model for side in sides] == ["a", "b"]
    found = beside(sides[0], side_meant(sides, {"model": "b"}, "a test"))
    scores = {said["score"]: said for said in found.scores}
    assert scores.keys() == {"exact_match", "character_error_rate"}
    assert scores["exact_match"]["favours"] == "of"
    # Items 3 and 9 of both repetitions, of which the last of b's differs besides.
    assert (found.same, len(found.parted), found.alone) == (4, 20, 0)


def test_where_answers_part_is_shown_by_token_and_margin(concluded_once: Path) -> None:
    found = beside(*sides_of(concluded_once))
    parted = {(each.item, each.repetition): each for each in found.parted}
    one = parted["item-001", 0]
    assert (one.token, one.margin, one.character) == (0, 0.25, 0)
    assert (one.of, one.against) == ("und er ſprach 1", "vnd er ſprach 1")


def test_arms_of_different_tokenizers_are_not_compared_by_token(concluded_once: Path) -> None:
    of, against = sides_of(concluded_once)
    found = beside(of, replace(against, core={**against.core, "tokenizer": "other"}))
    assert {(each.token, each.margin) for each in found.parted} == {(None, None)}


def test_the_manifests_are_named_as_the_cause(concluded_once: Path) -> None:
    facts = {cause.fact for cause in beside(*sides_of(concluded_once)).causes}
    assert "manifest.quantization.scheme" in facts
    assert not any("claims" in fact or "comparisons" in fact for fact in facts)


def arms(concluded_once: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, [str(concluded_once), *options], env={"COLUMNS": "160"})
    return done.exit_code, done.output


def test_the_command_compares_two_arms(concluded_once: Path) -> None:
    code, shown = arms(concluded_once, "--of", "model=a", "--against", "model=b,sampling=greedy")
    assert code == 0, shown
    for said in ("exact match", "item-001", "4 of 24 answers"):
        assert said in shown
    code, printed = arms(concluded_once, "--of", "model=a", "--against", "model=b", "--json")
    assert code == 0
    assert json.loads(printed)["comparisons"][0]["kind"] == "pair"


@pytest.mark.parametrize(
    "options",
    [
        ("--of", "model=a"),
        (),
        ("--of", "modell=a", "--against", "model=b"),
        ("--of", "model=", "--against", "model=b"),
        ("--of", "model=a", "--against", "model=c"),
    ],
)
def test_arms_that_are_not_there_are_refused(
    concluded_once: Path, options: tuple[str, ...]
) -> None:
    code, _ = arms(concluded_once, *options)
    assert code != 0


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return ledgers of one model, of the same with other answers, and of another model."""
    folder = tmp_path_factory.mktemp("beside")
    changed = [GOOD[0], GOOD[1].replace("c", "k"), *GOOD[2:-1], "anders"]
    again = replace(OF, cells={"a": {"greedy": {GREEDY: changed}}})
    for name, study in (("first", OF), ("again", again), ("other", AGAINST)):
        answered(folder / name, study)
    return {name: folder / name for name in ("first", "again", "other")}


@pytest.fixture(scope="module")
def again(ledgers: dict[str, Path]) -> Comparison:
    """Return the comparison of the first ledger with that of other answers."""
    return compare(ledgers["first"], ledgers["again"])


def declaring(comparison: Comparison, declared: dict[str, str | None]) -> Comparison:
    """Return a comparison as if the first run's plan declared this class."""
    facts = comparison.first.facts
    plan = {**facts["plan"], "determinism": declared}
    return replace(comparison, first=replace(comparison.first, facts={**facts, "plan": plan}))


def test_ledgers_of_different_models_are_compared_by_item(ledgers: dict[str, Path]) -> None:
    names = [str(ledgers[name]) for name in ("first", "other")]
    done = CliRunner().invoke(command, [*names, "--json"])
    said = json.loads(done.output)
    assert type(done.exception).__name__ == "NotReproduced"
    [one] = said["by_item"]
    assert (one["of"]["model"], one["against"]["model"]) == ("a", "b")
    assert {each["score"] for each in one["comparisons"]} == {"exact_match", "character_error_rate"}
    assert "manifest.quantization.scheme" in {cause["fact"] for cause in one["causes"]}


def test_the_same_requests_are_held_against_the_declared_class(again: Comparison) -> None:
    found = kept(again)
    assert found is not None
    assert (found.verdict, found.compared, found.kept) == ("fails", 12, 10)
    assert "declared determinism: tokens; kept by 10 of 12 answers: it fails" in found.sentence


def test_the_command_says_whether_the_declared_class_holds(ledgers: dict[str, Path]) -> None:
    names = [str(ledgers["first"])] * 2
    done = CliRunner().invoke(command, names, env={"COLUMNS": "160"})
    assert "declared determinism: tokens; kept by 12 of 12 answers: it holds" in done.output


@pytest.mark.parametrize(
    ("declared", "number"),
    [
        ({"class": "bitwise", "within": None}, 10),
        ({"class": "score", "within": "0.07"}, 11),
        ({"class": "score", "within": "0.001"}, 10),
    ],
)
def test_each_class_is_judged_by_what_it_promises(
    again: Comparison, declared: dict[str, str | None], number: int
) -> None:
    facts = again.first.facts
    plan = {**facts["plan"], "scores": ["character_error_rate"]}
    first = replace(again.first, facts={**facts, "plan": plan})
    found = kept(declaring(replace(again, first=first), declared))
    assert found is not None
    assert (found.compared, found.kept, found.verdict) == (12, number, "fails")


def test_without_a_declared_class_nothing_is_said(again: Comparison) -> None:
    facts = again.first.facts
    plan = {name: said for name, said in facts["plan"].items() if name != "determinism"}
    first = replace(again.first, facts={**facts, "plan": plan})
    assert kept(replace(again, first=first)) is None
