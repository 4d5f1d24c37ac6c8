"""What seeds draw: every possibility alike, and nothing that depends on how the input came."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

import pytest

from reprollm.canon import digest
from reprollm.sealing.draw import arranged, block, canary, chosen


def seed(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.mark.parametrize("versions", [2, 5])
def test_every_version_is_published_as_often_as_any_other(versions: int) -> None:
    counts = Counter(chosen(seed(1), f"item {number}", versions) for number in range(5000))
    expected = 5000 / versions
    statistic = math.fsum((counts[each] - expected) ** 2 / expected for each in range(versions))
    assert statistic < {2: 10.8, 5: 18.5}[versions]  # chi-square, 0.999


def test_the_choice_is_the_one_that_the_format_states() -> None:
    number = int(digest("reprollm/seal-choice/v1", seed(7), "Brücke".encode()), 16)
    assert chosen(seed(7), "Brücke", 5) == number % 5


def test_every_order_of_three_rows_is_as_likely_as_any_other() -> None:
    counts = Counter(tuple(arranged(seed(number), ["a", "b", "c"])) for number in range(6000))
    assert len(counts) == 6
    assert math.fsum((count - 1000) ** 2 / 1000 for count in counts.values()) < 20.5


def test_the_order_does_not_depend_on_the_order_that_came_in() -> None:
    orders = {tuple(arranged(seed(3), rows)) for rows in itertools.permutations("abcd")}
    assert len(orders) == 1


def test_a_canary_is_128_bits_of_its_own() -> None:
    texts = [canary(seed(1), name, variant) for name in ("x", "y") for variant in range(50)]
    assert len(set(texts)) == 100
    form = re.compile(r"canary [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
    assert all(form.match(text) for text in texts)


@pytest.mark.parametrize(("rows", "blocks"), [(10, 3), (7, 7), (5, 1), (1000, 17)])
def test_blocks_are_consecutive_and_nearly_equal(rows: int, blocks: int) -> None:
    found = [block(row, rows, blocks) for row in range(rows)]
    bounds = [k * rows // blocks for k in range(blocks + 1)]
    expected = [k for k in range(blocks) for _ in range(bounds[k], bounds[k + 1])]
    assert found == expected
