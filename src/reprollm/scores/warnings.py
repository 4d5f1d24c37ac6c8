"""What a reader should know of an estimate before relying on it, as codes.

| code | on | when |
| --- | --- | --- |
| `identical-passes` | every row of a cell | a pass of the cell repeats an earlier one |
| `no-variation` | each row by itself | every resample gave the same value |
| `ranking-depends-on-aggregation` | rows of all answers | two cells rank otherwise by another aggregation |
| `runaway` | every row of a group | an answer ran out of tokens |
| `sign-depends-on-aggregation` | reductions of one group | one aggregation is above 0, one below |
| `unparsed` | every row of a group | the parser found no answer in an output |

Values are compared as they are recorded. Rows of single labels take no part in the two comparisons.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from reprollm.scores.row import BOOTSTRAP, Row

IDENTICAL, RANKING, RUNAWAY = "identical-passes", "ranking-depends-on-aggregation", "runaway"
SIGN, UNPARSED, CONSTANT = "sign-depends-on-aggregation", "unparsed", "no-variation"
REDUCTION = "character_error_reduction"
WORDS: Mapping[str, str] = {
    IDENTICAL: "answers of some repetitions are byte for byte those of an earlier one and are "
    "counted once",
    CONSTANT: "all items, or documents, give the same value, so that the interval has no width and "
    "does not say how sure the value is",
    RANKING: "another usual aggregation ranks the cells otherwise",
    RUNAWAY: "answers that only ran out of tokens count in the value",
    SIGN: "whether there is a gain or a loss depends on the aggregation",
    UNPARSED: "outputs without a recognisable answer count as wrong",
}


def warned(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of a run with their warnings."""
    rankings = set(_ranked_otherwise(rows))
    signs = set(_of_two_signs(rows))
    return [replace(row, warnings=tuple(sorted(_codes(row, rankings, signs)))) for row in rows]


def _codes(
    row: Row, rankings: set[tuple[str, str]], signs: set[tuple[str, str, str | None]]
) -> Iterator[str]:
    if row.distinct < row.asked:
        yield IDENTICAL
    if row.interval.method == BOOTSTRAP and row.low == row.high:
        yield CONSTANT
    if row.level == "all" and row.label is None and (row.score, row.sampling) in rankings:
        yield RANKING
    if row.counted["runaway"]:
        yield RUNAWAY
    if row.score == REDUCTION and (row.sampling, row.level, row.group) in signs:
        yield SIGN
    if row.counted["unparsed"]:
        yield UNPARSED


def _ranked_otherwise(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Yield (score, cell) of cells that two aggregations of the score rank differently."""
    values: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows:
        if row.level == "all" and row.label is None and row.value is not None:
            cells = values.setdefault(row.score, {})
            cells.setdefault(row.sampling, {})[row.aggregation] = float(row.value)
    for score, cells in values.items():
        for one, other in combinations(cells, 2):
            first, second = cells[one], cells[other]
            steps = [first[name] - second[name] for name in first.keys() & second.keys()]
            if min(steps, default=0) < 0 < max(steps, default=0):
                yield score, one
                yield score, other


def _of_two_signs(rows: Iterable[Row]) -> Iterator[tuple[str, str, str | None]]:
    """Yield (cell, level, group) whose aggregated reductions have different signs."""
    values: dict[tuple[str, str, str | None], list[float]] = {}
    for row in rows:
        if row.score == REDUCTION and row.value is not None:
            values.setdefault((row.sampling, row.level, row.group), []).append(float(row.value))
    for key, each in values.items():
        if min(each) < 0 < max(each):
            yield key
