"""From answers to the summary table: the one piece of code that scores, and that checks scores.

Answers come in the order of their index in the plan. For each score named, the table of item scores
is a sequence of canonical lines `{"denominator","index","numerator","request","runaway","score"}`,
one for each answer with an opened output and an opened reference, and its digest is
`canon.digest("reprollm/scores/v1", *lines)`. Neither is held in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from reprollm.canon import frame
from reprollm.ledger.read import Answer
from reprollm.scores.answers import Scorable
from reprollm.scores.earlier.aggregate import Aggregate, Aggregation, ItemScore
from reprollm.scores.earlier.measures import Measure, measure

_TAG = b"reprollm/scores/v1"


# A final answer; texts that are missing or withheld are None.
Answered: TypeAlias = Answer | Scorable


class Summary:
    """The summary of a run's answers under the scores that its plan names."""

    def __init__(self, names: Sequence[str]) -> None:
        """Begin a summary; raise `InvalidInput` for a score that does not exist."""
        self.answers = 0
        self.scored = 0
        self._measures = [(name, measure(name)) for name in dict.fromkeys(names)]
        self._states = {name: _table() for name, _ in self._measures}
        self._aggregation = Aggregation()

    def take(self, answers: Iterable[Answered]) -> Iterator[ItemScore]:
        """Take up answers as they are drawn from the result, which yields their item scores."""
        for answer in answers:
            self.answers += 1
            for score in _scores(answer, self._measures):
                self._aggregation.add(score)
                frame(self._states[score.score], item_line(score))
                yield score
            self.scored += answer.output is not None and answer.reference is not None

    def rows(self) -> list[tuple[Aggregate, str]]:
        """Return the aggregates, each with the digest of its score's table, hex."""
        digests = {name: state.hexdigest() for name, state in self._states.items()}
        return [(row, digests[row.score]) for row in self._aggregation.rows()]


def item_scores(answers: Iterable[Answered], names: Sequence[str]) -> Iterator[ItemScore]:
    """Yield one score for each answer that has a reference, for each named measure.

    An answer whose text is withheld has no score here.
    """
    measures = [(name, measure(name)) for name in names]
    for answer in answers:
        yield from _scores(answer, measures)


def item_line(score: ItemScore) -> bytes:
    """Return the canonical line of one item score in the table that is hashed.

    Written out because a verification computes millions; nothing in it needs an escape.
    """
    ratio, runaway = score.ratio, "true" if score.runaway else "false"
    return (
        f'{{"denominator":{ratio.denominator},"index":{score.index},"numerator":{ratio.numerator},'
        f'"request":"{score.request}","runaway":{runaway},"score":"{score.score}"}}'
    ).encode()


def _scores(answer: Answered, measures: Sequence[tuple[str, Measure]]) -> Iterator[ItemScore]:
    if answer.output is None or answer.reference is None:
        return
    for name, ratio_of in measures:
        yield ItemScore(
            index=answer.index,
            request=answer.request,
            item=answer.item,
            stratum=answer.stratum,
            sampling=answer.sampling,
            seed=answer.seed,
            repetition=answer.repetition,
            score=name,
            ratio=ratio_of(answer.output, answer.reference),
            runaway=answer.finish == "length",
        )


def _table() -> hashlib._Hash:
    state = hashlib.sha256()
    frame(state, _TAG)
    return state
