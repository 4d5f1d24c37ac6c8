"""`reprollm compare`: what two ledgers have in common, request by request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reprollm.cli.ledger_folder import LedgerFolder
from reprollm.compare.verdict import Outcome
from reprollm.errors import NotReproduced

if TYPE_CHECKING:
    from reprollm.compare.runs import Comparison, Row, Side
    from reprollm.compare.verdict import Verdict

_SHOWN = 20
_TOKENS = (
    Outcome.IDENTICAL, Outcome.NEAR_TIE, Outcome.DIFFERENT, Outcome.RETOLD, Outcome.WITHHELD,
)  # fmt: skip
_TEXTS = (Outcome.SAME_TEXT, Outcome.OTHER_TEXT, Outcome.NO_TEXT)
_TEXTS_ONLY = (
    "Unattested answers were paired by item, sampling and repetition, and their texts compared. "
    "Whether prompt, weights and settings were the same cannot be told. What the logs do not say:"
)


@click.command(
    epilog="Example: reprollm compare experiments/normalisation/published ledger/normalisation"
)
@click.argument("first", type=LedgerFolder())
@click.argument("second", type=LedgerFolder(), required=False)
@click.option(
    "--model",
    metavar="NAME",
    help="Compare the runs of this model, where the experiment has several.",
)
@click.option("--first-run", metavar="ID", help="Another run or import of FIRST; 8 digits do.")
@click.option("--second-run", metavar="ID", help="Another run or import of SECOND; 8 digits do.")
@click.option("--of", metavar="ARM", help="An arm of FIRST, such as model=a,sampling=greedy.")
@click.option("--against", metavar="ARM", help="The arm of FIRST that it is compared with.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole comparison as JSON.")
def command(
    first: Path,
    second: Path | None,
    model: str | None,
    first_run: str | None,
    second_run: str | None,
    of: str | None,
    against: str | None,
    as_json: bool,
) -> None:
    """Compare the last complete runs of two ledgers, FIRST and SECOND, or two arms of FIRST.

    The ledgers are verified first. Exit code 0 means that every request has the identical answer,
    token by token, in both; 5 means that at least one differs or is missing. Of an experiment with
    several models the runs of one are compared: that of --model, else of the only one in both. Two
    models of one ledger are two arms (--of model=a --against model=b). Runs of different
    models, prompts or settings share few requests or none: then their scores are compared item by
    item, as two arms of one ledger are (--of, --against). Unattested answers (taken in by `reprollm
    import`) are paired by item, sampling and repetition, and only their texts compared.
    """
    if of is not None or against is not None:
        if second is not None or of is None or against is None:
            raise click.UsageError("expected --of and --against together, and one ledger")
        if model is not None:
            raise click.UsageError("expected an arm's model in --of and --against, found --model")
        _show_arms(first, of, against, as_json)
    elif second is None:
        raise click.UsageError("expected a second ledger, or --of and --against")
    elif model is not None and (first_run or second_run):
        raise click.UsageError("expected --model, or --first-run and --second-run, found both")
    else:
        if not (first_run or second_run):
            from reprollm.compare.choice import runs_meant

            first_run, second_run = runs_meant(first, second, model)
        _show_ledgers(first, second, first_run, second_run, as_json)


def _show_ledgers(
    first: Path, second: Path, first_run: str | None, second_run: str | None, as_json: bool
) -> None:
    from reprollm.cli import beside_page
    from reprollm.compare.runs import compare
    from reprollm.conclusions.beside import alike, beside, sides_of

    comparison = compare(first, second, first_run, second_run)
    by_item = []
    if comparison.attested and not comparison.alike:
        sides = [
            sides_of(side.ledger, [side.run]) for side in (comparison.first, comparison.second)
        ]
        by_item = [beside(*pair) for pair in alike(*sides)]
    if as_json:
        said = to_json(comparison)
        said["by_item"] = [beside_page.to_json(each) for each in by_item]
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
    elif by_item:
        for each in by_item:
            beside_page.show(each)
    else:
        show(comparison)
    if not comparison.agrees:
        raise NotReproduced(verdict(comparison))


def _show_arms(ledger: Path, of: str, against: str, as_json: bool) -> None:
    from reprollm.cli import beside_page
    from reprollm.conclusions.beside import beside, side_meant, sides_of
    from reprollm.ledger.verify import verify

    verify(ledger, allow_incomplete=True).require()
    sides = sides_of(ledger)
    found = beside(
        side_meant(sides, _arm(of), "--of"), side_meant(sides, _arm(against), "--against")
    )
    if as_json:
        click.echo(json.dumps(beside_page.to_json(found), indent=2, ensure_ascii=False))
    else:
        beside_page.show(found)


def _arm(text: str) -> dict[str, str]:
    """Return an arm from `model=a,prompt=b,sampling=c`, any of which may be left out."""
    named = dict(part.partition("=")[::2] for part in text.split(","))
    if not named.keys() <= {"model", "prompt", "sampling"} or not all(named.values()):
        raise click.UsageError(
            f"expected an arm such as model=a,prompt=b,sampling=c, found {text!r:.80}"
        )
    return named


def verdict(comparison: Comparison) -> str:
    """Return the comparison's outcome in one sentence."""
    total = len(comparison.rows)
    counts = comparison.counts
    if not comparison.attested:
        same = counts.pop(Outcome.SAME_TEXT, 0)
        rest = "".join(f", {key.value}: {number}" for key, number in counts.most_common())
        return f"{same} of {total} unattested answers have the same text{rest}"
    same = counts.pop(Outcome.IDENTICAL, 0)
    if comparison.reproduced:
        return f"all {total} requests reproduced, token by token"
    rest = ", ".join(f"{outcome.value}: {number}" for outcome, number in counts.most_common())
    return f"{same} of {total} requests reproduced; {rest or 'nothing to compare'}"


