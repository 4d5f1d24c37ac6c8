"""What a verification is about, in a few words for people: experiment, model, plan, run, log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reprollm.errors import ReprollmError
from reprollm.ledger.remarks import TRUST_WORDS
from reprollm.ledger.report import Report, RunCoverage
from reprollm.ledger.segments import acknowledged, read_checkpoints, read_segments
from reprollm.review.experiment import plan_records


def run_that_counts(report: Report) -> RunCoverage | None:
    """Return the run that a ledger stands for: the last complete one, else the last."""
    found = [run for run in report.runs if not run.missing] or list(report.runs)
    return found[-1] if found else None


def plan_that_counts(ledger: Path, run: RunCoverage | None) -> dict[str, Any] | None:
    """Return the record of the plan that a run executed; without a run, of the log's last plan."""
    try:
        plans = plan_records(ledger, acknowledged(read_segments(ledger), read_checkpoints(ledger)))
    except ReprollmError:
        return None
    return plans.get(run.plan) if run else next(reversed(plans.values()), None)


def facts(
    report: Report, run: RunCoverage | None, plan: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    """Yield what was verified, as pairs of a word and a text."""
    if plan:
        title, snapshot = plan["core"].get("title"), str(plan["core"].get("snapshot"))
        yield "Experiment", f"{title} ({plan['experiment']})" if title else str(plan["experiment"])
        yield "Asked", f"{plan['requests']:,} requests; planned {plan['created']}"
        yield "Plan", f"{plan['plan'][:16]}, of the model snapshot {snapshot[:16]}"
    if run:
        attempts = [attempt for attempt in report.attempts if attempt.run == run.run]
        ended = max((attempt.ended for attempt in attempts if attempt.ended), default="never")
        began = min((attempt.started for attempt in attempts), default="never")
        yield "Run", f"{run.run[:16]}, which counts; begun {began}, ended {ended}"
        yield "Trust", f"{run.trust}: {TRUST_WORDS[run.trust]}"
    if report.root:
        yield "Log", f"{report.origin}, {report.size:,} records"
        yield "Root", report.root
