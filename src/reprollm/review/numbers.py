"""Level 3: the recorded scores, recomputed from the log and its openings.

The answers are read from `ledger.duckdb` where that was found to show the log. Where it was not,
or is missing, the projection is built anew from the shards beside it, so that a damaged convenience
hides no wrong score.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from reprollm.ledger import projection
from reprollm.ledger.segments import acknowledged, read_checkpoints, read_segments
from reprollm.review.levels import NUMBERS, Findings, Summed
from reprollm.scores.recompute import Recomputed, recompute

_FOLDERS = ("shards", "openings", "log")


def check_numbers(
    ledger: Path, *, projected: bool, on_answers: Callable[[int], None] = lambda answers: None
) -> tuple[Findings, tuple[Summed, ...]]:
    """Return what holds of the scores, and the recorded summary.

    Args:
        ledger: the ledger folder; its records and openings were found to be the log's.
        projected: whether `ledger.duckdb` was found to show the log.
        on_answers: called with the number of answers after each.
    """
    findings = Findings(NUMBERS)
    found = recompute(ledger, on_answers) if projected else _rebuilt(ledger, on_answers)
    for problem in found.problems:
        findings.wrong(problem.defect, problem.sentence)
    findings.unchecked += found.unchecked
    recomputed = sum(len(run.rows) for run in found.runs if run.verdict == "same")
    if recomputed:
        findings.checked.append(
            f"{recomputed} score records recomputed from {found.answers} answers"
        )
    if not found.records:
        findings.unchecked.append("there are no score records in the log")
    summed = tuple(Summed(run.run, run.verdict, row) for run in found.runs for row in run.rows)
    return findings, summed


def _rebuilt(ledger: Path, on_answers: Callable[[int], None]) -> Recomputed:
    checkpoints = read_checkpoints(ledger)
    with tempfile.TemporaryDirectory(prefix="reprollm-verify-") as folder:
        copy = Path(folder)
        for name in _FOLDERS:
            (copy / name).symlink_to((ledger / name).resolve())
        projection.build(copy, acknowledged(read_segments(copy), checkpoints), checkpoints)
        return recompute(copy, on_answers)
