from fractions import Fraction

import pytest

from reprollm.statistics.fisher import fisher_greater


def test_the_tea_tasting_lady_has_fishers_own_p():
    assert fisher_greater(4, 0, 0, 4) == 1 / 70
    assert fisher_greater(3, 1, 1, 3) == float(Fraction(17, 70))


# scipy 1.17 stats.fisher_exact(..., alternative="greater"), computed once outside.
@pytest.mark.parametrize(
    ("table", "p"),
    [
        ((8, 2, 1, 5), 0.024475524475524483),
        ((12, 188, 3, 197), 0.015933520756230665),
        ((40, 160, 20, 180), 0.0037096186383774607),
        ((500, 9500, 430, 9570), 0.010226303030282359),
        ((10, 0, 0, 10), 5.412544112234515e-06),
    ],
)
def test_p_is_that_of_another_implementation(table, p):
    assert fisher_greater(*table) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("table", [(0, 10, 0, 10), (0, 10, 7, 3), (0, 0, 3, 4), (5, 0, 0, 0)])
def test_no_excess_is_no_evidence(table):
    assert fisher_greater(*table) == 1.0
