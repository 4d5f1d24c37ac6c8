from __future__ import annotations

import hashlib
import itertools
import math
import random

import numpy as np
import pytest
from scipy import stats

from reprollm.statistics.sign_flip import exchanged, sign_flip


def of_sum(values: list[int], permutations: int = 9999, seed: str = "1") -> float:
    total = sum(values)
    return sign_flip(lambda moved: total - 2 * moved, values, permutations, seed).p


@pytest.mark.parametrize("size", [1, 5, 9, 12])
def test_the_exact_p_is_that_of_all_exchanges(size: int) -> None:
    chance = random.Random(size)
    values = [chance.randrange(-9, 10) for _ in range(size)]
    signs = itertools.product((1, -1), repeat=size)
    sums = [abs(sum(sign * v for sign, v in zip(row, values, strict=True))) for row in signs]
    assert of_sum(values) == sum(each >= abs(sum(values)) for each in sums) / 2**size


def test_the_exact_p_is_that_of_scipy() -> None:
    values = [7, 12, -3, 4, 9, 1, -2, 8, 5, 6]
    theirs = stats.permutation_test(
        (np.array(values),), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert math.isclose(of_sum(values), theirs, rel_tol=1e-12)


def test_fishers_example_of_darwins_maize_comes_out() -> None:
    # Fisher 1935, The Design of Experiments, section 21: heights of 15 pairs of plants, in eighths
    # of an inch; of 2^15 arrangements 863 have a sum as large as 314 in one direction (p = 0.02634)
    # and as many in the other.
    darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    found = of_sum(darwin, permutations=2**15)
    assert found == 2 * 863 / 2**15


def test_drawn_exchanges_come_near_to_the_exact_p() -> None:
    values = [7, 12, -3, 4, 9, 1, -2, 8, -5, 6, -7, 2]
    exact, drawn = of_sum(values), of_sum(values, permutations=4000)
    assert exact != drawn
    assert abs(exact - drawn) < 4 * math.sqrt(exact * (1 - exact) / 4000)


def test_a_draw_is_the_one_that_the_documentation_states() -> None:
    parts = (b"reprollm/sign-flip/v1", b"7", b"3")
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    expected = hashlib.shake_256(framed).digest(2)
    assert exchanged("7", 3, 11) == expected
    values = [1 << unit for unit in range(11)]
    moved = sum(1 << unit for unit in range(11) if expected[unit // 8] >> unit % 8 & 1)
    seen: list[int] = []
    sign_flip(lambda total: seen.append(total) or total, values, 4, "7")
    assert seen[1 + 3] == moved


def test_a_seed_fixes_the_p_and_another_changes_it() -> None:
    chance = random.Random(5)
    values = [chance.randrange(-99, 100) for _ in range(40)]
    first, again, other = (of_sum(values, 999, seed) for seed in ("1", "1", "2"))
    assert first == again != other


def test_without_anything_to_exchange_the_p_is_one() -> None:
    assert of_sum([]) == 1


def test_the_p_is_never_below_what_the_draws_can_show() -> None:
    assert of_sum([1] * 30, permutations=99) == 0.01


def test_true_hypotheses_are_rejected_no_oftener_than_the_level_says() -> None:
    chance = random.Random(11)
    rejected = 0
    for trial in range(600):
        values = [round(chance.gauss(0, 1000)) for _ in range(8)]
        rejected += of_sum(values, 199, str(trial)) <= 0.1
    # Binomial with p at most 0.1: more than 90 of 600 would come once in ten thousand times.
    assert rejected <= 90
