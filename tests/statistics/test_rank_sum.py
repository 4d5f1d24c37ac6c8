"""The sum of ranks of what was drawn by lot: exact for every size, conservative with ties."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

import pytest

from reprollm.statistics.rank_sum import (
    detectable_share,
    outcomes_at_most,
    rank,
    share_at_most,
    twin_p,
)

SIZES = [(1,), (2,), (2, 2, 2), (5, 5, 5), (2, 3, 4, 1), (7, 2, 2), ()]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_sum_has_the_probability_that_counting_all_outcomes_gives(
    sizes: tuple[int, ...],
) -> None:
    outcomes = list(itertools.product(*map(range, sizes)))
    for total in range(sum(sizes) + 1):
        expected = sum(sum(outcome) <= total for outcome in outcomes)
        assert outcomes_at_most(total, sizes) == expected


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_p_is_at_most_a_with_probability_at_most_a_and_just_a_where_a_can_be_reached(
    sizes: tuple[int, ...],
) -> None:
    outcomes = list(itertools.product(*map(range, sizes)))
    ps = [twin_p(list(zip(outcome, sizes, strict=True))) for outcome in outcomes]
    for level in sorted({*ps, 0.01, 0.05, 0.5}):
        share = Fraction(sum(p <= level for p in ps), len(ps))
        if level in ps:
            assert float(share) == level
        else:
            assert share <= Fraction(level)


def test_the_convolution_of_uniforms_gives_the_same_to_fifteen_digits() -> None:
    sizes = [5] * 40 + [3] * 20 + [2]
    distribution = [Fraction(1)]
    for size in sizes:
        distribution = [
            sum(distribution[max(0, total - size + 1) : total + 1], Fraction(0)) / size
            for total in range(len(distribution) + size - 1)
        ]
    for total in (0, 1, 40, 81, 120, len(distribution) - 1):
        assert share_at_most(total, sizes) == float(sum(distribution[: total + 1]))


def test_a_tie_counts_against_the_published_one() -> None:
    assert rank(1.0, [0.5, 1.0, 1.5]) == 2
    assert rank(1.0, [0.5, 0.9]) == 0
    assert rank(-math.inf, [-math.inf]) == 1


def test_with_ties_the_p_value_is_conservative_at_every_level() -> None:
    rng = random.Random(5)
    ps = []
    for _ in range(2000):
        groups = [[rng.randrange(3) for _ in range(4)] for _ in range(8)]
        ranks = [(rank(scores[0], scores[1:]), 4) for scores in groups]
        ps.append(twin_p(ranks))
    for level in (0.01, 0.05, 0.1, 0.25, 0.5):
        share = sum(p <= level for p in ps) / len(ps)
        assert share <= level + 3 * math.sqrt(level * (1 - level) / len(ps))


def test_among_many_data_sets_without_a_leak_p_is_uniform_on_the_values_it_can_have() -> None:
    rng = random.Random(1)
    sizes = [2 + item % 4 for item in range(30)]
    ps = [twin_p([(rng.randrange(size), size) for size in sizes]) for _ in range(2500)]
    for level in (0.005, 0.01, 0.05, 0.1, 0.3, 0.5, 0.9):
        reachable = max((p for p in set(ps) if p <= level), default=0.0)
        share = sum(p <= level for p in ps) / len(ps)
        assert share <= level + 3 * math.sqrt(level * (1 - level) / len(ps))
        assert share >= reachable - 3 * math.sqrt(level * (1 - level) / len(ps))


def test_p_is_never_nothing() -> None:
    assert 0 < twin_p([(0, 5)] * 1000) < 1e-300
    assert twin_p([]) == 1
    assert twin_p([(0, 1)]) == 1


def test_a_rank_beyond_the_candidates_is_refused() -> None:
    with pytest.raises(ValueError, match="below 3"):
        twin_p([(3, 3)])


def test_two_thousand_items_are_counted_exactly() -> None:
    sizes = [5] * 2000
    assert outcomes_at_most(8000, sizes) == 5**2000
    assert math.isclose(share_at_most(4000, sizes), 0.5, abs_tol=0.01)


def test_the_share_that_would_be_found_is_found_four_times_in_five() -> None:
    sizes = [5] * 50
    share = detectable_share(sizes)
    assert share is not None
    rng = random.Random(3)
    found = 0
    for _ in range(1000):
        ranks = [(0 if rng.random() < share else rng.randrange(5), 5) for _ in sizes]
        found += twin_p(ranks) <= 0.05
    assert 0.75 <= found / 1000 <= 0.85


def test_too_few_groups_find_nothing() -> None:
    assert detectable_share([10]) is None
    assert detectable_share([2, 2, 2, 2]) is None
    assert detectable_share([20]) is not None
