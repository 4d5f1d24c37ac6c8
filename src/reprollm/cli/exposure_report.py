"""`reprollm exposure report`: the statement for the paper, and the columns of the table."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli import terminal
from reprollm.cli.ledger_folder import LedgerFolder

if TYPE_CHECKING:
    from reprollm.exposure.account import Account


@click.command(epilog="Example: reprollm exposure report ledger/normalisation --language de")
@click.argument(
    "ledgers",
    metavar="LEDGER...",
    nargs=-1,
    required=True,
    type=LedgerFolder(found=True),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "latex", "csv", "json"]),
    default="markdown",
    show_default=True,
    help="The statement as text, or the columns of the Leak, Cheat, Repeat table as CSV.",
)
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True)
@click.option(
    "--declarations",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File whose section paper fills the columns that no ledger knows.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(
    ledgers: tuple[Path, ...],
    form: str,
    language: str,
    declarations: Path | None,
    as_json: bool,
) -> None:
    """Say which items the runs in each committed LEDGER sent where, and what is declared.

    Ledgers of the same data file are counted together. Numbers come from records in the ledgers
    alone; without a declaration on use outside the tool they cover recorded runs only.
    """
    from reprollm.contamination.exposure import accounts, load_declarations
    from reprollm.exposure.statement import sentences, to_latex, to_markdown
    from reprollm.exposure.table import rows

    found = accounts(ledgers)
    paper: dict[str, Any] = {}
    if declarations is not None and (said := load_declarations(declarations).paper) is not None:
        paper = said.model_dump()
    table = [row for account in found for row in rows(account, paper)]
    if as_json or form == "json":
        told = [_plain(account, language) for account in found]
        click.echo(json.dumps({"data_sets": told, "table": table}))
    elif form == "csv":
        click.echo(terminal.whole(_csv(table)), nl=False)
    else:
        paragraphs = [sentences(account, language) for account in found]
        text = to_latex(paragraphs) if form == "latex" else to_markdown(paragraphs)
        click.echo(terminal.whole(text), nl=False)


def _csv(table: list[dict[str, str]]) -> str:
    import csv
    import io

    from reprollm.exposure.table import COLUMNS

    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def _plain(account: Account, language: str) -> dict[str, Any]:
    from reprollm.exposure.account import coverage, timing, verdicts
    from reprollm.exposure.statement import sentences

    return {
        "name": account.name,
        "outside": account.outside,
        "covers": "recorded runs only"
        if account.outside == "undeclared"
        else "recorded runs and declared use",
        **asdict(coverage(account)),
        "models": [
            {
                "name": named.name,
                "snapshot": named.model.snapshot,
                "pinned": named.model.pinned,
                "released": named.model.released.last if named.model.released else None,
                "cutoff": named.model.cutoff.last[:7] if named.model.cutoff else None,
                **asdict(timing(account, named.model)),
                "temporal": verdicts(account, named.model),
            }
            for named in account.models
        ],
        "statement": " ".join(sentences(account, language)),
    }
