"""The attempts of a log: which began, which ended and how, and which were given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprollm.experiment.engine import TRUST
from reprollm.ledger.examine import Claim, Examined
from reprollm.ledger.report import AttemptLine, Problem


class AttemptAudit:
    """Follows the log's start and end records in log order."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._starts: dict[str, tuple[int, dict[str, Any]]] = {}
        self._ends: dict[str, dict[str, Any]] = {}
        self._claims: dict[Claim, int] = {}
        self._reused: dict[tuple[str, str], int] = {}

    def take(self, examined: Examined) -> None:
        """Take up what one shard says of attempts."""
        for position, record in examined.heads:
            if record["kind"] == "start":
                self._starts.setdefault(record["attempt"], (position, record))
            elif record["kind"] == "end":
                self._ends.setdefault(record["attempt"], record)
        for claim, position in examined.claims.items():
            self._claims.setdefault(claim, position)
        for pair, position in examined.reused.items():
            self._reused.setdefault(pair, position)

    def runs(self) -> dict[bytes, bytes]:
        """Return the plan id of each run, both 32 bytes, in log order."""
        plans: dict[bytes, bytes] = {}
        for _, record in self._starts.values():
            plans.setdefault(bytes.fromhex(record["run"]), bytes.fromhex(record["plan"]))
        return plans

    def begun(self) -> dict[str, int]:
        """Return the position of the first start record of each plan."""
        begun: dict[str, int] = {}
        for position, record in self._starts.values():
            begun.setdefault(record["plan"], position)
        return begun

    def trust(self) -> dict[str, str]:
        """Return the weakest class of trust of the attempts of each run, by its hex id."""
        weakest: dict[str, str] = {}
        for _, record in self._starts.values():
            found = weakest_of(weakest.get(record["run"], TRUST[-1]), trust_of(record["engine"]))
            weakest[record["run"]] = found
        return weakest

    def finish(self, plan_ends: Mapping[str, int], checkpoints: Mapping[int, str]) -> list[Problem]:
        """Return what is wrong: work of no attempt, begun too early, or of another engine class.

        Args:
            plan_ends: position behind the last record of each plan.
            checkpoints: root, hex, by size of the log's checkpoints.
        """
        for claim, position in self._claims.items():
            self._check_claim(claim, position)
        for (attempt, source), position in self._reused.items():
            self._check_reused(attempt, source, position)
        plans = self.runs()
        for position, start in self._starts.values():
            self._check_plan(start, position, plan_ends.get(start["plan"]), checkpoints)
            if plans[bytes.fromhex(start["run"])].hex() != start["plan"]:
                self._report(start, "is of a run that belongs to another plan")
        return self.problems

    def _check_plan(
        self, start: dict[str, Any], position: int, end: int | None, checkpoints: Mapping[int, str]
    ) -> None:
        """Check that the checkpoint which the start names covers the plan and not the start."""
        seen = start["checkpoint"]
        if end is None or end > position:
            self._report(start, "has no plan record before it in the log")
        elif checkpoints.get(seen["size"]) != seen["root"]:
            self._report(start, "names a checkpoint that the log does not have")
        elif not end <= seen["size"] <= position:
            self._report(start, "began before a checkpoint covered its plan")

    def lines(self) -> tuple[AttemptLine, ...]:
        """Return all attempts in log order."""
        return tuple(self._line(record) for _, record in self._starts.values())

    def _check_claim(self, claim: Claim, position: int) -> None:
        attempt, run, plan = claim
        found = self._starts.get(attempt)
        if found is None or found[0] > position:
            self.problems.append(
                Problem(
                    "RecordsDisagree",
                    f"record {position} is of attempt {attempt[:16]}, which has no start record "
                    "before it in the log",
                )
            )
        elif (found[1]["run"], found[1]["plan"]) != (run, plan):
            self._report(found[1], f"started in another run or plan than record {position} says")

    def _check_reused(self, attempt: str, source: str, position: int) -> None:
        """Check that answers were taken over from an attempt with the same class of engine."""
        classes = [
            self._starts[name][1]["engine"].get("class") if name in self._starts else None
            for name in (attempt, source)
        ]
        if classes[0] is None or classes[0] != classes[1]:
            self.problems.append(
                Problem(
                    "RecordsDisagree",
                    f"record {position} takes over an answer from attempt {source[:16]}, whose "
                    "class of engine is not that of its own attempt",
                )
            )

    def _report(self, start: dict[str, Any], sentence: str) -> None:
        self.problems.append(
            Problem("RecordsDisagree", f"attempt {start['attempt'][:16]} {sentence}")
        )

    def _line(self, start: dict[str, Any]) -> AttemptLine:
        end = self._ends.get(start["attempt"])
        return AttemptLine(
            attempt=start["attempt"],
            run=start["run"],
            first=start["first"],
            last=start["last"],
            host=start["host"],
            started=start["started"],
            ended=end["ended"] if end else None,
            how=end["how"] if end else "abandoned",
        )


def trust_of(engine: Mapping[str, Any]) -> str:
    """Return the class that an engine's description states; before there were classes, all owned.

    What is no known class counts as the weakest.
    """
    said = engine.get("trust", TRUST[-1])
    return said if said in TRUST else TRUST[0]


def weakest_of(*classes: str) -> str:
    """Return the weakest of some classes of trust."""
    return min(classes, key=TRUST.index)
