"""What binds a bundle's files to the log in it: the last part of level 0.

Checked after the log itself was read: the note speaks of this log, nothing lies among the shards
that the log does not name, the experiment is the planned one, and what is said to be withheld is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reprollm.bundles.statement import NOTE
from reprollm.errors import ReprollmError
from reprollm.ledger.projection import opened
from reprollm.ledger.report import Report
from reprollm.ledger.segments import (
    Segment,
    acknowledged,
    positions,
    read_checkpoints,
    read_segments,
)
from reprollm.review.experiment import check_experiment
from reprollm.review.files import FilesChecked, Withheld
from reprollm.review.levels import Findings
from reprollm.review.log import LogChecked
from reprollm.review.unpacked import Unpacked

_SHARDS = ("ledger/shards/", "ledger/openings/")


def check_bundle(
    files: Unpacked,
    checked: FilesChecked,
    ledger: Path,
    log: LogChecked,
    plans: Sequence[Mapping[str, Any]],
) -> None:
    """Add to level 0 what the log shows of the files around it.

    Args:
        files: the bundle's files.
        checked: what level 0 has found so far.
        ledger: the ledger folder in the bundle.
        log: what levels 1 and 2 have found.
        plans: the records of the plans that the published runs executed, one a model.
    """
    findings = checked.findings
    _check_note(checked, log.report, findings)
    try:
        segments = acknowledged(read_segments(ledger), read_checkpoints(ledger))
    except ReprollmError:
        return
    _check_shards(files, segments, findings)
    left_out = checked.withheld.left_out if checked.withheld else {}
    check_experiment(files, [plan["core"] for plan in plans], left_out, findings)
    if log.records_hold:
        _check_missing(checked.withheld, log.report, findings)
    if checked.withheld and log.projection_holds:
        _check_shown(checked.withheld, ledger, findings)


def _check_note(checked: FilesChecked, report: Report, findings: Findings) -> None:
    said = checked.statement
    if said is None or not report.root:
        return
    if (said.origin, said.size, said.root.hex()) != (report.origin, report.size, report.root):
        findings.wrong(
            "SignatureMismatch",
            f"expected {NOTE} to name the log {report.origin} with {report.size} records and root "
            f"{report.root}, found {said.origin} with {said.size} and {said.root.hex()}",
        )


def _check_shards(files: Unpacked, segments: list[Segment], findings: Findings) -> None:
    """Nothing may lie among the shards and openings that the log does not name."""
    named = {
        f"{top}{shard.group}/{shard.sha256}.jsonl"
        for _, shard in positions(segments)
        for top in _SHARDS
    }
    stray = sorted(path for path in files.digests if path.startswith(_SHARDS) and path not in named)
    for path in stray[:5]:
        findings.wrong("FileUnexpected", f"found {path}, which is no shard that the log names")


def _check_missing(said: Withheld | None, report: Report, findings: Findings) -> None:
    """Nothing may be missing beyond what the signed statement says is withheld."""
    commitments = next(check.count for check in report.checks if check.name == "openings")
    missing = commitments - report.opened
    if said is None and missing:
        findings.wrong(
            "FileMissing",
            f"expected what opens {missing} of {commitments} commitments, or a signed statement "
            "that it is withheld, found neither",
        )
    elif said is not None and missing != said.values:
        findings.wrong(
            "FileChanged",
            f"redaction.json speaks of {said.values} withheld values, {missing} are not here",
        )


def _check_shown(said: Withheld, ledger: Path, findings: Findings) -> None:
    """Nothing that is said to be withheld may be shown."""
    with opened(ledger) as connection:
        rows = connection.execute("SELECT DISTINCT field FROM opening").fetchall()
    shown = {field for (field,) in rows} & said.fields
    if shown:
        findings.wrong(
            "FileChanged",
            f"redaction.json says that {', '.join(sorted(shown))} are withheld, but they are here",
        )
