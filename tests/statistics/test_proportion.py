from fractions import Fraction
from math import comb

import pytest

from reprollm.statistics.proportion import at_most, clopper_pearson, newcombe, wilson

# x, n, level, then both bounds of statsmodels 0.15 proportion_confint: "beta" and "wilson".
KNOWN = [
    (0, 1, 0.95, 0.0, 0.975, 0.0, 0.7934506856227626),
    (0, 20, 0.95, 0.0, 0.1684334709830853, 0.0, 0.16112515805281938),
    (3, 20, 0.95, 0.032070937185463715, 0.37892682654531396, 0.052368745896, 0.360418864741),
    (20, 20, 0.95, 0.8315665290169147, 1.0, 0.8388748419471806, 1.0),
    (19, 20, 0.95, 0.7512672372279723, 0.9987349105020502, 0.763868806553, 0.991118551199),
    (50, 100, 0.99, 0.3688614373589241, 0.6311385626410759, 0.37527962504, 0.624720374955),
    (7, 1680, 0.95, 0.0016768071096227, 0.0085659705290487, 0.002019788618, 0.00857589943),
    (400, 1000, 0.9, 0.3742608818457224, 0.42617658666469144, 0.374820832542, 0.425718816106),
    (2, 100_000, 0.95, 2.42210196270e-06, 7.22449893651e-05, 5.48473851652e-06, 7.29268375420e-05),
]


@pytest.mark.parametrize(("hits", "n", "level", "low", "high", "score_low", "score_high"), KNOWN)
def test_both_intervals_are_those_of_another_implementation(
    hits, n, level, low, high, score_low, score_high
):
    assert clopper_pearson(hits, n, level) == pytest.approx((low, high), rel=1e-8, abs=1e-15)
    assert wilson(hits, n, level) == pytest.approx((score_low, score_high), rel=1e-8, abs=1e-15)


# The worked examples of Newcombe 1998, table II, rows (a), (f), (h) and (e); method 10.
@pytest.mark.parametrize(
    ("counts", "interval"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ],
)
def test_the_difference_has_newcombes_published_intervals(counts, interval):
    assert newcombe(*counts) == pytest.approx(interval, abs=5e-5)


def test_without_observations_nothing_is_excluded():
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert wilson(0, 0) == (0.0, 1.0)
    assert newcombe(0, 0, 3, 10) == (-1.0, 1.0)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.93])
def test_the_exact_interval_covers_any_share_at_its_level_or_above(share):
    n = 30
    covered = sum(
        comb(n, x) * share**x * (1 - share) ** (n - x)
        for x in range(n + 1)
        if (bounds := clopper_pearson(x, n))[0] <= share <= bounds[1]
    )
    assert covered >= 0.95


def test_the_binomial_tail_is_the_exact_one():
    share = Fraction(1, 8)
    exact = sum(comb(40, x) * share**x * (1 - share) ** (40 - x) for x in range(8))
    assert at_most(7, 40, 0.125) == pytest.approx(float(exact), rel=1e-13)
    assert (at_most(0, 5, 0.0), at_most(4, 5, 1.0), at_most(5, 5, 1.0)) == (1.0, 0.0, 1.0)
