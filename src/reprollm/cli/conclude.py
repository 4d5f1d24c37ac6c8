"""`reprollm conclude`: what an experiment declares of its scores, recorded and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli.ledger_folder import LedgerFolder

if TYPE_CHECKING:
    from reprollm.conclusions.stage import Concluded


@click.command(epilog="Example: reprollm conclude ledger/normalisation")
@click.argument("ledger", type=LedgerFolder())
@click.option("--receipt", type=click.Path(path_type=Path), help="Write what was done here.")
@click.option("--json", "as_json", is_flag=True, help="Print the conclusions as JSON.")
def command(ledger: Path, receipt: Path | None, as_json: bool) -> None:
    """Compare and judge what the experiment of LEDGER declares, and record the results.

    Comparisons of arms, agreement of annotators, passes and models, the declared determinism and
    the claims are computed from the committed log alone. The records are published as a shard;
    `reprollm ledger commit` takes them into the log. Claims on a value need the estimates of
    `reprollm score` in the log.
    """
    from reprollm.conclusions.stage import conclude
    from reprollm.records.receipt import write_receipt

    done = conclude(ledger)
    if as_json:
        click.echo(json.dumps(to_json(done), indent=2, ensure_ascii=False))
    else:
        show(done)
    if receipt is not None:
        shards = [done.shard] if done.shard else []
        write_receipt(receipt, "conclude", shards, conclusions=len(done.found))


def to_json(done: Concluded) -> dict[str, object]:
    """Return what was concluded as plain values."""
    from reprollm.conclusions.stage import fields_of

    return {
        "checkpoint": {"size": done.size, "root": done.root},
        "shard": done.shard.sha256 if done.shard else None,
        "conclusions": [{"kind": each.kind, **fields_of(each)} for each in done.found],
    }


def show(done: Concluded) -> None:
    """Print the pairs, the other comparisons, and the claims with their verdicts."""
    from reprollm.cli.terminal import console, safe, table
    from reprollm.conclusions.wording import (
        claim_row,
        other_rows,
        pair_lines,
    )

    out = console()
    pairs = [each for each in done.found if each.evidence["kind"] == "pair"]
    claims = [each for each in done.found if each.kind == "claim"]
    others = [each for each in done.found if each not in pairs and each not in claims]
    if pairs:
        out.print("Comparisons, paired by item")
        for each in pairs:
            for line in pair_lines(each.name, each.evidence):
                out.print(safe(line), soft_wrap=True)
    if others:
        rows = [row for each in others for row in other_rows(each.name, each.evidence)]
        out.print(table("Agreement and determinism", ("of", "what", ">n", "found"), rows))
    if claims:
        rows = [claim_row(each.name, str(each.verdict), each.evidence) for each in claims]
        out.print(table("Claims", ("claim", "verdict", "says", "found"), rows))
    if not done.found:
        out.print("the experiment declares no comparison, claim or determinism")
