"""`reprollm compare`: what two ledgers have in common, request by request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.compare.verdict import Outcome
from reprollm.errors import NotReproduced

if TYPE_CHECKING:
    from reprollm.compare.runs import Comparison, Row

_SHOWN = 20


@click.command(
    epilog="Example: reprollm compare experiments/normalisation/published ledger/normalisation"
)
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole comparison as JSON.")
def command(first: Path, second: Path, as_json: bool) -> None:
    """Compare the last complete runs of two ledgers, FIRST and SECOND.

    Both are verified first. Exit code 0 means that every request has the identical answer, token by
    token, in both; 5 means that at least one differs or is missing.
    """
    from reprollm.compare.runs import compare

    comparison = compare(first, second)
    if as_json:
        click.echo(json.dumps(to_json(comparison), indent=2, ensure_ascii=False))
    else:
        show(comparison)
    if not comparison.reproduced:
        raise NotReproduced(verdict(comparison))


def verdict(comparison: Comparison) -> str:
    """Return the comparison's outcome in one sentence."""
    total = len(comparison.rows)
    counts = comparison.counts
    same = counts.pop(Outcome.IDENTICAL, 0)
    if comparison.reproduced:
        return f"all {total} requests reproduced, token by token"
    rest = ", ".join(f"{outcome.value}: {number}" for outcome, number in counts.most_common())
    return f"{same} of {total} requests reproduced; {rest or 'nothing to compare'}"


def show(comparison: Comparison) -> None:
    """Print the differing requests, the likely causes, and the summary, in that order."""
    from reprollm.cli.terminal import console, table

    out = console()
    differing = [row for row in comparison.rows if row.verdict.outcome is not Outcome.IDENTICAL]
    if differing:
        columns = ("item", "sampling", "seed", "outcome", ">token", ">margin there", "request")
        title = f"Requests that differ ({min(len(differing), _SHOWN)} of {len(differing)} shown)"
        out.print(table(title, columns, map(_cells, differing[:_SHOWN])))
    if comparison.causes and not (comparison.reproduced and _bits_agree(comparison)):
        rows = [(c.fact, c.first[:60], c.second[:60]) for c in comparison.causes[:_SHOWN]]
        title = "What differed around the runs, most likely cause first"
        out.print(table(title, ("fact", "first", "second"), rows))
    out.print(table("Comparison", ("", ">first", ">second"), _sides(comparison)))
    out.print(table("Outcome", ("", ">requests"), _outcomes(comparison)))
    out.print(_logprobs(comparison))
    if comparison.reproduced:
        out.print(verdict(comparison))


def to_json(comparison: Comparison) -> dict[str, object]:
    """Return the comparison as plain values."""
    from dataclasses import asdict

    return {
        "first": {"ledger": str(comparison.first.ledger), "run": comparison.first.run.run},
        "second": {"ledger": str(comparison.second.ledger), "run": comparison.second.run.run},
        "reproduced": comparison.reproduced,
        "outcomes": {outcome.value: number for outcome, number in comparison.counts.items()},
        "rerolled": [comparison.first.rerolled, comparison.second.rerolled],
        "logprobs": {
            "compared": comparison.logprobs_compared,
            "bit_equal": comparison.logprobs_equal,
            "largest_difference": comparison.logprob_difference,
        },
        "causes": [asdict(cause) for cause in comparison.causes],
        "requests": [asdict(row) for row in comparison.rows],
    }


def _bits_agree(comparison: Comparison) -> bool:
    return comparison.logprobs_equal == comparison.logprobs_compared


def _cells(row: Row) -> tuple[str, ...]:
    found = row.verdict
    return (
        row.item,
        row.sampling,
        row.seed,
        found.outcome.value,
        "" if found.first_difference is None else str(found.first_difference),
        "" if found.margin is None else f"{found.margin:.3g}",
        row.request[:16],
    )


def _sides(comparison: Comparison) -> list[tuple[str, str, str]]:
    first, second = comparison.first, comparison.second
    return [
        ("ledger", str(first.ledger), str(second.ledger)),
        ("run", first.run.run[:16], second.run.run[:16]),
        ("answered", f"{first.run.answered}", f"{second.run.answered}"),
        ("attempts", f"{first.run.attempts}", f"{second.run.attempts}"),
        ("re-rolled", f"{first.rerolled}", f"{second.rerolled}"),
        ("re-rolled with another answer", f"{first.unsteady}", f"{second.unsteady}"),
    ]


def _outcomes(comparison: Comparison) -> list[tuple[str, str]]:
    return [(outcome.value, str(comparison.counts[outcome])) for outcome in Outcome]


def _logprobs(comparison: Comparison) -> str:
    compared = comparison.logprobs_compared
    if not compared:
        return "log-probabilities: none to compare"
    if _bits_agree(comparison):
        return f"log-probabilities: every bit equal in all {compared} identical answers"
    differing = compared - comparison.logprobs_equal
    return (
        f"log-probabilities: bits differ in {differing} of {compared} identical answers, "
        f"by {comparison.logprob_difference:.3g} nats at most"
    )
