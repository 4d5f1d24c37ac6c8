"""What a report says, read from the ledger's projection; texts are as they stand there.

The items themselves are not held: they are streamed when the page is written (`rows`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.ledger.query import query
from reprollm.ledger.read import (
    RECORDED,
    Attempt,
    Environment,
    Item,
    Plan,
    Run,
    attempts,
    current_runs,
    environments,
    items,
    plan_of,
)
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.evidence import PREFIX
from reprollm.report.contamination import NOTHING, Finding, Findings, sort
from reprollm.report.estimates import Estimate, of_records
from reprollm.report.models import Model, models
from reprollm.report.rerun import Rerun, rerun
from reprollm.report.rows import askings
from reprollm.tables.cells import cells_of


@dataclass(frozen=True)
class Counted:
    """One run that the ledger stands for, with its plan and what the ledger says of its items.

    Attributes:
        alike: whether each request that was asked again, here or in a rerun, was answered alike.
        findings: what the last examination of this model found.
    """

    run: Run
    plan: Plan
    items: dict[str, Item]
    item_count: int
    alike: Mapping[str, bool]
    findings: Findings = NOTHING

    @property
    def model(self) -> str | None:
        """The model's name in the experiment, where that has several."""
        name = self.plan.core.get("model")
        return None if name is None else str(name)


@dataclass(frozen=True)
class Concluded:
    """A comparison or a claim as it was recorded; `verdict` is None of a comparison."""

    run: str
    name: str
    verdict: str | None
    evidence: dict[str, Any]


@dataclass(frozen=True)
class Content:
    """Everything that a page shows of one ledger besides the items.

    Attributes:
        runs: those that the ledger stands for, one for each model.
        models: their snapshots.
        estimates: their scores.
        deviations: plans that were changed, with the reasons given.
        exposures: addresses to which requests were sent, with their numbers.
        rerun: what the log of a rerun holds, where one was compared.
    """

    checkpoint: Checkpoint
    runs: tuple[Counted, ...]
    attempts: tuple[Attempt, ...]
    environments: tuple[Environment, ...]
    models: tuple[Model, ...]
    estimates: tuple[Estimate, ...]
    claims: tuple[Concluded, ...]
    comparisons: tuple[Concluded, ...]
    deviations: tuple[dict[str, Any], ...]
    exposures: tuple[tuple[str, str, int], ...]
    rerun: Checkpoint | None = None

    @property
    def plan(self) -> Plan:
        """The first of the plans: what it says of the experiment, the others say too."""
        return self.runs[0].plan

    @property
    def title(self) -> str:
        """The experiment's title, or its name."""
        return str(self.plan.core.get("title") or self.plan.experiment)

    @property
    def several(self) -> bool:
        """Whether several models were asked, so that it must be said of which one a thing is."""
        return len(self.runs) > 1

    def name_of(self, run: str) -> str:
        """Return the name of a run's model, where there are several; empty else."""
        names = {each.run.run: each.model or each.run.run[:8] for each in self.runs}
        return names.get(run, "") if self.several else ""

    @property
    def findings(self) -> dict[str, Findings]:
        """What was found of each model that was examined, by its name."""
        return {self.name_of(each.run.run): each.findings for each in self.runs if each.findings}

    @property
    def planned(self) -> int:
        """Requests that were planned for all models together."""
        return sum(each.run.planned or 0 for each in self.runs)

    @property
    def answered(self) -> int:
        """Requests that were answered by all models together."""
        return sum(each.run.answered for each in self.runs)


