"""Level 3: the recorded scores and findings, recomputed from the log and its openings.

Answers and measurements are read from `ledger.duckdb` where that was found to show the log. Where
it was not, or is missing, the projection is built anew from the shards beside it, so that a damaged
convenience hides no wrong score.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reprollm.contamination.recompute import Rechecked, Verdict
from reprollm.contamination.recompute import recompute as recompute_findings
from reprollm.ledger import projection
from reprollm.ledger.segments import acknowledged, read_checkpoints, read_segments
from reprollm.review.levels import NUMBERS, Findings, Summed
from reprollm.scores.recompute import Recomputed, recompute

_FOLDERS = ("shards", "openings", "log")


@dataclass(frozen=True)
class Numbers:
    """What level 3 found.

    Attributes:
        findings: what holds.
        summary: the recorded scores.
        checks: the recorded findings of contamination checks.
        notices: what a reader should know.
    """

    findings: Findings
    summary: tuple[Summed, ...]
    checks: tuple[Verdict, ...]
    notices: tuple[str, ...]


def check_numbers(
    ledger: Path, *, projected: bool, on_answers: Callable[[int], None] = lambda answers: None
) -> Numbers:
    """Return what holds of the scores and of what the checks of contamination found.

    Args:
        ledger: the ledger folder; its records and openings were found to be the log's.
        projected: whether `ledger.duckdb` was found to show the log.
        on_answers: called with the number of answers after each.
    """
    findings = Findings(NUMBERS)
    if projected:
        found, checks = _recomputed(ledger, on_answers)
    else:
        found, checks = _rebuilt(ledger, on_answers)
    for problem in (*found.problems, *checks.problems):
        findings.wrong(problem.defect, problem.sentence)
    findings.unchecked += (*found.unchecked, *checks.unchecked)
    recomputed = sum(len(run.rows) for run in found.runs if run.verdict == "same")
    if recomputed:
        findings.checked.append(
            f"{recomputed} score records recomputed from {found.answers} answers"
        )
    if checks.same:
        findings.checked.append(
            f"{checks.same} findings of contamination checks recomputed from the records"
        )
    if not found.records:
        findings.unchecked.append("there are no score records in the log")
    summed = tuple(Summed(run.run, run.verdict, row) for run in found.runs for row in run.rows)
    return Numbers(findings, summed, checks.findings, checks.notices)


def _recomputed(ledger: Path, on_answers: Callable[[int], None]) -> tuple[Recomputed, Rechecked]:
    return recompute(ledger, on_answers), recompute_findings(ledger)


def _rebuilt(ledger: Path, on_answers: Callable[[int], None]) -> tuple[Recomputed, Rechecked]:
    checkpoints = read_checkpoints(ledger)
    with tempfile.TemporaryDirectory(prefix="reprollm-verify-") as folder:
        copy = Path(folder)
        for name in _FOLDERS:
            (copy / name).symlink_to((ledger / name).resolve())
        projection.build(copy, acknowledged(read_segments(copy), checkpoints), checkpoints)
        return _recomputed(copy, on_answers)
