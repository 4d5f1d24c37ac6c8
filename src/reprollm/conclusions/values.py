"""The values of one answer under several scores, as integers, so that distances are exact."""

from __future__ import annotations

from decimal import Decimal

from reprollm.scores.judged import Judge
from reprollm.scores.tally import billionths


def item_values(
    judge: Judge, output: str, reference: str, source: str | None
) -> tuple[int | None, ...]:
    """Return an answer's value under each measure in billionths; None where it is undefined."""
    texts = judge.parser.texts(output, reference, source or "")
    found: list[int | None] = []
    for one in judge.measures:
        lacks = one.needs == "source" and source is None
        term = None if lacks or one.item is None else one.item(one.counts(texts))
        found.append(None if term is None else billionths(term))
    return tuple(found)


def near(first: tuple[int | None, ...], second: tuple[int | None, ...], distance: Decimal) -> bool:
    """Return whether all values are defined alike and lie no farther apart than `distance`."""
    return all(
        (one is None and other is None)
        or (one is not None and other is not None and abs(one - other) <= distance)
        for one, other in zip(first, second, strict=True)
    )
