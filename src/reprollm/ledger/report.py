"""What a verification says: what was checked, how much of it, with which verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from reprollm import errors
from reprollm.errors import ReprollmError


class Verdict(StrEnum):
    """The outcome of one check."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Check:
    """One thing that was checked: how many of what, and what came of it."""

    name: str
    count: int
    unit: str
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True)
class Problem:
    """One defect: the name of its error class, and a sentence with expected, found and where.

    `check` names the check that found it, where a report lists it.
    """

    defect: str
    sentence: str
    check: str = ""


@dataclass(frozen=True)
class RunCoverage:
    """How far one run covers its plan, in requests.

    Attributes:
        run: run id, hex.
        plan: plan id, hex.
        planned: requests of the plan.
        answered: requests with a final generation.
        failed: requests without one whose failure is recorded.
        missing: requests with neither.
        rerolled: requests that were answered more than once.
        replicates: later answers equal to the final one.
        differing: later answers that differ from the final one.
        reused: answers that were taken over from earlier attempts.
        trust: the weakest class of trust of its attempts: `owned`, `attested` or `claimed`.
        missing_requests: ids of some that are missing, hex.
    """

    run: str
    plan: str
    planned: int = 0
    answered: int = 0
    failed: int = 0
    missing: int = 0
    rerolled: int = 0
    replicates: int = 0
    differing: int = 0
    reused: int = 0
    trust: str = "owned"
    missing_requests: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttemptLine:
    """One attempt as its records tell it; `how` is `abandoned` where it has no end record."""

    attempt: str
    run: str
    first: int
    last: int
    host: str
    started: str
    ended: str | None
    how: str


@dataclass(frozen=True)
class Report:
    """The whole verification of a ledger.

    Attributes:
        origin: the log's name.
        size: number of records the last checkpoint covers.
        root: RFC 6962 root over them, hex.
        checks: what was checked, in order.
        problems: what is wrong; the ledger verifies when there is none.
        notices: what a reader should know though nothing is wrong with it.
        runs: how far each run covers its plan.
        attempts: all attempts, in log order.
        uncommitted: shard files that the log does not name yet.
        opened: number of commitments that are opened.
    """

    origin: str
    size: int
    root: str
    checks: tuple[Check, ...]
    problems: tuple[Problem, ...] = ()
    notices: tuple[str, ...] = ()
    runs: tuple[RunCoverage, ...] = ()
    attempts: tuple[AttemptLine, ...] = ()
    uncommitted: tuple[str, ...] = ()
    opened: int = 0

    @property
    def holds(self) -> bool:
        """Whether everything that the ledger claims is so."""
        return not self.problems

    def require(self) -> None:
        """Raise the first problem as the error that it names; do nothing where all holds."""
        if not self.problems:
            return
        first, more = self.problems[0], len(self.problems) - 1
        error: type[ReprollmError] = getattr(errors, first.defect)
        raise error(f"{first.defect}: {first.sentence}" + (f" (and {more} more)" if more else ""))

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {"schema": "reprollm/verification/1", "holds": self.holds, **asdict(self)}
