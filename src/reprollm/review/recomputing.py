"""Level 3: the recorded scores, conclusions and findings, recomputed from log and openings.

Answers and measurements are read from `ledger.duckdb` where that was found to show the log. Where
it was not, or is missing, the projection is built anew from the shards beside it, so that a damaged
convenience hides no wrong score.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from reprollm.conclusions.recompute import Checked
from reprollm.conclusions.recompute import Rechecked as Redrawn
from reprollm.conclusions.recompute import recompute as recompute_conclusions
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
        conclusions: the recorded comparisons and claims.
        notices: what a reader should know.
    """

    findings: Findings
    summary: tuple[Summed, ...]
    checks: tuple[Verdict, ...]
    conclusions: tuple[Checked, ...]
    notices: tuple[str, ...]


def check_numbers(
    ledger: Path, *, projected: bool, on_answers: Callable[[int], None] = lambda answers: None
) -> Numbers:
    """Return what holds of the scores, the conclusions, and what contamination checks found.

    Args:
        ledger: the ledger folder; its records and openings were found to be the log's.
        projected: whether `ledger.duckdb` was found to show the log.
        on_answers: called with the number of answers after each.
    """
    findings = Findings(NUMBERS)
    if projected:
        found, checks, drawn = _recomputed(ledger, on_answers)
    else:
        found, checks, drawn = _rebuilt(ledger, on_answers)
    for problem in (*found.problems, *drawn.problems, *checks.problems):
        findings.wrong(problem.defect, problem.sentence)
    findings.unchecked += (*found.unchecked, *drawn.unchecked, *checks.unchecked)
    recomputed = sum(len(run.rows) for run in found.runs if run.verdict == "same")
    if recomputed:
        findings.checked.append(
            f"{recomputed} score records recomputed from {found.answers} answers"
        )
    if drawn.same:
        findings.checked.append(f"{drawn.same} comparisons and claims drawn again from the log")
    if checks.same:
        findings.checked.append(
            f"{checks.same} findings of contamination checks recomputed from the records"
        )
    if not found.records:
        findings.unchecked.append("there are no score records in the log")
    summed = tuple(Summed(run.run, run.verdict, row) for run in found.runs for row in run.rows)
    return Numbers(findings, summed, checks.findings, drawn.found, checks.notices)


_Recomputed: TypeAlias = tuple[Recomputed, Rechecked, Redrawn]


def _recomputed(ledger: Path, on_answers: Callable[[int], None]) -> _Recomputed:
    scores = recompute(ledger, on_answers)
    return scores, recompute_findings(ledger), recompute_conclusions(ledger)


def _rebuilt(ledger: Path, on_answers: Callable[[int], None]) -> _Recomputed:
    checkpoints = read_checkpoints(ledger)
    with tempfile.TemporaryDirectory(prefix="reprollm-verify-") as folder:
        copy = Path(folder)
        for name in _FOLDERS:
            (copy / name).symlink_to((ledger / name).resolve())
        projection.build(copy, acknowledged(read_segments(copy), checkpoints), checkpoints)
        return _recomputed(copy, on_answers)
