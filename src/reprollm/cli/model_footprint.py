"""`reprollm model footprint`: how much memory a pinned model needs, and which machines it fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli import terminal

if TYPE_CHECKING:
    from reprollm.footprint.machines import Fit
    from reprollm.snapshot.lock import Lock

_LOCK = click.Path(dir_okay=False, path_type=Path)
_CONTEXT = 4096


@click.command(
    "footprint",
    epilog="Example: reprollm model footprint models/my-model.lock.json --context 8192 --batch 8",
)
@click.argument("lock_file", metavar="LOCK", type=_LOCK)
@click.option(
    "--context",
    type=click.IntRange(1, 2**31),
    help=f"Tokens of the longest request, answer included; by default {_CONTEXT}, or the model's.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 2**20),
    default=1,
    show_default=True,
    help="Requests answered at once.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    help="In what the model computes; by default as it declares. For llama.cpp the cache's.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(
    lock_file: Path, context: int | None, batch: int, dtype: str | None, as_json: bool
) -> None:
    """Estimate the memory that LOCK's model needs with each engine, and where it fits.

    Everything is computed from the lock; neither the model nor an engine is opened. On a CPU it is
    the largest resident set while requests are answered: anonymous memory, and pages of files that
    are computed with. Pages that are read only while loading, which the system takes back when it
    needs them, do not count.
    """
    from reprollm.footprint.demand import BYTES, Demand
    from reprollm.footprint.machines import footprint
    from reprollm.snapshot.lock import load_lock

    lock = load_lock(lock_file)
    declared = lock.facts.declared_dtype
    asked = dtype or (declared if declared in BYTES else "float16")
    demand = Demand(context or min(lock.facts.context_length or _CONTEXT, _CONTEXT), batch, asked)
    found = footprint(lock, demand)
    if as_json:
        fits = [{**fit.estimate.to_json(), "smallest_machine_gb": fit.machine} for fit in found]
        asked_for = {"context": demand.context, "batch": demand.batch, "dtype": demand.dtype}
        click.echo(json.dumps({"name": lock.name, **asked_for, "estimates": fits}))
        return
    _show(lock, f"{demand.context:,} tokens, batch {batch}, {demand.dtype}", found)


def _show(lock: Lock, asked: str, found: list[Fit]) -> None:
    from reprollm.footprint.machines import SIZES

    rows = []
    for fit in found:
        estimate = fit.estimate
        parts = ", ".join(f"{part.what} {_gb(part.bytes)}" for part in estimate.parts if part.bytes)
        place = estimate.place.upper()
        where = f"{fit.machine} GB" if fit.machine else f"none up to {SIZES[estimate.place][-1]} GB"
        rows.append((f"{estimate.engine}, {place}", _gb(estimate.total), where, parts))
    columns = ("engine", ">GB", "fits from", "parts in GB")
    console = terminal.console()
    console.print(terminal.table(f"{terminal.safe(lock.name)}: {asked}", columns, rows))
    console.print()
    for note in dict.fromkeys(f"{fit.estimate.engine}: {fit.estimate.note}." for fit in found):
        click.echo(note)
    click.echo("Figures for CPUs were held against measurements; those for GPUs follow from")
    click.echo("formulas and documented constants alone.")


def _gb(count: int) -> str:
    return f"{count / 10**9:.2f}"
