"""Fetches a repository at a commit into a folder, checks it, and pins it.

Everything is brought into `<folder>.partial`; the folder gets its name when every file is whole and
has the hub's digest, so a killed command leaves nothing that looks whole, and the next one goes on
where it stopped. Small files come first: a model whose configuration asks for code, or whose index
does not fit its files, is refused before its weights are fetched.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from reprollm.errors import Busy, InvalidInput, SnapshotChanged, StorageFailed
from reprollm.snapshot.lock import Hub, Lock
from reprollm.snapshot.names import check_path, check_pattern
from reprollm.snapshot.pin import pin
from reprollm.sources.early import refuse_early
from reprollm.sources.host import Host
from reprollm.sources.listing import Choice, check_listing, choose
from reprollm.sources.reference import Reference
from reprollm.sources.transfer import digest_of, part_of, transfer

Stage: TypeAlias = "Callable[[str, int], AbstractContextManager[Callable[[int], None]]]"
PARTIAL_ENDING = ".partial"
SPARE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Fetched:
    """A fetched model: its lock, its folder, what was left out and why."""

    lock: Lock
    folder: Path
    left: tuple[tuple[str, str], ...]


def survey(
    host: Host, reference: Reference, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Choice:
    """Return what there is to fetch.

    Args:
        host: the hub.
        reference: repository and commit.
        include: patterns of weight files; where there are any, no other weights are taken.
        exclude: patterns of files to leave out.

    Raises:
        InvalidInput: no such repository or commit, no permission, or no weights.
        SnapshotRefused: the hub lists paths or digests that cannot be.
        SourceFailed: the hub does not answer.
    """
    patterns = [check_pattern(pattern) for pattern in (*include, *exclude)]
    where = f"{reference.repo} at {host.address}"
    files = host.files(reference)
    check_listing(files, where)
    return choose(files, patterns[: len(include)], exclude, where)


def fetch(
    host: Host,
    reference: Reference,
    choice: Choice,
    folder: Path,
    exclude: Sequence[str],
    stage: Stage,
) -> Fetched:
    """Bring the chosen files into a folder and pin it.

    Args:
        host: the hub.
        reference: repository and commit.
        choice: what to fetch, from `survey`.
        folder: where to; a folder that holds just these files is only pinned.
        exclude: the patterns that the user left out; they become the lock's.
        stage: shows a stage of the work by its name and number of bytes; what it gives is called
            with the number of bytes done more (or fewer).

    Raises:
        SnapshotChanged: what arrived, or lies there, is not what the hub lists.
        SnapshotRefused: the model asks for code, or its weights are malformed.
        StorageFailed: there is not enough room.
        SourceFailed: the hub broke off.
        Busy: another process is fetching into this folder.
    """
    if not folder.exists():
        partial = folder.with_name(folder.name + PARTIAL_ENDING)
        with _alone(partial):
            _begin(partial, host, reference, choice)
            with stage("fetching", choice.total_bytes) as advance:
                _bring(host, reference, choice, partial, exclude, advance)
            shutil.rmtree(partial / ".cache")
            partial.rename(folder)
    with stage("hashing", choice.total_bytes) as hashing:
        lock = pin(folder, name=reference.name, excluded=exclude, progress=hashing)
    _check_whole(lock, choice, folder)
    whence = Hub(reference.repo, reference.commit, None if host.name == "hub" else host.name)
    return Fetched(replace(lock, hub=whence), folder, choice.left)


@contextmanager
def _alone(partial: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    (partial / ".cache" / "parts").mkdir(parents=True, exist_ok=True)
    guard = FileLock(partial.with_name(partial.name + ".lock"))
    try:
        guard.acquire(timeout=0)
    except Timeout:
        raise Busy(
            f"expected to be alone in fetching into {partial}, found another process at it; wait "
            "for it, or end it"
        ) from None
    try:
        yield
    finally:
        guard.release()
        Path(guard.lock_file).unlink(missing_ok=True)


def _begin(partial: Path, host: Host, reference: Reference, choice: Choice) -> None:
    """Note what is fetched here, take away what is not of it, and check that there is room."""
    note = partial / ".cache" / "fetch.json"
    whence = [host.name, reference.repo, reference.commit]
    wanted = {file.path: [file.size, file.sha256 or file.git_blob] for file in choice.taken}
    begun = _noted(note)
    if begun and begun["whence"] != whence:
        raise InvalidInput(
            f"expected the begun download of {reference.repo} at {reference.commit[:12]} in "
            f"{partial}, found one of another model; remove that folder, or name another with "
            "--into"
        )
    for path, known in begun["files"].items() if begun else ():
        if wanted.get(path) != known:
            (partial / check_path(path, str(note))).unlink(missing_ok=True)
            part_of(partial, path).unlink(missing_ok=True)
    note.write_text(json.dumps({"whence": whence, "files": wanted}), encoding="utf-8")
    missing = choice.total_bytes - sum(_there(partial, choice))
    free = shutil.disk_usage(partial).free
    if free < missing + SPARE_BYTES:
        raise StorageFailed(
            f"expected room for {missing:,} more bytes at {partial}, found {free:,} free; make "
            "room, or name a folder on another disk with --into"
        )


def _noted(note: Path) -> dict[str, Any] | None:
    """Return what an earlier command noted; None where there is nothing, or it was cut short."""
    try:
        value = json.loads(note.read_text(encoding="utf-8"))
        return value if "whence" in value and isinstance(value["files"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _there(partial: Path, choice: Choice) -> Iterator[int]:
    """Yield how much of each file is there already."""
    for file in choice.taken:
        for path in (partial / file.path, part_of(partial, file.path)):
            if path.is_file():
                yield min(path.stat().st_size, file.size)


def _bring(
    host: Host,
    reference: Reference,
    choice: Choice,
    partial: Path,
    exclude: Sequence[str],
    advance: Callable[[int], object],
) -> None:
    small = [file for file in choice.taken if not file.is_weights]
    for file in small:
        transfer(host, reference, file, partial, advance)
    refuse_early(partial, choice, exclude)
    for file in choice.taken[len(small) :]:
        transfer(host, reference, file, partial, advance)


def _check_whole(lock: Lock, choice: Choice, folder: Path) -> None:
    """Raise `SnapshotChanged` unless the folder holds just the files that the hub lists."""
    pinned = {file.path: file for file in lock.files}
    listed = {file.path: file for file in choice.taken}
    strange = sorted(pinned.keys() ^ listed.keys())
    if strange:
        raise SnapshotChanged(
            f"expected just the fetched files in {folder}, found a difference at {strange[0]}; "
            "move the folder away and fetch again"
        )
    for path, file in listed.items():
        known = pinned[path].sha256 if file.sha256 else pinned[path].git_blob
        found = known or digest_of(folder / path, file)
        if found != (file.sha256 or file.git_blob):
            raise SnapshotChanged(
                f"{folder / path} is not what the hub lists: expected "
                f"{file.sha256 or file.git_blob}, found {found}; move the folder away and fetch "
                "again"
            )
