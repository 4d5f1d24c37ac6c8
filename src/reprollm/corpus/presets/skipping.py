"""How far two sequences run on together when a few places may differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprollm.canon import Json
from reprollm.corpus.match import Match
from reprollm.errors import InvalidInput


@dataclass(frozen=True)
class SkippingMatch(Match):
    """A match that knows where it differs.

    Attributes:
        misses: the item's tokens within the match that differ, ascending; `skipped` of them.
    """

    misses: tuple[int, ...] = ()


def differing(match: Match, misses: Json) -> SkippingMatch:
    """Return a match with the places in which it differs, as a list of whole numbers."""
    if not isinstance(misses, list):
        raise InvalidInput(f"expected a list of places that differ, found {misses!r:.40}")
    places = tuple(int(str(miss)) for miss in misses)
    return SkippingMatch(**{**vars(match), "skipped": len(places)}, misses=places)


@dataclass(frozen=True)
class Run:
    """How two sequences run on from where both begin.

    Attributes:
        exact: tokens before the first that differs.
        length: tokens of the whole run; its first and last are equal in both.
        misses: places within the run that differ.
    """

    exact: int
    length: int
    misses: tuple[int, ...]


def run_on(one: NDArray[Any], other: NDArray[Any], skips: int) -> Run:
    """Return the run from the beginning of both that differs in at most `skips` places.

    It ends before the place that the budget no longer covers, and never with places that differ.

    Args:
        one: tokens, shape (m,).
        other: tokens, shape (k,).
        skips: the budget, at least 0.
    """
    both = min(len(one), len(other))
    differ = np.flatnonzero(one[:both] != other[:both])
    places = [int(place) for place in differ[: skips + 1]]
    exact = places[0] if places else both
    end = places.pop() if len(places) > skips else both
    while places and places[-1] == end - 1:
        end = places.pop()
    return Run(exact, end, tuple(places))
