"""Hashes files and the tensors inside them, each byte read once, on all cores.

Every byte of a weight file is hashed twice, for its file and for its tensor. SHA-256 cannot be
split within one stream, so one file is a pipeline of three threads that hand on a ring of buffers:
one reads, one hashes the file, one hashes the tensors. `hashlib` and `readinto` release the
interpreter lock, hence even a single file keeps two cores busy; as many files as there are cores
are in work at once. A ring is small enough to stay in the processor's cache from hash to hash.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import TypeAlias

from reprollm.errors import SnapshotChanged
from reprollm.snapshot.chunks import Chunks, Job, Progress, SpanHashes, expect_unchanged

BUFFER_BYTES = 1024 * 1024
BUFFERS = 4

_Queue: TypeAlias = "SimpleQueue[tuple[memoryview, int] | None]"


@dataclass(frozen=True)
class Hashed:
    """The hashes of a file: hex of the whole, Git blob id, and 32 raw bytes for each span."""

    sha256: str
    git_blob: str | None
    spans: tuple[bytes, ...]


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def hash_files(jobs: Sequence[Job], progress: Progress | None = None) -> list[Hashed]:
    """Hash files, as many at once as there are cores; the result has the order of `jobs`.

    Args:
        jobs: the files.
        progress: called from several threads with the number of bytes just read.

    Raises:
        SnapshotChanged: a file is not the one that was listed, or changed while it was read.
    """
    report = progress or _silent
    stop = Event()
    largest_first = sorted(range(len(jobs)), key=lambda index: -jobs[index].stamp.size)
    with ThreadPoolExecutor(max_workers=max(1, cores()), thread_name_prefix="hash") as pool:
        futures = {index: pool.submit(_hash, jobs[index], report, stop) for index in largest_first}
        try:
            finished, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in finished:
                future.result()
            return [futures[index].result() for index in range(len(jobs))]
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _hash(job: Job, report: Progress, stop: Event) -> Hashed:
    try:
        with job.path.open("rb", buffering=0) as file:
            expect_unchanged(job, file)
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            chunks = Chunks(job, file, report, stop)
            hashed = _hash_twice(job, chunks) if job.spans else _hash_once(job, chunks)
            expect_unchanged(job, file)
    except FileNotFoundError:
        raise SnapshotChanged(
            f"expected {job.name} to stay while it was hashed, found it gone; start again"
        ) from None
    return hashed


def _hash_once(job: Job, chunks: Chunks) -> Hashed:
    whole = hashlib.sha256()
    git = _git_state(job)
    buffer = _buffer(job)
    while count := chunks.read_into(buffer):
        whole.update(buffer[:count])
        if git:
            git.update(buffer[:count])
    return Hashed(whole.hexdigest(), git.hexdigest() if git else None, ())


def _hash_twice(job: Job, chunks: Chunks) -> Hashed:
    """Read in this thread; hand each buffer to the file's hash, the spans' hash, and back."""
    whole, spans = hashlib.sha256(), SpanHashes(job.spans)
    git = _git_state(job)
    empty: _Queue = SimpleQueue()
    to_whole: _Queue = SimpleQueue()
    to_spans: _Queue = SimpleQueue()
    for _ in range(BUFFERS):
        empty.put((_buffer(job), 0))

    def hash_whole(chunk: memoryview) -> None:
        whole.update(chunk)
        if git:
            git.update(chunk)

    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="hash-twice") as stages:
        running = [
            stages.submit(_stage, to_whole, hash_whole, to_spans),
            stages.submit(_stage, to_spans, spans.update, empty),
        ]
        try:
            count = 1
            while count:
                buffer, _ = _taken(empty)
                count = chunks.read_into(buffer)
                to_whole.put((buffer, count))
        finally:
            to_whole.put(None)
    for stage in running:
        stage.result()
    return Hashed(whole.hexdigest(), git.hexdigest() if git else None, spans.finish())


def _stage(source: _Queue, consume: Callable[[memoryview], None], sink: _Queue) -> None:
    while (filled := source.get()) is not None:
        buffer, count = filled
        consume(buffer[:count])
        sink.put(filled)
    sink.put(None)


def _taken(queue: _Queue) -> tuple[memoryview, int]:
    filled = queue.get()
    assert filled is not None, "the ring ends only after its reader"
    return filled


def _git_state(job: Job) -> hashlib._Hash | None:
    if not job.git:
        return None
    return hashlib.sha1(b"blob %d\0" % job.stamp.size, usedforsecurity=False)


def _buffer(job: Job) -> memoryview:
    return memoryview(bytearray(min(BUFFER_BYTES, max(1, job.stamp.size))))


def _silent(count: int) -> None:
    """Report to nobody."""
