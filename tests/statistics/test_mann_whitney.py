import random

import pytest

from reprollm.statistics.mann_whitney import MannWhitney, mann_whitney_greater
from reprollm.statistics.uniformity import uniformity_p

# scipy 1.17 stats.mannwhitneyu(alternative="greater", method="asymptotic"), computed once outside,
# on the samples that `random.Random(1)` gives below, in this order.
KNOWN = [
    (5, 7, 0, 3, 22.0, 0.2579758481792743),
    (40, 50, 0.3, 3, 1399.0, 0.0006064866409300195),
    (200, 200, 0.5, 1, 27570.5, 2.8606792351575666e-11),
    (30, 30, 0, 0, 529.5, 0.10952057059135595),
    (100, 60, -0.4, 2, 2501.0, 0.9608442317338014),
]


def test_u_and_p_are_those_of_another_implementation_with_and_without_ties():
    draw = random.Random(1)
    for m, n, shift, digits, u, p in KNOWN:
        scores = [round(draw.gauss(shift, 1), digits) for _ in range(m)]
        reference = [round(draw.gauss(0, 1), digits) for _ in range(n)]
        found = mann_whitney_greater(scores, reference)
        assert found.u == u
        assert found.p == pytest.approx(p, rel=1e-9)


def test_scores_that_are_all_alike_say_nothing():
    assert mann_whitney_greater([1.0, 1.0], [1.0, 1.0, 1.0]) == MannWhitney(3.0, 1.0)


def test_an_empty_side_cannot_be_tested():
    assert mann_whitney_greater([], [1.0]) is None
    assert mann_whitney_greater([1.0], []) is None


def test_p_is_uniform_where_both_sets_are_drawn_alike():
    draw = random.Random(8)
    ps = []
    for _ in range(500):
        pooled = [draw.expovariate(1) for _ in range(80)]
        ps.append(mann_whitney_greater(pooled[:40], pooled[40:]).p)
    assert uniformity_p(ps) > 0.01
    assert sum(p <= 0.05 for p in ps) <= 500 * 0.05 + 3 * (500 * 0.05 * 0.95) ** 0.5
