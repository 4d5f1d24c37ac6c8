"""Which values of a table are best, and which are significantly better than another arm's."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from reprollm.scores.measures import LOWER_IS_BETTER
from reprollm.tables.choice import Chosen, Crossing, Wanted
from reprollm.tables.measured import Arm, Book, Pair
from reprollm.tables.words import rounded

SIGNIFICANT = Decimal("0.05")
UNRANKED = frozenset({"source_character_error_rate"})


def best_values(chosen: Chosen, digits: int) -> set[Crossing]:
    """Return the keys of the best values of each group and column, where they differ as shown."""
    found: set[Crossing] = set()
    for group in chosen.groups:
        for column in chosen.columns:
            values = {
                (arm, group, column): Decimal(rounded(number.value, digits, "en"))
                for arm in chosen.arms
                if (number := chosen.numbers.get((arm, group, column))) and number.value is not None
            }
            if len(set(values.values())) < 2 or column[0] in UNRANKED:
                continue
            choose = min if column[0] in LOWER_IS_BETTER else max
            top = choose(values.values())
            found |= {key for key, value in values.items() if value == top}
    return found


def pairs_between(books: Sequence[Book], chosen: Chosen, wanted: Wanted) -> list[Pair]:
    """Return the comparisons of which both arms, the score and the group stand in the table."""
    arms = {(arm.run, arm.cell) for arm in chosen.arms}
    scores = {score for score, _ in chosen.columns}
    return [
        pair
        for book in books
        for pair in book.pairs
        if pair.level == wanted.level
        and pair.score in scores
        and {(pair.of.run, pair.of.cell), (pair.against.run, pair.against.cell)} <= arms
    ]


def better_than(books: Sequence[Book], chosen: Chosen, wanted: Wanted) -> dict[Crossing, list[Arm]]:
    """Return for each value the arms that it is significantly better than."""
    arms = {(arm.run, arm.cell): arm for arm in chosen.arms}
    found: dict[Crossing, list[Arm]] = {}
    for pair in pairs_between(books, chosen, wanted):
        if pair.p_adjusted is None or Decimal(pair.p_adjusted) > SIGNIFICANT:
            continue
        of, against = arms[pair.of.run, pair.of.cell], arms[pair.against.run, pair.against.cell]
        winner, loser = (of, against) if pair.favours == "of" else (against, of)
        column = (pair.score, pair.aggregation)
        if pair.favours != "neither" and column in chosen.columns:
            found.setdefault((winner, pair.group, column), []).append(loser)
    return found
