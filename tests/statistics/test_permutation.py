"""Permutations that a seed fixes, and their p-value."""

from __future__ import annotations

import math
from collections import Counter

from reprollm.canon import digest
from reprollm.statistics.permutation import permutation, permutation_p


def test_a_permutation_is_the_order_of_the_digests() -> None:
    def expected(seed: str, b: int, n: int) -> list[int]:
        parts = [(seed.encode(), str(b).encode(), str(i).encode()) for i in range(n)]
        digests = [digest("reprollm/permutation/v1", *part) for part in parts]
        return sorted(range(n), key=digests.__getitem__)

    for seed, b, n in (("1", 1, 8), ("1/3", 7, 5), ("München", 99, 12)):
        assert permutation(seed, b, n) == expected(seed, b, n)


def test_nothing_and_one_thing_have_one_order() -> None:
    assert permutation("1", 1, 0) == []
    assert permutation("1", 1, 1) == [0]


def test_every_order_of_three_is_as_likely_as_any_other() -> None:
    counts = Counter(tuple(permutation("17", b, 3)) for b in range(6000))
    assert len(counts) == 6
    statistic = math.fsum((count - 1000) ** 2 / 1000 for count in counts.values())
    assert statistic < 20.5  # chi-square with 5 degrees of freedom, 0.999


def test_seeds_and_numbers_give_other_permutations() -> None:
    assert permutation("1", 1, 20) != permutation("1", 2, 20)
    assert permutation("1", 1, 20) != permutation("2", 1, 20)


def test_a_tie_counts_against_the_published_order() -> None:
    assert permutation_p(1.0, [0.0, 0.5, 0.9]) == 1 / 4
    assert permutation_p(1.0, [0.0, 1.0, 2.0]) == 3 / 4
    assert permutation_p(1.0, []) == 1
