"""What conclusions are drawn from, read from the log as projected, up to a position.

Only the tables `log` and `opening` are read, no view, and no record at or behind the position: the
same position gives the same material, whatever was appended since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reprollm.canon import dumps
from reprollm.conclusions.answers import Answered, Arm, Given, Item, Standing
from reprollm.conclusions.claims import Estimate
from reprollm.conclusions.conclude import Material, Wanted, scores_compared
from reprollm.conclusions.repetitions import Repetitions
from reprollm.ledger.standing import Begun, standing
from reprollm.scores.answers import Scorable, Subject, final_answers, subject
from reprollm.scores.judged import Judge
from reprollm.scores.parsers import Mention, Parser, parser
from reprollm.scores.parsers.tags import mentions_of, tags_of_reference
from reprollm.scores.passes import passes_of
from reprollm.scores.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ANSWERS, SOURCES, ANNOTATIONS = "answers or references", "sources", "annotations"
_LONG = 64


@dataclass
class Reading:
    """The material, with what of it is withheld.

    Attributes:
        material: None where the log holds no run before the position.
        withheld: what is not opened, in words; more may be added when repetitions are counted.
    """

    material: Material | None
    withheld: set[str] = field(default_factory=set)


def read(connection: DuckDBPyConnection, before: int) -> Reading:
    """Return what stands before a position of the log.

    Raises:
        InvalidInput: a plan names a score or parser that does not exist.
    """
    withheld: set[str] = set()
    runs = tuple(
        standing_of(connection, run, before, withheld) for run in _runs(connection, before)
    )
    if not runs:
        return Reading(None)
    repetitions = Repetitions(connection, before, withheld)

    def estimate(wanted: Wanted) -> Estimate | None:
        row = connection.execute(_ESTIMATE, [*wanted, before]).fetchone()
        return None if row is None else Estimate(*row)

    return Reading(Material(runs, estimate, repetitions.count), withheld)


def _runs(connection: DuckDBPyConnection, before: int) -> list[str]:
    """Return the runs that the log stood for before a position, in the order of their plans."""
    rows = connection.execute(_PLANS, [before]).fetchall()
    cores = {plan: json.loads(core) for plan, core in rows}
    begun = [Begun(*row) for row in connection.execute(_BEGUN, [before]).fetchall()]
    return [each.run.run for each in standing(cores, begun) if each.run is not None]


def standing_of(
    connection: DuckDBPyConnection,
    run: str,
    before: int,
    withheld: set[str],
    scores: Sequence[str] | None = None,
) -> Standing:
    """Return one run with its answers.

    Args:
        connection: the log.
        run: run id, hex; it began before the position.
        before: a position of the log.
        withheld: takes up, in words, what is not opened.
        scores: the scores that are counted; those of the plan's comparisons by default.
    """
    of = subject(connection, run, before)
    assert of is not None
    items = _items(connection, of, before, withheld)
    passes = passes_of(final_answers(connection, of, before))
    answer = of.core.get("answer")
    names = scores_compared(of.core) if scores is None else tuple(scores)
    judge = Judge(Settings(names, answer))
    needs_source = any(one.needs in ("source", "mentions") for one in judge.measures)
    cells: dict[str, list[Given]] = {}
    for found in final_answers(connection, of, before):
        if found.withheld or (found.has_output and found.output is None):
            withheld.add(ANSWERS)
        if needs_source and found.has_reference and found.hides_source:
            withheld.add(SOURCES)
        cells.setdefault(found.sampling, []).append(
            _given(found, judge, folded=not passes.counts(found))
        )
    model = of.core.get("model")
    arms = {cell: Arm(run, of.plan, model, cell) for cell in _cells(connection, of.plan)}
    answered = (
        Answered(arm, tuple(cells.get(cell, ())), passes.asked.get(cell, 0), passes.distinct(cell))
        for cell, arm in arms.items()
    )
    return Standing(run, of.plan, of.core, tuple(answered), items)


def _given(found: Scorable, judge: Judge, folded: bool) -> Given:
    scored = found.output is not None and found.reference is not None
    texts = judge.parser.texts(found.output or "", found.reference or "", found.source or "")
    value = texts.parsed.value
    label = _spelled(value) if isinstance(value, tuple) else value.strip()
    counts = {
        one.name: {} if one.needs == "source" and found.source is None else one.counts(texts)
        for one in judge.measures
    }
    return Given(
        index=found.index,
        item=found.item,
        stratum=found.stratum,
        seed=found.seed,
        repetition=found.repetition,
        label=_short(label if texts.parsed.status == "answered" else ""),
        counts=counts if scored else None,
        gold=None if found.reference is None else given_label(judge.parser, found.reference),
        folded=folded,
    )


def given_label(by: Parser, text: str) -> str:
    """Return a reference or an annotator's label in the form in which labels are compared."""
    tags = tags_of_reference(text) if by.finds_mentions else None
    if tags is not None:
        return _short(_spelled(tuple(mentions_of(tags))))
    return _short(by.texts("", text).reference.strip())


