"""What a ledger says of itself, in the few values that a bundle's descriptions need.

Everything is read from the projection, after it was verified against the log. Texts of items are
not among it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.ledger.query import query
from reprollm.ledger.read import (
    Attempt,
    Environment,
    Plan,
    Run,
    attempts,
    current_run,
    current_runs,
    environments,
    plans,
    runs,
)
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.checkpoint import Checkpoint

_LAST = """
    SELECT max(moment) FROM (
        SELECT unnest([canon->>'$.created', canon->>'$.started', canon->>'$.finished',
                       canon->>'$.failed', canon->>'$.ended']) AS moment FROM log)
"""
_RECORDS = "SELECT canon FROM log WHERE kind = '{kind}' ORDER BY \"position\""
_SCORED = """
    SELECT run, score, min("position") FROM (
        SELECT run, score, "position" FROM scores
        UNION ALL SELECT run, score, "position" FROM estimates)
    GROUP BY run, score ORDER BY min("position")
"""

_STATEMENTS = """
    SELECT coalesce(evidence->>'$.detail.statement', evidence->>'$.verdict') FROM findings
    WHERE finding = 'contamination/decision' ORDER BY "position"
"""


@dataclass(frozen=True)
class Account:
    """A ledger in outline.

    Attributes:
        checkpoint: the log's last one.
        ended: the latest time that any record names, RFC 3339 UTC.
        plans: in log order, each once.
        current: the run that the ledger stands for; None where it has none. Of several models that
            of the first.
        standing: the plans of all runs that it stands for, one a model.
        runs: in the order in which they began.
        attempts: in log order.
        environments: each once.
        snapshots: the snapshot records, each snapshot once.
        imports: the import records.
        deviations: the deviation records.
        scored: (run or import, score) for which there are score or estimate records.
        records: number of records by kind.
        statements: what the decisions about contamination say, in log order.
    """

    checkpoint: Checkpoint
    ended: str
    plans: tuple[Plan, ...]
    current: Run | None
    standing: tuple[Plan, ...]
    runs: tuple[Run, ...]
    attempts: tuple[Attempt, ...]
    environments: tuple[Environment, ...]
    snapshots: tuple[dict[str, Any], ...]
    imports: tuple[dict[str, Any], ...]
    deviations: tuple[dict[str, Any], ...]
    scored: tuple[tuple[str, str], ...]
    records: dict[str, int]
    statements: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan | None:
        """The plan of the current run."""
        if self.current is None:
            return None
        return next(plan for plan in self.plans if plan.plan == self.current.plan)

    @property
    def root(self) -> str:
        """The log's root, hex."""
        return self.checkpoint.root.hex()


def account_of(ledger: Path) -> Account:
    """Return the outline of a verified ledger."""
    snapshots = {record["snapshot"]: record for record in reversed(_records(ledger, "snapshot"))}
    found = {plan.plan: plan for plan in reversed(plans(ledger))}
    begun = runs(ledger)
    [(ended,)] = _rows(ledger, _LAST)
    return Account(
        checkpoint=read_checkpoints(ledger)[-1],
        ended=ended,
        plans=tuple(reversed(found.values())),
        current=current_run(ledger) if begun else None,
        standing=tuple(found[run.plan] for run in current_runs(ledger)) if begun else (),
        runs=tuple(begun),
        attempts=tuple(attempts(ledger)),
        environments=tuple(environments(ledger)),
        snapshots=tuple(reversed(snapshots.values())),
        imports=tuple(_records(ledger, "import")),
        deviations=tuple(_records(ledger, "deviation")),
        scored=tuple((run, score) for run, score, _ in _rows(ledger, _SCORED)),
        records=dict(_rows(ledger, "SELECT kind, count(*) FROM log GROUP BY kind ORDER BY kind")),
        statements=tuple(dict.fromkeys(row[0] for row in _rows(ledger, _STATEMENTS))),
    )


def _records(ledger: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row[0]) for row in _rows(ledger, _RECORDS.format(kind=kind))]


def _rows(ledger: Path, sql: str) -> list[tuple[Any, ...]]:
    with query(ledger, sql) as answered:
        return list(answered.rows)
