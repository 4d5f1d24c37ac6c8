"""`reprollm contamination examine`: what was measured into findings on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli.model_choice import model_choice

if TYPE_CHECKING:
    from reprollm.experiment.load import Experiment
    from reprollm.records.shard import ShardReference
    from reprollm.snapshot.model import Model


@click.command(epilog="Example: reprollm contamination examine normalisation")
@click.argument("experiment")
@click.option(
    "--ledger",
    type=click.Path(file_okay=False, path_type=Path),
    help="Ledger folder; ledger/<experiment's name> by default.",
)
@model_choice
@click.option(
    "--receipt",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that shall say what was done, for the workflow.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(
    experiment: str,
    ledger: Path | None,
    model: str | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Compute the findings of the checks that EXPERIMENT declares, and record them.

    EXPERIMENT is the name of a folder below experiments/, a folder, or an experiment.yaml. Only the
    committed ledger and what is declared of exposures are read: no model is asked. `reprollm ledger
    commit` takes the findings into the log; without --json they are shown as `reprollm
    contamination show` shows them.
    """
    from reprollm.cli.contamination_show import show
    from reprollm.contamination.examination import expect_committed, make_examination
    from reprollm.contamination.stage import examine
    from reprollm.errors import ExperimentInvalid
    from reprollm.experiment.load import load
    from reprollm.experiment.locate import locate
    from reprollm.prompts.stored import find_plan
    from reprollm.records.receipt import write_receipt
    from reprollm.snapshot.model import load_model

    described = load(locate(experiment, Path()), model)
    if described.config.contamination is None:
        raise ExperimentInvalid(
            f"expected a section contamination in {described.file}, found none; there is nothing "
            "to examine"
        )
    ledger = ledger or Path("ledger") / described.config.name
    asked = load_model(described.lock, described.adapters)
    plan = find_plan(ledger, described, asked.lock.snapshot)
    examination = make_examination(described, plan, asked.lock.facts)
    expect_committed(examination, ledger, described)
    declared = _declare(described, asked, plan.plan, ledger)
    found = examine(ledger, examination.examination)
    if as_json:
        click.echo(json.dumps([each._asdict() for each in found.findings], indent=2))
    else:
        show([(each.method, each.subject, each.evidence) for each in found.findings])
    if receipt is not None:
        shards = [shard for shard in (declared, found.shard) if shard]
        write_receipt(
            receipt,
            "examine",
            shards,
            examination=found.examination,
            plan=found.plan,
            findings=len(found.findings),
        )


def _declare(described: Experiment, model: Model, plan: str, ledger: Path) -> ShardReference | None:
    """Publish what was declared of exposures since the plan was made."""
    from reprollm.contamination.exposure import declared_of, publish_declared

    checks = described.config.contamination
    if checks is None or checks.exposure is None:
        return None
    return publish_declared(declared_of(described, model.lock), plan, ledger)
