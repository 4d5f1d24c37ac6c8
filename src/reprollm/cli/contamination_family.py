"""`reprollm contamination family`: the primary tests of several ledgers, corrected together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reprollm.contamination.family import Corrected


@click.command(epilog="Example: reprollm contamination family ledger/small ledger/large --json")
@click.argument("ledgers", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the family as JSON.")
def command(ledgers: tuple[Path, ...], as_json: bool) -> None:
    """Correct the primary tests of several LEDGERS for being several, by Holm's rule.

    Each ledger holds one model on one data set; all declare the same family with the same number of
    tests before they run. Declared tests whose ledgers are not named count as well. Whether what a
    ledger says follows from its measurements is what `reprollm verify` finds out.
    """
    from reprollm.contamination.family import correct, members
    from reprollm.contamination.reading import findings

    found = [each for ledger in ledgers for each in members(str(ledger), findings(ledger))]
    corrected = correct(found)
    if as_json:
        click.echo(json.dumps(to_json(corrected), indent=2, ensure_ascii=False))
    else:
        show(corrected)


def to_json(corrected: Sequence[Corrected]) -> dict[str, object]:
    """Return the family as plain values."""
    from dataclasses import asdict

    first = corrected[0].member
    return {
        "family": first.family,
        "tests_declared": first.tests,
        "tests_here": len(corrected),
        "members": [
            {**asdict(each.member), "adjusted": each.adjusted, "verdict": each.verdict}
            for each in corrected
        ],
    }


def show(corrected: Sequence[Corrected]) -> None:
    """Print the family's table, and how many tests it has and lacks."""
    from reprollm.cli.terminal import console, safe, table

    out = console()
    first = corrected[0].member
    columns = ("ledger", "model", "data", "primary test", ">p", ">adjusted (Holm)", "verdict")
    rows = [
        (
            each.member.ledger,
            each.member.snapshot[:16],
            each.member.data[:16],
            each.member.primary,
            _number(each.member.p),
            _number(each.adjusted),
            each.verdict,
        )
        for each in corrected
    ]
    out.print(table(f"family {safe(first.family)}", columns, rows))
    out.print(
        f"{len(corrected)} of {first.tests} declared tests are here; all {first.tests} are "
        "corrected for, so that the chance of any false claim stays at 0.05",
        soft_wrap=True,
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"
