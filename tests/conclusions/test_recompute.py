from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conclusions.ledgers import falsely_concluded
from reprollm.conclusions.recompute import recompute
from reprollm.ledger.commit import commit
from reprollm.review.verification import verify_path

Records = list[dict[str, Any]]


def test_true_conclusions_come_out_again_and_are_shown(concluded_once: Path) -> None:
    again = recompute(concluded_once)
    assert (again.same, again.problems, again.unchecked) == (14, (), ())
    found = verify_path(concluded_once)
    assert found.exit_code == 0
    claims = {claim.name: (claim.verdict, claim.recomputed) for claim in found.claims}
    assert claims["far"] == ("fails", "same")
    assert claims["near"] == ("holds", "same")


def test_declarations_that_nobody_concluded_from_are_told(ledger: Path) -> None:
    found = recompute(ledger)
    assert found.problems == ()
    assert "claims" in found.unchecked[0]
    assert "reprollm conclude" in found.unchecked[0]


def claim_what_fails(records: Records) -> Sequence[dict[str, Any]]:
    for record in records:
        if record.get("claim") == "far":
            record["verdict"] = "holds"
    return records


def say_it_of_another_log(records: Records) -> Sequence[dict[str, Any]]:
    for record in records:
        record["checkpoint"] = {**record["checkpoint"], "root": "0" * 64}
    return records


def say_it_of_different_logs(records: Records) -> Sequence[dict[str, Any]]:
    records[0]["checkpoint"] = {**records[0]["checkpoint"], "size": 1}
    return records


@pytest.mark.parametrize("change", [say_it_of_another_log, say_it_of_different_logs])
def test_conclusions_speak_of_this_log_up_to_one_checkpoint(ledger: Path, change: Any) -> None:
    falsely_concluded(ledger, change)
    [problem] = recompute(ledger).problems
    assert problem.defect == "ConclusionMismatch"
    assert "checkpoint" in problem.sentence


def test_a_false_conclusion_fails_the_level_of_numbers_with_and_without_texts(
    ledger: Path,
) -> None:
    falsely_concluded(ledger, claim_what_fails)
    found = verify_path(ledger)
    assert found.exit_code == 13
    assert "the claim far: expected fails, found holds" in found.problems[0].sentence
    hide_answers(ledger)
    assert "far" in recompute(ledger).problems[0].sentence


def hide_answers(ledger: Path) -> None:
    for path in (ledger / "openings").rglob("*"):
        if path.is_file() and "run-" in str(path):
            path.unlink()
    (ledger / "ledger.duckdb").unlink()
    commit(ledger)


def test_withheld_texts_leave_comparisons_unchecked_and_claims_on_values_judged(
    concluded: Path,
) -> None:
    hide_answers(concluded)
    found = recompute(concluded)
    assert found.problems == ()
    assert "withheld" in found.unchecked[0]
    verdicts = {each.name: each.recomputed for each in found.found}
    assert verdicts["near"] == verdicts["far"] == "same"
    assert verdicts["a-against-b"] == verdicts["better"] == "not recomputed"
