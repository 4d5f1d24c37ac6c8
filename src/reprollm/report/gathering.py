"""From a ledger to the items of a page: item scores beside answers, and what is counted over them.

The rows are read twice, so that no more than a few of them are held: once for what is counted, once
while the page is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from reprollm.report.content import Content
from reprollm.report.itemscores import item_scores
from reprollm.report.page import Items
from reprollm.report.pictures import Mean
from reprollm.report.rows import DIFFERS, SAME, ItemScores, Row, rows
from reprollm.report.summary import arm

FIRST = 20
_MOST_VERDICTS = 12


def gather(
    ledger: Path, content: Content, on_rows: Callable[[int], None] = lambda rows: None
) -> Items:
    """Return the items of a ledger's page.

    Args:
        ledger: the ledger folder.
        content: what was read of it.
        on_rows: called with a number of rows when they are written.
    """
    names: dict[str, None] = {}
    scored: list[dict[int, ItemScores]] = []
    for each in content.runs:
        found, of = item_scores(ledger, each.run.run)
        names.update(dict.fromkeys(found))
        scored.append(of)
    return items_of(content, lambda: _all(ledger, content, scored), tuple(names), on_rows)


def items_of(
    content: Content,
    stream: Callable[[], Iterator[Row]],
    scores: tuple[str, ...],
    on_rows: Callable[[int], None] = lambda rows: None,
) -> Items:
    """Return the items that a stream of rows gives, each time it is asked.

    Args:
        content: what the rows belong to.
        stream: starts the rows anew, in one order.
        scores: names of their item scores.
        on_rows: called with a number of rows when they are written.
    """
    tally = _Tally(content, scores)
    examples: dict[tuple[int, str], Row] = {}
    for row in stream():
        tally.take(row)
        examples.setdefault((row.run, row.cell), row)
    return Items(
        rows=_counting(stream(), on_rows),
        first=list(islice(stream(), FIRST)),
        examples=list(examples.values()),
        scores=scores,
        again=tally.again(),
        means=tally.means(),
    )


class _Tally:
    """Counts what the pictures show."""

    def __init__(self, content: Content, scores: tuple[str, ...]) -> None:
        self._content, self._scores = content, scores
        self._again: dict[str, list[int]] = {}
        self._sums: dict[tuple[str, str, str, str], list[float]] = {}

    def take(self, row: Row) -> None:
        of = self._content.runs[row.run]
        name = arm(self._content, of.run.run, row.cell)
        model = self._content.name_of(of.run.run)
        if row.position is not None:
            place = {SAME: 0, DIFFERS: 1}.get(row.again, 2)
            self._again.setdefault(name, [0, 0, 0])[place] += 1
        for method, one in of.findings.items.get(row.item, {}).items():
            for score in self._scores[:1]:
                value = row.scores.get(score)
                if value is not None:
                    key = (score, method, model, one.said("verdict"))
                    total = self._sums.setdefault(key, [0.0, 0.0])
                    total[0] += value
                    total[1] += 1

    def again(self) -> list[tuple[str, list[int]]]:
        return list(self._again.items())

    def means(self) -> list[Mean]:
        kinds: dict[tuple[str, str, str], int] = {}
        for *of, _ in self._sums:
            score, method, model = of
            kinds[score, method, model] = kinds.get((score, method, model), 0) + 1
        return [
            Mean(score, method, model, verdict, total / n, int(n))
            for (score, method, model, verdict), (total, n) in self._sums.items()
            if kinds[score, method, model] <= _MOST_VERDICTS
        ]


def _all(ledger: Path, content: Content, scored: list[dict[int, ItemScores]]) -> Iterator[Row]:
    for number, each in enumerate(content.runs):
        yield from rows(ledger, number, each.run, each.items, scored[number], each.alike)


def _counting(found: Iterable[Row], on_rows: Callable[[int], None]) -> Iterator[Row]:
    for number, row in enumerate(found, 1):
        yield row
        if number % 1000 == 0:
            on_rows(1000)
