"""Verbatim continuation: whether a model goes on from an item's beginning as the item does.

The model is given the first part of the item's own tokens, the share being declared before the run,
and continues greedily (Carlini et al. 2022, arXiv:2202.07646). A long continuation that is right
token by token is hard to explain for a text of high entropy; of a text that can be guessed, or that
quotes what everybody quotes, it says nothing. A wrong continuation says nothing either: in small
models an item that was trained on 64 times was continued in 2 to 5 of 100 cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

VERSION = "1"
LEAST = 8
"""Tokens that a continuation must have; a shorter one can be guessed and is `uncheckable`."""


@dataclass(frozen=True)
class Continuation:
    """How far a continuation is the item's own.

    Attributes:
        exact: whether every expected token came, in its place.
        leading: expected tokens before the first wrong one.
        longest: length of the longest run of tokens that stands in both, wherever.
        expected: number of expected tokens.
    """

    exact: bool
    leading: int
    longest: int
    expected: int


def compare(expected: Sequence[int], output: Sequence[int]) -> Continuation:
    """Return how far `output`, cut to the length of `expected`, agrees with it."""
    said = output[: len(expected)]
    leading = 0
    while leading < len(said) and said[leading] == expected[leading]:
        leading += 1
    exact = bool(expected) and leading == len(expected)
    return Continuation(exact, leading, longest_run(expected, said), len(expected))


def longest_run(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of the longest contiguous run of tokens that both have."""
    best = 0
    ending = [0] * (len(other) + 1)
    for token in one:
        before = 0
        for place, found in enumerate(other, 1):
            before, ending[place] = ending[place], before + 1 if token == found else 0
        best = max(best, *ending)
    return best
