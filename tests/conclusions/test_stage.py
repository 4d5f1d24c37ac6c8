from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conclusions.conftest import CORE, STUDY
from conclusions.ledgers import Study, answer_again, answered
from reprollm.cli.conclude import command
from reprollm.conclusions.stage import conclude
from reprollm.errors import InvalidInput
from reprollm.ledger.commit import commit
from reprollm.ledger.read import current_runs
from reprollm.ledger.verify import verify
from reprollm.records.shard import read_records


@pytest.fixture(scope="module")
def found(concluded_once: Path) -> list[dict[str, Any]]:
    """Return the records of a ledger's conclusions."""
    return records(concluded_once)


def records(ledger: Path) -> list[dict[str, Any]]:
    done = conclude(ledger)
    assert done.shard is not None
    return list(read_records(done.shard.path(ledger)))


def test_everything_declared_is_concluded_in_order(found: list[dict[str, Any]]) -> None:
    assert [(record["kind"], record[record["kind"]]) for record in found] == [
        ("comparison", "a-against-b"),
        ("comparison", "on-the-test-split"),
        ("comparison", "agreement/annotators"),
        ("comparison", "agreement/passes"),
        ("comparison", "agreement/passes"),
        ("comparison", "agreement/models"),
        ("comparison", "determinism"),
        ("comparison", "determinism"),
        ("claim", "near"),
        ("claim", "far"),
        ("claim", "sure"),
        ("claim", "unsure"),
        ("claim", "of-nothing"),
        ("claim", "better"),
    ]


def test_claims_hold_fail_and_stay_undecided(found: list[dict[str, Any]]) -> None:
    claims = {r["claim"]: r["verdict"] for r in found if r["kind"] == "claim"}
    assert claims == {
        "near": "holds",
        "far": "fails",
        "sure": "holds",
        "unsure": "undecided",
        "of-nothing": "undecided",
        "better": "undecided",
    }


def test_every_record_names_what_it_was_derived_from(found: list[dict[str, Any]]) -> None:
    assert len({json.dumps(record["checkpoint"]) for record in found}) == 1
    assert len({record["code"] for record in found}) == 1
    near = next(record for record in found if record.get("claim") == "near")
    assert near["evidence"]["estimate"]["position"] < near["checkpoint"]["size"]


def test_a_part_of_the_items_is_compared(found: list[dict[str, Any]]) -> None:
    pair = next(r for r in found if r.get("comparison") == "on-the-test-split")
    assert pair["evidence"]["pairs"]["items"] == 8
    assert pair["evidence"]["effect"]["interval"]["level"] == "0.9"


def test_repetitions_show_whether_the_declared_class_holds(found: list[dict[str, Any]]) -> None:
    said = [r["evidence"] for r in found if r.get("comparison") == "determinism"]
    assert [(each["verdict"], each["rate"]) for each in said] == [
        ("holds", "1"), ("fails", "0.916666667"),
    ]  # fmt: skip
    assert said[0]["measured"]["repetitions"]["pairs"] == 12


def test_another_run_of_the_plan_is_a_repetition(ledger: Path) -> None:
    run = current_runs(ledger)[0]
    changed = {"und er ſprach 1": "und er sprach 1"}
    answer_again(ledger, STUDY, ("a", run.plan), second=9, name="b", nonce="again",
                 change=lambda text: changed.get(text, text))  # fmt: skip
    found = [r["evidence"] for r in records(ledger) if r.get("comparison") == "determinism"]
    reruns = found[0]["measured"]["reruns"]
    assert reruns["pairs"] == 24
    assert (reruns["tokens"]["kept"], reruns["tokens"]["compared"]) == (22, 24)


def test_the_same_conclusions_are_published_once(concluded_once: Path) -> None:
    assert verify(concluded_once).problems == ()
    shards = sorted((concluded_once / "shards").rglob("*.jsonl"))
    assert conclude(concluded_once).shard is not None
    assert sorted((concluded_once / "shards").rglob("*.jsonl")) == shards


def test_without_estimates_claims_on_values_are_undecided(tmp_path: Path) -> None:
    claim = {**CORE["claims"][0], "of": {}}
    study = Study({None: {"greedy": {("0", 0): ["ja"]}}}, ["ja"], {"claims": [claim]})
    answered(tmp_path / "study", study)
    found = {r["claim"]: r for r in records(tmp_path / "study") if r["kind"] == "claim"}
    assert found["near"]["verdict"] == "undecided"
    assert found["near"]["evidence"]["because"] == "no-estimate"


def test_declarations_that_no_experiment_makes_are_refused(tmp_path: Path) -> None:
    family = {name: said for name, said in CORE["comparisons"].items() if name != "permutations"}
    answered(tmp_path / "study", replace(STUDY, core={**CORE, "comparisons": family}))
    with pytest.raises(InvalidInput, match=r"cannot be concluded from .*permutations"):
        conclude(tmp_path / "study")


def test_withheld_texts_give_no_conclusions(ledger: Path) -> None:
    for path in (ledger / "openings").rglob("*"):
        if path.is_file() and "run-" in str(path):
            path.unlink()
    (ledger / "ledger.duckdb").unlink()
    commit(ledger)
    with pytest.raises(InvalidInput, match="withheld"):
        conclude(ledger)


def test_a_ledger_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        conclude(tmp_path)


def test_the_command_shows_conclusions_and_prints_them_as_json(concluded_once: Path) -> None:
    shown = CliRunner().invoke(command, [str(concluded_once)], env={"COLUMNS": "160"})
    assert shown.exit_code == 0, shown.output
    for said in ("a-against-b", "undecided", "holds, 12 of 12 kept", "fails"):
        assert said in shown.output
    printed = CliRunner().invoke(command, [str(concluded_once), "--json"])
    found = json.loads(printed.output)
    assert len(found["conclusions"]) == 14
    assert found["conclusions"][0]["evidence"]["kind"] == "pair"
