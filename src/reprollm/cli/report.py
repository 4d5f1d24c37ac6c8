"""`reprollm report`: the HTML report of a ledger."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: reprollm report ledger/normalisation -o report.html")
@click.argument("ledger", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it here instead of LEDGER/report.html, where a bundle takes it from.",
)
def command(ledger: Path, output: Path | None) -> None:
    """Write the HTML report of LEDGER: one file that needs no network.

    It shows the run that the ledger stands for: models with identity and card, scores, what the
    contamination checks say, machines, and how to check all of it. It is no evidence: whoever
    wants to be sure verifies the ledger.
    """
    from reprollm.records.receipt import replace_file
    from reprollm.report.content import read
    from reprollm.report.page import page

    target = output or ledger / "report.html"
    replace_file(target, page(read(ledger)).encode())
    click.echo(str(target))
