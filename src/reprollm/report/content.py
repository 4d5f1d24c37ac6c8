"""What a report says, read from the ledger's projection; texts are as they stand there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.card import card_of
from reprollm.card.rows import rows as card_rows
from reprollm.card.subject import of_record
from reprollm.errors import InvalidInput
from reprollm.ledger.query import query
from reprollm.ledger.read import (
    Attempt,
    Environment,
    Plan,
    Run,
    attempts,
    current_run,
    environments,
    plans,
)
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.evidence import PREFIX
from reprollm.report.contamination import Finding, Findings, sort

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Model:
    """One snapshot: its names and hashes, and its card, as rows of two cells."""

    name: str
    snapshot: str
    identity: Rows
    card: Rows


@dataclass(frozen=True)
class Score:
    """One aggregate of the run that counts."""

    score: str
    sampling: str
    stratum: str | None
    aggregation: str
    value: str | None
    n: int
    undefined: int
    runaway: int


@dataclass(frozen=True)
class Content:
    """Everything that a page shows of one ledger.

    Attributes:
        plan, run: the plan and the run that the ledger stands for.
        models: the run's snapshots.
        scores: those of the run, in log order.
        findings: those of the plan's examination.
        deviations: plans that were changed, with the reasons given.
        exposures: addresses to which requests were sent, with their numbers.
    """

    checkpoint: Checkpoint
    plan: Plan
    run: Run
    attempts: tuple[Attempt, ...]
    environments: tuple[Environment, ...]
    models: tuple[Model, ...]
    scores: tuple[Score, ...]
    findings: Findings
    deviations: tuple[dict[str, Any], ...]
    exposures: tuple[tuple[str, str, int], ...]

    @property
    def title(self) -> str:
        """The experiment's title, or its name."""
        return str(self.plan.core.get("title") or self.plan.experiment)


def read(ledger: Path) -> Content:
    """Return what a report says of a committed ledger.

    Raises:
        InvalidInput: there is no projection, or it holds no run of a plan.
    """
    run = current_run(ledger)
    plan = next((plan for plan in plans(ledger) if plan.plan == run.plan), None)
    if plan is None:
        raise InvalidInput(
            f"expected a run of a plan in {ledger}, found only what was taken in from other tools; "
            "a report needs a plan: run an experiment first"
        )
    tried = tuple(each for each in attempts(ledger) if each.run == run.run)
    used = {each.environment for each in tried}
    return Content(
        checkpoint=read_checkpoints(ledger)[-1],
        plan=plan,
        run=run,
        attempts=tried,
        environments=tuple(each for each in environments(ledger) if each.environment in used),
        models=_models(ledger, plan),
        scores=_scores(ledger, run),
        findings=_findings(ledger, plan),
        deviations=tuple(_records(ledger, "deviation")),
        exposures=_exposures(ledger, run),
    )


def _models(ledger: Path, plan: Plan) -> tuple[Model, ...]:
    wanted = {plan.core.get("snapshot")}
    wanted |= {part.get("snapshot") for part in plan.core.get("parts", ())}
    found = {}
    for record in _records(ledger, "snapshot"):
        if record["snapshot"] in wanted:
            card = card_of(of_record(record))
            found[record["snapshot"]] = Model(
                record["name"], record["snapshot"], _identity(record), tuple(card_rows(card))
            )
    return tuple(found.values())


def _identity(record: dict[str, Any]) -> Rows:
    facts = record["facts"]
    quantization = facts.get("quantization")
    stored = ", ".join(
        f"{each.get('dtype')} ({each.get('elements', 0):,} weights)"
        for each in facts.get("tensor_dtypes", ())
    )
    said = (
        ("snapshot", record["snapshot"]),
        ("digest of the weights", record["weights"]),
        ("files", f"{len(record['files']):,}" if record["files"] else ""),
        ("architecture", facts.get("architecture")),
        ("parameters", f"{facts['parameters']:,}" if facts.get("parameters") else ""),
        ("stored as", stored),
        ("quantization", _quantization(quantization)),
        ("context", f"{facts['context_length']:,} tokens" if facts.get("context_length") else ""),
    )
    return tuple((name, str(value)) for name, value in said if value)


def _quantization(value: Any) -> str:
    if not isinstance(value, dict):
        return "none declared"
    parts = (value.get("method"), value.get("scheme"), f"{value.get('bits')} bits")
    return ", ".join(str(part) for part in parts if part)


def _scores(ledger: Path, run: Run) -> tuple[Score, ...]:
    return tuple(
        Score(
            record["score"],
            record["sampling"],
            record["stratum"],
            record["aggregation"],
            record["value"],
            record["n"],
            record["undefined"],
            record["runaway"],
        )
        for record in _latest(_records(ledger, "score"), run.run)
    )


def _latest(records: list[dict[str, Any]], run: str) -> list[dict[str, Any]]:
    """Return a run's score records; of one aggregate that was recorded again, the last."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for record in records:
        if record["run"] == run:
            named = ("score", "sampling", "stratum", "aggregation")
            found[tuple(record[name] for name in named)] = record
    return list(found.values())


def _findings(ledger: Path, plan: Plan) -> Findings:
    recorded = [
        Finding(
            record["run"],
            record["finding"].removeprefix(PREFIX),
            record["subject"],
            record["evidence"],
        )
        for record in _records(ledger, "finding")
        if record["finding"].startswith(PREFIX) and record["plan"] == plan.plan
    ]
    last = recorded[-1].examination if recorded else None
    with query(ledger, _ITEMS.format(plan=plan.plan)) as answered:
        items = [str(row[0]) for row in answered.rows]
    return sort([one for one in recorded if one.examination == last], items)


def _exposures(ledger: Path, run: Run) -> tuple[tuple[str, str, int], ...]:
    found: dict[tuple[str, str], int] = {}
    for record in _records(ledger, "exposure"):
        if record["run"] == run.run:
            key = record["address"], record["server"]
            found[key] = found.get(key, 0) + record["requests"]
    return tuple((address, server, number) for (address, server), number in found.items())


_ITEMS = """SELECT item FROM planned WHERE plan = '{plan}' GROUP BY item ORDER BY min("index")"""


def _records(ledger: Path, kind: str) -> list[dict[str, Any]]:
    sql = f"SELECT canon FROM log WHERE kind = '{kind}' ORDER BY \"position\""
    with query(ledger, sql) as answered:
        return [json.loads(row[0]) for row in answered.rows]
