"""The scan stage: a corpus that an experiment names in, one shard of findings out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.contamination.examination import Examination
from reprollm.contamination.examined import item_text
from reprollm.corpus.check import Checked
from reprollm.corpus.evidence import METHOD, scan_findings
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.stage import ScanJob, preset_of, run_job, tokenization_for
from reprollm.errors import ExperimentInvalid, InvalidInput
from reprollm.experiment.contamination import ScanSettings
from reprollm.experiment.data import read_data
from reprollm.experiment.load import Experiment
from reprollm.prompts.template import read_template
from reprollm.records.evidence import PREFIX
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish
from reprollm.records.time import utc_now


@dataclass(frozen=True)
class Scanned:
    """What a declared scan found, and where it is recorded for each examination."""

    checked: Checked
    shards: tuple[ShardReference, ...]


def declared_scan(experiment: Experiment, name: str) -> tuple[ScanJob, ScanSettings]:
    """Return the scan that an experiment declares under a name.

    Items are read as the other checks read them: with the experiment's template of examined texts,
    or source and reference. Paths of the corpus that are not absolute lie below the experiment's
    folder.

    Raises:
        ExperimentInvalid: the experiment declares no such scan.
        DataInvalid: items or control are malformed.
        InvalidInput: the preset or one of its options is unknown.
    """
    checks = experiment.config.contamination
    scans = {scan.name: number for number, scan in enumerate(checks.scan if checks else ())}
    if checks is None or name not in scans:
        raise ExperimentInvalid(
            f"expected a scan named {name!r:.60} in {experiment.file}, found "
            f"{', '.join(scans) or 'none'}"
        )
    settings = checks.scan[scans[name]]
    control = experiment.checks.controls[scans[name]]
    preset = preset_of(settings.preset, settings.n)
    job = ScanJob(
        corpus=tuple(_corpus(path, experiment.file.parent) for path in settings.corpus),
        items=_items(experiment, experiment.data),
        control=None if control is None else _items(experiment, control),
        preset=preset,
        reading=ScanOptions(tokenization=tokenization_for(preset, settings.options)),
        tests=experiment.data,
    )
    return job, settings


def scan_declared(
    experiment: Experiment,
    name: str,
    examinations: Sequence[Examination],
    ledger: Path,
    *,
    jobs: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Scanned:
    """Scan, and record what was found under each examination; a corpus knows of no model.

    What is finished lies below the ledger's `journals` until the findings are published.

    Raises:
        InvalidInput: a corpus file could be read only in part; nothing is recorded.
        StorageFailed: the file system refused; start again to go on.
    """
    job, settings = declared_scan(experiment, name)
    state = ledger / "journals" / f"scan-{examinations[0].examination[:16]}-{name}"
    checked = run_job(job, state=state, jobs=jobs, progress=progress)
    expect_whole(checked)
    created = utc_now()
    shards = tuple(
        publish(
            ledger,
            f"scan-{examination.examination[:16]}",
            _records(examination, checked, (name, settings.fraction), created),
        )
        for examination in examinations
    )
    shutil.rmtree(state, ignore_errors=True)
    return Scanned(checked, shards)


def _records(
    examination: Examination, checked: Checked, declared: tuple[str, str], created: str
) -> list[Sealed]:
    """Return the findings of a scan, declared by name and fraction, for one examination."""
    return [
        Sealed(
            new(
                "finding",
                run=examination.examination,
                plan=examination.plan,
                finding=f"{PREFIX}{METHOD}",
                subject=found.subject,
                evidence=found.evidence,
                created=created,
            )
        )
        for found in scan_findings(checked, *declared)
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