def read(ledger: Path, again: Path | None = None) -> Content:
    """Return what a report says of a committed ledger.

    Args:
        ledger: the ledger folder.
        again: the ledger of a rerun, to say of each answer whether it came again.

    Raises:
        InvalidInput: there is no projection, or it holds no run of a plan.
    """
    current = [run for run in current_runs(ledger) if run.attestation == RECORDED]
    if not current:
        raise InvalidInput(
            f"expected a run of a plan in {ledger}, found only what was taken in from other tools; "
            "a report needs a plan: run an experiment first"
        )
    other = None if again is None else _rerun(ledger, again, current)
    of = _records(ledger)
    counted = tuple(_counted(ledger, run, other, of["finding"]) for run in current)
    ids = [each.run.run for each in counted]
    tried = tuple(each for each in attempts(ledger) if each.run in ids)
    used = {each.environment for each in tried}
    return Content(
        checkpoint=read_checkpoints(ledger)[-1],
        runs=counted,
        attempts=tried,
        environments=tuple(each for each in environments(ledger) if each.environment in used),
        models=models(of["snapshot"], [each.plan for each in counted]),
        estimates=of_records([*of["score"], *of["estimate"]], ids, cells_of(counted[0].plan.core)),
        claims=_concluded(of["claim"], ids),
        comparisons=_concluded(of["comparison"], ids),
        deviations=tuple(of["deviation"]),
        exposures=_exposures(of["exposure"], ids),
        rerun=None if other is None else other.checkpoint,
    )


def _rerun(ledger: Path, again: Path, runs: list[Run]) -> Rerun:
    named = [(run.run, plan_of(ledger, run).core.get("model")) for run in runs]
    return rerun(ledger, again, named)


def _records(ledger: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the records of the kinds that a page shows whole, by kind, in log order."""
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
    wanted = ", ".join(f"'{kind}'" for kind in _KINDS)
    sql = f'SELECT kind, canon FROM log WHERE kind IN ({wanted}) ORDER BY "position"'
    with query(ledger, sql) as answered:
        for kind, canon in answered.rows:
            found[kind].append(json.loads(canon))
    return found


def _counted(
    ledger: Path, run: Run, other: Rerun | None, findings: Sequence[dict[str, Any]]
) -> Counted:
    plan = plan_of(ledger, run)
    with query(ledger, f"SELECT count(DISTINCT item) FROM planned WHERE plan = '{plan.plan}'") as a:
        [[number]] = a.rows
    alike = askings(ledger, run)
    if other is not None:
        alike = {
            request: found and alike.get(request, True)
            for request, found in {**alike, **other.alike[run.run]}.items()
        }
    known = items(ledger, plan.plan)
    return Counted(run, plan, known, number, alike, _findings(ledger, findings, plan.plan))


def _concluded(records: Sequence[dict[str, Any]], runs: list[str]) -> tuple[Concluded, ...]:
    """Return what was concluded; of one name that was recorded again, the last."""
    found = {}
    for record in records:
        if record["run"] in runs:
            name = record[record["kind"]]
            found[record["run"], name] = Concluded(
                record["run"], name, record.get("verdict"), record["evidence"]
            )
    return tuple(found.values())


def _findings(ledger: Path, records: Sequence[dict[str, Any]], plan: str) -> Findings:
    """Return the findings of the last examination of a plan."""
    recorded = [
        Finding(
            record["run"],
            record["finding"].removeprefix(PREFIX),
            record["subject"],
            record["evidence"],
        )
        for record in records
        if record["finding"].startswith(PREFIX) and record["plan"] == plan
    ]
    if not recorded:
        return NOTHING
    last = recorded[-1].examination
    with query(ledger, _ITEMS.format(plan=plan)) as answered:
        known = [str(row[0]) for row in answered.rows]
    return sort([one for one in recorded if one.examination == last], known)


def _exposures(
    records: Sequence[dict[str, Any]], runs: list[str]
) -> tuple[tuple[str, str, int], ...]:
    found: dict[tuple[str, str], int] = {}
    for record in records:
        if record["run"] in runs:
            key = record["address"], record["server"]
            found[key] = found.get(key, 0) + record["requests"]
    return tuple((address, server, number) for (address, server), number in found.items())


_KINDS = "snapshot score estimate claim comparison finding deviation exposure".split()
_ITEMS = """SELECT item FROM planned WHERE plan = '{plan}' GROUP BY item ORDER BY min("index")"""
