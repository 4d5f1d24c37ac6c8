"""Passes over the items, and which of them say nothing new.

A pass is one asking of a cell's items: those answers of a cell (a prompt and a sampling) that have
one seed and one repetition. Greedy decoding that repeats itself answers three times with the same
bytes; counted three times, the answers would feign three times as many independent observations. So
a pass whose answers are those of an earlier pass of the cell, item for item and byte for byte, is
folded into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from reprollm.canon import frame
from reprollm.scores.answers import END_OF_LOG, Scorable, Subject, final_answers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Pass: TypeAlias = tuple[str, str, int]


def pass_of(answer: Scorable) -> Pass:
    """Return the pass that an answer belongs to: cell, seed (empty where unknown), repetition."""
    return answer.sampling, answer.seed or "", answer.repetition


@dataclass(frozen=True)
class Passes:
    """The passes of a run.

    Attributes:
        folded: those that repeat an earlier one of their cell.
        asked: their number in each cell, the folded ones among them.
    """

    folded: frozenset[Pass] = frozenset()
    asked: Mapping[str, int] = field(default_factory=dict)

    def counts(self, answer: Scorable) -> bool:
        """Return whether an answer is counted: whether its pass is not folded."""
        return not self.folded or pass_of(answer) not in self.folded

    def distinct(self, cell: str) -> int:
        """Return how many different passes a cell has."""
        return self.asked.get(cell, 0) - sum(one[0] == cell for one in self.folded)


def passes_in(connection: DuckDBPyConnection, of: Subject, before: int = END_OF_LOG) -> Passes:
    """Return the passes of a run or import, of its answers before a position of the log.

    Texts are read only where a cell has more than one pass.
    """
    query, name = (_OF_IMPORT, of.run) if of.imported else (_OF_PLAN, of.plan)
    asked = dict(connection.execute(query, [name]).fetchall())
    if all(number == 1 for number in asked.values()):
        return Passes(frozenset(), asked)
    return passes_of(final_answers(connection, of, before))


def passes_of(answers: Iterable[Scorable]) -> Passes:
    """Return the passes of a run's final answers, which come by index.

    The passes of a cell are in the order of their first answers. What is compared of a pass is the
    sequence of its items and outputs, an output that is withheld or missing as an empty text.
    """
    states: dict[Pass, hashlib._Hash] = {}
    for answer in answers:
        of = pass_of(answer)
        state = states.get(of)
        if state is None:
            state = states[of] = hashlib.sha256()
        frame(state, answer.item.encode())
        frame(state, (answer.output or "").encode())
    seen: set[tuple[str, bytes]] = set()
    folded: set[Pass] = set()
    asked: dict[str, int] = {}
    for of, state in states.items():
        key = of[0], state.digest()
        asked[of[0]] = asked.get(of[0], 0) + 1
        if key in seen:
            folded.add(of)
        seen.add(key)
    return Passes(frozenset(folded), asked)


_OF_PLAN = """
    SELECT sampling, count(DISTINCT (seed, repetition)) FROM log
    WHERE kind = 'request' AND plan = ? GROUP BY sampling
"""
_OF_IMPORT = """
    SELECT sampling, count(DISTINCT (seed, repetition)) FROM log
    WHERE kind = 'imported' AND (canon->>'$.import') = ? GROUP BY sampling
"""
