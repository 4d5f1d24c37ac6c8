"""`reprollm score`: scores of a ledger's answers, recorded and shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprollm.cli.ledger_folder import LedgerFolder

if TYPE_CHECKING:
    from reprollm.scores.row import Row
    from reprollm.scores.stage import Scored

_COLUMNS = ("score", "aggregation", "of", ">value", ">interval", ">n")
_SHOWN_DECIMALS = 4
_ENDINGS = {
    "answered": "answered",
    "empty": "empty",
    "refused": "refused",
    "unparsed": "without a recognisable answer",
}


@click.command(epilog="Example: reprollm score ledger/normalisation")
@click.argument("ledger", type=LedgerFolder())
@click.option("--run", "named", metavar="ID", help="Another run or import; eight digits do.")
@click.option(
    "--score",
    "names",
    multiple=True,
    help="Score of an import, for example exact_match; repeatable. Runs have those of their plan.",
)
@click.option("--receipt", type=click.Path(path_type=Path), help="Write what was done here.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def command(
    ledger: Path,
    named: str | None,
    names: tuple[str, ...],
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Score the runs that LEDGER stands for against their references, and record the scores.

    Of each model of the experiment that is the last complete run. Every score that the plan names
    is computed over all answers, for each stratum and each split, with an interval; the page
    docs/scores.md defines them. The records are published as shards; `reprollm ledger commit` takes
    them into the log. In a ledger of imports the last one is scored, by exact match and character
    error rate without --score.
    """
    from reprollm.cli.progress import answering
    from reprollm.records.receipt import write_receipt
    from reprollm.scores.stage import runs_to_score, score

    runs = runs_to_score(ledger, named, names)
    with answering(sum(run.answered for run in runs), "scoring", "answers") as progress:
        done = [score(ledger, run.run, names, lambda answers: progress(answers, 0)) for run in runs]
    if as_json:
        click.echo(json.dumps([row for scored in done for row in _plain(scored)], indent=2))
    else:
        for scored in done:
            show(scored)
    if receipt is not None:
        shards = [scored.shard for scored in done if scored.shard is not None]
        answers = sum(scored.answers for scored in done)
        write_receipt(receipt, "score", shards, runs=[run.run for run in runs], answers=answers)


def _plain(scored: Scored) -> Iterator[dict[str, Any]]:
    """Yield the rows as plain values, each with the run that it is about."""
    for row in scored.rows:
        yield {
            "run": scored.run,
            "model": scored.model,
            "trust": scored.trust,
            "unattested": scored.unattested,
            **row.to_json(),
        }


def show(scored: Scored) -> None:
    """Print the estimates of a run: for each cell a table, what was counted, and warnings."""
    from reprollm.cli.terminal import console, safe, table

    out = console()
    if scored.unattested:
        out.print("unattested answers, taken in from the log of another harness", soft_wrap=True)
    if scored.unscored:
        out.print(f"{scored.unscored} of {scored.answers} answers have no reference to score")
    for cell in dict.fromkeys(sorted(row.sampling for row in scored.rows)):
        rows = [row for row in scored.rows if row.sampling == cell]
        title = f"Sampling {cell}"
        title += f", model {scored.model}" if scored.model else ""
        title += f" (trust: {scored.trust})" if scored.trust else ""
        out.print(table(title, _COLUMNS, map(_cells, rows)))
        for sentence in (*_endings(rows), *_warnings(rows)):
            out.print(safe(sentence), soft_wrap=True)


def _cells(row: Row) -> Sequence[str]:
    whose = "all" if row.group is None else f"{row.level} {row.group}"
    return (
        row.score.replace("_", " "),
        row.aggregation.replace("_", " "),
        whose if row.label is None else f"{whose}, label {row.label}",
        "undefined" if row.value is None else _shown(row.value),
        "" if row.low is None or row.high is None else f"{_shown(row.low)}–{_shown(row.high)}",
        f"{row.n:,}",
    )


def _shown(decimal: str) -> str:
    """Return a recorded value with fewer decimals; `--json` has all of them."""
    return f"{float(decimal):.{_SHOWN_DECIMALS}f}"


def _endings(rows: Sequence[Row]) -> Iterator[str]:
    """Yield how the answers of a cell ended, and what is left out of a value."""
    whole = next((row for row in rows if row.level == "all"), None)
    if whole is None:
        return
    counted = whole.counted
    parts = [f"{counted[name]:,} {words}" for name, words in _ENDINGS.items() if counted[name]]
    yield f"{whole.n:,} answers to {whole.items:,} items: {', '.join(parts)}."
    if counted["runaway"]:
        yield f"{counted['runaway']:,} of them ran out of tokens; they count as they are."
    if counted["without_reference"]:
        yield f"{counted['without_reference']:,} further answers have no reference."
    methods = dict.fromkeys(
        f"{row.interval.method} ({row.score.replace('_', ' ')})"
        for row in rows
        if row.low is not None
    )
    if methods:
        over = "" if whole.clusters == whole.n else f" over {whole.clusters:,} clusters"
        yield f"Intervals at the level {whole.interval.level}{over}: {', '.join(methods)}."
    if whole.asked > 1:
        yield f"{whole.asked:,} passes over the items were asked, {whole.distinct:,} differ."
    means = {row.score for row in rows if row.aggregation == "mean_of_ratios"}
    undefined = {row.score: row.undefined for row in rows if row.level == "all"}
    for score, number in undefined.items():
        if number:
            of = " of the mean of ratios" if score in means else ""
            yield f"{score.replace('_', ' ')}: undefined for {number:,} answers, left out{of}."


def _warnings(rows: Iterable[Row]) -> Iterator[str]:
    from reprollm.scores.warnings import WORDS

    found: dict[str, list[str]] = {}
    for row in rows:
        for code in row.warnings:
            found.setdefault(code, []).append(row.score.replace("_", " "))
    for code, scores in sorted(found.items()):
        names = ", ".join(dict.fromkeys(scores))
        yield f"Warning ({code}): {WORDS[code]} ({names})."
