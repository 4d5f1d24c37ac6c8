import math

import pytest

from reprollm.screening.scores import SCORES, VERSIONS, lowest, score, standardised

LOGPROBS = (-0.5, -3.25, -1.0, -7.5, -0.125, -2.0, -4.0)
MEANS = (-2.0, -2.5, -1.5, -4.0, -0.25, -3.0, -3.5)
DEVIATIONS = (1.5, 0.5, 0.25, 1.25, 0.0, 2.0, 0.5)
ZLIB = 40

# By hand from the formulas: mean -18.375 / 7; the two smallest of seven, -7.5 and -4.0; of the
# standardised values 1, -1.5, 2, -2.8, 0, 0.5, -1 the two smallest, -2.8 and -1.5.
BY_HAND = {
    "loss": -2.625,
    "zlib": -0.065625,
    "min_k_20": -5.75,
    "min_k_pp_20": -2.15,
}


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_the_papers_formula(name):
    assert score(name, LOGPROBS, MEANS, DEVIATIONS, ZLIB) == pytest.approx(BY_HAND[name], abs=1e-9)


@pytest.mark.parametrize(("tokens", "k"), [(1, 1), (4, 1), (5, 1), (6, 2), (10, 2), (11, 3)])
def test_min_k_takes_a_fifth_rounded_up_and_at_least_one(tokens, k):
    assert lowest(tokens) == k == max(1, math.ceil(0.2 * tokens))


@pytest.mark.parametrize("tokens", [1, 2, 3, 4])
@pytest.mark.parametrize("name", SCORES)
def test_items_under_five_tokens_have_finite_scores(name, tokens):
    # The reference code takes int(0.2 * tokens) = 0 values here, and their mean is NaN.
    found = score(name, LOGPROBS[:tokens], MEANS[:tokens], DEVIATIONS[:tokens], ZLIB)
    assert found is not None
    assert math.isfinite(found)
    if name == "min_k_20":
        assert found == min(LOGPROBS[:tokens])


@pytest.mark.parametrize("name", SCORES)
def test_an_item_without_tokens_has_no_score(name):
    assert score(name, (), (), (), ZLIB) is None


def test_a_certain_step_surprises_nobody():
    assert standardised((0.0,), (0.0,), (0.0,)) == [0.0]
    assert score("min_k_pp_20", (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), ZLIB) == 0.0


def test_min_k_plus_plus_is_not_to_be_had_without_the_vocabulary():
    assert score("min_k_pp_20", LOGPROBS, None, None, ZLIB) is None
    assert score("min_k_20", LOGPROBS, None, None, ZLIB) == -5.75


def test_zlib_divides_the_mean_not_the_sum():
    once = score("zlib", (-1.0,), None, None, 10)
    assert score("zlib", (-1.0,) * 100, None, None, 10) == once == -0.1
    assert score("zlib", (-1.0,), None, None, 0) is None


@pytest.mark.parametrize("name", ["loss", "zlib", "min_k_20"])
def test_an_impossible_token_makes_the_item_least_member_like(name):
    assert score(name, (-1.0, -math.inf), None, None, 10) == -math.inf


@pytest.mark.parametrize("name", SCORES)
def test_what_is_no_number_has_no_score(name):
    values = (math.nan, -1.0)
    assert score(name, values, (-1.0, -1.0), (1.0, 1.0), 10) is None


def test_the_order_of_equal_tokens_changes_no_digit():
    values = (-0.1, -0.2, -0.3, -1e-17, -12.7, -0.7)
    assert score("loss", values, None, None, 10) == score("loss", values[::-1], None, None, 10)


def test_an_unknown_score_is_refused():
    with pytest.raises(ValueError, match="loss, zlib, min_k_20, min_k_pp_20, found 'recall'"):
        score("recall", LOGPROBS, None, None, ZLIB)


def test_every_score_has_a_version():
    assert VERSIONS.keys() == set(SCORES)
