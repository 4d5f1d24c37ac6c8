"""The central directory of a zip, read strictly (APPNOTE.TXT 6.3.10, sections 4.3.6 to 4.3.16).

Zip readers differ in what they forgive, so that one archive may show different files to different
people. Here only one reading is possible: the archive begins with its first member and ends with
its directory; members lie one behind the other without gaps or overlaps; what stands before each
member says what the directory says; no name occurs twice, leads out, or is both file and folder.
Whoever packs the files of a bundle anew with a common tool gets an archive that is accepted too.
"""

from __future__ import annotations

import os
import stat
import struct
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO

from reprollm.bundles.placement import Placed, place
from reprollm.bundles.zip_fields import (
    DEFLATED,
    STORED,
    Entry,
    check_path,
    read,
    read_bytes,
    refused,
    zip64,
)
from reprollm.errors import ArchiveRefused, InvalidInput

MAX_MEMBERS = 1_000_000
MAX_DIRECTORY_BYTES = 512 * 1024 * 1024
MAX_TOTAL_BYTES = 1 << 42
MAX_RATIO = 200

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
_UTF8 = 1 << 11


def read_directory(file: BinaryIO) -> list[Placed]:
    """Return the files of the archive open at `file`, in the order in which they lie in it.

    Raises:
        InvalidInput: the file is no zip at all.
        ArchiveRefused: the archive is cut off, damaged, or holds what no bundle does.
    """
    length = file.seek(0, os.SEEK_END)
    try:
        count, size, start, end = _end(file, length)
        if count > MAX_MEMBERS or size > MAX_DIRECTORY_BYTES or start + size != end:
            raise refused(f"a directory of {count} entries in {size} bytes that ends the archive")
        file.seek(start)
        entries = list(_entries(file.read(size), count))
        _check_names([entry.path for entry in entries])
        _check_sizes(entries)
        return list(place(file, sorted(entries, key=lambda entry: entry.header), start))
    except struct.error:
        raise ArchiveRefused(
            "expected a whole zip archive, found one that is cut off or damaged; get it again"
        ) from None


def _end(file: BinaryIO, length: int) -> tuple[int, int, int, int]:
    """Return number, bytes and start of the directory, and where it must end."""
    at = length - _END.size
    if at < 0:
        raise InvalidInput(
            "expected a bundle (a zip archive), found another kind "
            "of file; a download may have been cut off: fetch it again"
        )
    mark, disk, first, here, count, size, start, comment = read(file, at, _END)
    if mark != b"PK\x05\x06" and read_bytes(file, 0, 4) != b"PK\x03\x04":
        raise InvalidInput(
            "expected a bundle (a zip archive), found another kind "
            "of file; a download may have been cut off: fetch it again"
        )
    if mark != b"PK\x05\x06" or comment:
        raise ArchiveRefused(
            "expected the archive to end with its directory, found other bytes behind it or an "
            "archive that is cut off; get it again"
        )
    if disk or first or here != count:
        raise refused("an archive in several parts")
    if at < _LOCATOR_64.size or read_bytes(file, at - _LOCATOR_64.size, 4) != b"PK\x06\x07":
        return count, size, start, at
    _, disk, record, disks = read(file, at - _LOCATOR_64.size, _LOCATOR_64)
    end = at - _LOCATOR_64.size
    if record + _END_64.size != end:
        raise refused("a zip64 record with bytes around it")
    mark, span, _, _, disk_64, first_64, here_64, count_64, size_64, start_64 = read(
        file, record, _END_64
    )
    if mark != b"PK\x06\x06" or span != _END_64.size - 12 or disk or disk_64 or first_64:
        raise refused("a malformed zip64 record")
    small = ((count, count_64, 0xFFFF), (size, size_64, 2**32 - 1), (start, start_64, 2**32 - 1))
    if here_64 != count_64 or disks > 1 or any(a not in (b, top) for a, b, top in small):
        raise refused("two ends of the directory that differ")
    return count_64, size_64, start_64, record


def _entries(directory: bytes, count: int) -> Iterator[Entry]:
    """Yield the files that the directory lists; folders are checked and left out."""
    at = 0
    for _ in range(count):
        fields = _CENTRAL.unpack_from(directory, at)
        mark, _, _, flags, method, _, _, crc, packed, size, n, m, k, disk, _, mode, header = fields
        if mark != b"PK\x01\x02" or disk or k:
            raise refused("a directory entry that is malformed or has a comment")
        at += _CENTRAL.size
        name, extra = directory[at : at + n], directory[at + n : at + n + m]
        if len(name) + len(extra) != n + m:
            raise struct.error
        at += n + m
        size, packed, header = zip64(extra, size, packed, header)
        entry = Entry(_path(name, flags), method, crc, packed, size, header, flags, name)
        if _is_file(entry, mode >> 16):
            check_path(entry.path)
            yield entry
    if at != len(directory):
        raise refused("bytes between the directory and its end")


def _path(name: bytes, flags: int) -> str:
    try:
        return name.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        raise refused(f"the name {name[:80]!r}, which is no UTF-8 text") from None


def _is_file(entry: Entry, mode: int) -> bool:
    """Return False for a folder's entry; refuse links, devices, encryption, unknown packing."""
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFLNK:
        raise refused(f"the symbolic link {entry.path!r}")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refused(f"{entry.path!r}, which is no file (mode {mode:o})")
    if entry.flags & _ENCRYPTED:
        raise refused(f"{entry.path!r} encrypted")
    if entry.method not in (STORED, DEFLATED):
        raise refused(f"{entry.path!r} packed by the unknown method {entry.method}")
    folder = entry.path.endswith("/")
    if folder:
        check_path(entry.path[:-1])
    if (folder and (entry.size or entry.packed)) or (kind == stat.S_IFDIR and not folder):
        raise refused(f"the folder {entry.path!r} with content")
    return not folder


def _check_names(paths: list[str]) -> None:
    seen: set[str] = set()
    for path in map(folded, paths):
        if path in seen:
            raise refused(f"the member {path!r} twice (upper and lower case count as one)")
        seen.add(path)
    for path in seen:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            if "/".join(parts[:depth]) in seen:
                raise refused(f"{'/'.join(parts[:depth])!r} both as a file and as a folder")


def folded(path: str) -> str:
    """Return what some file systems make of a path: one case, one spelling of accents."""
    return unicodedata.normalize("NFC", path).casefold()


def _check_sizes(entries: list[Entry]) -> None:
    for entry in entries:
        if entry.method == STORED and entry.size != entry.packed:
            raise refused(f"two sizes of {entry.path!r}")
        if entry.size > entry.packed * MAX_RATIO:
            raise refused(f"a bomb: {entry.path!r} grows from {entry.packed} to {entry.size} bytes")
    total = sum(entry.size for entry in entries)
    if total > MAX_TOTAL_BYTES:
        raise refused(f"a bomb: {total} bytes in all")
