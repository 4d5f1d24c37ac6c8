"""`reprollm status`: how far experiments are."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli.ledger_folder import LedgerFolder

if TYPE_CHECKING:
    from reprollm.ledger.status import Status


@click.command(epilog="Example: reprollm status ledger/normalisation --json")
@click.argument("ledgers", nargs=-1, type=LedgerFolder(found=True))
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def command(ledgers: tuple[Path, ...], as_json: bool) -> None:
    """Say of running and finished experiments how far they are.

    LEDGERS are ledger folders, or folders of such; ledger/ without any. Nothing is changed and
    nothing verified: for that there is `reprollm ledger verify`.
    """
    from reprollm.cli.terminal import console, table
    from reprollm.errors import InvalidInput
    from reprollm.ledger.status import ledgers as find
    from reprollm.ledger.status import status

    tops = ledgers or (Path("ledger"),)
    folders = [folder for top in tops for folder in find(top)]
    if not folders:
        raise InvalidInput(
            f"expected a ledger below {', '.join(map(str, tops))}, found none; run an experiment, "
            "or name the folder of its ledger"
        )
    now = datetime.now(UTC)
    found = [(folder, status(folder, now)) for folder in folders]
    if as_json:
        said = [
            {"ledger": str(folder), "stage": each.stage, **asdict(each),
             "seconds_left": each.seconds_left}
            for folder, each in found
        ]  # fmt: skip
        click.echo(json.dumps(said, indent=2))
        return
    columns = ("experiment", "stage", ">answered", ">of", ">records", "besides", "time left")
    rows = [_row(each) for _, each in found]
    console().print(table("", columns, rows))


def _row(status: Status) -> tuple[str, ...]:
    left = status.seconds_left
    return (
        status.experiment,
        status.stage,
        f"{status.answered:,}",
        f"{status.planned:,}",
        f"{status.records:,}",
        ", ".join(_besides(status)),
        "" if left is None else f"about {timedelta(seconds=round(left))}",
    )


def _besides(status: Status) -> list[str]:
    alive = sum(each.alive for each in status.working)
    dead = len(status.working) - alive
    said = [*status.kinds]
    said += [f"{alive} at work"] if alive else []
    said += [f"{dead} killed, its answers kept"] if dead == 1 else []
    said += [f"{dead} killed, their answers kept"] if dead > 1 else []
    said += [f"{status.uncommitted} shards not committed"] if status.uncommitted else []
    return said
