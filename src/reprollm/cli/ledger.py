"""`reprollm ledger`: commit, verify, query and show."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli.progress import counting

if TYPE_CHECKING:
    from reprollm.ledger.query import Answered
    from reprollm.ledger.report import Report

_LEDGER = click.argument("ledger", type=click.Path(path_type=Path))
_TABLE_ROWS = 1000


@click.group(name="ledger")
def command() -> None:
    """Commit, verify, query and show a ledger."""


@command.command(epilog="Example: reprollm ledger commit ledger/normalisation")
@_LEDGER
@click.argument("receipts", nargs=-1, type=click.Path(path_type=Path))
@click.option("--receipt", type=click.Path(path_type=Path), help="Write what was done here.")
@click.option("--wait", is_flag=True, help="Wait for another commit to end.")
def commit(ledger: Path, receipts: tuple[Path, ...], receipt: Path | None, wait: bool) -> None:
    """Append all new shards of LEDGER to its log.

    Each RECEIPT names shards that must be among those present. The step may be interrupted and
    started again at any time; with nothing new it does nothing.
    """
    from reprollm.ledger.commit import Progress
    from reprollm.ledger.commit import commit as commit_ledger
    from reprollm.records.receipt import write_receipt

    with counting("checking records") as checked, counting("building tables") as loaded:
        done = commit_ledger(ledger, receipts, wait=wait, progress=Progress(checked, loaded))
    if receipt:
        write_receipt(receipt, "commit", [], origin=done.origin, size=done.size, root=done.root)
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

    with counting("verifying records") as on_records:
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
def query(ledger: Path, sql: str, form: str) -> None:
    """Ask LEDGER one SQL query; it can read the ledger's tables and reach nothing else.

    Tables and views: log, opening, answers, attempts, runs, requests, generations, replicates,
    findings, scores, environments, imports, imported, checkpoints.
    """
    from reprollm.ledger.query import query as ask

    with ask(ledger, sql) as answered:
        {"table": _print_table, "csv": _print_csv, "json": _print_json}[form](answered)


@command.command(epilog="Example: reprollm ledger show ledger/normalisation 17")
@_LEDGER
@click.argument("what", required=False)
def show(ledger: Path, what: str | None) -> None:
    """Show what LEDGER holds, or the record at a position, or all records of a request."""
    if what is None:
        _show_summary(ledger)
    else:
        _show_records(ledger, what)


def _print_report(report: Report) -> None:
    from reprollm.cli.terminal import console, safe, table

    out = console()
    title = f"{safe(report.origin)}: {report.size} records, root {report.root}"
    rows = [(c.name, str(c.count), c.unit, str(c.verdict)) for c in report.checks]
    out.print(table(title, ["check", ">how many", "of what", "verdict"], rows))
    if report.runs:
        out.print(table("runs", _RUN_COLUMNS, map(_run_row, report.runs)))
    if report.attempts:
        out.print(table("attempts", _ATTEMPT_COLUMNS, map(_attempt_row, report.attempts)))
    for notice in report.notices:
        out.print(f"note: {safe(notice)}")
    for problem in report.problems:
        out.print(f"PROBLEM {problem.defect}: {safe(problem.sentence)}")
    out.print("the ledger holds" if report.holds else "the ledger does NOT hold")


_RUN_COLUMNS = [
    "run", "trust", ">planned", ">answered", ">reused", ">failed", ">missing", ">again", ">equal",
    ">differing",
]  # fmt: skip
_UNATTESTED = "imports: unattested answers from the logs of other harnesses"
_IMPORT_COLUMNS = ["import", "tool", "task", ">samples", "taken in (UTC)", ">unsaid"]
_ATTEMPT_COLUMNS = ["attempt", "run", "requests", "host", "started (UTC)", "ended", "how"]


def _run_row(run: Any) -> list[str]:
    counts = (run.planned, run.answered, run.reused, run.failed, run.missing)
    again = (run.rerolled, run.replicates, run.differing)
    return [run.run[:8], run.trust, *map(str, counts + again)]


def _attempt_row(attempt: Any) -> list[str]:
    requests = f"{attempt.first}–{attempt.last - 1}"
    times = [_minute(attempt.started), (attempt.ended or "")[11:19]]
    return [attempt.attempt[:8], attempt.run[:8], requests, attempt.host, *times, attempt.how]


def _import_row(log: Any) -> list[str]:
    tool = f"{log.tool} {log.tool_version or ''}".strip()
    task = str(log.claims.get("task") or "")
    return [log.id[:8], tool, task, str(log.samples), _minute(log.created), str(len(log.unsaid))]


def _minute(time: str | None) -> str:
    """Return an RFC 3339 time as a table shows it: date, hour and minute, UTC."""
    return (time or "")[:16].replace("T", " ")


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


def _show_summary(ledger: Path) -> None:
    from reprollm.cli.terminal import console, safe, table
    from reprollm.ledger.read import attempts, imports, runs
    from reprollm.ledger.segments import read_checkpoints

    checkpoints = read_checkpoints(ledger)
    found = [
        [
            r.run[:8],
            r.experiment or "",
            str(r.planned),
            str(r.answered),
            _minute(r.started),
            _minute(r.ended),
        ]
        for r in runs(ledger)
    ]
    out = console()
    columns = ["run", "experiment", ">planned", ">answered", "started (UTC)", "ended"]
    out.print(table("runs", columns, found))
    out.print(table("attempts", _ATTEMPT_COLUMNS, map(_attempt_row, attempts(ledger))))
    if taken := imports(ledger):
        out.print(table(_UNATTESTED, _IMPORT_COLUMNS, map(_import_row, taken)))
    out.print(f"{len(checkpoints)} checkpoints; the last one, to hand to others:\n")
    for line in checkpoints[-1].text().splitlines() if checkpoints else ():
        out.print(safe(line), soft_wrap=True)


def _show_records(ledger: Path, what: str) -> None:
    from reprollm.cli.terminal import console, safe
    from reprollm.ledger.lookup import find

    out = console()
    for stored in find(ledger, what):
        out.print(f"record {stored.position}  leaf {stored.leaf}", soft_wrap=True)
        out.print(f"shard {stored.shard}", soft_wrap=True)
        for line in json.dumps(stored.record, indent=2).splitlines():
            out.print(safe(line), soft_wrap=True)
        for name, value in stored.opened.items():
            out.print(f"{name}: {safe(_opened(name, value))}", soft_wrap=True)
        out.print("")


def _opened(name: str, value: str | bytes) -> str:
    from reprollm.records.arrays import floats_from_bytes, ids_from_bytes

    if isinstance(value, str):
        return value
    if name in ("logprobs", "margins"):
        return " ".join(f"{number:.6g}" for number in floats_from_bytes(value))
    return " ".join(map(str, ids_from_bytes(value)))