def _spelled(mentions: tuple[Mention, ...]) -> str:
    return dumps([[each.start, each.end, each.type] for each in mentions]).decode()


def _short(label: str) -> str:
    """Return a label, or a hash in place of a long one: labels are compared and nothing else."""
    if len(label) <= _LONG:
        return label
    return f"sha256:{hashlib.sha256(label.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _cells(connection: DuckDBPyConnection, plan: str) -> list[str]:
    return [row[0] for row in connection.execute(_CELLS, [plan]).fetchall()]


def _items(
    connection: DuckDBPyConnection, of: Subject, before: int, withheld: set[str]
) -> dict[str, Item]:
    """Return a plan's item records by item; the first of each counts."""
    by = parser(of.core.get("answer"))
    found: dict[str, Item] = {}
    for item, document, split, committed, text in connection.execute(
        _ITEMS, [of.plan, before]
    ).fetchall():
        if committed and text is None:
            withheld.add(ANNOTATIONS)
        labels = None if text is None else _annotations(by, json.loads(text))
        found.setdefault(item, Item(document, split, labels))
    return found


def _annotations(by: Parser, said: Mapping[str, Any]) -> dict[str, str]:
    """Return annotators' labels; one that is empty is missing."""
    return {
        name: given_label(by, str(label)) if str(label).strip() else ""
        for name, label in said.items()
    }


_PLANS = """
    SELECT plan, arg_min(canon->'$.core', "position") FROM log
    WHERE kind = 'plan' AND "position" < ? GROUP BY plan ORDER BY max("position")
"""
_BEGUN = """
    WITH planned AS (
        SELECT plan, count(DISTINCT request) AS requests FROM log
        WHERE kind = 'request' GROUP BY plan
    ), answered AS (
        SELECT run, count(DISTINCT request) AS requests FROM log
        WHERE kind = 'generation' AND "position" < $1 GROUP BY run
    ), begun AS (
        SELECT run, arg_min(plan, "position") AS plan, min(canon->>'$.started') AS started
        FROM log WHERE kind = 'start' AND "position" < $1 GROUP BY run
    )
    SELECT b.run, b.plan, coalesce(a.requests = p.requests, false)
    FROM begun b LEFT JOIN answered a USING (run) LEFT JOIN planned p USING (plan)
    ORDER BY b.started, b.run
"""
_CELLS = """
    SELECT sampling FROM log WHERE kind = 'request' AND plan = ?
    GROUP BY sampling ORDER BY min("index")
"""
_ITEMS = """
    SELECT r.item, r.canon->>'$.document', r.canon->>'$.split',
           (r.canon->>'$.annotations') IS NOT NULL, o."text"
    FROM log r
    LEFT JOIN opening o ON o."position" = r."position" AND o.field = 'annotations'
    WHERE r.kind = 'item' AND r.plan = ? AND r."position" < ? ORDER BY r."position"
"""
_ESTIMATE = """
    SELECT "position", leaf, canon->>'$.value', canon->>'$.low', canon->>'$.high' FROM log
    WHERE kind = 'estimate' AND run = ? AND (canon->>'$.score') = ? AND sampling = ?
          AND (canon->>'$.level') = ? AND (canon->>'$.group') IS NOT DISTINCT FROM ?
          AND (canon->>'$.aggregation') = ? AND (canon->>'$.label') IS NOT DISTINCT FROM ?
          AND "position" < ?
    ORDER BY "position" DESC LIMIT 1
"""
