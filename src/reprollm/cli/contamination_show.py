"""`reprollm contamination show`: a ledger's findings, each kind of claim in a table of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import click

from reprollm.cli.ledger_folder import LedgerFolder
from reprollm.errors import InvalidInput

Row: TypeAlias = tuple[str, str, Mapping[str, Any]]
"""Method, subject and evidence of one finding."""

_TITLES = {
    "fact": "Facts about texts and requests",
    "test": "Tests, valid by the data set's own randomisation",
    "screening": "Screening: membership scores, which prove nothing",
    "decision": "Decisions, drawn from the tests",
}
_PREFIX = "contamination/"


@click.command(epilog="Example: reprollm contamination show ledger/normalisation")
@click.argument("ledger", type=LedgerFolder())
@click.option("--items", is_flag=True, help="Also list the findings of single items.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings' records as JSON.")
def command(ledger: Path, items: bool, as_json: bool) -> None:
    """Show the findings of contamination checks that the log of LEDGER holds.

    An examination is what a plan declares to check; the last one of each model is shown. Facts,
    tests, screening and decisions stand apart and are never added up. Below each kind stands how
    often such a verdict is given where nothing leaked, as far as that is known.
    """
    from reprollm.cli.terminal import safe
    from reprollm.contamination.reading import findings

    records = findings(ledger)
    if as_json:
        click.echo(json.dumps(records, indent=2))
        return
    last = {record["plan"]: record["run"] for record in records}
    shown = _current(ledger, last)
    for plan, model in shown.items():
        if len(shown) > 1:
            click.echo(f"model {safe(model)}")
        rows = [
            (record["finding"].removeprefix(_PREFIX), record["subject"], record["evidence"])
            for record in records
            if record["run"] == last.get(plan)
        ]
        show(rows)
        if items:
            show_items(rows)
    told = {last.get(plan) for plan in shown}
    if others := len({record["run"] for record in records} - told):
        click.echo(f"shown is the last examination; --json also lists {others} before it")


def _current(ledger: Path, last: Mapping[str, str]) -> dict[str, str]:
    """Return the plans that the ledger stands for, each with its model's name.

    Where none of them was examined it is the plan that was examined last.
    """
    from reprollm.ledger.read import current_runs, plans

    cores = {plan.plan: plan.core for plan in plans(ledger)}
    try:
        standing = [run.plan for run in current_runs(ledger)]
    except InvalidInput:
        standing = []
    if not any(plan in last for plan in standing):
        standing = list(last)[-1:]
    return {plan: str(cores.get(plan, {}).get("model") or plan[:16]) for plan in standing} or {
        "": ""
    }


def show(rows: Sequence[Row]) -> None:
    """Print one table a kind of claim; of single items how many have which verdict."""
    from reprollm.cli.terminal import console, safe, table

    out = console()
    if not rows:
        out.print("no findings of contamination checks", soft_wrap=True)
    for claim, title in _TITLES.items():
        chosen = [row for row in rows if row[2].get("claim") == claim]
        if not chosen:
            continue
        whole = [row for row in chosen if not _is_of_item(row)]
        columns = ("method", "of", ">n", ">statistic", ">p", "verdict")
        out.print(table(title, columns, [_cells(*row) for row in whole]))
        for line in (*_counts(chosen), *_error_rates(chosen), *_statements(whole)):
            out.print(f"  {safe(line)}", soft_wrap=True)
        out.print()


def show_items(rows: Sequence[Row]) -> None:
    """Print the findings of single items, those of a method together."""
    from reprollm.cli.terminal import console, table

    columns = ("method", "item", ">n", ">statistic", ">p", "verdict")
    cells = [_cells(*row) for row in rows if _is_of_item(row)]
    console().print(table("Single items", columns, cells))


def _is_of_item(row: Row) -> bool:
    return row[1] != "*" and row[2].get("n") == 1


def _counts(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each method that speaks of single items: how many have which verdict."""
    counted: dict[str, Counter[str]] = {}
    for row in rows:
        if _is_of_item(row):
            counted.setdefault(row[0], Counter())[str(row[2].get("verdict"))] += 1
    for method, verdicts in counted.items():
        said = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
        yield f"{method}, single items: {said}"


def _error_rates(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each error rate, with the methods that it is of."""
    methods: dict[str, list[str]] = {}
    for method, _, evidence in rows:
        said = (evidence.get("detail") or {}).get("error_rate")
        if said is not None and method not in methods.setdefault(str(said), []):
            methods[str(said)].append(method)
    for said, names in methods.items():
        yield f"wrong where nothing leaked ({', '.join(names)}): {said}"


def _statements(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what a decision says in a sentence, for the paper."""
    for _, _, evidence in rows:
        said = (evidence.get("detail") or {}).get("statement")
        if said is not None:
            yield str(said)


def _cells(method: str, subject: str, evidence: Mapping[str, Any]) -> tuple[str, ...]:
    statistic = _short(evidence.get("statistic"))
    if evidence.get("low") is not None:
        statistic += f" [{_short(evidence['low'])}, {_short(evidence['high'])}]"
    verdict = str(evidence.get("verdict"))
    reason = (evidence.get("detail") or {}).get("reason")
    return (
        method,
        "data set" if subject == "*" else subject,
        str(evidence.get("n")),
        statistic,
        _short(evidence.get("p")),
        verdict if reason is None else f"{verdict}: {reason}",
    )


def _short(value: object) -> str:
    return "" if value is None else f"{float(str(value)):.4g}"
