"""Small committed ledgers with scores, true and untrue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ledger.building import Plan, whole
from reprollm.ledger.commit import commit
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_records
from reprollm.scores.stage import score

Change = Callable[[list[dict[str, Any]]], Sequence[dict[str, Any]]]


def scored(ledger: Path) -> Plan:
    """Return the plan of a ledger whose answers are scored; the score shard is in the log."""
    made = answered(ledger)
    score(ledger, made.run)
    commit(ledger)
    return made


def answered(ledger: Path) -> Plan:
    """Return the plan of a committed ledger whose answers are not scored yet."""
    ledger.mkdir(parents=True, exist_ok=True)
    made = whole(ledger)
    commit(ledger)
    return made


def falsely_scored(ledger: Path, change: Change) -> Plan:
    """Commit score records that an author changed before he published them."""
    made = answered(ledger)
    done = score(ledger, made.run)
    assert done.shard is not None
    true = list(read_records(done.shard.path(ledger)))
    done.shard.path(ledger).unlink()
    records = [_again(record) for record in change(true)]
    publish(ledger, done.shard.group, [Sealed(record) for record in records])
    commit(ledger)
    return made


def _again(record: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in record.items() if name not in ("schema", "kind")}
    return new("estimate", **fields)
