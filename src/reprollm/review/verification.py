"""A bundle or ledger, verified level by level: what `reprollm verify` does.

Each level is checked as far as those before it allow: where files are missing or changed the log is
still read, and where `ledger.duckdb` lies the scores are still recomputed from the records.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import ArchiveRefused, CheckpointMismatch, InvalidInput
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.checkpoint import Checkpoint
from reprollm.review.binding import check_bundle
from reprollm.review.checks import checked_of
from reprollm.review.claims import claimed_of
from reprollm.review.demands import Demands, check_demands
from reprollm.review.facts import facts, plan_that_counts, plans_that_count, runs_that_count
from reprollm.review.files import FilesChecked, Withheld, check_files
from reprollm.review.levels import FILES, Findings, Verification, closed, defects
from reprollm.review.log import check_log
from reprollm.review.recomputing import Numbers, check_numbers
from reprollm.review.unpacked import Unpacked, is_needed, scan, unpack

_BUNDLE_MARKS = ("SHA256SUMS", "bundle.note", "ledger")


def _silent(count: int) -> None:
    return None


@dataclass(frozen=True)
class Progress:
    """Whom to tell how many bytes, records and answers were read."""

    bytes: Callable[[int], None] = _silent
    records: Callable[[int], None] = _silent
    answers: Callable[[int], None] = _silent


def verify_path(
    path: Path, demands: Demands | None = None, progress: Progress | None = None
) -> Verification:
    """Return what holds of the bundle (a zip or folder) or ledger at `path`.

    Raises:
        InvalidInput: it is neither, or cannot be read.
        Busy: a commit is going on.
    """
    demands, progress = demands or Demands(), progress or Progress()
    if (path / "log").is_dir() and not any((path / mark).exists() for mark in _BUNDLE_MARKS):
        return _Verifying(path, demands, progress).finish()
    if path.is_dir() and not any((path / mark).exists() for mark in _BUNDLE_MARKS):
        raise InvalidInput(f"expected a bundle or a ledger at {path}, found another folder")
    if not path.exists():
        raise InvalidInput(f"expected a bundle or a ledger at {path}, found nothing there")
    with _own_folder(path) as folder:
        try:
            files = _files(path, Path(folder), progress)
        except ArchiveRefused as error:
            return _refused(error)
        return _verify_bundle(files, demands, progress)


def _own_folder(path: Path) -> AbstractContextManager[str]:
    if path.is_dir():
        return nullcontext(str(path))
    return tempfile.TemporaryDirectory(prefix="reprollm-verify-")


def _files(path: Path, folder: Path, progress: Progress) -> Unpacked:
    if path.is_dir():
        return scan(path, progress.bytes)
    return unpack(path, folder, progress.bytes, keep=is_needed)


def _refused(error: ArchiveRefused) -> Verification:
    findings = Findings(FILES)
    findings.wrong(type(error).__name__, str(error))
    return Verification("bundle", "", 0, "", closed([findings]), defects([findings]))


def _verify_bundle(files: Unpacked, demands: Demands, progress: Progress) -> Verification:
    checked = check_files(files)
    ledger = files.root / "ledger"
    try:
        if any((ledger / "log").glob("*.segment.json")):
            return _Verifying(ledger, demands, progress, files, checked).finish()
        sentence = "expected a log in ledger/log, found none"
    except InvalidInput as error:
        sentence = str(error)
    checked.findings.wrong("FileMissing", sentence)
    levels = closed([checked.findings])
    return Verification("bundle", "", 0, "", levels, defects([checked.findings]))


@dataclass
class _Verifying:
    """The verification of a ledger, alone or in a bundle."""

    ledger: Path
    demands: Demands
    progress: Progress
    files: Unpacked | None = None
    checked: FilesChecked | None = None

    def finish(self) -> Verification:
        """Return what holds, level by level."""
        checkpoints = _checkpoints(self.ledger)
        log = check_log(
            self.ledger,
            checkpoints,
            allow_incomplete=self.demands.allow_incomplete,
            on_records=self.progress.records,
        )
        signers = (*(self.checked.signers if self.checked else ()), *log.signers)
        disclosed = check_demands(self.demands, self.ledger, log, signers)
        found = [log.log, log.completeness]
        numbers: Numbers | None = None
        if log.records_hold:
            numbers = check_numbers(
                self.ledger, projected=log.projection_holds, on_answers=self.progress.answers
            )
            found.append(numbers.findings)
        counting = runs_that_count(self.ledger, log.report)
        run = next(iter(counting), None)
        plan = plan_that_counts(self.ledger, run)
        notices = (*log.notices, *(numbers.notices if numbers else ()))
        if self.files and self.checked:
            plans = plans_that_count(self.ledger, log.report)
            check_bundle(self.files, self.checked, self.ledger, log, plans)
            found.insert(0, self.checked.findings)
            notices = (*_withheld(self.checked.withheld), *notices)
        return Verification(
            subject="bundle" if self.checked else "ledger",
            origin=log.report.origin,
            size=log.report.size,
            root=log.report.root,
            levels=closed(found, bundle=self.checked is not None),
            problems=defects(found),
            notices=notices,
            signers=signers,
            runs=log.report.runs,
            attempts=log.report.attempts,
            summary=numbers.summary if numbers else (),
            claims=claimed_of(numbers.conclusions) if numbers else (),
            checks=checked_of(numbers.checks) if numbers else (),
            disclosed=disclosed,
            counts=tuple(each.run for each in counting),
            facts=tuple(facts(log.report, run, plan)),
        )


def _withheld(said: Withheld | None) -> tuple[str, ...]:
    if said is None:
        return ()
    return (f"withheld: {', '.join(sorted(said.fields))}; reason given: {said.reason}",)


def _checkpoints(ledger: Path) -> list[Checkpoint]:
    try:
        return read_checkpoints(ledger)
    except CheckpointMismatch:
        return []
