"""Rows of token ids, in batches of nearly equal length."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from normaliser.byte_tokenizer import BEGIN, END, PAD, token_ids

if TYPE_CHECKING:
    from torch import Tensor

POOL = 32
"""Batches that are sorted by length together: padding stays small, the order stays random."""


def row(text: str) -> list[int]:
    """Return <s>, the text and </s> as one row.

    >>> row("ab")
    [1, 100, 101, 2]
    """
    return [BEGIN, *token_ids(text), END]


def batches(
    rows: Sequence[list[int]], size: int, rng: Random
) -> Iterator[tuple["Tensor", "Tensor"]]:
    """Yield ids and labels, int64 of shape (at most size, longest row); labels are -100 on padding.

    Every row comes once. Rows are padded on the right, where
    causal attention never looks.
    """
    import torch

    for start in range(0, len(rows), size * POOL):
        pool = sorted(rows[start : start + size * POOL], key=len)
        groups = [pool[at : at + size] for at in range(0, len(pool), size)]
        rng.shuffle(groups)
        for group in groups:
            width = len(group[-1])
            ids = torch.tensor([line + [PAD] * (width - len(line)) for line in group])
            yield ids, ids.masked_fill(ids == PAD, -100)
