"""Lists the files of a model folder with symbolic links resolved, following none out of it.

A folder of the Hugging Face cache (`models--<org>--<name>/snapshots/<commit>`) holds links into
`../../blobs`; these are followed, and the blob's name is kept as what the hub says of its content.
So are links to Ollama's blobs in the folders that show its models (`reprollm.snapshot.ollama`).
Every other link must end inside the folder. Only regular files are listed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import InvalidInput, SnapshotRefused
from reprollm.snapshot import hub
from reprollm.snapshot.names import IGNORED_FOLDERS, check_path, is_excluded
from reprollm.snapshot.places import ollama_views
from reprollm.snapshot.single import named_files

MAX_FILES = 100_000
_BLOB = re.compile(r"sha256-[0-9a-f]{64}\Z")
"""The name of a blob that Ollama keeps: the hash of its content, which pinning compares."""


@dataclass(frozen=True)
class Stamp:
    """What the operating system says of a file; changes when the file's content does.

    `ctime_ns` cannot be set by a program, so that restoring size and mtime leaves a trace.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp within the result of `stat` or `fstat`."""
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )


@dataclass(frozen=True)
class Listed:
    """A file of a model folder: its path in the snapshot, where it lies, and its stamp.

    `blob` is the name of the Hugging Face blob that a link led to, else None.
    """

    path: str
    real: Path
    stamp: Stamp
    blob: str | None


def list_files(folder: Path, excluded: Sequence[str] = ()) -> list[Listed]:
    """Return the folder's files sorted by path, without those that a pattern excludes.

    Raises:
        InvalidInput: `folder` is not a folder, or holds no files.
        SnapshotRefused: a name or link that leads out of the folder, or something that is neither
            file nor folder.
    """
    if not folder.is_dir():
        raise InvalidInput(f"expected a model folder at {folder}, found {_what(folder)}")
    root = folder.resolve()
    listed = []
    names = named_files(excluded)
    for path, entry in _walk(root, "") if names is None else _top(root, names):
        if is_excluded(path, excluded):
            continue
        listed.append(_listed(root, path, entry))
        if len(listed) > MAX_FILES:
            raise SnapshotRefused(f"expected at most {MAX_FILES} files in {folder}, found more")
    if not listed:
        raise InvalidInput(f"expected model files in {folder}, found none")
    return sorted(listed, key=lambda file: file.path)


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = check_path(f"{prefix}{entry.name}", str(folder))
            if not entry.is_dir(follow_symlinks=False):
                yield path, entry
            elif prefix or entry.name not in IGNORED_FOLDERS:
                yield from _walk(Path(entry.path), f"{path}/")


def _top(folder: Path, names: Collection[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the entries of some names in a folder, without looking at any other."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in names:
                yield check_path(entry.name, str(folder)), entry


def _listed(root: Path, path: str, entry: os.DirEntry[str]) -> Listed:
    real, blob = Path(entry.path), None
    if entry.is_symlink():
        real, blob = _follow(root, path, real)
    status = real.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        raise SnapshotRefused(
            f"expected regular files in {root}, found {_what(real)} at {path}; "
            "remove it or leave it out with --exclude"
        )
    return Listed(path, real, Stamp.of(status), blob)


def _follow(root: Path, path: str, link: Path) -> tuple[Path, str | None]:
    try:
        real = link.resolve(strict=True)
    except (OSError, RuntimeError):
        raise SnapshotRefused(
            f"expected links that lead to files in {root}, found a broken one: {path}; "
            "complete the download or remove the link"
        ) from None
    origin = hub.origin(root)
    if origin is not None and real.parent == origin.blobs:
        return real, real.name
    if root.is_relative_to(ollama_views().resolve()) and _BLOB.match(real.name):
        return real, real.name.removeprefix("sha256-")
    if not real.is_relative_to(root):
        raise SnapshotRefused(
            f"expected files inside {root}, found a link out of it: {path} leads to {real}; "
            "copy the file into the folder"
        )
    return real, None


def _what(path: Path) -> str:
    if not path.exists():
        return "nothing"
    kinds = ((path.is_dir(), "a folder"), (path.is_file(), "a file"), (path.is_fifo(), "a pipe"))
    return next((name for holds, name in kinds if holds), "a device or socket")
