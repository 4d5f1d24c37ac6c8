"""Few-shot examples: chosen for each item by itself.

Harnesses that draw examples from one shared random stream give an item other examples when it is
asked in another order, subset or number of shards. Here the candidates of an item are ordered by
hash of (seed, item id, candidate id), and the first ones are taken: a function of the item alone,
uniform over the candidates, and stable when unrelated candidates or items come and go.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nsmallest

from reprollm.canon import digest
from reprollm.errors import DataInvalid
from reprollm.experiment.data import Row


def choose(item: str, candidates: Sequence[Row], count: int, seed: str) -> list[Row]:
    """Return the `count` examples of an item, in the order in which the prompt shows them.

    A candidate with the item's own id is never taken.

    Raises:
        DataInvalid: there are fewer than `count` other candidates.
    """
    others = [row for row in candidates if row.id != item]
    if len(others) < count:
        raise DataInvalid(
            f"expected at least {count} examples other than item {item!r:.80}, found "
            f"{len(others)}; lower few_shot.count or add examples"
        )
    return nsmallest(count, others, key=lambda row: _rank(seed, item, row.id))


def _rank(seed: str, item: str, candidate: str) -> str:
    return digest("reprollm/few-shot/v1", seed.encode(), item.encode(), candidate.encode())
