"""Which runs of two ledgers are compared, where an experiment has several models."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from reprollm.ledger.read import current_runs, plans, run_of_model

Chosen: TypeAlias = tuple[str | None, str | None]
"""Ids of a run of the first and of the second ledger; None for the last complete one."""


def runs_meant(first: Path, second: Path, model: str | None = None) -> Chosen:
    """Return the runs of one model in two ledgers.

    Args:
        first: a ledger.
        second: another, such as that of a rerun.
        model: the model's name in the experiment. Without it the one model that both ledgers asked;
            where neither has several models, or they share none, nothing is chosen.

    Raises:
        InvalidInput: a ledger holds no run of that model, or none is named and both asked several.
    """
    if model is not None:
        return run_of_model(first, model).run, run_of_model(second, model).run
    one, other = _by_snapshot(first), _by_snapshot(second)
    shared = [snapshot for snapshot in one if snapshot in other]
    if max(len(one), len(other)) < 2 or not shared:
        return None, None
    if len(shared) > 1:
        return run_of_model(first, None).run, run_of_model(second, None).run
    return one[shared[0]], other[shared[0]]


def _by_snapshot(ledger: Path) -> dict[str, str]:
    """Return the runs that a ledger stands for by the snapshot that they asked."""
    cores = {plan.plan: plan.core for plan in plans(ledger)}
    snapshots = ((cores.get(run.plan, {}).get("snapshot"), run.run) for run in current_runs(ledger))
    return {str(snapshot): run for snapshot, run in snapshots if snapshot is not None}
