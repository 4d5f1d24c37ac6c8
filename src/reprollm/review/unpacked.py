"""A bundle's files, from its zip or from the folder into which someone unpacked it.

Either way each file is read once and hashed; nothing but plain files is accepted. A zip is taken
apart member by member into a folder of one's own, after its directory was found in order, and no
member may become larger than the directory says.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reprollm.bundles.directory import read_directory
from reprollm.bundles.placement import Placed
from reprollm.bundles.statement import NOTE, SSHSIG, SUMS
from reprollm.bundles.zip_fields import DEFLATED, check_path, refused
from reprollm.errors import ArchiveRefused, FileChanged, InvalidInput, VerificationFailed, naming
from reprollm.withholding.redaction import FILE as REDACTION

_BLOCK = 1 << 20
_READ_LATER = ("ledger/", "experiment/", SUMS, NOTE, SSHSIG, REDACTION)


@dataclass(frozen=True)
class Unpacked:
    """The files of a bundle below one folder.

    Attributes:
        root: the folder.
        digests: SHA-256, hex, of each file by its path in the bundle.
        damaged: what is wrong with single files of the archive.
    """

    root: Path
    digests: dict[str, str]
    damaged: tuple[VerificationFailed, ...] = ()


def unpack(
    archive: Path,
    into: Path,
    on_bytes: Callable[[int], None] = lambda count: None,
    *,
    keep: Callable[[str], bool] = lambda path: True,
) -> Unpacked:
    """Hash all members of a zip, and unpack those that are needed into the folder `into`.

    Args:
        archive: the zip.
        into: an existing empty folder that nobody else can write to.
        on_bytes: called with the number of bytes of each block.
        keep: whether a member, by its path, is written; the others are only hashed.

    Raises:
        InvalidInput: the file cannot be read, or is no zip at all.
        ArchiveRefused: the archive is damaged or holds what no bundle does.
    """
    digests: dict[str, str] = {}
    damaged: list[VerificationFailed] = []
    try:
        with naming(archive), archive.open("rb") as file:
            for placed in read_directory(file):
                path = placed.entry.path
                target = into / path if keep(path) else Path(os.devnull)
                digests[path], crc = _extract(file, placed, target, on_bytes)
                if crc != placed.entry.crc:
                    damaged.append(_damaged(path))
    except OSError as error:
        raise InvalidInput(f"could not unpack {archive}: {error.strerror}") from None
    return Unpacked(into, digests, tuple(damaged))


def scan(folder: Path, on_bytes: Callable[[int], None] = lambda count: None) -> Unpacked:
    """Hash the files of an unpacked bundle where they lie.

    Raises:
        ArchiveRefused: the folder holds links, sockets, devices, or names that no bundle has.
        InvalidInput: a file cannot be read.
    """
    digests: dict[str, str] = {}
    for path, place in sorted(_files(folder, "")):
        state = hashlib.sha256()
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                while block := file.read(_BLOCK):
                    state.update(block)
                    on_bytes(len(block))
        except OSError as error:
            raise InvalidInput(f"could not read {place}: {error.strerror}") from None
        digests[path] = state.hexdigest()
    return Unpacked(folder, digests)


def is_needed(path: str) -> bool:
    """Return whether a member is read again after it was hashed."""
    return path.startswith(_READ_LATER)


def _files(folder: Path, above: str) -> Iterator[tuple[str, Path]]:
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InvalidInput(f"could not read {folder}: {error.strerror}") from None
    for entry in found:
        path = above + os.fsdecode(entry.name)
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            raise refused(f"the symbolic link {path!r}")
        check_path(path)
        if stat.S_ISDIR(mode):
            yield from _files(Path(entry.path), f"{path}/")
        elif stat.S_ISREG(mode):
            yield path, Path(entry.path)
        else:
            raise refused(f"{path!r}, which is no file (mode {mode:o})")


def _extract(
    file: BinaryIO, placed: Placed, target: Path, on_bytes: Callable[[int], None]
) -> tuple[str, int]:
    """Write one member's content; return its SHA-256, hex, and its CRC-32."""
    target.parent.mkdir(parents=True, exist_ok=True)
    state, crc = hashlib.sha256(), 0
    with target.open("wb") as out:
        for block in _content(file, placed):
            state.update(block)
            crc = zlib.crc32(block, crc)
            out.write(block)
            on_bytes(len(block))
    return state.hexdigest(), crc


def _content(file: BinaryIO, placed: Placed) -> Iterator[bytes]:
    blocks = _packed(file, placed)
    return _inflated(blocks, placed) if placed.entry.method == DEFLATED else blocks


def _packed(file: BinaryIO, placed: Placed) -> Iterator[bytes]:
    file.seek(placed.data)
    left = placed.entry.packed
    while left:
        block = file.read(min(left, _BLOCK))
        if not block:
            raise refused(f"{placed.entry.path!r} cut off")
        left -= len(block)
        yield block


def _inflated(blocks: Iterator[bytes], placed: Placed) -> Iterator[bytes]:
    """Yield what packed blocks hold (RFC 1951), never more than the directory says."""
    inflate, left = zlib.decompressobj(-zlib.MAX_WBITS), placed.entry.size
    try:
        for packed in blocks:
            while packed:
                block = inflate.decompress(packed, _BLOCK)
                packed = inflate.unconsumed_tail
                left -= len(block)
                if left < 0 or inflate.unused_data:
                    raise refused(f"a bomb: {placed.entry.path!r} is larger than it says")
                yield block
    except zlib.error as error:
        raise ArchiveRefused(f"{placed.entry.path} cannot be unpacked: {error}") from None
    if left or not inflate.eof:
        raise refused(f"{placed.entry.path!r} cut off")


def _damaged(path: str) -> FileChanged:
    return FileChanged(
        f"{path} is not what its checksum in the archive says; the archive was damaged on its "
        "way or changed, get it again"
    )
