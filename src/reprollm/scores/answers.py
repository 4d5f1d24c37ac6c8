"""The answers that scores speak of, streamed from the log as projected, in the plan's order.

A score speaks of the final answers that stand before it in the log: of each planned request the
run's first generation. Scores of an import speak of its samples, which name no request; the
stand-in is a hash of the import and the sample's index. Only the tables `log` and `opening` are
read, no view.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reprollm.canon import digest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FETCH = 4096
END_OF_LOG = 2**53


@dataclass(frozen=True, slots=True)
class Scorable:
    """A final answer and its reference; texts that are not opened are None.

    Attributes:
        has_output: whether the record commits to an output.
        has_reference: whether the request commits to a reference.
    """

    index: int
    request: str
    item: str
    stratum: str | None
    sampling: str
    seed: str | None
    repetition: int
    finish: str | None
    output: str | None
    reference: str | None
    has_output: bool
    has_reference: bool

    @property
    def withheld(self) -> bool:
        """Whether the answer could be scored by someone who has its texts, but not here."""
        missing = self.output is None or self.reference is None
        return missing and self.has_output and self.has_reference


@dataclass(frozen=True)
class Subject:
    """What scores are about: one run of a plan, or one import.

    Attributes:
        run: run id, or import id, hex.
        plan: plan id, or the import id again, hex.
        imported: whether it is an import.
        names: the scores that the plan asks for; None for an import, whose scores name themselves.
    """

    run: str
    plan: str
    imported: bool
    names: tuple[str, ...] | None


def subject(connection: DuckDBPyConnection, run: str, before: int = END_OF_LOG) -> Subject | None:
    """Return the run or import with the id `run` that began before a position of the log."""
    found = connection.execute(_RUN, [run, before]).fetchone()
    if found:
        core = json.loads(found[1])
        names = core.get("scores") if isinstance(core, dict) else None
        listed = names if isinstance(names, list) else []
        return Subject(run, found[0], False, tuple(n for n in listed if isinstance(n, str)))
    if connection.execute(_IMPORT, [run, before]).fetchone():
        return Subject(run, run, True, None)
    return None


def final_answers(
    connection: DuckDBPyConnection, of: Subject, before: int = END_OF_LOG
) -> Iterator[Scorable]:
    """Yield the answers of a run or import that stand before a position of the log, by index."""
    cursor = connection.cursor()
    if of.imported:
        rows = _fetch(cursor.execute(_SAMPLES, [of.run, before]))
        yield from (Scorable(row[0], imported_request(of.run, row[0]), *row[1:]) for row in rows)
    else:
        rows = _fetch(cursor.execute(_ANSWERS, [of.run, before, of.plan]))
        yield from (Scorable(*row) for row in rows)


def imported_request(imported: str, index: int) -> str:
    """Return what stands for the request of an imported sample in a table of scores."""
    return digest("reprollm/imported/v1", imported.encode("ascii"), str(index).encode("ascii"))


def _fetch(cursor: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(_FETCH):
        yield from rows


_RUN = """
    SELECT s.plan, p.canon->'$.core'
    FROM log s JOIN log p ON p.kind = 'plan' AND p.plan = s.plan
    WHERE s.kind = 'start' AND s.run = ? AND s."position" < ?
    ORDER BY s."position", p."position" LIMIT 1
"""

_IMPORT = """
    SELECT 1 FROM log WHERE kind = 'import' AND (canon->>'$.import') = ? AND "position" < ? LIMIT 1
"""

_ANSWERS = """
    WITH final AS (
        SELECT request, min("position") AS "position" FROM log
        WHERE kind = 'generation' AND run = ? AND "position" < ? GROUP BY request
    ), planned AS (
        SELECT "index", min("position") AS "position" FROM log
        WHERE kind = 'request' AND plan = ? GROUP BY "index"
    )
    SELECT p."index", r.request, r.item, r.stratum, r.sampling, r.seed, r.repetition, g.finish,
           output."text", reference."text", true, (r.canon->>'$.reference') IS NOT NULL
    FROM planned p
    JOIN log r ON r."position" = p."position"
    JOIN final f ON f.request = r.request
    JOIN log g ON g."position" = f."position"
    LEFT JOIN opening output ON output."position" = g."position" AND output.field = 'output'
    LEFT JOIN opening reference
        ON reference."position" = r."position" AND reference.field = 'reference'
    ORDER BY p."index"
"""

_SAMPLES = """
    SELECT l."index", l.item, l.stratum, l.sampling, l.seed, l.repetition, l.finish,
           output."text", reference."text",
           (l.canon->>'$.output') IS NOT NULL, (l.canon->>'$.reference') IS NOT NULL
    FROM log l
    LEFT JOIN opening output ON output."position" = l."position" AND output.field = 'output'
    LEFT JOIN opening reference
        ON reference."position" = l."position" AND reference.field = 'reference'
    WHERE l.kind = 'imported' AND (l.canon->>'$.import') = ? AND l."position" < ?
    ORDER BY l."index", l."position"
"""
