"""`reprollm contamination scan`: which test items stand in a corpus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reprollm.contamination.beside import Beside
    from reprollm.corpus.check import Checked
    from reprollm.corpus.match import Item
    from reprollm.corpus.stage import ScanJob

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_SHOWN = 20


@click.command(
    epilog="Example: reprollm contamination scan --corpus pretraining/ --tests test.csv --text "
    "question --output scan"
)
@click.argument("paths", nargs=-1, metavar="[EXPERIMENT]")
@click.option(
    "--corpus",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH…",
    help="Files, folders or patterns: JSON lines, Parquet, text, TEI or other XML; .gz and .zst.",
)
@click.option("--tests", type=_FILE, help="The test items: CSV, TSV, JSON lines or Parquet.")
@click.option("--id", "id_column", default="id", show_default=True, help="Column of unique ids.")
@click.option(
    "--text",
    "columns",
    multiple=True,
    help="Column of the items' text; several are joined by line ends.  [default: text]",
)
@click.option("--control", type=_FILE, help="Items that cannot have leaked, in the same columns.")
@click.option(
    "--preset",
    default="robust",
    show_default=True,
    help="Definition of contamination: robust, gpt2, gpt3, gpt4, palm, llama2, tulu3, datatrove, "
    "longest or exact.",
)
@click.option("--n", type=click.IntRange(2), help="Tokens in a row; by default the preset's.")
@click.option(
    "--option",
    "folding",
    multiple=True,
    type=click.Choice(["u_v", "i_j", "umlauts", "hyphens"]),
    help="Historical and German spellings that the preset robust shall equate.",
)
@click.option("--tokenizer", type=_FILE, help="tokenizer.json, for the preset llama2.")
@click.option("--tokenizer-sha256", metavar="HEX", help="The SHA-256 that it must have.")
@click.option("--near", is_flag=True, help="Also look for near duplicates of whole documents.")
@click.option(
    "--rephrase",
    type=_FILE,
    metavar="LOCK",
    help="Also look for rephrasings by this embedding model: screening, needs --control.",
)
@click.option(
    "--fraction",
    default="1",
    show_default=True,
    help="Share of the corpus's documents that is here, drawn at random.",
)
@click.option(
    "--field",
    default="text",
    show_default=True,
    help="Field of a document's text in JSON lines (a dotted path) and Parquet.",
)
@click.option("--encoding", default="utf-8", show_default=True, help="Of text and JSON lines.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "parquet", "text", "xml"]),
    help="Read every file as this, whatever its name.",
)
@click.option("--listed", default=100, show_default=True, help="Matches to list of one item.")
@click.option("--kernel", default="auto", show_default=True, help="numba, numpy or auto.")
@click.option("--jobs", type=click.IntRange(1), help="Processes; by default one for each core.")
@click.option("-o", "--output", type=_FOLDER, help="Folder for the report; resumes a scan there.")
@click.option("--ledger", type=_FOLDER, help="Ledger of EXPERIMENT.")
@click.option("--name", help="Which of the scans that EXPERIMENT declares.")
@click.option("--receipt", type=_FILE, help="File that shall say what was done, for the workflow.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(**given: Any) -> None:
    """Search corpora for the texts of test items, and say what of them stands there.

    Without EXPERIMENT, name a corpus and test items: files, folders and the items' columns. With
    EXPERIMENT, one of the scans that it declares is done and recorded in its ledger.

    What is found is a fact about texts. What is not found is said of the scanned part only, and
    items that are too short are called uncheckable, never clean. A scan that was interrupted goes
    on where it stood (with --output, or with EXPERIMENT) and finds the same.
    """
    paths = given.pop("paths")
    if given["corpus"]:
        # A pattern that the shell expanded leaves all but its first path here.
        given["corpus"] += tuple(map(Path, paths))
    elif len(paths) > 1:
        raise click.UsageError("name one experiment, or paths after --corpus")
    if paths and not given["corpus"]:
        _declared(**given, experiment=paths[0])
    else:
        _free(**given)


def _free(**given: Any) -> None:
    from reprollm.cli.contamination_beside import write_beside
    from reprollm.cli.progress import moving
    from reprollm.contamination.beside import Asked, look_beside
    from reprollm.corpus.report import JOURNAL, write_report
    from reprollm.corpus.stage import run_job
    from reprollm.errors import InvalidInput

    if not given["corpus"] or given["tests"] is None:
        raise click.UsageError("name --corpus and --tests, or an experiment that declares a scan")
    fraction = given["fraction"]
    _demand_fraction(fraction)
    job = _job(given)
    jobs = given["jobs"] or _cores()
    asked = Asked(given["near"], given["rephrase"])
    asked.expect_control(job)
    output: Path | None = given["output"]
    state = output / JOURNAL if output else None
    with _progress(job) as advance:
        checked = run_job(job, state=state, jobs=jobs, progress=advance)
    name = given["name"] or "scan"
    known: dict[str, Any] = {"scan": name, "corpus": checked.result.corpus}
    beside = look_beside(job, asked, known, jobs=jobs, showing=moving)
    if output:
        write_report(output, checked, name, fraction)
        write_beside(output, beside)
    _show(checked, name, fraction, given["as_json"], beside)
    damaged = checked.result.damaged
    if damaged:
        raise InvalidInput(
            f"expected corpus files that can be read to their end, found {damaged[0].name}"
            f"{f' and {len(damaged) - 1} more' if len(damaged) > 1 else ''}: {damaged[0].damaged}; "
            "what was read is reported, of the rest nothing can be said"
        )


def _declared(**given: Any) -> None:
    from reprollm.cli.progress import moving
    from reprollm.contamination.examination import expect_committed, make_examination
    from reprollm.contamination.scanning import declared_scan, scan_declared
    from reprollm.errors import ExperimentInvalid
    from reprollm.experiment.load import load_all
    from reprollm.experiment.locate import locate
    from reprollm.prompts.stored import find_plan
    from reprollm.records.receipt import write_receipt
    from reprollm.snapshot.model import load_model

    models = load_all(locate(given["experiment"], Path()))
    described = models[0]
    checks = described.config.contamination
    names = [scan.name for scan in checks.scan] if checks else []
    if given["name"] is None and len(names) != 1:
        raise ExperimentInvalid(
            f"expected --name with one of the scans of {described.file} ({', '.join(names)}), "
            "found none"
        )
    name = given["name"] or names[0]
    declared = declared_scan(described, name)
    ledger = given["ledger"] or Path("ledger") / described.config.name
    examinations = []
    for each in models:
        lock = load_model(each.lock, each.adapters).lock
        plan = find_plan(ledger, each, lock.snapshot)
        examinations.append(make_examination(each, plan, lock.facts))
        expect_committed(examinations[-1], ledger, each)
    with _progress(declared.job) as advance:
        scanned = scan_declared(
            declared,
            examinations,
            ledger,
            jobs=given["jobs"] or _cores(),
            progress=advance,
            showing=moving,
        )
    _show(scanned.checked, name, declared.fraction, given["as_json"], scanned.beside)
    if given["receipt"]:
        write_receipt(
            given["receipt"],
            "scan",
            scanned.shards,
            examinations=[each.examination for each in examinations],
            plans=[each.plan for each in examinations],
            scan=name,
        )


def _job(given: dict[str, Any]) -> ScanJob:
    from reprollm.corpus.options import ScanOptions
    from reprollm.corpus.stage import ScanJob, preset_of, tokenization_for

    if given["tokenizer"] is not None:
        from reprollm.prompts.tokenizer_file import check_one

        check_one(given["tokenizer"])
    preset = preset_of(given["preset"], given["n"])
    tokenization = tokenization_for(
        preset, given["folding"], given["tokenizer"], given["tokenizer_sha256"]
    )
    columns = given["columns"] or ("text",)
    control = given["control"]
    return ScanJob(
        corpus=given["corpus"],
        items=_items(given["tests"], given["id_column"], columns),
        control=None if control is None else _items(control, given["id_column"], columns),
        preset=preset,
        reading=ScanOptions(
            tokenization=tokenization,
            field=given["field"],
            encoding=given["encoding"],
            format=given["kind"],
            listed=given["listed"],
            kernel=given["kernel"],
        ),
        tests=given["tests"],
    )


def _items(path: Path, id_column: str, columns: Sequence[str]) -> tuple[Item, ...]:
    from reprollm.corpus.match import Item
    from reprollm.errors import InvalidInput
    from reprollm.experiment.data import read_data
    from reprollm.experiment.importers import Importer
    from reprollm.experiment.importers.delimited import Delimited
    from reprollm.experiment.importers.jsonl import JsonLines
    from reprollm.experiment.importers.parquet import Parquet

    importers: dict[str, Importer] = {
        ".csv": Delimited(encoding="utf-8-sig"),
        ".tsv": Delimited(encoding="utf-8-sig", delimiter="\t"),
        ".jsonl": JsonLines(),
        ".ndjson": JsonLines(),
        ".parquet": Parquet(),
    }
    importer = importers.get(path.suffix.lower())
    if importer is None:
        raise InvalidInput(
            f"expected test items in a file that ends in {', '.join(importers)}, found {path}"
        )
    data = read_data(path, id_column, (id_column, *columns), "utf-8", ",", importer)
    return tuple(Item(row.id, "\n".join(row.cells[name] for name in columns)) for row in data.rows)


def _demand_fraction(fraction: str) -> None:
    from reprollm.errors import InvalidInput

    try:
        good = 0 < float(fraction) <= 1
    except ValueError:
        good = False
    if not good:
        raise InvalidInput(
            f"expected --fraction above 0 and at most 1, such as 0.05, found {fraction!r:.40}"
        )


def _cores() -> int:
    import os

    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _progress(job: ScanJob) -> AbstractContextManager[Any]:
    from reprollm.cli.progress import moving
    from reprollm.corpus.walk import list_corpus

    listing = list_corpus(job.corpus, job.reading.format, job.tests)
    return moving("scanning", sum(file.size for file in listing.files))


def _show(
    checked: Checked, name: str, fraction: str, as_json: bool, beside: Beside | None = None
) -> None:
    from reprollm.cli.contamination_beside import show_beside, to_json
    from reprollm.cli.terminal import console, safe, table
    from reprollm.corpus.control import missed
    from reprollm.corpus.evidence import scan_findings
    from reprollm.corpus.report import file_lines

    result = checked.result
    if as_json:
        found = [
            {"subject": each.subject, "evidence": each.evidence}
            for each in scan_findings(checked, name, fraction)
        ]
        value: dict[str, Any] = {"verdict": result.verdict(), "findings": found}
        value |= {"files": [*file_lines(result)], **(to_json(beside) if beside else {})}
        click.echo(json.dumps(value, indent=2))
        return
    out = console()
    out.print(safe(result.verdict()), soft_wrap=True)
    out.print()
    columns = ("set", ">items", ">found", ">clean here", ">uncheckable", ">share", ">95 %")
    tallies = {"test items": checked.tally, "control": checked.control_tally}
    rows = [
        (
            what,
            str(tally.items),
            str(tally.contaminated),
            str(tally.clean),
            str(tally.uncheckable),
            "" if tally.share is None else f"{tally.share:.3f}",
            f"{tally.interval[0]:.3f}–{tally.interval[1]:.3f}",
        )
        for what, tally in tallies.items()
        if tally is not None
    ]
    out.print(table(f"Preset {checked.preset.name}", columns, rows))
    over = checked.excess
    if over is not None:
        out.print(
            f"excess over the control {over.difference:+.3f} [{over.interval[0]:+.3f}, "
            f"{over.interval[1]:+.3f}], Fisher's exact p {over.p:.3g}",
            soft_wrap=True,
        )
    if float(fraction) < 1:
        said = ", ".join(f"{copies}: {chance:.3g}" for copies, chance in missed(float(fraction)))
        out.print(
            f"only {fraction} of the documents are here; an item that stands in so many of all is "
            f"missed with probability {said}",
            soft_wrap=True,
        )
    _show_items(checked)
    if beside:
        show_beside(beside)
    _warn(checked)


def _show_items(checked: Checked) -> None:
    from reprollm.cli.terminal import console, table
    from reprollm.corpus.presets.judged import CONTAMINATED

    out = console()
    found = [each for each in checked.tests if each.verdict == CONTAMINATED]
    first = {match.item: match for match in reversed(checked.result.matches)}
    rows = []
    for each in found[:_SHOWN]:
        match = first.get(each.item)
        where = f"{match.document}, character {match.offset}" if match else ""
        rows.append((each.item, f"{each.found} of {each.of}", where))
    if rows:
        title = f"Contaminated items{'' if len(found) <= _SHOWN else f' (first {_SHOWN})'}"
        out.print(table(title, ("item", ">found", "first place"), rows))


def _warn(checked: Checked) -> None:
    """Say on standard error what a reader could overlook."""
    from reprollm.cli.terminal import safe

    result = checked.result
    for file in result.files:
        said = []
        if file.tests:
            said.append("it is the file of test items itself, byte for byte")
        if file.undecodable:
            said.append(f"{file.undecodable} byte sequences are not of the encoding")
        if file.unreadable:
            said.append(f"{file.unreadable} lines or rows hold no text in the field")
        if file.damaged:
            said.append(file.damaged)
        if said:
            click.echo(f"warning: {safe(file.name)}: {safe('; '.join(said))}", err=True)
    cut = sum(item.cut for item in result.items)
    if cut:
        click.echo(
            f"warning: {cut} items have more matches than are listed; counts are whole", err=True
        )
    if result.ignored:
        names = ", ".join(result.ignored[:3])
        click.echo(
            f"warning: {len(result.ignored)} files of no known kind were not read ({safe(names)}"
            f"{', …' if len(result.ignored) > 3 else ''})",
            err=True,
        )
