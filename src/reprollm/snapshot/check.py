"""Says whether a folder still holds the snapshot that a lock names, before the first token.

A full check hashes every file. Hashing a large model takes minutes, so a job on a node where the
same run was checked already may rely on what the operating system says of each file: device, inode,
size, mtime and ctime (`reprollm.snapshot.files.Stamp`). These are remembered in the user's cache
folder for one host since its last start, because device and inode numbers mean nothing elsewhere. A
file that was changed within the clock's grain before it was hashed is never trusted by its stamp.
The shortcut defends against accidents, not against somebody who can write the cache folder.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

from reprollm.canon import digest
from reprollm.errors import SnapshotChanged
from reprollm.snapshot.chunks import Job, Progress
from reprollm.snapshot.files import Listed, Stamp, list_files
from reprollm.snapshot.hashing import hash_files
from reprollm.snapshot.lock import SCHEMA, Lock
from reprollm.snapshot.manifest import File
from reprollm.snapshot.pin import pin

Mode: TypeAlias = Literal["full", "auto"]
How: TypeAlias = Literal["full", "stat"]

GRAIN_NS = 100_000_000
KEEP_SECONDS = 30 * 24 * 3600


def check(
    folder: Path,
    lock: Lock,
    mode: Mode = "auto",
    *,
    run: str = "",
    progress: Progress | None = None,
) -> How:
    """Return how the folder was checked; raise unless it holds just the snapshot of the lock.

    Args:
        folder: the model folder.
        lock: what was pinned.
        mode: `full` hashes every file; `auto` relies on unchanged stamps after a full check.
        run: a run's id; `auto` then relies on full checks of the same run only.
        progress: called from several threads with the number of bytes just read.

    Raises:
        SnapshotChanged: a file is missing, added, or differs; the message names it.
        SnapshotRefused: the folder holds a link or name that leads out of it.
    """
    if not folder.is_dir():
        raise SnapshotChanged(
            f"expected the files of snapshot {lock.name} in {folder}, found no such folder"
        )
    listed = list_files(folder, lock.excluded)
    compare_listing(folder, listed, lock)
    memory = _memory(folder, lock, run)
    if mode == "auto" and _remembered(memory) == _stamps(listed):
        return "stat"
    begun = time.time_ns()
    jobs = [Job(file.path, file.real, file.stamp) for file in listed]
    hashed = hash_files(jobs, progress)
    found = [
        File(file.path, file.stamp.size, hashes.sha256)
        for file, hashes in zip(listed, hashed, strict=True)
    ]
    compare_files(folder, found, lock)
    if all(file.stamp.ctime_ns < begun - GRAIN_NS for file in listed):
        _remember(memory, listed)
    return "full"


def verify(folder: Path, lock: Lock, progress: Progress | None = None) -> None:
    """Raise `SnapshotChanged` unless pinning the folder again gives this very lock.

    Besides the files this checks what only the weights can tell: the weights digest and the facts.
    """
    compare_listing(folder, list_files(folder, lock.excluded), lock)
    fresh = pin(folder, name=lock.name, excluded=lock.excluded, progress=progress)
    compare_files(folder, fresh.files, lock)
    for name in _compared(lock):
        expected, found = getattr(lock, name), getattr(fresh, name)
        if expected != found:
            raise SnapshotChanged(
                f"the lock of {lock.name} says something else than its files about {name}: "
                f"expected {expected!s:.120}, found {found!s:.120}; pin the folder again"
            )


def _compared(lock: Lock) -> list[str]:
    """Return what pinning again must find: of an older form of lock the identities alone."""
    if lock.schema != SCHEMA:
        return ["snapshot", "weights", "tokenizer", "chat_template", "excluded"]
    circumstances = ("hub", "derivation", "base")
    return [field.name for field in dataclasses.fields(Lock) if field.name not in circumstances]


def compare_listing(folder: Path, listed: Sequence[Listed], lock: Lock) -> None:
    """Raise `SnapshotChanged` unless names and sizes are those of the lock."""
    expected = {file.path: file.size for file in lock.files}
    found = {file.path: file.stamp.size for file in listed}
    for path in sorted(expected.keys() - found.keys()):
        raise _changed(lock, folder / path, f"{expected[path]} bytes", "no such file")
    for path in sorted(found.keys() - expected.keys()):
        raise _changed(lock, folder / path, "no such file", f"{found[path]} bytes")
    for path, size in expected.items():
        if found[path] != size:
            raise _changed(lock, folder / path, f"{size} bytes", f"{found[path]} bytes")


def compare_files(folder: Path, found: Sequence[File], lock: Lock) -> None:
    """Raise `SnapshotChanged` unless every file, in order, has the hash that the lock names."""
    for file, expected in zip(found, lock.files, strict=True):
        if file.sha256 != expected.sha256:
            raise _changed(lock, folder / file.path, f"SHA-256 {expected.sha256}", file.sha256)


def _changed(lock: Lock, path: Path, expected: str, found: str) -> SnapshotChanged:
    return SnapshotChanged(
        f"{path} is not the file that was pinned as {lock.name}: expected {expected}, "
        f"found {found}; restore it, or pin the folder as another snapshot"
    )


def _memory(folder: Path, lock: Lock, run: str) -> Path:
    """Return the file that remembers stamps for this host since its last start, folder and run."""
    from platformdirs import user_cache_path

    boot = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    place = (platform.node(), boot, str(folder.resolve()), lock.snapshot, run)
    key = digest("reprollm/stamps/v1", *(os.fsencode(part) for part in place))
    return user_cache_path("reprollm") / "snapshots" / f"{key[:32]}.json"


def _remembered(memory: Path) -> dict[str, Stamp] | None:
    try:
        entries = json.loads(memory.read_text(encoding="utf-8"))
        return {path: Stamp(*numbers) for path, numbers in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _stamps(listed: Sequence[Listed]) -> dict[str, Stamp]:
    return {file.path: file.stamp for file in listed}


def _remember(memory: Path, listed: Sequence[Listed]) -> None:
    """Write the stamps; a cache folder that cannot be written only costs the next job a hash."""
    entries = {file.path: dataclasses.astuple(file.stamp) for file in listed}
    temporary = memory.with_name(f".{memory.name}.{os.getpid()}")
    with suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(entries), encoding="utf-8")
        temporary.replace(memory)
        for old in memory.parent.glob("*.json"):
            if old.stat().st_mtime < time.time() - KEEP_SECONDS:
                old.unlink()
