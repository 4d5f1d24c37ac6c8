"""One run at a time on a ledger, and Snakemake's own lock after its owner was killed.

The lock is a kernel lock on a file beside the receipts: it ends with its processes, however they
end. Snakemake inherits it, so that a second run is refused as long as either lives. Snakemake's
own lock is a set of files without an owner's name; they stay behind after a kill.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprollm.errors import Busy


@contextmanager
def held(file: Path) -> Iterator[int]:
    """Hold the lock on `file`; give its file descriptor, which a child process may inherit.

    Raises:
        Busy: another process holds it.
        OSError: the file cannot be made.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 200).decode("utf-8", "replace").strip()
            raise Busy(
                f"expected {file} to be free, found another run at work ({owner or 'unknown'}); "
                "wait for it to end, or stop it"
            ) from None
        name_owner(descriptor, os.getpid())
        yield descriptor
    finally:
        os.close(descriptor)


def name_owner(lock: int, process: int) -> None:
    """Write into the held lock's file which process to look for."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"process {process} on {socket.gethostname()}\n".encode(), 0)


def left_behind(workspace: Path) -> bool:
    """Return whether a Snakemake that lives no more has left its lock in `workspace`.

    Raises:
        Busy: the lock's owner lives, or may live on another machine.
    """
    if not any((workspace / ".snakemake" / "locks").glob("*.lock")):
        return False
    if process := _snakemake_in(workspace):
        raise Busy(
            f"expected no other Snakemake in {workspace}, found process {process}; "
            "wait for it to end, or stop it"
        )
    host = _last_host(workspace)
    if host not in (None, socket.gethostname()):
        raise Busy(
            f"expected no other Snakemake in {workspace}, found the lock of one on {host}; if it "
            "has ended there, remove the lock with `snakemake --unlock`"
        )
    return True


def _snakemake_in(workspace: Path) -> int | None:
    import psutil

    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        facts = process.info
        words = [Path(word).name for word in (facts["cmdline"] or [])[:5]]
        if "snakemake" in words and facts["cwd"] and facts["pid"] not in ours:
            if Path(facts["cwd"]) == workspace.resolve():
                return int(facts["pid"])
    return None


def _last_host(workspace: Path) -> str | None:
    """Return the machine that the newest log names; runs of `reprollm run` name none."""
    logs = sorted((workspace / ".snakemake" / "log").glob("*.log"))
    if not logs:
        return None
    with logs[-1].open(encoding="utf-8", errors="replace") as lines:
        for _, line in zip(range(40), lines, strict=False):
            if line.strip().startswith("Host:"):
                return line.partition(":")[2].strip()
    return None
