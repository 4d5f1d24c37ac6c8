import struct
from array import array
from pathlib import Path

import pytest

from ledger.building import ENVIRONMENT, plan, publish_attempt
from reprollm.errors import InvalidInput
from reprollm.ledger.commit import commit
from reprollm.ledger.lookup import find
from reprollm.ledger.read import attempts, environments, final_answers, plans, replicates, runs


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    for experiment, second in (("first", 1), ("second", 20)):
        made = plan(5, experiment)
        made.publish(folder)
        publish_attempt(folder, made, 0, 5, failing=[4], second=second)
    publish_attempt(folder, made, 0, 2, name="b", answers="anders", how=None, second=40)
    commit(folder)
    return folder


def test_answers_are_values_ordered_by_their_place_in_the_plan(ledger: Path) -> None:
    run = runs(ledger)[0].run
    answers = list(final_answers(ledger, run))
    assert [answer.index for answer in answers] == [0, 1, 2, 3]
    first = answers[0]
    assert (first.item, first.output, first.reference) == ("item-0", "sprach 0", "und er sprach")
    assert first.output_ids == (115, 112, 114, 97, 99, 104, 0)
    assert first.logprobs == array("f", [-0.5] * 7).tobytes()
    assert first.logprob_values == [-0.5] * 7
    assert first.margins == struct.pack("<2f", 0.5, 0.25)
    assert first.margin_values == [0.5, 0.25]
    assert first.environment == ENVIRONMENT
    assert answers[3].reference is None


def test_without_a_run_the_answers_of_all_runs_come(ledger: Path) -> None:
    found = list(final_answers(ledger))
    assert len(found) == 8
    assert {answer.run for answer in found} == {run.run for run in runs(ledger)}


def test_a_later_answer_does_not_replace_the_final_one(ledger: Path) -> None:
    answers = final_answers(ledger, runs(ledger)[1].run)
    assert next(answers).output == "sprach 0"


def test_runs_plans_attempts_and_environments_are_listed(ledger: Path) -> None:
    found = runs(ledger)
    assert [(run.experiment, run.planned, run.answered) for run in found] == [
        ("first", 5, 4),
        ("second", 5, 4),
    ]
    assert {p.plan for p in plans(ledger)} == {run.plan for run in found}
    tries = attempts(ledger, found[1].run)
    assert sorted(attempt.how for attempt in tries) == ["abandoned", "complete"]
    assert len(attempts(ledger)) == 3
    assert tries[0].engine == {"family": "transformers"}
    assert tries[0].job is None
    assert [e.facts for e in environments(ledger)] == [{"cpu": "x"}]
    assert [r.equal for r in replicates(ledger, found[1].run)] == [False, False]


def test_withheld_texts_are_none(tmp_path: Path) -> None:
    made = plan(1)
    made.publish(tmp_path)
    shard = publish_attempt(tmp_path, made, 0, 1)
    shard.openings_path(tmp_path).unlink()
    commit(tmp_path)
    [answer] = final_answers(tmp_path)
    assert (answer.output, answer.output_ids, answer.logprobs, answer.margins) == (None,) * 4
    assert answer.logprob_values is None
    assert answer.margin_values is None
    assert answer.prompt == "ſprach 0 →"


def test_a_record_is_found_by_position_or_request(ledger: Path) -> None:
    [stored] = find(ledger, "1")
    assert stored.position == 1
    assert stored.record["kind"] == "request"
    assert stored.opened["prompt"] == "ſprach 0 →"
    request = stored.record["request"]
    kinds = [found.record["kind"] for found in find(ledger, request[:12])]
    assert kinds.count("request") == 2
    assert kinds.count("generation") == 3
    margins = find(ledger, request)[-2].opened["margins"]
    assert margins == struct.pack("<2f", 0.5, 0.25)


@pytest.mark.parametrize("what", ["99999", "abc", "0123456789abcdef", "x" * 16, "", "-1"])
def test_what_is_not_in_the_log_is_said_in_one_sentence(ledger: Path, what: str) -> None:
    with pytest.raises(InvalidInput, match="found"):
        find(ledger, what)
