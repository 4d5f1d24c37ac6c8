"""Who may write a ledger's log, and who may only read it while nobody writes.

The lock is an advisory `flock` on the ledger's file `.lock`. Jobs that publish shards take no lock:
publishing disturbs nobody. A ledger that cannot be locked because it lies on a read-only medium is
read without one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprollm.errors import Busy, StorageFailed

_FILE = ".lock"


@contextmanager
def writing(ledger: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the log alone, for committing.

    Args:
        ledger: the ledger folder.
        wait: wait for whoever holds it, instead of giving up at once.

    Raises:
        Busy: another process commits or verifies.
        StorageFailed: the lock file cannot be written.
    """
    try:
        descriptor = os.open(ledger / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageFailed(
            f"could not lock {ledger}: {error.strerror}; allow writing there and start again"
        ) from error
    with _held(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), ledger):
        yield


@contextmanager
def reading(ledger: Path) -> Iterator[None]:
    """Keep committers away while the ledger is read; many readers may hold this at once.

    Raises:
        Busy: a commit is going on.
    """
    try:
        descriptor = os.open(ledger / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    with _held(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, ledger):
        yield


@contextmanager
def _held(descriptor: int, mode: int, ledger: Path) -> Iterator[None]:
    try:
        try:
            fcntl.flock(descriptor, mode)
        except BlockingIOError:
            raise Busy(
                f"another process is committing to {ledger} or verifying it; "
                "wait for it to end, or give --wait"
            ) from None
        except OSError as error:
            raise StorageFailed(f"could not lock {ledger}: {error.strerror}") from error
        yield
    finally:
        os.close(descriptor)
