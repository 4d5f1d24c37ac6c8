"""The texts that the test of the order compares."""

from __future__ import annotations

import pytest

from reprollm.errors import InvalidInput
from reprollm.sealing.order import order_texts, shard_rows
from reprollm.statistics.permutation import permutation

TEXTS = [f"Zeile {number}" for number in range(11)]


def test_shards_are_consecutive_and_hold_every_row_once() -> None:
    shards = shard_rows(11, 3)
    assert [row for shard in shards for row in shard] == list(range(11))
    assert sorted(map(len, shards)) == [3, 4, 4]


def test_each_shard_is_read_as_published_and_under_each_permutation_of_its_own_rows() -> None:
    found = list(order_texts(TEXTS, 3, 5, "17"))
    assert [(each.shard, each.permutation) for each in found] == [
        (shard, b) for shard in range(3) for b in range(6)
    ]
    for each in found:
        rows = shard_rows(11, 3)[each.shard]
        assert sorted(each.rows) == list(rows)
        if each.permutation == 0:
            assert each.rows == tuple(rows)
        else:
            moved = permutation(f"17/{each.shard}", each.permutation, len(rows))
            assert each.rows == tuple(rows[place] for place in moved)
        assert each.texts == tuple(TEXTS[row] for row in each.rows)


def test_shards_are_permuted_independently_of_each_other() -> None:
    found = {(t.shard, t.permutation): t.rows for t in order_texts(TEXTS[:8], 2, 40, "1")}
    moves = [[tuple(row % 4 for row in found[shard, b]) for b in range(1, 41)] for shard in (0, 1)]
    assert moves[0] != moves[1]


@pytest.mark.parametrize(("rows", "shards"), [(3, 2), (1, 1), (0, 1), (10, 6), (4, 0)])
def test_a_shard_of_one_row_is_refused(rows: int, shards: int) -> None:
    with pytest.raises(InvalidInput, match="at least 2 rows a shard"):
        list(order_texts(TEXTS[:rows], shards, 19, "1"))
