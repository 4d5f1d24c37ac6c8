"""Every score record of a log, held against what the log's own answers give.

A shard of scores speaks of the answers that stand before its first score record. Its records about
one run must be exactly the rows of that run's summary: none missing, none more, none twice, none
different. Where texts are withheld a summary that does not come out is no proof of anything; it is
named as not checked. Memory does not grow with the answers.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from reprollm.errors import InvalidInput, ScoreMismatch
from reprollm.ledger.projection import opened
from reprollm.ledger.report import Problem
from reprollm.scores.aggregate import Aggregate
from reprollm.scores.answers import Scorable, Subject, final_answers, subject
from reprollm.scores.stage import score_fields
from reprollm.scores.summary import Summary

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NAME = ("score", "sampling", "level", "stratum", "aggregation")
_SHOWN = 3
Said: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class ScoredRun:
    """The summary of one run or import, as recorded and as recomputed.

    Attributes:
        run: run id, or the id of an import, hex.
        position: place of the first of its score records in the log.
        verdict: `same` where the recorded rows are those that the answers give, `WRONG` where they
            are not, `not recomputed` where nobody can tell here.
        rows: the recorded rows.
    """

    run: str
    position: int
    verdict: str
    rows: tuple[Said, ...]


@dataclass(frozen=True)
class Recomputed:
    """What came of recomputing a log's scores.

    Attributes:
        records: number of score records that were compared.
        answers: number of answers that were scored for it.
        runs: the summaries, in log order.
        problems: scores that are not what the answers give.
        unchecked: sentences that name what could not be recomputed, and why.
    """

    records: int
    answers: int
    runs: tuple[ScoredRun, ...]
    problems: tuple[Problem, ...]
    unchecked: tuple[str, ...]


def recompute(ledger: Path, on_answers: Callable[[int], None] = lambda answers: None) -> Recomputed:
    """Compare every score record in the log of `ledger` with what its answers give.

    The log is read as `ledger.duckdb` shows it, which must have been compared with the shards.

    Raises:
        InvalidInput: there is no projection.
        ProjectionMismatch: the projection is no database.
    """
    with opened(ledger) as connection:
        found = [_judge(connection, said, on_answers) for said in _said(connection)]
    return Recomputed(
        sum(len(one.scored.rows) for one in found),
        sum(one.answers for one in found),
        tuple(one.scored for one in found),
        tuple(problem for one in found for problem in one.problems),
        tuple(sentence for one in found for sentence in one.unchecked),
    )


@dataclass(frozen=True)
class _Judged:
    scored: ScoredRun
    answers: int
    problems: tuple[Problem, ...]
    unchecked: tuple[str, ...]


@dataclass(frozen=True)
class _Group:
    """The score records of one shard about one run, in log order."""

    run: str
    position: int
    records: list[Said]


def _said(connection: DuckDBPyConnection) -> Iterator[_Group]:
    """Yield the log's score records by shard and run."""
    firsts = [row[0] for row in connection.execute(_SHARDS).fetchall()]
    rows = connection.execute(_RECORDS).fetchall()
    parsed = ((position, json.loads(canon)) for position, canon in rows)
    by_shard = groupby(parsed, key=lambda row: bisect_right(firsts, row[0]))
    for _, members in by_shard:
        runs: dict[str, list[tuple[int, Said]]] = {}
        for position, record in members:
            runs.setdefault(record["run"], []).append((position, record))
        start = min(group[0][0] for group in runs.values())
        for run, group in runs.items():
            yield _Group(run, start, [record for _, record in group])


