"""What a verification is about, in a few words for people: experiment, model, plan, run, log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reprollm.errors import ReprollmError
from reprollm.ledger.remarks import TRUST_WORDS
from reprollm.ledger.report import Report, RunCoverage
from reprollm.ledger.segments import acknowledged, read_checkpoints, read_segments
from reprollm.ledger.standing import Begun, standing
from reprollm.review.experiment import plan_records


def runs_that_count(ledger: Path, report: Report) -> list[RunCoverage]:
    """Return the runs that a ledger stands for, those that are complete first.

    There is one, or one for each model, in the order of their plans.
    """
    plans = [plan["plan"] for plan in plans_that_count(ledger, report)]
    found = [run for plan in plans for run in _runs_of(report, plan)]
    found = found or list((_complete(report.runs) or report.runs)[-1:])
    return sorted(found, key=lambda run: run.missing > 0)


def _complete(runs: Sequence[RunCoverage]) -> list[RunCoverage]:
    return [run for run in runs if not run.missing]


def _runs_of(report: Report, plan: str) -> list[RunCoverage]:
    """Return a plan's last complete run, or its last, or nothing."""
    begun = [run for run in report.runs if run.plan == plan]
    return (_complete(begun) or begun)[-1:]


def plan_that_counts(ledger: Path, run: RunCoverage | None) -> dict[str, Any] | None:
    """Return the record of the plan that a run executed; without a run, of the log's last plan."""
    try:
        plans = plan_records(ledger, acknowledged(read_segments(ledger), read_checkpoints(ledger)))
    except ReprollmError:
        return None
    return plans.get(run.plan) if run else next(reversed(plans.values()), None)


def plans_that_count(ledger: Path, report: Report) -> list[dict[str, Any]]:
    """Return the records of the plans that a ledger stands for: one, or one for each model."""
    last = plan_that_counts(ledger, None)
    if last is None:
        return []
    plans = plan_records(ledger, acknowledged(read_segments(ledger), read_checkpoints(ledger)))
    cores = {plan: record["core"] for plan, record in plans.items()}
    begun = [Begun(run.run, run.plan, not run.missing) for run in report.runs]
    return [plans[each.plan] for each in standing(cores, begun)] or [last]


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