def show(comparison: Comparison) -> None:
    """Print the differing requests, the likely causes, and the summary, in that order."""
    from reprollm.cli.terminal import console, safe, table
    from reprollm.compare.explanation import explain
    from reprollm.conclusions.kept import kept

    out = console()
    alike = (Outcome.IDENTICAL, Outcome.SAME_TEXT)
    differing = [row for row in comparison.rows if row.verdict.outcome not in alike]
    if differing:
        columns = ("item", "sampling", "seed", "outcome", ">token", ">margin (ulp)", "request")
        title = f"Requests that differ ({min(len(differing), _SHOWN)} of {len(differing)} shown)"
        out.print(table(title, columns, map(_cells, differing[:_SHOWN])))
    if comparison.causes and not (comparison.reproduced and _bits_agree(comparison)):
        rows = [(c.fact, c.first[:60], c.second[:60]) for c in comparison.causes[:_SHOWN]]
        title = "What differed around the runs, most likely cause first"
        out.print(table(title, ("fact", "first", "second"), rows))
    out.print(table("Comparison", ("", ">first", ">second"), _sides(comparison)))
    out.print(table("Outcome", ("", ">requests"), _outcomes(comparison)))
    if comparison.attested:
        out.print(_logprobs(comparison))
        for sentence in explain(comparison):
            out.print(safe(sentence), soft_wrap=True)
        if (held := kept(comparison)) is not None:
            out.print(safe(held.sentence), soft_wrap=True)
    else:
        _show_unsaid(comparison)
    if comparison.agrees:
        out.print(verdict(comparison))


def _show_unsaid(comparison: Comparison) -> None:
    from reprollm.cli.terminal import console, safe

    out = console()
    out.print(_TEXTS_ONLY, soft_wrap=True)
    one, other = comparison.first.unsaid, comparison.second.unsaid
    for sentence in dict.fromkeys((*one, *other)):
        sides = [name for name, unsaid in (("first", one), ("second", other)) if sentence in unsaid]
        out.print(f"  {' and '.join(sides)}: {safe(sentence)}", soft_wrap=True)


