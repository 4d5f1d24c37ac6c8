"""Why a run of the workflow stopped, as one of the package's own errors."""

from __future__ import annotations

from pathlib import Path

from reprollm.errors import (
    Busy,
    Interrupted,
    InvalidInput,
    NotReproduced,
    ReprollmError,
    StorageFailed,
    VerificationFailed,
)
from reprollm.workflow.progress import RunProgress

# How `reprollm.cli` begins its sentence on standard error.
_OWN = "reprollm: "

_BY_STATUS: dict[int | None, type[ReprollmError]] = {
    error.exit_code: error
    for error in (
        InvalidInput,
        VerificationFailed,
        NotReproduced,
        Busy,
        StorageFailed,
        Interrupted,
    )
}


def failure(progress: RunProgress, status: int) -> ReprollmError:
    """Return the error that says why Snakemake ended with `status`, in the failed job's words."""
    if progress.locked:
        return Busy(
            "expected no other Snakemake on these files, found one at work; wait for it to end"
        )
    if progress.stopped or status < 0:
        return Interrupted("the run was stopped; what was done is kept, start again to go on")
    if progress.failed is None:
        return InvalidInput(f"Snakemake stopped: {' '.join(progress.tail[-3:])}")
    last = _last_line(progress.logs)
    if progress.status in _BY_STATUS and last.startswith(_OWN):
        error = _BY_STATUS[progress.status]
        return error(f"{progress.failed} failed: {last.removeprefix(_OWN)}")
    logs = " and ".join(map(str, progress.logs)) or "the newest log in .snakemake/log"
    return StorageFailed(
        f"{progress.failed} ended without saying why; its last line is {last!r}, see {logs}"
    )


def _last_line(logs: list[Path]) -> str:
    for log in logs:
        try:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in reversed(lines):
            if line.strip():
                return line.strip()
    return ""
