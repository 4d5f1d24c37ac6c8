"""`reprollm evaluate`: the published results of others, recomputed from their texts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reprollm.evaluation.aggregate import Aggregate
    from reprollm.evaluation.evaluate import Evaluation
    from reprollm.evaluation.published import Held

_EXAMPLE = (
    'Example: reprollm evaluate results.csv --source "OCR Text" --reference "Ground Truth" '
    '--output "Model Correction" --document "Sample ID" --published cer_before=old_CER '
    "--rows rows.csv"
)


def _form(context: click.Context, parameter: click.Parameter, said: str | None) -> Any:
    if said is None or not said.lstrip().startswith("{"):
        return None if said is None else {"kind": said}
    try:
        return json.loads(said)
    except ValueError as error:
        raise click.BadParameter(f"expected a kind or a JSON object, found {error}") from None


def _answer(context: click.Context, parameter: click.Parameter, said: str | None) -> Any:
    if said is None or said.lstrip().startswith("{"):
        return None if said is None else _form(context, parameter, said)
    return {"parser": "labels", "labels": said.split(",")}


def _pairs(context: click.Context, parameter: click.Parameter, said: Any) -> Any:
    for each in said:
        if "=" not in each:
            raise click.BadParameter(f"expected NAME=COLUMN, found {each!r:.80}")
    return tuple(tuple(each.split("=", 1)) for each in said)


@click.command(epilog=_EXAMPLE)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--reference", required=True, metavar="COLUMN", help="The right text.")
@click.option(
    "--output",
    "outputs",
    multiple=True,
    required=True,
    metavar="COLUMN",
    help="What a model made; repeatable, to compare several.",
)
@click.option("--source", metavar="COLUMN", help="What the model was given, such as OCR text.")
@click.option("--id", "id_", metavar="COLUMN", help="Rows' ids; they need not be unique.")
@click.option(
    "--document",
    metavar="COLUMN",
    help="What rows belong together: intervals then draw whole documents.",
)
@click.option("--stratum", metavar="COLUMN", help="Groups that also get aggregates of their own.")
@click.option(
    "--form",
    callback=_form,
    metavar="KIND|JSON",
    help="table, jsonl, parquet, or a JSON object as data.form of an experiment; by the file's "
    "ending without it.",
)
@click.option("--encoding", help="Of the file; UTF-8 or what its mark says without it.")
@click.option("--delimiter", help="One character; the likeliest without it.")
@click.option(
    "--score",
    "scores",
    multiple=True,
    metavar="NAME",
    help="Which rates, for example cer or word_error_rate; all without it; or another score that "
    "an experiment can have, such as chrf or f1; repeatable.",
)
@click.option(
    "--answer",
    callback=_answer,
    metavar="LABELS|JSON",
    help="How an output becomes an answer: labels with commas between them, or a JSON object as "
    "answer of an experiment.",
)
@click.option(
    "--published",
    multiple=True,
    callback=_pairs,
    metavar="NAME=COLUMN",
    help="Hold our rates against a column of the file, such as cer_before=old_CER; repeatable.",
)
@click.option(
    "--strip/--no-strip",
    default=True,
    show_default=True,
    help="Take white space off both ends of every text first.",
)
@click.option("--level", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
@click.option(
    "--resamples",
    type=click.IntRange(0, 99_999),
    default=999,
    show_default=True,
    help="Resamples of the bootstrap; 0 for no intervals.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the draws.")
@click.option("--rows", "target", type=click.Path(path_type=Path), help="Write every row's rates.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(files: tuple[Path, ...], target: Path | None, as_json: bool, **said: Any) -> None:
    """Recompute published error rates from the texts in FILES, row by row and in all usual ways.

    Every row's rates are written to --rows as exact fractions and as floats; the table shows the
    mean of ratios, the median, the ratio of means and the corpus level side by side, since they can
    differ in sign. FILES with the same columns are systems to compare.
    """
    from reprollm.evaluation.evaluate import evaluate
    from reprollm.evaluation.row_table import rows_csv
    from reprollm.records.receipt import replace_file

    if target is not None:
        _check_target(target, files)
    found = evaluate(files, _asked(said))
    if target is not None:
        replace_file(target, rows_csv(found.rows, found.names, found.further_columns()).encode())
    if as_json:
        click.echo(json.dumps(to_json(found), indent=2))
    else:
        show(found)


def _check_target(target: Path, files: tuple[Path, ...]) -> None:
    from reprollm.errors import InvalidInput

    if any(target.resolve() == file.resolve() for file in files):
        raise InvalidInput(
            f"expected another file for --rows than those that are evaluated, found {target}; "
            "it would be overwritten"
        )


def _asked(said: dict[str, Any]) -> Any:
    from reprollm.evaluation.aggregate import Settings
    from reprollm.evaluation.evaluate import Asked
    from reprollm.evaluation.rates import RATES, full_name
    from reprollm.evaluation.source import Columns
    from reprollm.scores.measures import MEASURES

    names = dict.fromkeys(full_name(name, MEASURES) for name in said["scores"])
    published = tuple((full_name(name), column) for name, column in said["published"])
    return Asked(
        columns=Columns(
            reference=said["reference"],
            outputs=said["outputs"],
            source=said["source"],
            id=said["id_"],
            document=said["document"],
            stratum=said["stratum"],
            published=tuple(column for _, column in published),
        ),
        scores=tuple(name for name in names if name in RATES),
        measures=tuple(name for name in names if name not in RATES),
        answer=said["answer"],
        published=published,
        strip=said["strip"],
        intervals=Settings(said["level"], said["resamples"], str(said["seed"])),
        form=said["form"],
        encoding=said["encoding"],
        delimiter=said["delimiter"],
    )


def to_json(found: Evaluation) -> dict[str, object]:
    """Return everything but the rows as plain values."""
    return {
        "files": [{"file": name, "sha256": sha256} for name, sha256 in found.files],
        "texts": found.texts,
        "aggregates": [dataclasses.asdict(each) for each in found.aggregates],
        "published": [
            {**dataclasses.asdict(each), "differing": each.differing} for each in found.held
        ],
        "warnings": list(found.warnings),
    }


_SHORT = {
    "source_character_error_rate": "CER before",
    "character_error_rate": "CER",
    "character_error_reduction": "CER reduction",
    "source_word_error_rate": "WER before",
    "word_error_rate": "WER",
    "word_error_reduction": "WER reduction",
}
_WAYS = ("mean_of_ratios", "median_of_ratios", "ratio_of_means", "corpus")


def show(found: Evaluation) -> None:
    """Print a table a system and group, what the published columns say, and the warnings."""
    from reprollm.cli.terminal import console, safe, table

    out = console()
    places = dict.fromkeys((each.system, each.group) for each in found.aggregates)
    for system, group in places:
        rows = [e for e in found.aggregates if (e.system, e.group) == (system, group)]
        title = system if group is None else f"{system}, stratum {group}"
        title += f" ({rows[0].n} rows; intervals over {rows[0].clusters} clusters)"
        if found.names:
            columns = ["score", *(f">{name.replace('_', ' ')}" for name in _WAYS), ">undefined"]
            cells = (line for score in found.names for line in _lines(score, rows))
            out.print(table(safe(title), columns, cells))
            out.print()
        others = [row for row in rows if row.score not in found.names]
        if others:
            columns = ["score", "aggregation", "label", ">value", ">interval", ">undefined"]
            out.print(table(safe(title), columns, map(_other, others)))
            out.print()
    for held in found.held:
        for line in _said(held):
            out.print(safe(line), soft_wrap=True)
    for warning in found.warnings:
        out.print(f"warning: {safe(warning)}", soft_wrap=True)
    out.print(found.texts, soft_wrap=True)


def _lines(score: str, rows: list[Aggregate]) -> list[list[str]]:
    """Return the line with a rate's values, and that with their intervals where there are any."""
    ways = {row.aggregation: row for row in rows if row.score == score}
    made = [ways.get(name) for name in _WAYS]
    undefined = str(next(iter(ways.values())).undefined)
    values = [_SHORT.get(score, score.replace("_", " ")), *map(_value, made), undefined]
    intervals = ["", *map(_interval, made), ""]
    return [values, intervals] if any(intervals) else [values]


