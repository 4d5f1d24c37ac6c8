"""The scan stage: a corpus that an experiment names in, one shard of findings out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import Json
from reprollm.contamination.beside import Asked, Beside, Showing, look_beside, silent
from reprollm.contamination.examination import Examination
from reprollm.contamination.examined import item_text
from reprollm.corpus.check import Checked
from reprollm.corpus.evidence import ScanFinding, scan_findings
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.stage import ScanJob, preset_of, run_job, tokenization_for
from reprollm.errors import ExperimentInvalid, InvalidInput
from reprollm.experiment.data import read_data
from reprollm.experiment.load import Experiment
from reprollm.prompts.template import read_template
from reprollm.prompts.tokenizer_file import check_one
from reprollm.records.evidence import PREFIX
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish
from reprollm.records.time import utc_now


@dataclass(frozen=True)
class Scanned:
    """What a declared scan found, and where it is recorded for each examination."""

    checked: Checked
    beside: Beside
    shards: tuple[ShardReference, ...]


@dataclass(frozen=True)
class Declared:
    """A scan as an experiment declares it.

    Attributes:
        name: its name.
        job: what is scanned, for what.
        asked: what is looked for beside the preset.
        fraction: share of the corpus that is here, decimal.
    """

    name: str
    job: ScanJob
    asked: Asked
    fraction: str


def declared_scan(experiment: Experiment, name: str) -> Declared:
    """Return the scan that an experiment declares under a name.

    Items are read as the other checks read them: with the experiment's template of examined texts,
    or source and reference. Paths of the corpus that are not absolute lie below the experiment's
    folder.

    Raises:
        ExperimentInvalid: the experiment declares no such scan.
        DataInvalid: items or control are malformed.
        InvalidInput: the preset or one of its options is unknown, the tokenizer's file is not what
            the preset needs, or the control is too small for rephrasings.
    """
    checks = experiment.config.contamination
    scans = {scan.name: number for number, scan in enumerate(checks.scan if checks else ())}
    if checks is None or name not in scans:
        raise ExperimentInvalid(
            f"expected a scan named {name!r:.60} in {experiment.file}, found "
            f"{', '.join(scans) or 'none'}"
        )
    settings = checks.scan[scans[name]]
    files = experiment.checks.scans[scans[name]]
    control, tokenizer = files.control, files.tokenizer
    if tokenizer is not None:
        check_one(tokenizer)
    preset = preset_of(settings.preset, settings.n)
    job = ScanJob(
        corpus=tuple(_corpus(path, experiment.file.parent) for path in settings.corpus),
        items=_items(experiment, experiment.data),
        control=None if control is None else _items(experiment, control),
        preset=preset,
        reading=ScanOptions(tokenization=tokenization_for(preset, settings.options, tokenizer)),
        tests=experiment.data,
    )
    asked = Asked(settings.near, files.rephrase)
    asked.expect_control(job)
    return Declared(name, job, asked, settings.fraction)


def scan_declared(
    declared: Declared,
    examinations: Sequence[Examination],
    ledger: Path,
    *,
    jobs: int = 1,
    progress: Callable[[int], object] | None = None,
    showing: Showing = silent,
) -> Scanned:
    """Scan, and record what was found under each examination; a corpus knows of no model.

    What is finished lies below the ledger's `journals` until the findings are published.

    Args:
        declared: the scan.
        examinations: under which it is recorded, one for each model.
        ledger: the ledger folder.
        jobs: processes.
        progress: told how many bytes have been read since it was last told.
        showing: shows the progress of what is done beside the preset.

    Raises:
        InvalidInput: a corpus file could be read only in part; nothing is recorded.
        EngineUnavailable, SnapshotNotFound, SnapshotChanged: see `look_beside`.
        StorageFailed: the file system refused; start again to go on.
    """
    job, name = declared.job, declared.name
    state = ledger / "journals" / f"scan-{examinations[0].examination[:16]}-{name}"
    checked = run_job(job, state=state, jobs=jobs, progress=progress)
    expect_whole(checked)
    known: dict[str, Json] = {"scan": name, "corpus": checked.result.corpus}
    beside = look_beside(job, declared.asked, known, jobs=jobs, showing=showing)
    found = (*scan_findings(checked, name, declared.fraction), *beside.findings)
    created = utc_now()
    shards = tuple(
        publish(
            ledger,
            f"scan-{examination.examination[:16]}",
            _records(examination, found, created),
        )
        for examination in examinations
    )
    shutil.rmtree(state, ignore_errors=True)
    return Scanned(checked, beside, shards)


def _records(examination: Examination, found: Sequence[ScanFinding], created: str) -> list[Sealed]:
    """Return the findings of a scan as records of one examination."""
    return [
        Sealed(
            new(
                "finding",
                run=examination.examination,
                plan=examination.plan,
                finding=f"{PREFIX}{each.evidence['method']}",
                subject=each.subject,
                evidence=each.evidence,
                created=created,
            )
        )
        for each in found
    ]


def expect_whole(checked: Checked) -> None:
    """Raise `InvalidInput` where a file of the corpus could be read only in part."""
    damaged = checked.result.damaged
    if damaged:
        first = damaged[0]
        more = f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
        raise InvalidInput(
            f"expected corpus files that can be read to their end, found {first.name}{more}: "
            f"{first.damaged}; nothing can be said of what comes after: replace the file or leave "
            "it out"
        )


def _corpus(path: str, folder: Path) -> Path:
    return folder / Path(path).expanduser()


def _items(experiment: Experiment, file: Path) -> tuple[Item, ...]:
    columns = experiment.config.data
    data = read_data(
        file,
        columns.id,
        columns.named_columns(),
        columns.encoding,
        columns.delimiter,
        columns.importer(),
    )
    named = experiment.checks.text
    template = None if named is None else read_template(named, data.columns)
    return tuple(Item(row.id, item_text(row.id, row.cells, columns, template)) for row in data.rows)
