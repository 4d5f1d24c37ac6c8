"""How much two answers to one request have in common: the levels L0 to L3.

Each level holds all that the ones below it say. Without log-probabilities, as with engines that
give none and answers that are withheld, nothing above L1 can be seen.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reprollm.compare.precision import within_few


class Level(StrEnum):
    """A level; its text orders it, so that `min` gives what holds of all."""

    SETTINGS = "L0"
    TOKENS = "L1"
    TOLERANCE = "L2"
    BITS = "L3"


MEANING: Mapping[Level, str] = {
    Level.SETTINGS: "same settings, other tokens",
    Level.TOKENS: "same tokens",
    Level.TOLERANCE: "log-probabilities within a few units in the last place",
    Level.BITS: "bit-identical",
}


@dataclass(frozen=True)
class Tokens:
    """The opened numbers of one answer: ids (n,), float32 log-probabilities (n,), margins (n,).

    Log-probabilities and margins have shape (0,) where the engine gives none.
    """

    ids: Sequence[int]
    logprobs: Sequence[float]
    margins: Sequence[float]


def level_of(dtype: str, first: Tokens, second: Tokens) -> Level:
    """Return the level that two answers to the same request reach.

    Args:
        dtype: the type in which the model computed; decides the tolerance of L2.
        first: one answer.
        second: the other.
    """
    if list(first.ids) != list(second.ids):
        return Level.SETTINGS
    drift = largest_difference(first.logprobs, second.logprobs)
    if drift is None or (first.ids and not first.logprobs):
        return Level.TOKENS
    if _bits(first.logprobs) == _bits(second.logprobs) and _agree(first.margins, second.margins):
        return Level.BITS
    return Level.TOLERANCE if within_few(drift, dtype) else Level.TOKENS


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how many tokens two sequences share from the start."""
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second))


def largest_difference(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the largest absolute difference; None where one sequence is longer than the other."""
    if len(first) != len(second):
        return None
    return max((abs(one - other) for one, other in zip(first, second, strict=True)), default=0.0)


def _agree(first: Sequence[float], second: Sequence[float]) -> bool:
    """Return whether margins have equal bits, or one side has none at all."""
    return not first or not second or _bits(first) == _bits(second)


def _bits(values: Sequence[float]) -> bytes:
    return array("f", values).tobytes()