def _other(row: Aggregate) -> list[str]:
    words = row.score.replace("_", " "), row.aggregation.replace("_", " ")
    return [*words, row.label or "", _value(row), _interval(row), str(row.undefined)]


def _value(row: Aggregate | None) -> str:
    if row is None:
        return ""
    return "undefined" if row.value is None else f"{row.value:.6f}"


def _interval(row: Aggregate | None) -> str:
    return "" if row is None or row.low is None else f"{row.low:.3f} {row.high:.3f}"


def _counting(held: Held) -> str:
    """Return which way of counting fits best, among how many, and how many rows tell."""
    from reprollm.evaluation.published import LEAST_DECIDING

    decide = (
        f"{held.deciding} rows decide, which agree and hold another number than 0, 1 and 100"
        if held.score != "exact_match"
        else f"{held.deciding} rows agree"
    )
    if held.convention is None:
        return (
            f"  no way of counting is named: {decide}, and at least {LEAST_DECIDING} are needed to "
            f"tell {held.tried} ways apart"
        )
    rivals = f"; {held.rivals} others fit these rows as well" if held.rivals else ""
    return (
        f"  way of counting that fits best: {held.convention} (of {held.tried} ways tried; "
        f"{decide}{rivals})"
    )


def _said(held: Held) -> list[str]:
    where = f"{held.system}: column {held.column!r}"
    ways = "; ".join(f"{number} {way}" for way, number in held.printings[:3])
    lines = [
        f"{where} as {held.score.replace('_', ' ')}: {held.agreeing} of {held.n} rows agree to the "
        f"last digit printed ({ways or 'no number'}; {held.without} without a value on both sides)",
        _counting(held),
    ]
    if held.mean is not None:
        lines.append(f"  mean of the column: {held.mean:.6g}")
    if held.near:
        lines.append(f"  {held.near} more agree to nine significant digits")
    if held.differing:
        lines.append(f"  {held.differing} differ, the first of them:")
    lines += [
        f"    line {each.line} ({each.id:.40}): published {each.published:.30}, ours "
        f"{'no value' if each.ours is None else repr(each.ours)}"
        for each in held.disagreements
    ]
    return lines
