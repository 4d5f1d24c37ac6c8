from __future__ import annotations

import math

import numpy as np
import pytest

from reprollm.statistics.paired import d_z


@pytest.mark.parametrize("values", [[1, 2, 3, 4], [-5, 2, 0, 7, -1], [10**12, 3 * 10**12]])
def test_it_is_the_mean_over_the_standard_deviation(values: list[int]) -> None:
    expected = np.mean(values) / np.std(values, ddof=1)
    found = d_z(values)
    assert found is not None
    assert math.isclose(found, expected, rel_tol=1e-12)


def test_its_sign_is_that_of_the_difference() -> None:
    assert d_z([-1, -2, -3]) == -(d_z([1, 2, 3]) or 0)


def test_it_does_not_depend_on_the_unit() -> None:
    assert d_z([1, 5, -2, 8]) == d_z([10**9 * value for value in (1, 5, -2, 8)])


@pytest.mark.parametrize("values", [[], [3], [4, 4, 4]])
def test_without_spread_there_is_none(values: list[int]) -> None:
    assert d_z(values) is None
