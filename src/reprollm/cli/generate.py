"""`reprollm generate`: one job of a run, from a checked model to published answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli.model_choice import model_choice

if TYPE_CHECKING:
    from reprollm.engines.slices import Outcome, Slice
    from reprollm.experiment.load import Experiment
    from reprollm.sealing.egress import Watch

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(epilog="Example: reprollm generate normalisation --slice 1/2")
@click.argument("experiment")
@click.option(
    "--ledger", type=_FOLDER, help="Ledger folder; ledger/<experiment's name> by default."
)
@model_choice
@click.option(
    "--slice",
    "part",
    default="1/1",
    metavar="I/N",
    show_default=True,
    help="Answer the I-th of N equal parts of the plan's requests.",
)
@click.option(
    "--receipt",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that shall say what was done, for the workflow.",
)
@click.option(
    "--journals",
    type=_FOLDER,
    envvar="REPROLLM_JOURNALS",
    help="Folder for answers in progress, on a disk of this node; the ledger's by default.",
)
@click.option(
    "--remeasure",
    type=click.IntRange(min=0),
    default=16,
    show_default=True,
    help="Under the fast batch policy, ask so many requests again under the strict one.",
)
@click.option(
    "--reuse/--no-reuse",
    default=True,
    show_default=True,
    help="Take over answers to the same requests by the same class of engine, marked as such.",
)
def command(
    experiment: str,
    ledger: Path | None,
    model: str | None,
    part: str,
    receipt: Path | None,
    journals: Path | None,
    remeasure: int,
    reuse: bool,
) -> None:
    """Answer one slice of the plan of EXPERIMENT with the local model.

    EXPERIMENT is the name of a folder below experiments/, a folder, or an experiment.yaml. What was
    answered before, by any attempt of the same run, is not asked again.
    """
    from reprollm.environment import code_digest, go_offline

    go_offline()
    from reprollm.cli.progress import answering
    from reprollm.engines.attempt import answer_slice
    from reprollm.engines.opening import open_checked
    from reprollm.engines.slices import Slice, parse_slice
    from reprollm.experiment.load import load
    from reprollm.experiment.locate import locate
    from reprollm.ledger.segments import covering
    from reprollm.prompts.requests import slice_bounds
    from reprollm.prompts.runs import open_run
    from reprollm.prompts.stored import find_plan
    from reprollm.snapshot.model import load_model

    number, slices = parse_slice(part)
    described = load(locate(experiment, Path()), model)
    ledger = ledger or Path("ledger") / described.config.name
    asked = load_model(described.lock, described.adapters)
    plan = find_plan(ledger, described, asked.lock.snapshot)
    first, last = slice_bounds(plan.requests, slices, number)
    code = code_digest("generate")
    work = Slice(
        ledger=ledger,
        plan=plan,
        run=open_run(ledger, plan.plan, code),
        code=code,
        checkpoint=covering(ledger, plan.shard),
        first=first,
        last=last,
        journals=journals or ledger / "journals",
        remeasure=remeasure,
        reuse=reuse,
        watch=_watch(described),
    )
    with answering(last - first) as advance:
        outcome = answer_slice(
            work, lambda: open_checked(asked, plan.engine, run=work.run), advance
        )
    _tell(outcome)
    if receipt:
        _write_receipt(receipt, work, outcome)


def _watch(described: Experiment) -> Watch | None:
    """Return what must not leave this machine; the data file is read only where something may."""
    from reprollm.experiment.data import read_data
    from reprollm.prompts.denial import address_elsewhere, watch_of

    if described.checks.seal is None or address_elsewhere(described) is None:
        return None
    columns = described.config.data
    data = read_data(
        described.data,
        columns.id,
        columns.named_columns(),
        columns.encoding,
        columns.delimiter,
        columns.importer(),
    )
    return watch_of(described, data)


def _write_receipt(path: Path, work: Slice, outcome: Outcome) -> None:
    from reprollm.records.receipt import write_receipt

    write_receipt(
        path,
        "generate",
        outcome.shards,
        plan=work.plan.plan,
        run=work.run,
        first=work.first,
        last=work.last,
        requests=outcome.requests,
        answered=outcome.answered,
        attempt=outcome.attempt,
        failures=outcome.failures,
    )


def _tell(outcome: Outcome) -> None:
    """Say on standard error what a person should know."""
    if outcome.salvaged:
        _say(f"closed {outcome.salvaged} killed attempt(s) and kept what they had answered")
    if outcome.reused:
        _say(
            f"took over {outcome.reused} answers that earlier runs gave, and marked them as reused"
        )
    if outcome.failures:
        _say(f"{outcome.failures} request(s) could not be answered; the ledger says why")
    if outcome.variance:
        found = outcome.variance
        _say(
            f"fast against strict batches: of {found['measured']} requests measured again, "
            f"{found['tokens_differ']} have other tokens and {found['logprobs_differ']} other "
            f"log-probability bits (largest difference {found['largest']})"
        )
    _say(f"{outcome.answered} of {outcome.requests} distinct requests are answered")


def _say(sentence: str) -> None:
    click.echo(f"reprollm: {sentence}", err=True)
