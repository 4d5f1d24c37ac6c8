"""From answers to rows: the one piece of code that makes estimates, and that checks them.

Answers come in the order of their index in the plan. For each score, the table of item scores is a
sequence of canonical lines `{"counts","index","request","score","status"}`, one for each answer
with an opened output and an opened reference, folded passes among them; its digest is
`canon.digest("reprollm/item-scores/v1", *lines)`. Neither is held in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reprollm.canon import frame
from reprollm.scores.answers import Scorable
from reprollm.scores.groups import rows_of
from reprollm.scores.items import NOWHERE, Places
from reprollm.scores.judged import ItemScore, Judge, Judged, item_line
from reprollm.scores.passes import Passes
from reprollm.scores.row import Row
from reprollm.scores.settings import Settings
from reprollm.scores.tally import Tally
from reprollm.scores.warnings import warned

_TAG = b"reprollm/item-scores/v1"


class Summary:
    """The estimates of one run.

    Attributes:
        answers: final answers that were taken up.
        scored: those of them that have a reference, both texts being here.
        withheld: those of them that someone with all texts could score, but nobody here.
    """

    def __init__(self, settings: Settings, places: Places, passes: Passes) -> None:
        """Begin a summary; raise `InvalidInput` for a score or parser that does not exist."""
        self.answers = self.scored = self.withheld = 0
        self._settings, self._places, self._passes = settings, places, passes
        self._judge = Judge(settings)
        self._needs_source = any(one.needs in _OF_SOURCE for one in self._judge.measures)
        self._states = {name: _table() for name in settings.names}
        self._tallies: dict[str, Tally] = {}

    def take(self, answers: Iterable[Scorable]) -> Iterator[ItemScore]:
        """Take up answers as they are drawn from the result, which yields their item scores."""
        for judged in self.judged(answers):
            yield from self._judge.items(judged)

    def judged(self, answers: Iterable[Scorable]) -> Iterator[Judged]:
        """Take up answers as they are drawn from the result, which yields them as measured."""
        for answer in answers:
            self.answers += 1
            self.withheld += answer.withheld or (
                self._needs_source and answer.has_reference and answer.hides_source
            )
            judged = self._judge.judge(answer, self._places, self._passes)
            if judged is not None:
                self._add(judged)
                yield judged
            elif not answer.has_reference and self._passes.counts(answer):
                place = self._places.get(answer.item, NOWHERE)
                tally = self._tally(answer.sampling)
                tally.add_without_reference(answer.stratum, place.split)

    def rows(self) -> list[tuple[Row, str]]:
        """Return the rows, each with the digest of its score's table, hex.

        They stand by score in the settings' order, cell, level, group, aggregation and label.
        """
        found: list[Row] = []
        for cell in sorted(self._tallies):
            passes = self._passes.asked.get(cell, 0), self._passes.distinct(cell)
            found += rows_of(cell, self._tallies[cell], self._settings, self._judge, passes)
        places = {name: place for place, name in enumerate(self._settings.names)}
        found.sort(key=lambda row: places[row.score])
        digests = {name: state.hexdigest() for name, state in self._states.items()}
        return [(row, digests[row.score]) for row in warned(found)]

    def versions(self) -> set[str]:
        """Return the versions of the definitions that are used, as rows name them."""
        return {self._judge.version(one) for one in self._judge.measures}

    def _add(self, judged: Judged) -> None:
        self.scored += 1
        for one, counts in zip(self._judge.measures, judged.counts, strict=True):
            frame(self._states[one.name], item_line(judged, one.name, counts))
        if judged.counted:
            self._tally(judged.answer.sampling).add(judged)

    def _tally(self, cell: str) -> Tally:
        found = self._tallies.get(cell)
        if found is None:
            found = self._tallies[cell] = Tally(self._judge.measures)
        return found


_OF_SOURCE = ("source", "mentions")


def estimate_fields(
    run: str, plan: str, row: Row, table: str, checkpoint: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what an estimate record must say of one row; only time and code are its own.

    Args:
        run: run id, or the id of an import, hex.
        plan: plan id, or the id of the import again, hex.
        row: the row.
        table: digest of the table of item scores of this score, hex.
        checkpoint: `{"root","size"}` of the log that holds the answers.
    """
    said = row.to_json()
    return {"run": run, "plan": plan, **said, "table_sha256": table, "checkpoint": dict(checkpoint)}


def item_scores(
    answers: Iterable[Scorable], settings: Settings, places: Places, passes: Passes
) -> Iterator[ItemScore]:
    """Yield the item scores of the answers whose texts are here."""
    judge = Judge(settings)
    for answer in answers:
        judged = judge.judge(answer, places, passes)
        if judged is not None:
            yield from judge.items(judged)


def _table() -> hashlib._Hash:
    state = hashlib.sha256()
    frame(state, _TAG)
    return state
