"""`reprollm report`: the HTML report of a ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import click

from reprollm.cli.ledger_folder import LedgerFolder
from reprollm.cli.progress import counting


@click.command(epilog="Example: reprollm report ledger/normalisation -o report.html --language de")
@click.argument("ledger", type=LedgerFolder())
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it here instead of LEDGER/report.html, where a bundle takes it from.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "de"]),
    default="en",
    show_default=True,
    help="The language it opens in; a reader can switch.",
)
@click.option(
    "--rerun",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A ledger in which all was asked again; the report says what came again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    ledger: Path, output: Path | None, language: str, rerun: Path | None, as_json: bool
) -> None:
    """Write the HTML report of LEDGER: one file that needs no network.

    It shows the runs that the ledger stands for: a summary in plain words, scores with intervals,
    claims, every item with its texts and its place in the log, contamination checks, models,
    prompts, provenance, and how to check all of it. It is no evidence: whoever wants to be sure
    verifies the ledger.
    """
    from reprollm.report.language import Language
    from reprollm.report.write import write

    target = output or ledger / "report.html"
    with counting("writing items") as on_rows:
        written = write(ledger, target, cast("Language", language), rerun, on_rows)
    if as_json:
        said = {"path": str(target), "items": written.rows, "bytes": written.bytes}
        click.echo(json.dumps({"schema": "reprollm/report/1", **said, "language": language}))
    else:
        click.echo(str(target))
