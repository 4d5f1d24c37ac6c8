"""Finds the folder that holds a snapshot, by its id and wherever it lies.

Searched are the folders beside the lock file, then those that `reprollm.snapshot.places` names,
down to three levels (`<org>/<name>/<version>`, or `models--x/snapshots/<commit>` of the Hugging
Face cache).
A folder is a candidate when names and sizes of its files are those of the lock; it is taken when
their hashes are too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import ReprollmError, SnapshotChanged, SnapshotNotFound
from reprollm.snapshot.check import How, Mode, check, compare_listing
from reprollm.snapshot.chunks import Progress
from reprollm.snapshot.files import list_files
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.places import VARIABLE, config_file, model_roots

DEPTH = 3
LOCK_ENDING = ".lock.json"


@dataclass(frozen=True)
class Located:
    """A folder that holds the snapshot, and how that was checked: `full` or `stat`."""

    folder: Path
    how: How


def locate(
    lock: Lock,
    *,
    beside: Path | None = None,
    mode: Mode = "auto",
    run: str = "",
    progress: Progress | None = None,
) -> Located:
    """Return the first folder that holds just the snapshot of the lock.

    Args:
        lock: the snapshot wanted.
        beside: the lock's own file; `x.lock.json` has its model at `x/` first of all.
        mode: see `reprollm.snapshot.check.check`.
        run: likewise.
        progress: called from several threads with the number of bytes just read.

    Raises:
        SnapshotChanged: a folder was found, but a file in it differs; the message names it.
        SnapshotNotFound: no folder has the files.
    """
    home = _home(beside)
    roots = model_roots(os.environ)
    differing: list[SnapshotChanged] = []
    nearest: list[str] = []
    for folder in _candidates(lock, beside, roots):
        try:
            compare_listing(folder, list_files(folder, lock.excluded), lock)
        except ReprollmError as error:
            if folder == home and isinstance(error, SnapshotChanged):
                differing.append(error)
            nearest.append(str(error))
            continue
        try:
            return Located(folder.resolve(), check(folder, lock, mode, run=run, progress=progress))
        except SnapshotChanged as error:
            differing.append(error)
    if differing:
        raise differing[0]
    searched = [*([beside.parent] if beside else []), *roots]
    raise SnapshotNotFound(_not_found(lock, searched, nearest))


def _home(beside: Path | None) -> Path | None:
    if beside is None or not beside.name.endswith(LOCK_ENDING):
        return None
    return beside.with_name(beside.name.removesuffix(LOCK_ENDING))


def _candidates(lock: Lock, beside: Path | None, roots: list[Path]) -> Iterator[Path]:
    """Yield folders that hold a file named as the snapshot's largest, the likeliest first."""
    largest = max(lock.files, key=lambda file: file.size).path
    home = _home(beside)
    seen: set[Path] = set()
    for folder in _folders(lock, beside, roots):
        with suppress(OSError):
            real = folder.resolve()
            if real not in seen and (folder == home or (folder / largest).exists()):
                seen.add(real)
                yield folder


def _folders(lock: Lock, beside: Path | None, roots: list[Path]) -> Iterator[Path]:
    home = _home(beside)
    if home is not None and home.is_dir():
        yield home
    if beside is not None:
        yield from _below(beside.parent, 1)
    if lock.hub is not None:
        repository = "models--" + lock.hub.repo.replace("/", "--")
        for root in roots:
            yield root / repository / "snapshots" / lock.hub.commit
    for root in roots:
        yield from _below(root, DEPTH)


def _below(folder: Path, depth: int) -> Iterator[Path]:
    yield folder
    if depth == 0:
        return
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return
    for name in names:
        if name not in ("blobs", "refs", ".git", ".cache", ".venv"):
            yield from _below(folder / name, depth - 1)


def _not_found(lock: Lock, folders: list[Path], nearest: list[str]) -> str:
    searched = ", ".join(f"{folder}{'' if folder.is_dir() else ' (missing)'}" for folder in folders)
    hint = f"; the nearest differs: {nearest[0]}" if nearest else ""
    return (
        f"expected snapshot {lock.name} ({lock.snapshot[:16]}) on this machine, found it in none "
        f"of {searched}{hint}; put its folder into one of them, or name the folder above it in "
        f"{VARIABLE} or {config_file()}"
    )
