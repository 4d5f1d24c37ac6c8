"""Estimate records, held against what the log's own answers give.

The estimates of one shard about one run name one checkpoint, which stands in the log before them;
they speak of the answers that it covers. They must be exactly the rows of that run's summary: none
missing, none more, none twice, none different. Where texts are withheld, or the records were made
by definitions that this release does not know, nothing is proved and nothing held: they are named
as not recomputed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput
from reprollm.scores.answers import Scorable, Subject, final_answers, subject
from reprollm.scores.items import places_of
from reprollm.scores.passes import passes_in
from reprollm.scores.settings import settings_of
from reprollm.scores.summary import Summary, estimate_fields
from reprollm.scores.verdict import Group, Judged, OnAnswers, differences, shown, untenable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = ("score", "sampling", "level", "group", "aggregation", "label")


def judge(connection: DuckDBPyConnection, said: Group, on_answers: OnAnswers) -> Judged:
    """Judge the estimate records of one shard about one run."""
    where = f"estimates at {said.position} of run {said.run[:16]}"
    checkpoint = said.records[0]["checkpoint"]
    if not _names_a_checkpoint(connection, said):
        sentence = "expected one checkpoint of the log before them in all of them, found another"
        return said.judged(0, [f"{where}: {sentence}"], [])
    of = subject(connection, said.run, checkpoint["size"])
    if of is None:
        sentence = "expected estimates of a run that began before their checkpoint, found none"
        return said.judged(0, [f"{where}: {sentence}"], [])
    return _against_answers(connection, said, of, where, on_answers)


def _names_a_checkpoint(connection: DuckDBPyConnection, said: Group) -> bool:
    first = said.records[0]["checkpoint"]
    if any(record["checkpoint"] != first for record in said.records):
        return False
    named = [first["size"], first["root"], said.position]
    return connection.execute(_CHECKPOINT, named).fetchone() is not None


def _against_answers(
    connection: DuckDBPyConnection, said: Group, of: Subject, where: str, on_answers: OnAnswers
) -> Judged:
    before = said.records[0]["checkpoint"]["size"]
    named = tuple(dict.fromkeys(record["score"] for record in said.records))
    try:
        passes = passes_in(connection, of, before)
        places = places_of(connection, of.plan, before)
        summary = Summary(settings_of(of, named), places, passes)
        answers = _told(final_answers(connection, of, before), on_answers)
        deque(summary.judged(answers), maxlen=0)
    except InvalidInput as error:
        return said.judged(0, [], [f"{where}: not recomputed: {error}"])
    checkpoint = said.records[0]["checkpoint"]
    rows = [estimate_fields(of.run, of.plan, *row, checkpoint) for row in summary.rows()]
    expected = {tuple(fields[name] for name in NAME): fields for fields in rows}
    differing = list(differences(said.records, expected, NAME, _words))
    if not differing:
        return said.judged(summary.scored, [], [])
    reason = _unknown(said, summary.versions()) or _withheld(summary)
    if reason is None:
        return said.judged(summary.scored, [shown(where, differing)], [])
    wrong = untenable(said.records, NAME, of.plan, of.names, summary.answers)
    sentence = f"{where}: not recomputed: {reason}"
    return said.judged(summary.scored, [f"{where}: {text}" for text in wrong], [sentence])


def _unknown(said: Group, known: set[str]) -> str | None:
    """Return why the records cannot be judged by this release's definitions, if so."""
    other = sorted({record["version"] for record in said.records} - known)
    if not other:
        return None
    return (
        f"they were made by {other[0]!r:.80}, which this release does not know (it knows "
        f"{', '.join(sorted(known))})"
    )


def _withheld(summary: Summary) -> str | None:
    if not summary.withheld:
        return None
    return f"{summary.withheld} of {summary.answers} answers or references are withheld"


def _told(answers: Iterator[Scorable], on_answers: OnAnswers) -> Iterator[Scorable]:
    for answer in answers:
        on_answers(1)
        yield answer


def _words(key: tuple[Any, ...]) -> str:
    score, sampling, level, group, aggregation, label = key
    whose = "all answers" if level == "all" else f"{level} {group}"
    about = "" if label is None else f" of label {label}"
    return f"{score} ({aggregation}{about}) of {whose}, sampling {sampling}"


_CHECKPOINT = "SELECT 1 FROM checkpoint WHERE size = ? AND root = ? AND size <= ?"
