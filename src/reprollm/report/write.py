"""From a ledger to the file of its report, written piece by piece."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reprollm.errors import StorageFailed
from reprollm.records.shard import make_folder, sync_folder
from reprollm.report.content import read
from reprollm.report.gathering import gather
from reprollm.report.language import Language
from reprollm.report.page import page


@dataclass(frozen=True)
class Written:
    """How many requests the page shows, and its size."""

    rows: int
    bytes: int


def write(
    ledger: Path,
    target: Path,
    language: Language = "en",
    again: Path | None = None,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> Written:
    """Write the report of a committed ledger to `target`, replacing an older one whole.

    Args:
        ledger: the ledger folder.
        target: the HTML file.
        language: in which it opens.
        again: the ledger of a rerun, to say of each answer whether it came again.
        on_rows: called with a number of rows when they are written.

    Raises:
        InvalidInput: there is no projection, or it holds no run of a plan.
        VerificationFailed: one of two ledgers that are compared is not what it claims to be.
        StorageFailed: the file system refused; an older file is as it was.
    """
    content = read(ledger, again)
    items = gather(ledger, content, on_rows)
    size = 0
    with _replacing(target) as file:
        for piece in page(content, items, language):
            size += file.write(piece.encode())
    return Written(content.planned, size)


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """Open a file beside `target` that takes its place when all was written."""
    temporary = target.parent / f".tmp-{os.getpid()}-{os.urandom(8).hex()}"
    try:
        make_folder(target.parent)
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        sync_folder(target.parent)
    except OSError as error:
        raise StorageFailed(
            f"could not write {target}: {error.strerror or error}; nothing there was changed, make "
            "room or allow writing and start again"
        ) from error
