import json

import numpy as np
import pytest

from determinism.building import (
    AGAIN,
    IDS,
    LOGPROBS,
    MARGINS,
    THREADS,
    answered,
    answers,
    other_tokens,
    same,
)  # fmt: skip
from reprollm.canon import dumps
from reprollm.compare.levels import Level
from reprollm.determinism.findings import declared_level, find, refusal
from reprollm.determinism.job import answer_from_json, answers_to_json
from reprollm.engines.protocol import BatchFacts, Failure, Generation


def test_each_request_counts_at_the_level_that_its_answers_reach() -> None:
    once = answers(*(answered(name) for name in ("bits", "near", "far", "other")))
    again = answers(
        answered("bits"),
        answered("near", logprobs=(*LOGPROBS[:3], -2.0 - 2e-6)),
        answered("far", logprobs=(*LOGPROBS[:3], -2.5)),
        answered("other", ids=(5, 6, 9, 8)),
    )
    found = find(AGAIN, once, again, "float32")
    assert found.levels == {Level.BITS: 1, Level.TOLERANCE: 1, Level.TOKENS: 1, Level.SETTINGS: 1}
    assert (found.level, found.compared, found.failures) == (Level.SETTINGS, 4, 0)
    assert [found.share(level) for level in Level] == [1.0, 0.75, 0.5, 0.25]
    assert found.logprob_difference == 0.5


def test_where_answers_part_the_step_and_its_margin_are_kept_the_earliest_first() -> None:
    once = answers(answered("late"), answered("early"))
    again = answers(
        answered("late", ids=(5, 6, 7, 9)),
        answered("early", ids=(5, 9, 9, 9), margins=(3.0, 0.25, 1.0, 1.0)),
    )
    found = find(AGAIN, once, again, "bfloat16")
    assert [(each.request, each.step, each.margin, each.ulps) for each in found.divergences] == [
        ("early", 1, 0.25, 4.0),
        ("late", 3, 0.125, 2.0),
    ]


def test_another_ending_of_the_same_tokens_is_another_answer() -> None:
    found = find(AGAIN, answers(answered("r")), answers(answered("r", finish="stop")), "float32")
    assert found.level is Level.SETTINGS


@pytest.mark.parametrize("margins", [(), MARGINS])
def test_an_engine_that_gives_no_numbers_is_compared_by_its_tokens(margins) -> None:
    bare = answers(answered("r", logprobs=(), margins=margins))
    found = find(AGAIN, bare, bare, "float32")
    assert (found.level, found.logprob_difference) == (Level.TOKENS, None)
    parted = find(AGAIN, bare, answers(answered("r", (5, 6, 9), (), ())), "float32")
    [where] = parted.divergences
    assert (where.step, where.margin) == (2, 0.5 if margins else None)


def test_a_request_that_was_answered_only_once_reaches_nothing() -> None:
    failed = answer_from_json({"request": "r", "reason": "not_finite"})
    for once, again in ((answered("r"), failed), (failed, answered("r"))):
        found = find(AGAIN, answers(once), answers(again), "float32")
        assert (found.failures, found.level) == (1, Level.SETTINGS)
    both = find(AGAIN, answers(failed), answers(failed), "float32")
    assert (both.failures, both.compared, both.level) == (1, 0, None)
    missing = find(AGAIN, answers(answered("r")), {}, "float32")
    assert (missing.failures, missing.level) == (1, Level.SETTINGS)


def test_the_declared_level_is_the_lowest_that_a_run_may_meet() -> None:
    assert declared_level([same(3), same(2)]) is Level.BITS
    assert declared_level([same(3), other_tokens()]) is Level.SETTINGS
    assert declared_level([same(3), other_tokens(THREADS)]) is Level.BITS
    assert declared_level([same(3, THREADS)]) is None


def test_what_could_not_be_asked_declares_nothing() -> None:
    assert declared_level([same(3), refusal(AGAIN, "no")]) is None
    assert declared_level([same(3), refusal(THREADS, "no")]) is Level.BITS


def test_findings_are_canonical() -> None:
    for finding in (same(2), other_tokens(), refusal(AGAIN, "no")):
        assert json.loads(dumps(finding.to_json())) == finding.to_json()


def test_answers_travel_between_processes_with_every_bit() -> None:
    logprobs = np.array([-0.1, -1e-30, -88.5], np.float32)
    margins = np.array([0.0, np.inf, 1e-7], np.float32)
    facts = BatchFacts("b", 0, 4, "strict")
    given = Generation("r", IDS[:3], "text", "stop", logprobs, margins, facts)
    line = json.dumps(answers_to_json([given, Failure("s", "memory", "no")]))
    one, other = map(answer_from_json, json.loads(line))
    assert one.tokens is not None
    assert (one.request, one.finish, list(one.tokens.ids)) == ("r", "stop", [5, 6, 7])
    assert np.array(one.tokens.logprobs, np.float32).tobytes() == logprobs.tobytes()
    assert np.array(one.tokens.margins, np.float32).tobytes() == margins.tobytes()
    assert (other.request, other.tokens) == ("s", None)
