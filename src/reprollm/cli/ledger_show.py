"""`reprollm ledger show`: what a ledger holds, or single records with their opened texts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli.ledger_folder import LedgerFolder

if TYPE_CHECKING:
    from reprollm.ledger.lookup import StoredRecord

ATTEMPT_COLUMNS = ["attempt", "run", "requests", "host", "started (UTC)", "ended", "how"]
_UNATTESTED = "imports: unattested answers from the logs of other harnesses"
_IMPORT_COLUMNS = ["import", "tool", "task", ">samples", "taken in (UTC)", ">unsaid"]
_FLOATS = ("logprobs", "margins", "means", "deviations")


@click.command(epilog="Example: reprollm ledger show ledger/normalisation 17")
@click.argument("ledger", type=LedgerFolder())
@click.argument("what", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def show(ledger: Path, what: str | None, as_json: bool) -> None:
    """Show what LEDGER holds, or the record at a position, or all records of a request."""
    if as_json:
        click.echo(json.dumps(_summary(ledger) if what is None else _found(ledger, what), indent=2))
    elif what is None:
        _show_summary(ledger)
    else:
        _show_records(ledger, what)


def _summary(ledger: Path) -> dict[str, Any]:
    """Return runs, attempts, imports and the last checkpoint as plain values."""
    from reprollm.ledger.read import attempts, imports, runs
    from reprollm.ledger.segments import read_checkpoints

    checkpoints = read_checkpoints(ledger)
    last = checkpoints[-1] if checkpoints else None
    return {
        "runs": [asdict(run) for run in runs(ledger)],
        "attempts": [asdict(attempt) for attempt in attempts(ledger)],
        "imports": [asdict(log) for log in imports(ledger)],
        "checkpoints": len(checkpoints),
        "checkpoint": last and {
            "origin": last.origin, "size": last.size, "root": last.root.hex(), "text": last.text()
        },
    }  # fmt: skip


def _found(ledger: Path, what: str) -> list[dict[str, Any]]:
    from reprollm.ledger.lookup import find

    return [_plain(stored) for stored in find(ledger, what)]


def _plain(stored: StoredRecord) -> dict[str, Any]:
    """Return a record with what is opened of it, arrays as numbers."""
    return {
        "position": stored.position,
        "leaf": stored.leaf,
        "shard": stored.shard,
        "record": stored.record,
        "opened": {name: _value(name, value) for name, value in stored.opened.items()},
    }


def attempt_row(attempt: Any) -> list[str]:
    """Return the cells of an attempt under `ATTEMPT_COLUMNS`."""
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
    out.print(table("attempts", ATTEMPT_COLUMNS, map(attempt_row, attempts(ledger))))
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
    found = _value(name, value)
    if isinstance(found, str):
        return found
    return " ".join(f"{number:.6g}" if name in _FLOATS else str(number) for number in found)


def _value(name: str, value: str | bytes) -> str | list[float] | list[int]:
    """Return a text as it is, and an array as numbers."""
    from reprollm.records.arrays import floats_from_bytes, ids_from_bytes

    if isinstance(value, str):
        return value
    numbers = floats_from_bytes(value) if name in _FLOATS else ids_from_bytes(value)
    return [number.item() if hasattr(number, "item") else number for number in numbers]
