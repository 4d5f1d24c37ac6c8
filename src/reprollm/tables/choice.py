"""Which numbers on record stand in a table: of which scores, aggregations, groups and arms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reprollm.errors import InvalidInput
from reprollm.scores.measures import MEASURES
from reprollm.tables.measured import Arm, Book, Number
from reprollm.tables.words import Language

Level: TypeAlias = Literal["all", "stratum", "split", "label"]
Layout: TypeAlias = Literal["rows", "columns"]
Crossing: TypeAlias = "tuple[Arm, str | None, tuple[str, str]]"

POOLED = ("chrf", "bleu", "entity_")


@dataclass(frozen=True)
class Wanted:
    """What a table shows.

    Attributes:
        scores: pairs of a score and an aggregation, None for the usual one; all scores without any.
        level: what the groups of rows are.
        arms: whether arms are rows or columns.
        digits: decimals of a value.
    """

    scores: tuple[tuple[str, str | None], ...] = ()
    level: Level = "all"
    arms: Layout = "rows"
    digits: int = 3
    language: Language = "en"


@dataclass(frozen=True)
class Chosen:
    """The arms, groups and columns of one table, and the number at each crossing."""

    arms: tuple[Arm, ...]
    groups: tuple[str | None, ...]
    columns: tuple[tuple[str, str], ...]
    numbers: dict[Crossing, Number]


def choose(books: Sequence[Book], wanted: Wanted) -> Chosen:
    """Return what a table shows.

    Raises:
        InvalidInput: nothing on record is what was asked for.
    """
    every = [number for book in books for number in book.numbers if _at(number, wanted.level)]
    if not every:
        raise InvalidInput(
            f"expected scores on record at the level {wanted.level}, found none; score the ledger "
            "and commit it first, or choose another level"
        )
    columns = tuple(_columns(every, wanted.scores))
    by_arm = {(arm.ledger, arm.run, arm.cell): arm for book in books for arm in book.arms}
    numbers = {
        (by_arm[n.ledger, n.run, n.cell], _group(n, wanted.level), (n.score, n.aggregation)): n
        for n in every
        if (n.score, n.aggregation) in columns
    }
    arms = tuple(arm for arm in by_arm.values() if any(key[0] == arm for key in numbers))
    groups = sorted({key[1] for key in numbers}, key=lambda name: name or "")
    return Chosen(arms, tuple(groups), columns, numbers)


def _at(number: Number, level: Level) -> bool:
    if level == "label":
        return number.level == "all" and number.label is not None
    return number.level == level and number.label is None


def _group(number: Number, level: Level) -> str | None:
    return number.label if level == "label" else number.group


def _columns(
    numbers: Sequence[Number], scores: Sequence[tuple[str, str | None]]
) -> Iterable[tuple[str, str]]:
    there: dict[str, list[str]] = {}
    for number in numbers:
        found = there.setdefault(number.score, [])
        if number.aggregation not in found:
            found.append(number.aggregation)
    for score, aggregation in scores or [(name, None) for name in there]:
        if score not in there or (aggregation or there[score][0]) not in there[score]:
            known = ", ".join(f"{name}:{how}" for name in there for how in there[name])
            asked = f"{score}:{aggregation}" if aggregation else score
            raise InvalidInput(f"expected a score among {known}, found {asked!r:.80}")
        yield score, aggregation or _usual(score, there[score])


def _usual(score: str, aggregations: Sequence[str]) -> str:
    """Return the aggregation by which a score is usually given."""
    known = [each.name for each in MEASURES[score].aggregations] if score in MEASURES else []
    preferred = ["corpus", *known] if score.startswith(POOLED) else known
    return next((name for name in preferred if name in aggregations), aggregations[0])
