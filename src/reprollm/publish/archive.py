"""The zip of a bundle: the same bytes for the same members, whole or not at all.

Members are stored (not compressed), in the bytewise order of their paths, all with the time
1980-01-01 00:00:00 and mode 0644, without folder entries, comments or extra fields (APPNOTE.TXT
6.3.10, section 4; a member of 2 GiB or more carries the zip64 field that it needs). So the archive
depends on nothing but paths and contents: not on clock, umask, locale or machine.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from reprollm.bundles.directory import folded
from reprollm.bundles.members import Measured
from reprollm.bundles.zip_fields import check_path
from reprollm.errors import ArchiveRefused, Busy, InvalidInput, StorageFailed
from reprollm.records.shard import sync_folder

TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644
_UNIX = 3
_BLOCK = 1 << 20


def write_archive(
    path: Path,
    members: Sequence[Measured],
    *,
    replace: bool,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> bool:
    """Write the archive beside `path` and move it there; return False when it stood there already.

    Args:
        path: the archive.
        members: its members, in any order.
        replace: put it in the place of another file.
        on_bytes: called with the number of bytes of each block written.

    Raises:
        InvalidInput: another file is at `path`, and `replace` is false; or a member's path is none
            that every file system can hold.
        Busy: a member changed since it was measured.
        StorageFailed: the file system refused; what was at `path` is as it was.
    """
    _check_paths(members)
    temporary = path.parent / f".tmp-{os.getpid()}-{os.urandom(8).hex()}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                _write(file, members, on_bytes)
                file.flush()
                os.fsync(file.fileno())
            if _stands(path, temporary, replace):
                return False
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageFailed(
            f"could not write {path}: {error.strerror or error}; no bundle was written, make room "
            "or allow writing and start again"
        ) from error
    return True


def _check_paths(members: Sequence[Measured]) -> None:
    """Refuse what no reader would unpack: odd paths, and such as differ in case alone."""
    seen: dict[str, str] = {}
    for member in members:
        try:
            check_path(member.path)
        except ArchiveRefused as error:
            raise InvalidInput(
                f"a bundle cannot hold this path, rename the file: {error}"
            ) from None
        other = seen.setdefault(folded(member.path), member.path)
        if other is not member.path:
            raise InvalidInput(
                f"expected paths that differ on every file system, found {other!r} and "
                f"{member.path!r}; rename one of the files"
            )


def _write(file: BinaryIO, members: Sequence[Measured], on_bytes: Callable[[int], None]) -> None:
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
    try:
        for member in sorted(members, key=lambda member: member.path.encode()):
            _add(archive, member, on_bytes)
        archive.close()
    except BaseException:
        # Closed without a directory: the file is thrown away, and a full disk is told once.
        archive.fp = None
        raise


def _add(archive: zipfile.ZipFile, member: Measured, on_bytes: Callable[[int], None]) -> None:
    info = zipfile.ZipInfo(member.path, TIME)
    info.create_system = _UNIX
    info.external_attr = _MODE << 16
    info.compress_type = zipfile.ZIP_STORED
    info.file_size = member.size
    written = 0
    with member.member.open() as source, archive.open(info, "w") as target:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > member.size:
                break
            target.write(block)
            on_bytes(len(block))
    if (written, info.CRC) != (member.size, member.crc):
        raise Busy(
            f"expected {member.path} to stay as it was while it was published, found it changed; "
            "let other processes end and start again"
        )


def _stands(path: Path, fresh: Path, replace: bool) -> bool:
    """Return whether just these bytes are at `path`; refuse others unless `replace` is set."""
    if not path.exists():
        return False
    if path.is_file() and _same(path, fresh):
        return True
    if not replace or not path.is_file():
        raise InvalidInput(
            f"expected no other file at {path}, found one; name another file with -o, or put the "
            "bundle in its place with --replace"
        )
    return False


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(_BLOCK):
            if right.read(_BLOCK) != block:
                return False
    return True
