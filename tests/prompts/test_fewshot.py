"""Few-shot examples belong to an item, whatever surrounds it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.errors import DataInvalid
from reprollm.experiment.data import Row
from reprollm.prompts.fewshot import choose

CANDIDATES = [Row(f"e{number}", {}, number) for number in range(40)]


def ids(item: str, candidates: list[Row], count: int = 3, seed: str = "0") -> list[str]:
    return [row.id for row in choose(item, candidates, count, seed)]


@given(st.permutations(CANDIDATES))
def test_the_order_of_the_candidates_changes_nothing(shuffled: list[Row]) -> None:
    assert ids("a", shuffled) == ids("a", CANDIDATES)


def test_an_item_is_never_its_own_example() -> None:
    assert all(f"e{n}" not in ids(f"e{n}", CANDIDATES, count=39) for n in range(40))


def test_removing_a_candidate_that_was_not_chosen_changes_nothing() -> None:
    chosen = ids("a", CANDIDATES)
    assert ids("a", [row for row in CANDIDATES if row.id in chosen or row.line % 2]) == chosen


def test_items_and_seeds_have_examples_of_their_own() -> None:
    assert len({tuple(ids(f"item{number}", CANDIDATES)) for number in range(50)}) == 50
    assert ids("a", CANDIDATES, seed="0") != ids("a", CANDIDATES, seed="1")


def test_every_candidate_is_chosen_about_equally_often() -> None:
    counts = Counter(
        example for number in range(2000) for example in ids(f"item{number}", CANDIDATES, 4)
    )
    assert len(counts) == 40
    assert 140 < min(counts.values()) <= max(counts.values()) < 260


def test_too_few_examples_are_refused() -> None:
    with pytest.raises(DataInvalid, match="at least 40 examples other than item 'e1', found 39"):
        ids("e1", CANDIDATES, count=40)
