"""The answers that scores speak of, streamed from the log as projected, in the plan's order.

A score speaks of the final answers that stand before it in the log: of each planned request the
run's first generation. Scores of an import speak of its samples, which name no request; the
stand-in is a hash of the import and the sample's index. Only the tables `log` and `opening` are
read, no view.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reprollm.canon import digest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PORTION = 8192
END_OF_LOG = 2**53


@dataclass(frozen=True, slots=True)
class Scorable:
    """A final answer and its reference; texts that are not opened are None.

    Attributes:
        has_output: whether the record commits to an output.
        has_reference: whether the request commits to a reference.
        source: what the model was given of the item.
        has_source: whether the request commits to a source.
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
    source: str | None = None
    has_source: bool = False

    @property
    def withheld(self) -> bool:
        """Whether the answer could be scored by someone who has its texts, but not here."""
        missing = self.output is None or self.reference is None
        return missing and self.has_output and self.has_reference

    @property
    def hides_source(self) -> bool:
        """Whether the item's source was committed to and is not here."""
        return self.has_source and self.source is None


@dataclass(frozen=True)
class Subject:
    """What scores are about: one run of a plan, or one import.

    Attributes:
        run: run id, or import id, hex.
        plan: plan id, or the import id again, hex.
        imported: whether it is an import.
        names: the scores that the plan asks for; None for an import, whose scores name themselves.
        core: what the plan was made from; empty for an import.
    """

    run: str
    plan: str
    imported: bool
    names: tuple[str, ...] | None
    core: Mapping[str, Any] = field(default_factory=dict)


def subject(connection: DuckDBPyConnection, run: str, before: int = END_OF_LOG) -> Subject | None:
    """Return the run or import with the id `run` that began before a position of the log."""
    found = connection.execute(_RUN, [run, before]).fetchone()
    if found:
        said = json.loads(found[1])
        core = said if isinstance(said, dict) else {}
        listed = core.get("scores")
        names = listed if isinstance(listed, list) else []
        named = tuple(name for name in names if isinstance(name, str))
        return Subject(run, found[0], False, named, core)
    if connection.execute(_IMPORT, [run, before]).fetchone():
        return Subject(run, run, True, None)
    return None


def final_answers(
    connection: DuckDBPyConnection, of: Subject, before: int = END_OF_LOG
) -> Iterator[Scorable]:
    """Yield the answers of a run or import that stand before a position of the log, by index.

    First only places are found, three numbers an answer; texts are then fetched portion by portion.
    """
    places = connection.cursor()
    if of.imported:
        places.execute(_SAMPLES, [of.run, before])
    else:
        places.execute(_PLACES, [of.run, before, of.plan])
    while portion := places.fetchmany(_PORTION):
        yield from _portion(connection.cursor(), of, portion)


def _portion(
    cursor: DuckDBPyConnection, of: Subject, portion: list[tuple[int, int, int]]
) -> Iterator[Scorable]:
    """Yield the answers at some (index, position asked, position answered)."""
    asked = _at(cursor, _ASKED, [row[1] for row in portion])
    answered = _at(cursor, _ANSWERED, [row[2] for row in portion])
    for index, question, answer in portion:
        request, item, stratum, sampling, seed, repetition, *given = asked[question]
        reference, has_reference, source, has_source = given
        finish, output, has_output = answered[answer]
        yield Scorable(
            index=index,
            request=imported_request(of.run, index) if of.imported else request,
            item=item,
            stratum=stratum,
            sampling=sampling,
            seed=seed,
            repetition=repetition,
            finish=finish,
            output=output,
            reference=reference,
            has_output=has_output,
            has_reference=has_reference,
            source=source,
            has_source=has_source,
        )


def _at(cursor: DuckDBPyConnection, query: str, positions: list[int]) -> dict[int, tuple[Any, ...]]:
    """Return what a query tells of some positions, by position."""
    rows = cursor.execute(query, [min(positions), max(positions), positions]).fetchall()
    return {row[0]: row[1:] for row in rows}


def imported_request(imported: str, index: int) -> str:
    """Return what stands for the request of an imported sample in a table of scores."""
    return digest("reprollm/imported/v1", imported.encode("ascii"), str(index).encode("ascii"))


_RUN = """
    SELECT s.plan, p.canon->'$.core'
    FROM log s JOIN log p ON p.kind = 'plan' AND p.plan = s.plan
    WHERE s.kind = 'start' AND s.run = ? AND s."position" < ?
    ORDER BY s."position", p."position" LIMIT 1
"""

_IMPORT = """
    SELECT 1 FROM log WHERE kind = 'import' AND (canon->>'$.import') = ? AND "position" < ? LIMIT 1
"""

_PLACES = """
    WITH final AS (
        SELECT unhex(request) AS request, min("position") AS "position" FROM log
        WHERE kind = 'generation' AND run = ? AND "position" < ? GROUP BY ALL
    ), planned AS (
        SELECT "index", arg_min(unhex(request), "position") AS request,
               min("position") AS "position"
        FROM log WHERE kind = 'request' AND plan = ? GROUP BY "index"
    )
    SELECT p."index", p."position", f."position"
    FROM planned p JOIN final f USING (request) ORDER BY p."index"
"""

_SAMPLES = """
    SELECT "index", "position", "position" FROM log
    WHERE kind = 'imported' AND (canon->>'$.import') = ? AND "position" < ?
    ORDER BY "index", "position"
"""

_ASKED = """
    WITH opened AS (
        SELECT "position", field, "text" FROM opening
        WHERE field IN ('reference', 'source') AND "position" BETWEEN $1 AND $2
    )
    SELECT r."position", r.request, r.item, r.stratum, r.sampling, r.seed, r.repetition,
           reference."text", (r.canon->>'$.reference') IS NOT NULL,
           source."text", (r.canon->>'$.source') IS NOT NULL
    FROM log r
    LEFT JOIN opened reference
        ON reference."position" = r."position" AND reference.field = 'reference'
    LEFT JOIN opened source ON source."position" = r."position" AND source.field = 'source'
    WHERE r."position" BETWEEN $1 AND $2 AND r."position" IN (SELECT unnest($3))
"""

_ANSWERED = """
    WITH output AS (
        SELECT "position", "text" FROM opening
        WHERE field = 'output' AND "position" BETWEEN $1 AND $2
    )
    SELECT g."position", g.finish, output."text", (g.canon->>'$.output') IS NOT NULL
    FROM log g LEFT JOIN output ON output."position" = g."position"
    WHERE g."position" BETWEEN $1 AND $2 AND g."position" IN (SELECT unnest($3))
"""
