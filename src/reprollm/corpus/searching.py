"""What every way to search texts gives: where which n-gram of the items stands in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Hits:
    """n-grams found in some texts, each compared letter by letter, in reading order.

    Attributes:
        gram: number of the gram in the index, shape (hits,).
        text: number of the text in which it stands, from 0, shape (hits,).
        token: the token of that text at which it begins, shape (hits,).
        start, end: where it stands, in the searcher's own unit, shape (hits,).
        tokens: how many tokens the last text has.
        characters: turns texts' numbers and positions in the searcher's unit into characters.
        excerpt: gives the text from a start to an end, in the searcher's unit.
    """

    gram: Ints
    text: Ints
    token: Ints
    start: Ints
    end: Ints
    tokens: int
    characters: Callable[[Ints, Ints], Ints]
    excerpt: Callable[[int, int, int], str]


class Searcher(Protocol):
    """Finds the n-grams of an index in texts.

    Attributes:
        counts: how often each gram was found so far, shape (grams,).
        muted: grams that are only counted, since all they could show is listed; shape (grams,).
    """

    counts: Ints
    muted: NDArray[np.bool_]

    def search(self, texts: Sequence[str]) -> Hits:
        """Return the hits in these texts, and count them."""
