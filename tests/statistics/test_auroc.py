import random
from statistics import fmean

import pytest

from reprollm.statistics.auroc import auroc, auroc_interval, hanley_mcneil_variance, tpr_at_fpr


def samples(m: int, n: int, shift: float, digits: int) -> tuple[list[float], list[float]]:
    draw = random.Random(m * 1000 + n)
    members = [round(draw.gauss(shift, 1), digits) for _ in range(m)]
    return members, [round(draw.gauss(0, 1), digits) for _ in range(n)]


@pytest.mark.parametrize(("m", "n", "digits"), [(5, 7, 3), (30, 40, 0), (50, 20, 1)])
def test_the_area_is_the_share_of_pairs_won_ties_counting_half(m, n, digits):
    members, others = samples(m, n, 0.4, digits)
    won = fmean(float(a > b) + (a == b) / 2 for a in members for b in others)
    assert auroc(members, others) == pytest.approx(won, abs=1e-12)


def test_area_and_rate_of_a_small_table_by_hand():
    members, others = [3.0, 2.0, 2.0, 0.5], [2.0, 1.0, 0.0, 0.0, 0.0]
    assert auroc(members, others) == (5 + 4.5 + 4.5 + 3) / 20
    assert tpr_at_fpr(members, others, 0.0) == 0.25
    assert tpr_at_fpr(members, others, 0.2) == 0.75
    assert tpr_at_fpr(members, others, 0.4) == 1.0
    assert tpr_at_fpr(members, others, 1.0) == 1.0


def test_no_threshold_finds_more_others_than_allowed():
    members, others = samples(60, 80, 0.8, 1)
    thresholds = sorted({*members, *others, 9.0})
    for fpr in (0.0, 0.01, 0.05, 0.1, 0.5):
        best = max(
            fmean(one >= t for one in members)
            for t in thresholds
            if fmean(one >= t for one in others) <= fpr
        )
        assert tpr_at_fpr(members, others, fpr) == best


def test_one_percent_of_a_hundred_others_is_one():
    others = [float(value) for value in range(100)]
    assert tpr_at_fpr([98.5, 97.0, 99.5], others, 0.01) == 2 / 3
    assert tpr_at_fpr([98.5, 97.0, 99.5], others[:99], 0.01) == 2 / 3


def test_an_empty_side_has_no_area():
    assert auroc([], [1.0]) is None
    assert tpr_at_fpr([1.0], [], 0.5) is None


def test_the_variance_at_one_half_is_that_of_the_exponential_model():
    # Hanley and McNeil 1982, equation 2, with Q1 = A / (2 - A) and Q2 = 2 A^2 / (1 + A).
    area, m, n = 0.893, 51, 58
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    terms = area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)
    assert hanley_mcneil_variance(area, m, n) == pytest.approx(terms / (m * n), rel=1e-12)


def test_a_perfect_area_keeps_an_interval():
    low, high = auroc_interval(1.0, 50, 50)
    assert high == 1.0
    assert 0.90 < low < 0.97
    mirrored = auroc_interval(0.0, 50, 50)
    assert mirrored == pytest.approx((0.0, 1 - low))


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_interval_covers_the_true_area(shift):
    from statistics import NormalDist

    true = NormalDist().cdf(shift / 2**0.5)
    draw = random.Random(5)
    covered = 0
    for _ in range(400):
        members = [draw.gauss(shift, 1) for _ in range(40)]
        area = auroc(members, [draw.gauss(0, 1) for _ in range(30)])
        low, high = auroc_interval(area, 40, 30)
        covered += low <= true <= high
    assert 0.92 <= covered / 400 <= 0.985
