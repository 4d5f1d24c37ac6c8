"""`reprollm table`: tables for a paper from what a ledger has on record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli.ledger_folder import LedgerFolder

if TYPE_CHECKING:
    from reprollm.tables.grid import Grid
    from reprollm.tables.measured import Book


def _scores(context: click.Context, parameter: click.Parameter, said: Any) -> Any:
    """Return pairs of a score and an aggregation, None where none is named."""
    return tuple((name, how or None) for name, _, how in (each.partition(":") for each in said))


@click.command(epilog="Example: reprollm table ledger/normalisation --format latex -o scores.tex")
@click.argument(
    "experiments", nargs=-1, required=True, metavar="EXPERIMENT...", type=LedgerFolder()
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["latex", "markdown", "csv", "html"]),
    default="latex",
    show_default=True,
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write here.")
@click.option(
    "--score",
    "scores",
    multiple=True,
    callback=_scores,
    metavar="NAME[:AGGREGATION]",
    help="A column, such as character_error_rate:corpus; repeatable; without any, each score by "
    "its usual aggregation.",
)
@click.option(
    "--level",
    type=click.Choice(["all", "stratum", "split", "label"]),
    default="all",
    show_default=True,
    help="Groups of rows.",
)
@click.option(
    "--layout",
    "arms",
    type=click.Choice(["rows", "columns"]),
    default="rows",
    show_default=True,
    help="Whether models, prompts and samplings are rows or columns.",
)
@click.option("--digits", type=click.IntRange(0, 6), default=3, show_default=True)
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True)
@click.option("--provenance", is_flag=True, help="Print the record behind every number as well.")
@click.option("--json", "as_json", is_flag=True, help="Print the table and its records as JSON.")
def command(
    experiments: tuple[Path, ...],
    form: str,
    output: Path | None,
    provenance: bool,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Write a table of what the ledgers EXPERIMENT have on record: scores, intervals, comparisons.

    EXPERIMENT is a ledger's folder, the name of one below ledger/, or an experiment's folder. The
    same records give the same bytes. What `reprollm score` and `reprollm conclude` have recorded
    must be committed.
    """
    from reprollm.cli.terminal import whole
    from reprollm.records.receipt import replace_file
    from reprollm.tables.choice import Wanted
    from reprollm.tables.layout import lay_out
    from reprollm.tables.source import found, read

    books = read([found(str(name)) for name in experiments])
    grid = lay_out(books, Wanted(**wanted))
    text = _written(grid, books, form, wanted["language"])
    if output is not None:
        replace_file(output, text.encode())
    if as_json:
        click.echo(json.dumps(to_json(grid, books), indent=2))
    elif output is None:
        click.echo(whole(text), nl=False)
    if provenance and not as_json:
        _show_provenance(grid)


def to_json(grid: Grid, books: Sequence[Book]) -> dict[str, object]:
    """Return the table's sentences and numbers, each with its record, as plain values."""
    import csv
    import dataclasses
    import io

    from reprollm.tables.csv_table import csv_table
    from reprollm.tables.provenance import traced

    return {
        "caption": list(grid.caption),
        "notes": list(grid.notes),
        "numbers": list(csv.DictReader(io.StringIO(csv_table(grid, books), newline=""))),
        "provenance": [dataclasses.asdict(each) for each in traced(grid)],
    }


def _written(grid: Grid, books: Sequence[Book], form: str, language: Any) -> str:
    if form == "latex":
        from reprollm.tables.latex import latex

        return latex(grid)
    if form == "markdown":
        from reprollm.tables.markdown import markdown

        return markdown(grid)
    if form == "html":
        from reprollm.tables.html import html

        return html(grid, language)
    from reprollm.tables.csv_table import csv_table

    return csv_table(grid, books)


def _show_provenance(grid: Grid) -> None:
    from reprollm.cli.terminal import safe
    from reprollm.tables.provenance import sentence, traced

    for each in traced(grid):
        click.echo(safe(sentence(each)))
