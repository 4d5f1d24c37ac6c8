"""`reprollm score`: scores of a ledger's answers, recorded and shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reprollm.scores.aggregate import Aggregate
    from reprollm.scores.stage import Scored


@click.command(epilog="Example: reprollm score ledger/normalisation")
@click.argument("ledger", type=click.Path(path_type=Path))
@click.option("--run", "named", metavar="ID", help="Another run or import; eight digits do.")
@click.option(
    "--score",
    "names",
    multiple=True,
    help="Score of an import, for example exact_match; repeatable. Runs have those of their plan.",
)
@click.option("--receipt", type=click.Path(path_type=Path), help="Write what was done here.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def command(
    ledger: Path,
    named: str | None,
    names: tuple[str, ...],
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Score the last complete run in LEDGER against its references, and record the scores.

    The scores that the plan names are computed for each answer, each stratum and over all. The
    records are published as a shard; `reprollm ledger commit` takes them into the log. In a ledger
    of imports the last one is scored, by exact match and character error rate without --score.
    """
    from reprollm.records.receipt import write_receipt
    from reprollm.scores.stage import score_current

    scored = score_current(ledger, named, names)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in scored.aggregates], indent=2))
    else:
        show(scored)
    if receipt is not None:
        shards = [scored.shard] if scored.shard else []
        write_receipt(receipt, "score", shards, run=scored.run, answers=scored.answers)


def show(scored: Scored) -> None:
    """Print a table a sampling: a row for all answers and each stratum, a column an aggregate."""
    from reprollm.cli.terminal import console, table

    out = console()
    if scored.unattested:
        out.print("unattested answers, taken in from the log of another harness", soft_wrap=True)
    if scored.unscored:
        out.print(f"{scored.unscored} of {scored.answers} answers have no reference to score")
    for sampling in dict.fromkeys(row.sampling for row in scored.aggregates):
        rows = [row for row in scored.aggregates if row.sampling == sampling]
        measures = list(dict.fromkeys((row.score, row.aggregation) for row in rows))
        columns = [
            "stratum",
            ">n",
            *(f">{score} {how}".replace("_", " ") for score, how in measures),
        ]
        strata: dict[str | None, list[Aggregate]] = {}
        for row in rows:
            strata.setdefault(row.stratum, []).append(row)
        cells = [_cells(name, part, measures) for name, part in strata.items()]
        title = f"Sampling {sampling}"
        title += f" (trust: {scored.trust})" if scored.trust else ""
        out.print(table(title, [*columns, ">undefined", ">runaway"], cells))


def _cells(
    stratum: str | None, rows: list[Aggregate], measures: list[tuple[str, str]]
) -> list[str]:
    values = {(row.score, row.aggregation): row.decimal() or "undefined" for row in rows}
    undefined = max(row.undefined for row in rows)
    return [
        "all" if stratum is None else stratum,
        str(rows[0].n),
        *(values.get(measure, "") for measure in measures),
        str(undefined),
        str(rows[0].runaway),
    ]
