import random

import pytest

from reprollm.errors import InvalidInput
from reprollm.statistics.multiplicity import benjamini_hochberg, holm

PS = [0.01, 0.02, 0.03, 0.005, 0.5, 0.9, 0.04, 0.04]


def test_both_adjustments_are_those_of_another_implementation():
    # statsmodels 0.15 multipletests, "holm" and "fdr_bh", computed once outside.
    assert holm(PS) == pytest.approx([0.07, 0.12, 0.15, 0.04, 1.0, 1.0, 0.16, 0.16])
    third = 0.05333333333333334
    assert benjamini_hochberg(PS) == pytest.approx(
        [0.04, third, third, 0.04, 0.5714285714285714, 0.9, third, third]
    )


def test_declared_tests_without_a_p_count_as_well():
    missing = holm([*PS, 1.0, 1.0, 1.0, 1.0])[: len(PS)]
    assert holm(PS, 12) == missing == pytest.approx([0.11, 0.2, 0.27, 0.06, 1.0, 1.0, 0.32, 0.32])


def test_a_family_smaller_than_its_tests_is_refused():
    with pytest.raises(InvalidInput, match="at most 2 tests, the declared size of the family"):
        holm([0.1, 0.2, 0.3], 2)


def test_nothing_adjusts_to_nothing():
    assert holm([], 3) == []
    assert benjamini_hochberg([]) == []


def test_the_list_at_a_rate_is_benjamini_and_hochbergs_own():
    # Benjamini and Hochberg 1995, section 3.2: 15 tests, the first four are rejected at 0.05,
    # Bonferroni-like Holm rejects three.
    ps = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
    ]  # fmt: skip
    assert [q <= 0.05 for q in benjamini_hochberg(ps)] == [True] * 4 + [False] * 11
    assert [p <= 0.05 for p in holm(ps)] == [True] * 3 + [False] * 12


def test_holm_keeps_the_chance_of_any_false_claim():
    draw = random.Random(4)
    false = sum(min(holm([draw.random() for _ in range(6)])) <= 0.05 for _ in range(2000))
    assert false / 2000 <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5