def to_json(comparison: Comparison) -> dict[str, object]:
    """Return the comparison as plain values."""
    from dataclasses import asdict

    from reprollm.compare.explanation import explain, is_numeric

    return {
        "first": _side_json(comparison.first),
        "second": _side_json(comparison.second),
        "paired_by": "request" if comparison.attested else "item, sampling, repetition",
        "compared": "token ids" if comparison.attested else "texts",
        "reproduced": comparison.reproduced,
        "agrees": comparison.agrees,
        "outcomes": {outcome.value: number for outcome, number in comparison.counts.items()},
        "level": comparison.level,
        "levels": {level.value: number for level, number in sorted(comparison.levels.items())},
        "explanation": explain(comparison),
        "determinism": _determinism(comparison),
        "rerolled": [comparison.first.rerolled, comparison.second.rerolled],
        "logprobs": {
            "compared": comparison.logprobs_compared,
            "bit_equal": comparison.logprobs_equal,
            "largest_difference": comparison.logprob_difference,
        },
        "causes": [asdict(cause) for cause in comparison.causes],
        "requests": [
            {**asdict(row), "rounding": is_numeric(row.verdict, comparison.first.dtype)}
            for row in comparison.rows
        ],
    }


def _determinism(comparison: Comparison) -> dict[str, object] | None:
    """Return how the determinism that the first run declares fared, as plain values."""
    from dataclasses import asdict

    from reprollm.conclusions.kept import kept

    held = kept(comparison)
    return None if held is None else {**asdict(held), "verdict": held.verdict}


def _side_json(side: Side) -> dict[str, object]:
    return {
        "ledger": str(side.ledger),
        "run": side.run.run,
        "attestation": side.run.attestation,
        "trust": side.run.trust,
        "unsaid": list(side.unsaid),
        "declared": side.declared,
    }


def _bits_agree(comparison: Comparison) -> bool:
    return comparison.logprobs_equal == comparison.logprobs_compared


def _cells(row: Row) -> tuple[str, ...]:
    found = row.verdict
    return (
        row.item,
        row.sampling,
        row.seed or "",
        found.outcome.value,
        "" if found.first_difference is None else str(found.first_difference),
        margin(found),
        row.request[:16],
    )


def margin(found: Verdict) -> str:
    """Return the margin at the first differing token, and how many units in the last place."""
    if found.margin is None:
        return ""
    return f"{found.margin:.3g}" + (
        "" if found.margin_ulps is None else f" ({found.margin_ulps:.3g})"
    )


def _sides(comparison: Comparison) -> list[tuple[str, str, str]]:
    first, second = comparison.first, comparison.second
    return [
        ("ledger", str(first.ledger), str(second.ledger)),
        ("run", first.run.run[:16], second.run.run[:16]),
        ("attestation", first.run.attestation, second.run.attestation),
        ("trust", first.run.trust or "none", second.run.trust or "none"),
        ("declared level", declared(first), declared(second)),
        ("answered", f"{first.run.answered}", f"{second.run.answered}"),
        ("attempts", f"{first.run.attempts}", f"{second.run.attempts}"),
        ("re-rolled", f"{first.rerolled}", f"{second.rerolled}"),
        ("re-rolled with another answer", f"{first.unsteady}", f"{second.unsteady}"),
    ]


def declared(side: Side) -> str:
    """Return the determinism that was measured of a run's engine before it, in words."""
    found = side.declared
    if found is None or found.get("level") is None:
        return "unknown"
    return f"{found['level']} under {found.get('policy')}, measured"


def _outcomes(comparison: Comparison) -> list[tuple[str, str]]:
    shown = [*(_TOKENS if comparison.attested else _TEXTS), Outcome.ONLY_FIRST, Outcome.ONLY_SECOND]
    return [(outcome.value, str(comparison.counts[outcome])) for outcome in shown]


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