def _judge(
    connection: DuckDBPyConnection, said: _Group, on_answers: Callable[[int], None]
) -> _Judged:
    where = f"score records at {said.position} of run {said.run[:16]}"
    of = subject(connection, said.run, said.position)
    if of is None:
        sentence = "expected scores of a run that began before them in the log, found none"
        return _judged(said, 0, [f"{where}: {sentence}"], [])
    names = of.names if of.names is not None else tuple({r["score"]: 0 for r in said.records})
    try:
        summary = Summary(names)
    except InvalidInput as error:
        return _judged(said, 0, [], [f"{where}: not recomputed: {error}"])
    counted = _Counted(final_answers(connection, of, said.position), on_answers)
    deque(summary.take(counted), maxlen=0)
    differing = list(_differences(of, said.records, summary.rows()))
    if not differing:
        return _judged(said, summary.scored, [], [])
    if counted.withheld:
        sentence = (
            f"{where}: not recomputed: {counted.withheld} of {summary.answers} answers or "
            "references are withheld"
        )
        wrong = [f"{where}: {text}" for text in _untenable(of, said.records, summary.answers)]
        return _judged(said, summary.scored, wrong, [sentence])
    more = f" (and {len(differing) - _SHOWN} more)" if len(differing) > _SHOWN else ""
    return _judged(said, summary.scored, [f"{where}: {'; '.join(differing[:_SHOWN])}{more}"], [])


def _judged(said: _Group, answers: int, problems: list[str], unchecked: list[str]) -> _Judged:
    verdict = "WRONG" if problems else "not recomputed" if unchecked else "same"
    return _Judged(
        ScoredRun(said.run, said.position, verdict, tuple(said.records)),
        answers,
        tuple(Problem(ScoreMismatch.__name__, sentence) for sentence in problems),
        tuple(unchecked),
    )


class _Counted:
    """Answers on their way, with the number of those that are withheld."""

    def __init__(self, answers: Iterator[Scorable], on_answers: Callable[[int], None]) -> None:
        self.withheld = 0
        self._answers = answers
        self._on_answers = on_answers

    def __iter__(self) -> Iterator[Scorable]:
        for answer in self._answers:
            self.withheld += answer.withheld
            self._on_answers(1)
            yield answer


def _differences(
    of: Subject, records: list[Said], rows: list[tuple[Aggregate, str]]
) -> Iterator[str]:
    """Yield in words what the records say otherwise than the recomputed rows."""
    expected = {
        _key(fields): fields
        for row, table in rows
        for fields in [score_fields(of.run, of.plan, row, table)]
    }
    seen: set[tuple[Any, ...]] = set()
    for record in records:
        key = _key(record)
        if key in seen:
            yield f"{_words(key)} is recorded twice"
        elif key not in expected:
            yield f"{_words(key)} is recorded, the answers give no such row"
        else:
            yield from _fields(key, record, expected[key])
        seen.add(key)
    for key in expected.keys() - seen:
        yield f"{_words(key)} is not recorded, the answers give {expected[key]['value']}"


def _fields(key: tuple[Any, ...], record: Said, expected: Said) -> Iterator[str]:
    wrong = [name for name, value in expected.items() if record[name] != value]
    if wrong:
        said = ", ".join(f"{name} {record[name]}" for name in wrong)
        right = ", ".join(f"{name} {expected[name]}" for name in wrong)
        yield f"{_words(key)}: expected {right} from the answers, found {said}"


def _untenable(of: Subject, records: list[Said], answers: int) -> Iterator[str]:
    """Yield in words what is wrong whatever the withheld texts are."""
    if len({_key(record) for record in records}) < len(records):
        yield "a row is recorded twice"
    for name, right in (("plan", {of.plan}), ("score", set(of.names or ()) or None)):
        found = {record[name] for record in records}
        if right is not None and not found <= right:
            yield f"expected {name} {', '.join(sorted(right))}, found {', '.join(sorted(found))}"
    most = max(record["n"] for record in records)
    if most > answers:
        yield f"a row counts {most} answers, the log holds {answers}"


def _key(record: Said) -> tuple[Any, ...]:
    return tuple(record[name] for name in _NAME)


def _words(key: tuple[Any, ...]) -> str:
    score, sampling, level, stratum, aggregation = key
    whose = "all answers" if level == "all" else f"stratum {stratum}"
    return f"{score} ({aggregation}) of {whose}, sampling {sampling}"


_SHARDS = 'SELECT "first" FROM shard ORDER BY "first"'
_RECORDS = """SELECT "position", canon FROM log WHERE kind = 'score' ORDER BY "position" """
