"""Levels 1 and 2: what `reprollm ledger verify` finds, and the signatures, sorted by level."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import loads_object
from reprollm.errors import InvalidInput, ReprollmError
from reprollm.ledger.report import Check, Report, Verdict
from reprollm.ledger.verify import verify
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.identity import run_id
from reprollm.review.levels import COMPLETENESS, LOG, Findings, Signer

# The checks of a ledger that ask what its records claim, not whether they are the log's.
_COMPLETENESS = {
    "identities", "plans", "items", "attempts", "deviations", "coverage", "imports", "measurements",
}  # fmt: skip
_RARE = frozenset({"imports", "measurements"})
_WORDS: Mapping[str, str] = {
    "log": "{count} segments follow each other",
    "shards": "{count} shards are named by their bytes",
    "records": "{count} records are canonical and have the fields of their kind",
    "openings": "{count} {unit}; what is opened is what was committed to",
    "roots": "{count} roots of segments and checkpoints are those of the records",
    "identities": "ids of requests, answers, snapshots and environments follow from what is opened",
    "plans": "{count} planned requests are those that the plans committed to",
    "items": "{count} item records are those that the plans committed to",
    "attempts": "{count} attempts began after a checkpoint held their plan",
    "deviations": "{count} changes of the plan, each recorded as it is",
    "coverage": "{count} {unit}: each has one final answer, a recorded failure, or is told below",
    "imports": "{count} imported answers are marked as unattested",
    "measurements": "{count} {unit}, each fixed before it was measured, each text as it was named",
    "projection": "ledger.duckdb shows {count} records, those of the log",
}


@dataclass(frozen=True)
class LogChecked:
    """What levels 1 and 2 found.

    Attributes:
        report: the ledger's own report.
        log: findings of level 1.
        completeness: findings of level 2.
        signers: signatures and time stamps over checkpoints that hold.
        notices: what a reader should know.
    """

    report: Report
    log: Findings
    completeness: Findings
    signers: tuple[Signer, ...]
    notices: tuple[str, ...]

    @property
    def projection_holds(self) -> bool:
        """Whether `ledger.duckdb` was compared with the log and shows it."""
        return _verdict(self.report, "projection") is Verdict.OK

    @property
    def records_hold(self) -> bool:
        """Whether every record and opening was read and is what the log committed to."""
        return _verdict(self.report, "roots") is Verdict.OK


def check_log(
    ledger: Path,
    checkpoints: list[Checkpoint],
    *,
    allow_incomplete: bool,
    on_records: Callable[[int], None],
) -> LogChecked:
    """Return what holds of a ledger's log and of its completeness.

    Raises:
        InvalidInput: there is no log.
        Busy: a commit is going on.
    """
    report = verify(ledger, allow_incomplete=allow_incomplete, on_records=on_records)
    findings = {LOG: Findings(LOG), COMPLETENESS: Findings(COMPLETENESS)}
    for check in report.checks:
        _sort(check, findings[_level(check.name)])
    for problem in report.problems:
        findings[_level(problem.check)].wrong(problem.defect, problem.sentence)
    _say_withheld(report, findings[LOG])
    signers, notices = _signatures(ledger, checkpoints, findings[LOG])
    _check_runs(ledger, findings[COMPLETENESS])
    return LogChecked(
        report, findings[LOG], findings[COMPLETENESS], signers, (*report.notices, *notices)
    )


def _level(check: str) -> int:
    return COMPLETENESS if check in _COMPLETENESS else LOG


def _sort(check: Check, findings: Findings) -> None:
    text = _WORDS.get(check.name, f"{check.name}: {{count}} {{unit}}")
    said = text.format(count=check.count, unit=check.unit)
    if check.verdict is Verdict.OK and (check.count or check.name not in _RARE):
        findings.checked.append(said)
    elif check.verdict is Verdict.NOT_CHECKED:
        findings.unchecked.append(f"{check.name}: not reached, because records before it are wrong")


def _say_withheld(report: Report, findings: Findings) -> None:
    commitments = next((c.count for c in report.checks if c.name == "openings"), 0)
    if withheld := commitments - report.opened:
        findings.unchecked.append(
            f"{withheld} of {commitments} texts and arrays are withheld or missing: their "
            "commitments stand, what is behind them cannot be seen here"
        )


def _verdict(report: Report, name: str) -> Verdict:
    return next((c.verdict for c in report.checks if c.name == name), Verdict.NOT_CHECKED)


def _signatures(
    ledger: Path, checkpoints: list[Checkpoint], findings: Findings
) -> tuple[tuple[Signer, ...], tuple[str, ...]]:
    from reprollm.signing.judge import judge

    judged = judge(ledger, checkpoints)
    for problem in judged.problems:
        findings.wrong(problem.defect, problem.sentence)
    signers = tuple(
        Signer(found.kind, found.name, found.size, found.key, "checkpoint", found.time)
        for found in judged.signers
    )
    if signers:
        findings.checked.append(f"{len(signers)} signatures and time stamps of checkpoints hold")
    return signers, judged.notices


def _check_runs(ledger: Path, findings: Findings) -> None:
    """Recompute the ids of the runs whose nonce lies beside their plan."""
    names = 0
    for path in sorted((ledger / "plans").glob("*/runs/*.json")):
        try:
            said = loads_object(path.read_bytes())
            found = run_id(str(said["plan"]), str(said["code"]), str(said["nonce"]))
            if found != said["run"] or path.parent.parent.name != said["plan"]:
                raise InvalidInput(f"expected the run id {found}, found {said['run']}")
        except (ReprollmError, KeyError, UnicodeEncodeError) as error:
            place = path.relative_to(ledger).as_posix()
            findings.wrong("RecordsDisagree", f"{place} is not of the run that it names: {error}")
        names += 1
    if names:
        findings.checked.append(f"{names} run ids follow from plan, code and nonce")
