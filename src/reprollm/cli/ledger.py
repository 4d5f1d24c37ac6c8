"""`reprollm ledger`: commit, verify, query and show."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli.ledger_folder import LedgerFolder
from reprollm.cli.ledger_show import ATTEMPT_COLUMNS, attempt_row, show
from reprollm.cli.progress import counting, records_in

if TYPE_CHECKING:
    from reprollm.ledger.query import Answered
    from reprollm.ledger.report import Report

_LEDGER = click.argument("ledger", type=LedgerFolder())
_TABLE_ROWS = 1000


@click.group(name="ledger")
def command() -> None:
    """Commit, verify, query and show a ledger."""


command.add_command(show)


@command.command(epilog="Example: reprollm ledger commit ledger/normalisation")
@_LEDGER
@click.argument("receipts", nargs=-1, type=click.Path(path_type=Path))
@click.option("--receipt", type=click.Path(path_type=Path), help="Write what was done here.")
@click.option("--wait", is_flag=True, help="Wait for another commit to end.")
@click.option("--json", "as_json", is_flag=True, help="Print what was committed as JSON.")
def commit(
    ledger: Path, receipts: tuple[Path, ...], receipt: Path | None, wait: bool, as_json: bool
) -> None:
    """Append all new shards of LEDGER to its log.

    Each RECEIPT names shards that must be among those present. The step may be interrupted and
    started again at any time; with nothing new it does nothing.
    """
    from reprollm.ledger.commit import Progress
    from reprollm.ledger.commit import commit as commit_ledger
    from reprollm.records.receipt import write_receipt

    with counting("checking records") as checked, counting("loading records") as loaded:
        progress = Progress(checked, loaded, checked.expect, loaded.expect)
        done = commit_ledger(ledger, receipts, wait=wait, progress=progress)
    if receipt:
        write_receipt(receipt, "commit", [], origin=done.origin, size=done.size, root=done.root)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2))
        return
    click.echo(f"{done.shards} shards with {done.records} records committed", err=True)
    click.echo(f"{done.origin}  {done.size} records  root {done.root}")
    if done.deviations:
        click.echo(f"{done.deviations} deviations: the plan was changed; recorded", err=True)
    if done.findings:
        click.echo(f"{done.findings} findings: a request has two different answers", err=True)


@command.command(epilog="Example: reprollm ledger verify ledger/normalisation")
@_LEDGER
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--allow-incomplete", is_flag=True, help="Accept runs that have not answered every request."
)
def verify(ledger: Path, as_json: bool, allow_incomplete: bool) -> None:
    """Check everything that LEDGER claims against itself; exit code 4 names the first defect."""
    from reprollm.ledger.verify import verify as verify_ledger

    with counting("verifying records", records_in(ledger)) as on_records:
        report = verify_ledger(ledger, allow_incomplete=allow_incomplete, on_records=on_records)
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        _print_report(report)
    report.require()


@command.command(epilog='Example: reprollm ledger query ledger/demo "SELECT * FROM attempts"')
@_LEDGER
@click.argument("sql")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    help="How rows are printed.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
def query(ledger: Path, sql: str, form: str) -> None:
    """Ask LEDGER one SQL query; it can read the ledger's tables and reach nothing else.

    Tables and views: log, opening, answers, attempts, runs, requests, items, generations,
    replicates, estimates, comparisons, claims, scores (of earlier releases), findings,
    environments, imports, imported, checkpoints.
    """
    from reprollm.ledger.query import query as ask

    with ask(ledger, sql) as answered:
        {"table": _print_table, "csv": _print_csv, "json": _print_json}[form](answered)


def _print_report(report: Report) -> None:
    from reprollm.cli.terminal import console, safe, table

    out = console()
    out.print(f"{safe(report.origin)}, {report.size} records", soft_wrap=True)
    out.print(f"root {report.root}", soft_wrap=True)
    rows = [(c.name, str(c.count), c.unit, str(c.verdict)) for c in report.checks]
    out.print(table("", ["check", ">how many", "of what", "verdict"], rows))
    if report.runs:
        out.print(table("runs", _RUN_COLUMNS, map(_run_row, report.runs)))
    if report.attempts:
        out.print(table("attempts", ATTEMPT_COLUMNS, map(attempt_row, report.attempts)))
    for notice in report.notices:
        out.print(f"note: {safe(notice)}")
    for problem in report.problems:
        out.print(f"PROBLEM {problem.defect}: {safe(problem.sentence)}")
    out.print("the ledger holds" if report.holds else "the ledger does NOT hold")


_RUN_COLUMNS = ["run", "trust", ">planned", ">answered", ">failed", ">missing", "besides"]


def _run_row(run: Any) -> list[str]:
    counts = (run.planned, run.answered, run.failed, run.missing)
    besides = [f"{run.reused} reused"] if run.reused else []
    if run.rerolled:
        later = f"{run.replicates} later answers equal, {run.differing} differing"
        besides.append(f"{run.rerolled} answered again: {later}")
    return [run.run[:8], run.trust, *map(str, counts), "; ".join(besides)]


def _print_table(answered: Answered) -> None:
    from itertools import islice

    from reprollm.cli.terminal import console, safe, table

    columns = [safe(column) for column in answered.columns]
    rows = [[_cell(value) for value in row] for row in islice(answered.rows, _TABLE_ROWS + 1)]
    console().print(table("", columns, rows[:_TABLE_ROWS]))
    if len(rows) > _TABLE_ROWS:
        click.echo(f"only the first {_TABLE_ROWS} rows; --format csv prints all", err=True)


def _print_csv(answered: Answered) -> None:
    import csv

    from reprollm.cli.terminal import safe

    clean = safe if sys.stdout.isatty() else str
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(clean, answered.columns))
    for row in answered.rows:
        writer.writerow([clean(_cell(value)) for value in row])


def _print_json(answered: Answered) -> None:
    separator = "[\n"
    for row in answered.rows:
        value = dict(zip(answered.columns, map(_json_value, row), strict=True))
        click.echo(separator + json.dumps(value), nl=False)
        separator = ",\n"
    click.echo("[]" if separator == "[\n" else "\n]")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else str(value)


def _json_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return _cell(value)
