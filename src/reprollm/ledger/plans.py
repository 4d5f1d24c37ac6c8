"""Whether the request records of the log are those that each plan record committed to.

A plan's requests follow its plan record in the log, in the order of their index. The plan record
states their number and the RFC 6962 root over their leaf hashes; the plan's id is the hash of its
core and the request ids in order.
"""

from __future__ import annotations

import hashlib
from typing import Any

from reprollm.canon import dumps, frame
from reprollm.ledger.report import Problem
from reprollm.ledger.spool import Planned
from reprollm.records.merkle import Frontier


class PlanAudit:
    """Follows the log's plan and request records in log order."""

    def __init__(self) -> None:
        self.requests = 0
        self.heads: dict[str, int] = {}
        self.ends: dict[str, int] = {}
        self.problems: list[Problem] = []
        self._open: dict[bytes, _Plan] = {}

    def head(self, position: int, record: dict[str, Any]) -> None:
        """Take up a plan record; one that was open under the same id is closed first."""
        plan = bytes.fromhex(record["plan"])
        self._close(self._open.pop(plan, None))
        self.heads.setdefault(record["plan"], position)
        self.ends.setdefault(record["plan"], position + 1)
        self._open[plan] = _Plan(record)

    def request(self, row: Planned) -> None:
        """Take up one request record."""
        self.requests += 1
        plan = self._open.get(row.plan)
        if plan is None:
            self._report("RecordsDisagree", row.plan, "has request records but no plan record")
            self._open[row.plan] = _Plan(None)
            return
        plan.add(row)
        self.ends[row.plan.hex()] = row.position + 1

    def finish(self) -> list[Problem]:
        """Close all plans and return what was wrong with any."""
        for plan in self._open.values():
            self._close(plan)
        self._open.clear()
        return self.problems

    def _close(self, plan: _Plan | None) -> None:
        if plan is None or plan.record is None:
            return
        record, defect = plan.record, plan.defect()
        if defect:
            self._report(defect[0], bytes.fromhex(record["plan"]), defect[1])

    def _report(self, defect: str, plan: bytes, sentence: str) -> None:
        self.problems.append(Problem(defect, f"plan {plan.hex()[:16]} {sentence}"))


class _Plan:
    """One plan record and the requests that followed it."""

    def __init__(self, record: dict[str, Any] | None) -> None:
        self.record = record
        self._tree = Frontier()
        self._state = hashlib.sha256()
        self._misplaced: int | None = None
        if record:
            frame(self._state, b"reprollm/plan/v1")
            frame(self._state, dumps(record["core"]))

    def add(self, row: Planned) -> None:
        if self._misplaced is None and row.place != self._tree.size:
            self._misplaced = row.place
        self._tree.append(row.leaf)
        frame(self._state, row.request.hex().encode())

    def defect(self) -> tuple[str, str] | None:
        """Return the class and sentence of what is wrong, or None."""
        assert self.record is not None
        planned, found = self.record["requests"], self._tree.size
        if found != planned:
            return "PlanIncomplete", f"promises {planned} requests, the log holds {found} of them"
        if self._misplaced is not None:
            return "RecordsDisagree", f"has request {self._misplaced} out of order"
        if self._tree.root().hex() != self.record["requests_root"]:
            return "LeafMismatch", "committed to other request records than the log holds"
        if self._state.hexdigest() != self.record["plan"]:
            return "LeafMismatch", "has an id that is not the hash of its core and request ids"
        return None
