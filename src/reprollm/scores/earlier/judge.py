"""Score records of releases 0.1 to 0.3, held against what the log's own answers give.

A shard of scores speaks of the answers that stand before its first score record. Its records about
one run must be exactly the rows of that run's summary: none missing, none more, none twice, none
different. Where texts are withheld a summary that does not come out is no proof of anything; it is
named as not checked. Memory does not grow with the answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput
from reprollm.scores.answers import Scorable, final_answers, subject
from reprollm.scores.earlier.fields import NAME, score_fields
from reprollm.scores.earlier.summary import Summary
from reprollm.scores.verdict import Group, Judged, OnAnswers, differences, shown, untenable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def judge(connection: DuckDBPyConnection, said: Group, on_answers: OnAnswers) -> Judged:
    """Judge the score records of one shard about one run."""
    where = f"score records at {said.position} of run {said.run[:16]}"
    of = subject(connection, said.run, said.position)
    if of is None:
        sentence = "expected scores of a run that began before them in the log, found none"
        return said.judged(0, [f"{where}: {sentence}"], [])
    names = of.names if of.names is not None else tuple({r["score"]: 0 for r in said.records})
    try:
        summary = Summary(names)
    except InvalidInput as error:
        return said.judged(0, [], [f"{where}: not recomputed: {error}"])
    counted = _Counted(final_answers(connection, of, said.position), on_answers)
    deque(summary.take(counted), maxlen=0)
    rows = [score_fields(of.run, of.plan, row, table) for row, table in summary.rows()]
    expected = {tuple(fields[name] for name in NAME): fields for fields in rows}
    differing = list(differences(said.records, expected, NAME, _words))
    if not differing:
        return said.judged(summary.scored, [], [])
    if counted.withheld:
        sentence = (
            f"{where}: not recomputed: {counted.withheld} of {summary.answers} answers or "
            "references are withheld"
        )
        wrong = untenable(said.records, NAME, of.plan, of.names, summary.answers)
        return said.judged(summary.scored, [f"{where}: {text}" for text in wrong], [sentence])
    return said.judged(summary.scored, [shown(where, differing)], [])


class _Counted:
    """Answers on their way, with the number of those that are withheld."""

    def __init__(self, answers: Iterator[Scorable], on_answers: OnAnswers) -> None:
        self.withheld = 0
        self._answers = answers
        self._on_answers = on_answers

    def __iter__(self) -> Iterator[Scorable]:
        for answer in self._answers:
            self.withheld += answer.withheld
            self._on_answers(1)
            yield answer


def _words(key: tuple[Any, ...]) -> str:
    score, sampling, level, stratum, aggregation = key
    whose = "all answers" if level == "all" else f"stratum {stratum}"
    return f"{score} ({aggregation}) of {whose}, sampling {sampling}"
