import pytest

from reprollm.compare.levels import Tokens
from reprollm.compare.verdict import Outcome, judge

ONE = Tokens([5, 6, 7], [-0.5, -0.25, -1.0], [3.0, 2.0, 0.5])


def test_equal_results_are_identical_and_say_how_far_log_probabilities_moved():
    moved = Tokens([5, 6, 7], [-0.5, -0.25, -1.0 - 2e-6], ONE.margins)
    verdict = judge(True, "float32", ONE, moved)
    assert verdict.outcome is Outcome.IDENTICAL
    assert verdict.logprob_difference == pytest.approx(2e-6)
    assert verdict.first_difference is None


@pytest.mark.parametrize(
    ("dtype", "margin", "outcome"),
    [
        ("float32", 0.00005, Outcome.NEAR_TIE),
        ("float32", 0.01, Outcome.DIFFERENT),
        ("bfloat16", 0.0625, Outcome.NEAR_TIE),
        ("bfloat16", 0.5, Outcome.DIFFERENT),
        ("float16", 0.0078125, Outcome.NEAR_TIE),
        ("of another age", 0.00001, Outcome.DIFFERENT),
    ],
)
def test_the_margin_at_the_first_difference_tells_a_tie_from_a_real_one(dtype, margin, outcome):
    other = Tokens([5, 9, 7], ONE.logprobs, [3.0, margin, 0.5])
    verdict = judge(False, dtype, ONE, other)
    assert (verdict.outcome, verdict.first_difference) == (outcome, 1)
    assert verdict.margin == margin


def test_an_answer_that_goes_on_differs_after_the_shared_tokens():
    verdict = judge(False, "float32", ONE, Tokens([5, 6], [-0.5, -0.25], [3.0, 2.0]))
    assert (verdict.first_difference, verdict.margin) == (2, 0.5)


def test_same_tokens_with_another_finish_reason_have_no_margin_to_show():
    verdict = judge(False, "float32", ONE, ONE)
    assert verdict.outcome is Outcome.DIFFERENT
    assert (verdict.first_difference, verdict.margin) == (3, None)


def test_withheld_answers_are_compared_by_their_result_ids_alone():
    assert judge(True, "float32", ONE, None).outcome is Outcome.IDENTICAL
    assert judge(False, "float32", None, ONE).outcome is Outcome.WITHHELD


def test_the_margin_is_told_in_units_in_the_last_place_of_the_type():
    other = Tokens([5, 9, 7], ONE.logprobs, [3.0, 0.125, 0.5])
    assert judge(False, "bfloat16", ONE, other).margin_ulps == 2.0
    assert judge(False, "float16", ONE, other).margin_ulps == 16.0
    assert judge(False, "float32", ONE, other).margin_ulps == 2.0**17
    assert judge(False, "native", ONE, other).margin_ulps is None


@pytest.mark.parametrize("bare", [Tokens(ONE.ids, [], []), Tokens([5, 9, 7], [], [])])
def test_engines_that_give_no_numbers_are_compared_by_their_tokens(bare):
    same = list(bare.ids) == list(ONE.ids)
    verdict = judge(same, "float32", ONE, bare)
    assert verdict.level == ("L1" if same else "L0")
    assert verdict.logprob_difference is None
    both = judge(False, "float32", bare, Tokens([6], [], []))
    assert (both.outcome, both.first_difference, both.margin) == (Outcome.DIFFERENT, 0, None)


def test_levels_of_withheld_answers_are_those_that_result_ids_show():
    assert judge(True, "float32", ONE, None).level == "L1"
    assert judge(False, "float32", ONE, None).level == "L0"
