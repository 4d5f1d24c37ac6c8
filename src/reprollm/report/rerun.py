"""Which answers came again: in the ledger itself, and in the ledger of a rerun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.compare.runs import compare
from reprollm.compare.verdict import Outcome
from reprollm.ledger.read import current_runs, plans, run_of_model
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.checkpoint import Checkpoint

_MISSING = frozenset({Outcome.ONLY_FIRST, Outcome.ONLY_SECOND, Outcome.NO_TEXT})


@dataclass(frozen=True)
class Rerun:
    """A ledger in which the requests of another were asked again.

    Attributes:
        checkpoint: what its log holds.
        alike: whether a request's answers agree token by token, by run and request.
    """

    checkpoint: Checkpoint
    alike: Mapping[str, Mapping[str, bool]]


def rerun(ledger: Path, other: Path, runs: Sequence[tuple[str, str | None]]) -> Rerun:
    """Compare the runs of a ledger with those of a rerun; both ledgers are verified.

    Args:
        ledger: the ledger folder.
        other: that of the rerun.
        runs: ids of the runs of `ledger`, each with the model's name where there are several.

    Raises:
        VerificationFailed: a ledger is not what it claims to be.
        InvalidInput: the rerun holds no run, or none of these models.
    """
    alike: dict[str, dict[str, bool]] = {run: {} for run, _ in runs}
    there = _models(other)
    asked = [(run, model) for run, model in runs if model is None or model in there]
    for run, model in asked or runs[:1]:
        second = None if model is None else run_of_model(other, model).run
        found = compare(ledger, other, run, second)
        alike[run] = {
            row.request: row.verdict.outcome is Outcome.IDENTICAL
            for row in found.rows
            if row.verdict.outcome not in _MISSING
        }
    return Rerun(read_checkpoints(other)[-1], alike)


def _models(ledger: Path) -> set[object]:
    """Return the names of the models that a ledger asked; a rerun may leave some out."""
    cores = {plan.plan: plan.core for plan in plans(ledger)}
    return {cores.get(run.plan, {}).get("model") for run in current_runs(ledger)}
