"""One file being hashed: read in chunks, its spans hashed apart, any change of it noticed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from threading import Event
from typing import TypeAlias

from reprollm.errors import SnapshotChanged
from reprollm.snapshot.files import Stamp

Progress: TypeAlias = "Callable[[int], None]"
Span: TypeAlias = "tuple[int, int]"


@dataclass(frozen=True)
class Job:
    """A file to hash.

    Attributes:
        name: its path in the snapshot, for messages.
        path: where it lies.
        stamp: what `stat` said when it was listed; it must still hold when it has been read.
        spans: byte ranges to hash besides, ascending, not overlapping (the tensors).
        git: whether to compute the Git blob id too (SHA-1, one more pass over the bytes).
    """

    name: str
    path: Path
    stamp: Stamp
    spans: tuple[Span, ...] = ()
    git: bool = False


class Chunks:
    """Reads a file from front to end, reports progress, and stops when another file failed."""

    def __init__(self, job: Job, file: FileIO, report: Progress, stop: Event) -> None:
        self._job, self._file, self._report, self._stop = job, file, report, stop
        self._left = job.stamp.size

    def read_into(self, buffer: memoryview) -> int:
        """Fill the front of `buffer`; return how many bytes, 0 at the end."""
        if self._stop.is_set():
            raise CancelledError
        count = self._file.readinto(buffer[: self._left]) if self._left else 0
        if not count and self._left:
            raise _changed(self._job)
        self._left -= count
        self._report(count)
        return count


class SpanHashes:
    """SHA-256 of byte ranges of a stream that arrives in chunks."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._digests: list[bytes] = []
        self._state = hashlib.sha256()
        self._position = 0

    def update(self, chunk: memoryview) -> None:
        """Take the stream's next bytes."""
        start, end = self._position, self._position + len(chunk)
        while len(self._digests) < len(self._spans):
            first, last = self._spans[len(self._digests)]
            if first >= end:
                break
            self._state.update(chunk[max(first, start) - start : min(last, end) - start])
            if last > end:
                break
            self._close()
        self._position = end

    def finish(self) -> tuple[bytes, ...]:
        """Return the digests in the order of the spans; those left hold no bytes."""
        while len(self._digests) < len(self._spans):
            self._close()
        return tuple(self._digests)

    def _close(self) -> None:
        self._digests.append(self._state.digest())
        self._state = hashlib.sha256()


def expect_unchanged(job: Job, file: FileIO) -> None:
    """Raise `SnapshotChanged` unless the open file is still the one that was listed."""
    if Stamp.of(os.fstat(file.fileno())) != job.stamp:
        raise _changed(job)


def _changed(job: Job) -> SnapshotChanged:
    return SnapshotChanged(
        f"expected {job.name} to stay as it was while it was hashed, found it changed; "
        "let the download end, then start again"
    )
