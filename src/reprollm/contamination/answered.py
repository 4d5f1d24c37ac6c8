"""The items' scores in the run of a plan that counted at a position of the log."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reprollm.contamination.before import Before
from reprollm.contamination.material import ItemScore
from reprollm.scores.answers import Scorable, final_answers, subject
from reprollm.scores.items import places_of
from reprollm.scores.measures import measure
from reprollm.scores.passes import Passes
from reprollm.scores.settings import settings_of
from reprollm.scores.summary import item_scores


class Answered:
    """The scores of the plan's last complete run: each item's mean under each sampling.

    `withheld` says, once all were read, whether a score could not be had for want of a text.
    """

    def __init__(self, log: Before, plan: str) -> None:
        self.withheld = False
        self._log, self._plan = log, plan

    def __iter__(self) -> Iterator[ItemScore]:
        log = self._log
        runs = log.connection.execute(_RUN, [self._plan, *[log.before] * 3]).fetchall()
        of = subject(log.connection, runs[0][0], log.before) if runs else None
        if of is None or not of.names:
            return
        values: dict[tuple[str, str, str], list[float]] = {}
        sources = any(measure(name).needs in ("source", "mentions") for name in of.names)
        answers = self._answers(final_answers(log.connection, of, log.before), sources)
        places = places_of(log.connection, of.plan, log.before)
        for score in item_scores(answers, settings_of(of), places, Passes()):
            if score.value is not None:
                values.setdefault((score.score, score.sampling, score.item), []).append(score.value)
        for (name, sampling, item), each in values.items():
            yield ItemScore(name, sampling, item, math.fsum(each) / len(each))

    def _answers(self, answers: Iterator[Scorable], sources: bool) -> Iterator[Scorable]:
        for answer in answers:
            hidden = sources and answer.has_reference and answer.hides_source
            self.withheld = self.withheld or answer.withheld or hidden
            yield answer


# Of the plan's complete runs the one that began last, ties by id.
_RUN = """
    WITH begun AS (
        SELECT run, min(canon->>'$.started') AS started FROM log
        WHERE kind = 'start' AND plan = $1 AND "position" < $2 GROUP BY run
    ), planned AS (
        SELECT DISTINCT request FROM log WHERE kind = 'request' AND plan = $1 AND "position" < $3
    ), answered AS (
        SELECT DISTINCT run, request FROM log WHERE kind = 'generation' AND "position" < $4
    )
    SELECT b.run FROM begun b
    WHERE NOT EXISTS (
        FROM planned p WHERE NOT EXISTS (
            FROM answered a WHERE a.run = b.run AND a.request = p.request))
    ORDER BY b.started DESC, b.run LIMIT 1
"""
