"""Small committed ledgers with score records as releases 0.1 to 0.3 wrote them, true and untrue."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ledger.building import TIME, Plan
from reprollm.ledger.commit import commit
from reprollm.ledger.projection import opened
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish
from reprollm.scores.answers import final_answers, subject
from reprollm.scores.earlier.fields import score_fields
from reprollm.scores.earlier.summary import Summary
from scores.ledgers import answered

Change = Callable[[list[dict[str, Any]]], Sequence[dict[str, Any]]]


def score(ledger: Path, run: str, change: Change = lambda records: records) -> ShardReference:
    """Publish the score records of a run, as an author may have changed them before."""
    with opened(ledger) as connection:
        of = subject(connection, run)
        assert of is not None
        summary = Summary(of.names or ())
        deque(summary.take(final_answers(connection, of)), maxlen=0)
    rows = [score_fields(of.run, of.plan, row, table) for row, table in summary.rows()]
    sealed = [Sealed(new("score", **fields, created=TIME.format(9))) for fields in change(rows)]
    return publish(ledger, f"score-{run[:16]}", sealed)


def scored(ledger: Path) -> Plan:
    """Return the plan of a ledger whose answers are scored; the score shard is in the log."""
    return falsely_scored(ledger, lambda records: records)


def falsely_scored(ledger: Path, change: Change) -> Plan:
    """Commit score records that an author changed before he published them."""
    made = answered(ledger)
    score(ledger, made.run, change)
    commit(ledger)
    return made
