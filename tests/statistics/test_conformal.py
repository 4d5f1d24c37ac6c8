import random
from statistics import fmean, pstdev

import pytest

from reprollm.statistics.conformal import conformal_p, conformal_ps, expected_share, spread


def test_p_counts_the_reference_scores_that_are_as_large():
    reference = [0.1, 0.2, 0.2, 0.9]
    assert [conformal_p(score, reference) for score in (1.0, 0.9, 0.5, 0.2, 0.0)] == [
        1 / 5,
        2 / 5,
        2 / 5,
        4 / 5,
        1.0,
    ]


def test_without_reference_nothing_is_rare():
    assert conformal_p(3.0, []) == 1.0


def test_many_scores_get_the_same_p_as_each_alone():
    draw = random.Random(3)
    reference = [draw.randrange(20) / 7 for _ in range(50)]
    scores = [draw.randrange(22) / 7 for _ in range(60)]
    assert conformal_ps(scores, reference) == [conformal_p(one, reference) for one in scores]


def test_no_more_items_are_rare_than_the_level_and_they_vary_as_beta_binomial_does():
    draw = random.Random(11)
    n, items, splits = 99, 60, 400
    shares = []
    for _ in range(splits):
        reference = [draw.random() for _ in range(n)]
        ps = conformal_ps([draw.random() for _ in range(items)], reference)
        shares.append(fmean(p <= 0.05 for p in ps))
    assert expected_share(0.05, n) == 0.05
    error = spread(0.05, n, items) / splits**0.5
    assert abs(fmean(shares) - 0.05) < 3 * error
    assert pstdev(shares) == pytest.approx(spread(0.05, n, items), rel=0.15)


def test_the_expected_share_is_that_of_the_grid():
    assert expected_share(0.05, 200) == 10 / 201
    assert expected_share(0.05, 10) == 0.0
