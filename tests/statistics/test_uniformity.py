import random

import pytest

from reprollm.statistics.uniformity import ks_distance, ks_p, uniformity_p

# scipy 1.17 stats.kstwo.sf(d, n), computed once outside.
EXACT = [
    (0.5, 1, 1.0),
    (0.274, 10, 0.3715203845434957),
    (0.05, 100, 0.9532159710635725),
    (0.12, 100, 0.1033037490181987),
    (0.2, 40, 0.07048187616884194),
    (0.9, 3, 0.0019999999999999987),
]
NEAR = [
    (0.08, 200, 0.1463961356372503, 1e-6),
    (0.02, 1000, 0.8108971656895577, 1e-6),
    (0.055, 1000, 0.004533426371782312, 1e-4),
]


@pytest.mark.parametrize(("distance", "n", "p"), EXACT)
def test_p_is_exact_for_few_values(distance, n, p):
    assert ks_p(distance, n) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(("distance", "n", "p", "error"), NEAR)
def test_p_agrees_with_an_expansion_for_many_values(distance, n, p, error):
    assert ks_p(distance, n) == pytest.approx(p, abs=error)


def test_the_distance_is_measured_at_both_sides_of_a_value():
    assert ks_distance([0.5]) == 0.5
    assert ks_distance([0.1, 0.2]) == pytest.approx(0.8)
    assert ks_distance([0.9, 0.8]) == pytest.approx(0.8)


def test_impossible_and_certain_distances():
    assert (ks_p(0.0, 5), ks_p(1.0, 5)) == (1.0, 0.0)
    assert ks_p(0.5, 200) < 1e-40


def test_uniform_values_pass_and_small_ones_do_not():
    draw = random.Random(2)
    assert uniformity_p([draw.random() for _ in range(150)]) > 0.05
    assert uniformity_p([draw.random() ** 2 for _ in range(150)]) < 1e-4


def test_the_steps_of_a_permutation_p_are_no_deviation():
    draw = random.Random(6)
    coarse = [(1 + draw.randrange(20)) / 20 for _ in range(190)]
    assert uniformity_p(coarse, step=0.05) > 0.05
    assert uniformity_p(coarse, step=0.05) >= uniformity_p(coarse)
