"""`reprollm contamination measure`: one job of an examination, from a checked model to records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli.model_choice import model_choice

if TYPE_CHECKING:
    from reprollm.contamination.measure import Outcome, Work

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(epilog="Example: reprollm contamination measure normalisation --slice 1/2")
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
    help="Measure the I-th of N equal parts of the examination's texts.",
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
    help="Folder for what is in progress, on a disk of this node; the ledger's by default.",
)
def command(
    experiment: str,
    ledger: Path | None,
    model: str | None,
    part: str,
    receipt: Path | None,
    journals: Path | None,
) -> None:
    """Measure how well the model foresees the texts that the checks of EXPERIMENT examine.

    EXPERIMENT is the name of a folder below experiments/, a folder, or an experiment.yaml. The
    examination must be in the log: plan and commit first. What was measured before is not measured
    again. Sealed texts are measured in this process alone, and are not written down.
    """
    from reprollm.environment import code_digest, go_offline

    go_offline()
    from reprollm.cli.progress import answering
    from reprollm.contamination.examination import expect_committed, make_examination
    from reprollm.contamination.measure import Work, measure
    from reprollm.contamination.tokens import tokens_of
    from reprollm.engines.opening import open_located
    from reprollm.engines.slices import parse_slice
    from reprollm.errors import ExperimentInvalid
    from reprollm.experiment.load import load
    from reprollm.experiment.locate import locate
    from reprollm.prompts.requests import slice_bounds
    from reprollm.prompts.stored import find_plan
    from reprollm.prompts.tokenize import load_tokenizer
    from reprollm.snapshot.model import load_model, locate_model

    number, slices = parse_slice(part)
    described = load(locate(experiment, Path()), model)
    if described.config.contamination is None:
        raise ExperimentInvalid(
            f"expected a section contamination in {described.file}, found none; there is nothing "
            "to measure"
        )
    ledger = ledger or Path("ledger") / described.config.name
    asked = load_model(described.lock, described.adapters)
    plan = find_plan(ledger, described, asked.lock.snapshot)
    public = make_examination(described, plan, asked.lock.facts)
    expect_committed(public, ledger, described)
    examination = make_examination(described, plan, asked.lock.facts, with_secrets=True)
    located = locate_model(asked, run=examination.examination)
    tokens = tokens_of(load_tokenizer(located), [text.parts for text in examination.texts])
    first, last = slice_bounds(len(examination.texts), slices, number)
    work = Work(
        ledger=ledger,
        examination=examination,
        tokens=tokens,
        first=first,
        last=last,
        code=code_digest("measure"),
        journals=journals or ledger / "journals",
    )

    with answering(last - first, "measuring", "texts") as advance:
        outcome = measure(
            work,
            lambda: open_located(located, asked, plan.engine),
            advance,
        )
    _tell(work, outcome)
    if receipt:
        _write_receipt(receipt, work, outcome)


def _write_receipt(path: Path, work: Work, outcome: Outcome) -> None:
    from reprollm.records.receipt import write_receipt

    write_receipt(
        path,
        "measure",
        outcome.shards,
        examination=work.examination.examination,
        plan=work.examination.plan,
        first=work.first,
        last=work.last,
        texts=outcome.texts,
        measured=outcome.measured,
        continued=outcome.continued,
        attempt=outcome.attempt,
    )


def _tell(work: Work, outcome: Outcome) -> None:
    """Say on standard error what a person should know."""
    if outcome.salvaged:
        _say(f"closed {outcome.salvaged} killed attempt(s) and kept what they had measured")
    if not work.gives_likelihoods:
        _say(
            f"the engine {work.family} gives no log-probabilities of given texts; the checks that "
            "need them are recorded as not possible"
        )
    if outcome.failures:
        _say(f"{outcome.failures} item(s) could not be continued")
    _say(f"{outcome.measured} of {outcome.texts} texts are measured, {outcome.continued} continued")


def _say(sentence: str) -> None:
    click.echo(f"reprollm: {sentence}", err=True)
