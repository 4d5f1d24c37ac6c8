import random
from fractions import Fraction
from math import comb

import pytest

from reprollm.compare.bound import (
    at_most,
    chance_to_catch,
    draws_for,
    percent,
    state,
    upper_bound,
)
from reprollm.compare.challenge import draw

# scipy.stats.beta.ppf(0.95, x + 1, k - x), scipy 1.17, computed once outside.
KNOWN = [
    (0, 1, 0.95),
    (0, 20, 0.13910834066826516),
    (1, 20, 0.2161061642068473),
    (3, 20, 0.3436638043142818),
    (19, 20, 0.9974386212234697),
    (0, 59, 0.04950760988822693),
    (5, 100, 0.1022533776432745),
    (50, 100, 0.5863782853690882),
    (0, 299, 0.009969146792899269),
    (400, 1000, 0.42617658666469144),
    (7, 1680, 0.007811941917674631),
    (2, 100_000, 6.295658396092174e-05),
]


@pytest.mark.parametrize(("mismatches", "asked", "bound"), KNOWN)
def test_the_bound_is_the_exact_one_of_clopper_and_pearson(mismatches, asked, bound):
    assert upper_bound(mismatches, asked) == pytest.approx(bound, rel=1e-9)


def test_all_differing_bounds_nothing():
    assert upper_bound(20, 20) == 1.0


@pytest.mark.parametrize(("mismatches", "asked"), [(0, 3), (1, 7), (4, 12), (11, 12)])
def test_at_the_bound_so_few_mismatches_have_just_the_remaining_probability(mismatches, asked):
    share = Fraction(upper_bound(mismatches, asked))
    tail = sum(
        comb(asked, x) * share**x * (1 - share) ** (asked - x) for x in range(mismatches + 1)
    )
    assert float(tail) == pytest.approx(0.05, abs=1e-12)


def test_the_binomial_tail_is_right_at_its_ends():
    assert at_most(3, 20, 0.25) == pytest.approx(0.22515604766431352)
    assert at_most(10, 1000, 0.01) == pytest.approx(0.5830408033010979)
    assert (at_most(0, 5, 0.0), at_most(4, 5, 1.0), at_most(5, 5, 1.0)) == (1.0, 0.0, 1.0)


def test_twenty_of_twenty_say_fewer_than_fourteen_percent():
    assert state(1680, 20, 0).sentence == (
        "with 20 of 20 identical, fewer than 14 % of the answers are altered, 95 % confidence"
    )


def test_mismatches_are_counted_and_do_not_yet_accuse():
    assert state(1680, 20, 3).sentence == (
        "with 17 of 20 identical, fewer than 35 % of the answers do not come out again, "
        "95 % confidence"
    )


def test_asking_all_leaves_nothing_to_chance():
    whole = state(18, 18, 0)
    assert whole.bound == 0.0
    assert whole.sentence == "all answers were asked again: 18 of 18 identical, 0 not"
    assert state(18, 18, 2).sentence.endswith("16 of 18 identical, 2 not")
    assert state(18, 18, 2).bound == pytest.approx(1 / 9)


def test_how_many_draws_a_bound_needs():
    assert (draws_for(0.05), draws_for(0.01), draws_for(0.14)) == (59, 299, 20)
    for share in (0.5, 0.05, 0.013, 0.001):
        draws = draws_for(share)
        assert upper_bound(0, draws) <= share < upper_bound(0, draws - 1)


@pytest.mark.parametrize(
    ("share", "text"), [(0.1391, "14 %"), (0.14, "14 %"), (0.0099, "1.0 %"), (0.0008, "0.1 %")]
)
def test_a_percentage_is_never_too_small(share, text):
    assert percent(share) == text


def test_the_chance_to_catch_is_that_of_drawing_without_replacement():
    assert chance_to_catch(5, 100, 20) == pytest.approx(0.6806905580101457)
    assert chance_to_catch(0, 100, 20) == 0.0
    assert chance_to_catch(81, 100, 20) == 1.0
    assert chance_to_catch(500, 10_000, 20) == pytest.approx(1 - 0.95**20, rel=2e-3)


@pytest.mark.parametrize(("of", "altered", "asked"), [(200, 10, 20), (60, 3, 20), (200, 1, 5)])
def test_who_alters_a_share_is_caught_as_often_as_is_said(of, altered, asked):
    """Played with 1,500 nonces: the share caught is within four standard errors of the formula."""
    dice = random.Random(7)
    requests = [dice.randbytes(32).hex() for _ in range(of)]
    forged = set(requests[:altered])
    root, plays = dice.randbytes(32), 1500
    caught = sum(
        not forged.isdisjoint(draw(root, f"nonce {play}", requests, asked)) for play in range(plays)
    )
    chance = chance_to_catch(altered, of, asked)
    error = (chance * (1 - chance) / plays) ** 0.5
    assert abs(caught / plays - chance) < 4 * error


def test_the_bound_fails_as_rarely_as_its_confidence_says():
    """Played with true shares: in at most 5 % of the plays the bound lies below the truth."""
    dice = random.Random(11)
    for share in (0.02, 0.1, 0.35):
        plays = 1000
        wrong = 0
        for _ in range(plays):
            seen = sum(dice.random() < share for _ in range(20))
            wrong += upper_bound(seen, 20) < share
        assert wrong / plays < 0.05 + 4 * (0.05 * 0.95 / plays) ** 0.5
