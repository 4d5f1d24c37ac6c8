"""Hoeffding's interval: wide, and never too narrow."""

from __future__ import annotations

import math
import random

import pytest

from reprollm.statistics.hoeffding import mean_interval


def test_the_interval_is_the_formula() -> None:
    low, high = mean_interval([0.5] * 100)
    half = math.sqrt(math.log(2 / 0.05) / 200)
    assert math.isclose(low, 0.5 - half) and math.isclose(high, 0.5 + half)


def test_it_stays_between_nothing_and_everything() -> None:
    assert mean_interval([1.0] * 5)[1] == 1
    assert mean_interval([0.0] * 5)[0] == 0
    assert mean_interval([]) == (0, 1)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_it_covers_the_mean_at_least_as_often_as_it_says(share: float) -> None:
    rng = random.Random(11)
    covered = 0
    for _ in range(1000):
        low, high = mean_interval([float(rng.random() < share) for _ in range(40)])
        covered += low <= share <= high
    assert covered >= 950
