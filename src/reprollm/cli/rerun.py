"""`reprollm rerun`: ask a ledger's requests again with the local weights, and compare."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reprollm.cli.ledger_folder import LedgerFolder
from reprollm.cli.model_choice import model_choice
from reprollm.errors import NotReproduced

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(epilog="Example: reprollm rerun experiments/normalisation/published -o ledger/again")
@click.argument("ledger", type=LedgerFolder())
@click.option(
    "-o", "--output", type=_FOLDER, required=True, help="Folder of the new ledger; may be begun."
)
@click.option(
    "--lock",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Lock file of the model; by default the fitting one in models/ beside LEDGER.",
)
@model_choice
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def command(
    ledger: Path, output: Path, lock: Path | None, model: str | None, as_json: bool
) -> None:
    """Ask the last complete run in LEDGER again, and say which answers were reproduced.

    The weights are found by the hash in the lock, the prompts are taken from LEDGER; neither the
    experiment's data nor its template is needed. Exit code 0 means that every answer is identical,
    token by token; 5 that one is not.
    """
    from reprollm.environment import go_offline

    go_offline()
    from reprollm.cli.compare import show, to_json, verdict
    from reprollm.cli.progress import answering
    from reprollm.compare.rerun import current_plan, rerun
    from reprollm.compare.runs import compare
    from reprollm.ledger.read import run_of_model

    plan = current_plan(ledger, model)
    with answering(plan.requests) as advance:
        rerun(ledger, output, lock, advance, model)
    comparison = compare(ledger, output, run_of_model(ledger, model).run)
    if as_json:
        click.echo(json.dumps(to_json(comparison), indent=2, ensure_ascii=False))
    else:
        show(comparison)
    if not comparison.reproduced:
        raise NotReproduced(verdict(comparison))
