"""Every score and estimate record of a log, held against what the log's own answers give.

Records of releases 0.1 to 0.3 (`score`) are judged by the definitions of those releases, newer ones
(`estimate`) by today's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.ledger.by_shard import by_shard
from reprollm.ledger.projection import opened
from reprollm.ledger.report import Problem
from reprollm.scores.earlier.judge import judge as judge_earlier
from reprollm.scores.judge import judge
from reprollm.scores.verdict import Group, Said, ScoredRun

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_JUDGES = {"score": judge_earlier, "estimate": judge}


@dataclass(frozen=True)
class Recomputed:
    """What came of recomputing a log's scores.

    Attributes:
        records: number of records that were compared.
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
    """Compare every score and estimate in the log of `ledger` with what its answers give.

    The log is read as `ledger.duckdb` shows it, which must have been compared with the shards.

    Raises:
        InvalidInput: there is no projection.
        ProjectionMismatch: the projection is no database.
    """
    with opened(ledger) as connection:
        found = [
            _JUDGES[kind](connection, said, on_answers)
            for said, kind in sorted(
                ((said, kind) for kind in _JUDGES for said in _said(connection, kind)),
                key=lambda pair: pair[0].position,
            )
        ]
    return Recomputed(
        sum(len(one.scored.rows) for one in found),
        sum(one.answers for one in found),
        tuple(one.scored for one in found),
        tuple(problem for one in found for problem in one.problems),
        tuple(sentence for one in found for sentence in one.unchecked),
    )


def _said(connection: DuckDBPyConnection, kind: str) -> Iterator[Group]:
    """Yield the log's records of one kind by shard and run."""
    for members in by_shard(connection, kind):
        runs: dict[str, list[Said]] = {}
        for _, record in members:
            runs.setdefault(record["run"], []).append(record)
        for run, records in runs.items():
            yield Group(run, members[0][0], records)
