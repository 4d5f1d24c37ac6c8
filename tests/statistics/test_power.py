import random
from statistics import NormalDist

import pytest

from reprollm.statistics.mann_whitney import mann_whitney_greater
from reprollm.statistics.permutation import permutation_p
from reprollm.statistics.power import detectable_area, detectable_shift, mann_whitney_power


@pytest.mark.parametrize(("m", "n", "area"), [(40, 40, 0.65), (30, 90, 0.65), (25, 25, 0.5)])
def test_power_is_about_how_often_a_simulated_effect_is_found(m, n, area):
    draw = random.Random(m)
    shift = NormalDist().inv_cdf(area) * 2**0.5
    found = 0
    for _ in range(600):
        members = [draw.gauss(shift, 1) for _ in range(m)]
        found += mann_whitney_greater(members, [draw.gauss(0, 1) for _ in range(n)]).p <= 0.05
    assert mann_whitney_power(area, m, n) == pytest.approx(found / 600, abs=0.06)


def test_the_detectable_area_has_just_the_power_asked_for():
    area = detectable_area(60, 200, 0.01, 0.8)
    assert 0.5 < area < 0.75
    assert mann_whitney_power(area, 60, 200, 0.01) == pytest.approx(0.8, abs=1e-9)


def test_more_items_find_smaller_effects():
    areas = [detectable_area(n, n) for n in (10, 40, 160, 640)]
    assert areas == sorted(areas, reverse=True)


def test_too_few_items_find_nothing():
    assert detectable_area(1, 1) is None
    assert detectable_area(0, 50) is None
    assert detectable_shift(9, 0.05) is None


def test_a_shift_that_is_detectable_is_found_as_often_as_said():
    draw = random.Random(7)
    shift = detectable_shift(99, 0.05, 0.8)
    assert shift == pytest.approx(1.645 + 0.842, abs=1e-3)
    found = 0
    for _ in range(600):
        null = [draw.gauss(0, 1) for _ in range(99)]
        found += permutation_p(draw.gauss(shift, 1), null) <= 0.05
    assert found / 600 == pytest.approx(0.8, abs=0.06)
