"""Where two arms' answers to the same item part: the first differing token, and its margin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reprollm.compare.levels import common_prefix
from reprollm.ledger.read import Answer

_BEFORE, _AFTER = 12, 28


@dataclass(frozen=True)
class Parted:
    """Two answers to one item with different texts.

    Attributes:
        item: the data file's id of the item.
        seed: seed as a decimal string.
        repetition: 0 for the first asking.
        token: index of the first differing token; None where tokens are withheld, or are of
            different tokenizers and mean different things.
        margin: the smaller of the two arms' top-two margins there, None without any.
        character: index of the first differing code point.
        of: the first arm's text around that place.
        against: the second's.
    """

    item: str
    seed: str | None
    repetition: int
    token: int | None
    margin: float | None
    character: int
    of: str
    against: str


@dataclass(frozen=True)
class Partings:
    """All answers of two arms: how many are the same, which part, how many stand alone."""

    same: int
    parted: tuple[Parted, ...]
    alone: int


def parted(of: Iterable[Answer], against: Iterable[Answer], by_tokens: bool) -> Partings:
    """Return where the answers to the same item, seed and repetition part.

    Args:
        of: the first arm's final answers.
        against: the second's.
        by_tokens: whether both have the same tokenizer.
    """
    waiting = {_key(answer): answer for answer in against}
    same, alone = 0, 0
    found = []
    for answer in of:
        other = waiting.pop(_key(answer), None)
        if other is None or answer.output is None or other.output is None:
            alone += 1
        elif answer.output == other.output:
            same += 1
        else:
            found.append(_parted(answer, other, answer.output, other.output, by_tokens))
    return Partings(same, tuple(found), alone + len(waiting))


def _key(answer: Answer) -> tuple[str, str | None, int]:
    return answer.item, answer.seed, answer.repetition


def _parted(of: Answer, against: Answer, text: str, other: str, by_tokens: bool) -> Parted:
    place = next(
        (place for place, (a, b) in enumerate(zip(text, other, strict=False)) if a != b),
        min(len(text), len(other)),
    )
    token = None
    if by_tokens and of.output_ids is not None and against.output_ids is not None:
        token = common_prefix(of.output_ids, against.output_ids)
    shown = slice(max(0, place - _BEFORE), place + _AFTER)
    return Parted(
        item=of.item,
        seed=of.seed,
        repetition=of.repetition,
        token=token,
        margin=_margin((of, against), token),
        character=place,
        of=text[shown],
        against=other[shown],
    )


def _margin(answers: Iterable[Answer], token: int | None) -> float | None:
    """Return the smaller margin at a token, of those that were recorded."""
    if token is None:
        return None
    margins = (answer.margin_values or [] for answer in answers)
    return min((each[token] for each in margins if token < len(each)), default=None)
