"""Repetitions on record, read from the log: which answers were given again, and what they keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Any

from reprollm.conclusions.determinism import (
    Generated,
    Kept,
    Planned,
    Repeated,
    Said,
    count,
    repeated,
)
from reprollm.conclusions.values import item_values
from reprollm.scores.answers import subject
from reprollm.scores.judged import Judge
from reprollm.scores.measures import measure
from reprollm.scores.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ARRAYS = "token ids or log-probabilities"
TEXTS = "answers or references"
_PORTION = 1024


class Repetitions:
    """The repetitions of runs before a position of the log."""

    def __init__(self, connection: DuckDBPyConnection, before: int, withheld: set[str]) -> None:
        """Begin; what is found withheld is added to `withheld`."""
        self._connection = connection
        self._before = before
        self._withheld = withheld

    def count(self, run: str, plan: str, within: str | None) -> Mapping[str, Kept]:
        """Return what the repetitions of a run keep, by kind."""
        planned = [
            Planned(index, request, item, cell, seed, _is_zero(temperature))
            for index, request, item, cell, seed, temperature in self._rows(_PLANNED, plan)
        ]
        generated = (Generated(*row) for row in self._rows(_GENERATED, plan, self._before))
        of = subject(self._connection, run, self._before)
        pairs = repeated(run, planned, generated)
        judge = None
        if within is not None and of is not None:
            names = (name for name in of.names or () if measure(name).item is not None)
            judge = Judge(Settings(tuple(names), of.core.get("answer")))
        return count(self._opened(pairs, plan, judge), within)

    def _opened(
        self, pairs: Iterator[Repeated], plan: str, judge: Judge | None
    ) -> Iterator[tuple[str, Said, Said]]:
        while portion := list(islice(pairs, _PORTION)):
            places = {(each.first_index, each.first) for each in portion}
            places |= {(each.second_index, each.second) for each in portion}
            said = self._said(places, plan, judge)
            for each in portion:
                one = said[each.first_index, each.first]
                yield each.kind, one, said[each.second_index, each.second]

    def _said(
        self, places: set[tuple[int, int]], plan: str, judge: Judge | None
    ) -> dict[tuple[int, int], Said]:
        """Return answers in full, by index of their request and position."""
        asked = self._asked(plan, {index for index, _ in places}) if judge else {}
        arrays = {row[0]: row[1:] for row in self._rows(_ARRAYS, [place for _, place in places])}
        found = {}
        for index, place in places:
            finish, output, *opened = arrays[place]
            if None in opened:
                self._withheld.add(ARRAYS)
            values: tuple[int | None, ...] = ()
            if judge is not None and (texts := asked.get(index)) is not None:
                values = self._values(judge, output, *texts)
            ids, logprobs, margins = (bytes(each or b"") for each in opened)
            found[index, place] = Said(ids, finish, logprobs, margins, values)
        return found

    def _values(
        self, judge: Judge, output: str | None, reference: str | None, source: str | None
    ) -> tuple[int | None, ...]:
        if output is None or reference is None:
            self._withheld.add(TEXTS)
            return ()
        return item_values(judge, output, reference, source)

    def _asked(self, plan: str, indices: set[int]) -> dict[int, tuple[str | None, str | None]]:
        """Return reference and source of the requests that have a reference, by index."""
        rows = self._rows(_ASKED, plan, list(indices))
        return {index: (reference, source) for index, reference, source in rows}

    def _rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return self._connection.cursor().execute(query, list(arguments)).fetchall()


def _is_zero(temperature: str | None) -> bool:
    try:
        return temperature is not None and Decimal(temperature) == 0
    except InvalidOperation:
        return False


_PLANNED = """
    SELECT "index", request, item, sampling, seed, canon->>'$.settings.temperature' FROM log
    WHERE kind = 'request' AND plan = ?
    QUALIFY row_number() OVER (PARTITION BY "index" ORDER BY "position") = 1 ORDER BY "index"
"""
_GENERATED = """
    SELECT "position", run, request, (canon->>'$.batch.reused') IS NOT NULL FROM log
    WHERE kind = 'generation' AND plan = ? AND "position" < ? ORDER BY "position"
"""
_ARRAYS = """
    SELECT g."position", g.finish, output."text", ids.bytes, logprobs.bytes, margins.bytes
    FROM log g
    LEFT JOIN opening output ON output."position" = g."position" AND output.field = 'output'
    LEFT JOIN opening ids ON ids."position" = g."position" AND ids.field = 'output_ids'
    LEFT JOIN opening logprobs
        ON logprobs."position" = g."position" AND logprobs.field = 'logprobs'
    LEFT JOIN opening margins ON margins."position" = g."position" AND margins.field = 'margins'
    WHERE g."position" IN (SELECT unnest(?))
"""
_ASKED = """
    SELECT r."index", reference."text", source."text" FROM log r
    LEFT JOIN opening reference
        ON reference."position" = r."position" AND reference.field = 'reference'
    LEFT JOIN opening source ON source."position" = r."position" AND source.field = 'source'
    WHERE r.kind = 'request' AND r.plan = ? AND r."index" IN (SELECT unnest(?))
          AND (r.canon->>'$.reference') IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY r."index" ORDER BY r."position") = 1
"""
