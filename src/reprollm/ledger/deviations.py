"""Deviations: in what a later plan of a log differs from the plan before it.

Whoever edits an experiment after its plan was committed gets a second plan in the same log. The
commit that takes it in records the difference itself: which settings and files changed, and how
many requests were kept, dropped and added. The record is a function of the two plans (besides the
researcher's own reason), so that verification can recompute it, and no later plan goes without one.
The plans of one experiment's models are no changes of one another (`reprollm.ledger.standing`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.canon import Json
from reprollm.ledger.projection import opened
from reprollm.ledger.report import Problem
from reprollm.ledger.standing import predecessors
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REASON_FILE = "reason.txt"
"""In a plan's folder: why it differs from the plan before it, in the researcher's words."""

_FACTS = ("changed", "kept", "dropped", "added")

_PLANS = """
    SELECT plan, core, created FROM plans
    WHERE "position" IN (SELECT min("position") FROM plans GROUP BY plan) ORDER BY "position"
"""
_COUNTS = """
    WITH old AS (SELECT DISTINCT request FROM requests WHERE plan = ?),
         new AS (SELECT DISTINCT request FROM requests WHERE plan = ?)
    SELECT (SELECT count(*) FROM old SEMI JOIN new USING (request)),
           (SELECT count(*) FROM old ANTI JOIN new USING (request)),
           (SELECT count(*) FROM new ANTI JOIN old USING (request))
"""


def publish_new(ledger: Path) -> list[ShardReference]:
    """Publish the deviation record of each later plan of the log that has none yet.

    A reason is taken from `plans/<plan id>/reason.txt`, where the researcher gave one.
    """
    with opened(ledger) as connection:
        plans = {row[0]: row for row in connection.execute(_PLANS).fetchall()}
        earlier = predecessors({plan: json.loads(row[1]) for plan, row in plans.items()})
        query = "SELECT DISTINCT plan FROM deviations"
        recorded = {row[0] for row in connection.execute(query).fetchall()}
        fresh = [
            _record(ledger, connection, plans[before], plans[after])
            for after, before in earlier.items()
            if after not in recorded
        ]
    return [
        publish(ledger, f"deviation-{record['plan'][:16]}", [Sealed(record)]) for record in fresh
    ]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Json]:
    """Return the fields in which two plans' cores differ, with both values; None where absent."""
    return {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _record(
    ledger: Path,
    connection: DuckDBPyConnection,
    before: tuple[str, str, str],
    after: tuple[str, str, str],
) -> dict[str, Any]:
    kept, dropped, added = connection.execute(_COUNTS, [before[0], after[0]]).fetchone() or ()
    reason = ledger / "plans" / after[0] / REASON_FILE
    return new(
        "deviation",
        plan=after[0],
        before=before[0],
        changed=changes(json.loads(before[1]), json.loads(after[1])),
        kept=kept,
        dropped=dropped,
        added=added,
        reason=reason.read_text(encoding="utf-8").strip() if reason.is_file() else None,
        created=after[2],
    )


class DeviationAudit:
    """Follows the log's plan, deviation and start records in log order."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self._cores: dict[str, dict[str, Any]] = {}
        self._told: dict[str, int] = {}
        self._problems: list[Problem] = []

    def plan(self, record: Mapping[str, Any]) -> None:
        """Take up a plan record."""
        self._cores.setdefault(record["plan"], record["core"])

    def deviation(self, position: int, record: dict[str, Any]) -> None:
        """Take up a deviation record."""
        if record["plan"] in self._told:
            self._report(record["plan"], "has a second deviation record")
        self._told.setdefault(record["plan"], position)
        self.records.append(record)

    @property
    def cores(self) -> Mapping[str, Mapping[str, Any]]:
        """The cores of the log's plans, by plan id, in log order."""
        return self._cores

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Return (earlier plan, later plan), 32 bytes each, for the plans that deviate."""
        found = predecessors(self._cores).items()
        return [(bytes.fromhex(before), bytes.fromhex(after)) for after, before in found]

    def finish(
        self,
        overlaps: Mapping[tuple[bytes, bytes], tuple[int, int, int]],
        begun: Mapping[str, int],
    ) -> list[Problem]:
        """Return what is wrong: a later plan begun without a deviation record, or an untrue one.

        Args:
            overlaps: numbers of requests kept, dropped and added, for each of `pairs`.
            begun: position of the first start record of each plan.
        """
        before = predecessors(self._cores)
        for plan in before:
            told, start = self._told.get(plan), begun.get(plan)
            if start is not None and told is None:
                self._report(plan, "was begun as a later plan without a deviation record")
            elif start is not None and told is not None and told > start:
                self._report(plan, "was begun before its deviation was recorded")
        for record in self.records:
            self._problems += self._compare(record, before.get(record["plan"]), overlaps)
        return self._problems

    def _compare(
        self,
        record: dict[str, Any],
        before: str | None,
        overlaps: Mapping[tuple[bytes, bytes], tuple[int, int, int]],
    ) -> Iterator[Problem]:
        plan = record["plan"]
        if before is None or record["before"] != before:
            yield _problem(plan, "has a deviation record from a plan that does not stand before it")
            return
        counts = overlaps.get((bytes.fromhex(before), bytes.fromhex(plan)), (0, 0, 0))
        true = dict(
            zip(_FACTS, (changes(self._cores[before], self._cores[plan]), *counts), strict=True)
        )
        wrong = [name for name in _FACTS if record[name] != true[name]]
        if wrong:
            yield _problem(
                plan,
                f"has a deviation record that is not true: {', '.join(wrong)} differ from what "
                "the two plans give",
            )

    def _report(self, plan: str, sentence: str) -> None:
        self._problems.append(_problem(plan, sentence))


def _problem(plan: str, sentence: str) -> Problem:
    return Problem("RecordsDisagree", f"plan {plan[:16]} {sentence}")
