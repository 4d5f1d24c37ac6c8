"""The texts that the test of the sealed order compares (after Oren et al. 2023, arXiv:2310.17623).

The published rows are cut into shards of consecutive rows. Each shard is read once as published,
and once for each permutation b with its own rows in the order of `permutation`. The rows of a
sequence are joined by line feeds, as a file of them would be. A sequence should fit into the
model's context whole, so shards are cut by number: more shards make shorter sequences. A shard must
have at least two rows.

Why the test is exact: the published order was drawn by lot, so within each shard, given which rows
are in it, every order was equally likely; and the permutations were fixed without regard to which
it was. The published order and its B rearrangements are therefore exchangeable, whatever the model,
the rows, their lengths and the context are, as long as the model has not seen the published order.
Any statistic computed alike from each of them will do (`reprollm.statistics.permutation`). Reading
only the beginning of a sequence, too, is the same for all: it costs power and not validity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprollm.errors import InvalidInput
from reprollm.statistics.permutation import permutation

LINE_END = "\n"


@dataclass(frozen=True)
class OrderText:
    """One sequence of rows.

    Attributes:
        shard: the shard's number, from 0; its decimal form is the subject of what is measured.
        permutation: 0 as published, or b from 1.
        rows: indices of the rows among the published ones, in the order of the sequence.
        texts: the rows' texts in that order; the model reads them joined by line feeds.
    """

    shard: int
    permutation: int
    rows: tuple[int, ...]
    texts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sequence that a model reads."""
        return LINE_END.join(self.texts)


def shard_rows(rows: int, shards: int) -> list[range]:
    """Return the rows of each shard: shard k has those from k * rows // shards to the next.

    Raises:
        InvalidInput: a shard would have fewer than two rows.
    """
    if shards < 1 or rows < 2 * shards:
        raise InvalidInput(
            f"expected at least 2 rows a shard for the test of the sealed order, found {rows} rows "
            f"for {shards} shards; declare at most {rows // 2} shards"
        )
    return [range(k * rows // shards, (k + 1) * rows // shards) for k in range(shards)]


def order_texts(
    texts: Sequence[str], shards: int, permutations: int, seed: str
) -> Iterator[OrderText]:
    """Yield each shard as published, then each of its permutations.

    Args:
        texts: the published rows' texts, in the published order.
        shards: how many runs of consecutive rows to cut.
        permutations: B, how many rearrangements of each shard.
        seed: decimal seed; shard k is rearranged by `permutation(f"{seed}/{k}", b, rows)`.

    Raises:
        InvalidInput: a shard would have fewer than two rows.
    """
    for shard, rows in enumerate(shard_rows(len(texts), shards)):
        for b in range(permutations + 1):
            moved = permutation(f"{seed}/{shard}", b, len(rows)) if b else range(len(rows))
            indices = tuple(rows[place] for place in moved)
            yield OrderText(shard, b, indices, tuple(texts[index] for index in indices))
