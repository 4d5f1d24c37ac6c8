"""`reprollm import`: the logs of other harnesses as records, marked as unattested."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reprollm.unattested.claimed import ForeignLog
    from reprollm.unattested.record import TakenIn

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FILES = click.argument("files", nargs=-1, required=True, type=_FILE)
_LEDGER = click.option(
    "--ledger", required=True, type=click.Path(path_type=Path), help="Ledger folder; may be new."
)
_STRATUM = click.option("--stratum", help="Field of each sample's own data that holds its stratum.")
_SAMPLING = click.option(
    "--sampling",
    help="Name of the sampling, by which answers are matched; by default greedy or sampled, as the "
    "file's settings say.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print what was taken in as JSON.")


@click.group(name="import")
def command() -> None:
    """Take in the logs of other harnesses, marked as unattested.

    Their answers and scores can then be published, queried, scored and compared like our own. What
    a log does not say is listed. Nothing of it is vouched for: it was not seen when it was made.
    """


@command.command(
    epilog="Example: reprollm import inspect logs/*.eval --ledger ledger/theirs && "
    "reprollm ledger commit ledger/theirs"
)
@_FILES
@_LEDGER
@_STRATUM
@_SAMPLING
@_JSON
def inspect(
    files: tuple[Path, ...], ledger: Path, stratum: str | None, sampling: str | None, as_json: bool
) -> None:
    """Take in inspect_ai's .eval FILES.

    `reprollm ledger commit` then puts them into the log. A file is taken in once.
    """
    from reprollm.unattested.inspect_log import read

    def reading(path: Path, advance: Callable[[int], None]) -> ForeignLog:
        return read(path, stratum=stratum, sampling=sampling, on_samples=advance)

    _take_in(files, ledger, reading, as_json)


@command.command(
    "lm-eval",
    epilog="Example: reprollm import lm-eval out/model/samples_*.jsonl "
    "--results out/model/results_2026-01-31T09-46-00.123456.json --item id --ledger ledger/theirs",
)
@_FILES
@_LEDGER
@click.option("--results", type=_FILE, help="The results_*.json of the same evaluation.")
@click.option("--item", help="Field of each document that names the item; by default its number.")
@_STRATUM
@_SAMPLING
@_JSON
def lm_eval(
    files: tuple[Path, ...],
    ledger: Path,
    results: Path | None,
    item: str | None,
    stratum: str | None,
    sampling: str | None,
    as_json: bool,
) -> None:
    """Take in lm-evaluation-harness's samples_*.jsonl FILES (made with --log_samples).

    Without the results beside them, version, model and settings stay unsaid. `reprollm ledger
    commit` then puts them into the log. A file is taken in once.
    """
    from reprollm.unattested.lm_eval_log import read

    def reading(path: Path, advance: Callable[[int], None]) -> ForeignLog:
        return read(
            path, results, item=item, stratum=stratum, sampling=sampling, on_samples=advance
        )

    _take_in(files, ledger, reading, as_json)


def _take_in(
    files: Sequence[Path],
    ledger: Path,
    reading: Callable[[Path, Callable[[int], None]], ForeignLog],
    as_json: bool,
) -> None:
    """Read every file before the first is recorded, so that a bad one leaves nothing behind."""
    from reprollm.cli.progress import counting
    from reprollm.unattested.record import take_in

    with counting("reading samples") as advance:
        logs = [reading(path, advance) for path in files]
    taken = [(log, take_in(ledger, log)) for log in logs]
    if as_json:
        click.echo(json.dumps([_to_json(*one) for one in taken], indent=2))
    else:
        for log, done in taken:
            _show(log, done)
        click.echo(f"take them into the log with: reprollm ledger commit {ledger}", err=True)


def _to_json(log: ForeignLog, taken: TakenIn) -> dict[str, Any]:
    return {
        "import": log.id,
        "attestation": "unattested",
        "new": taken.new,
        "tool": log.tool,
        "tool_version": log.tool_version,
        "file": log.file.to_json(),
        "samples": len(log.samples),
        "claims": log.claims,
        "unsaid": list(log.unsaid),
        "shard": taken.shard.to_json(),
    }


def _show(log: ForeignLog, taken: TakenIn) -> None:
    from reprollm.cli.terminal import console, safe, table

    out = console()
    state = "taken in" if taken.new else "was taken in before"
    by = f"{log.tool} {log.tool_version or 'of unknown version'}"
    name, count = safe(log.file.name), len(log.samples)
    out.print(f"{name}: {count} unattested answers {state}, from {safe(by)}", soft_wrap=True)
    scores = [(score["name"], score["value"]) for score in log.claims["scores"]]
    if scores:
        out.print(table("Scores that the log claims", ("score", ">value"), scores))
    out.print("What the log does not say:")
    for sentence in log.unsaid:
        out.print(f"  - {safe(sentence)}", soft_wrap=True)
