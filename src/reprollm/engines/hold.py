"""One live process for one slice on one host.

Two processes that answered the same slice would do each other's work. The kernel drops the lock
when its process ends, however it ends. Another host is not kept out: when a scheduler starts a job
again elsewhere, the orphan and its successor are two attempts, and the ledger shows both.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprollm.errors import Busy, StorageFailed
from reprollm.records.shard import make_folder


@contextmanager
def held(journals: Path, run: str, first: int, last: int) -> Iterator[None]:
    """Hold the lock on requests first..last-1 of `run` on this host.

    Raises:
        Busy: another live process holds it.
        StorageFailed: the lock's file cannot be made.
    """
    path = journals / f"{run[:16]}.{first:08d}-{last:08d}.{_node()}.lock"
    try:
        make_folder(journals)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageFailed(
            f"could not make the lock {path}: {error.strerror}; "
            "allow writing there, or name another folder with --journals"
        ) from error
    try:
        if not _taken(descriptor):
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace") or "unknown"
            raise Busy(
                f"expected to be alone with requests {first} to {last - 1} of run {run[:16]}, "
                f"found process {holder} at work on them; wait for it to end"
            )
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Take the lock and write this process's id into its file; return False if it is held."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode("ascii"))
    return True


def _node() -> str:
    """Return a file-name-safe name of this node; nodes of one test cluster may share a host."""
    node = os.environ.get("SLURMD_NODENAME") or platform.node().split(".")[0] or "node"
    return re.sub(r"[^A-Za-z0-9-]", "-", node)
