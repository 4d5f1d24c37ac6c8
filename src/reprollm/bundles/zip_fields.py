"""What is read from a zip byte by byte, and the names that a bundle's members may have."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from reprollm.errors import ArchiveRefused

MAX_CHARACTERS = 1024
STORED, DEFLATED = 0, 8
STREAMED = 1 << 3
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Entry:
    """One file of an archive as its directory lists it.

    Attributes:
        path: its path, relative, with slashes.
        method: 0 stored, 8 deflated (sections 4.4.5, 5).
        crc: CRC-32 of the content.
        packed: bytes in the archive.
        size: bytes of the content.
        header: where its local header begins.
        flags: general purpose bits (section 4.4.4).
        name: the path's bytes.
    """

    path: str
    method: int
    crc: int
    packed: int
    size: int
    header: int
    flags: int
    name: bytes


def check_path(path: str) -> None:
    """Raise `ArchiveRefused` unless `path` is relative, plain, and stays below its folder."""
    parts = path.split("/")
    if path.startswith("/") or _DRIVE.match(path):
        raise refused(f"the absolute path {path!r}")
    if ".." in parts:
        raise refused(f"the path {path!r}, which leads out of the folder")
    if "\\" in path:
        raise refused(f"the path {path!r} with a backslash")
    if not all(parts) or "." in parts or not path.isprintable() or len(path) > MAX_CHARACTERS:
        raise refused(f"the path {path[:200]!r}, which is no plain path")


def zip64(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """Return the sizes and the offset, the large ones from the zip64 field (section 4.5.3)."""
    at, wide = 0, b""
    while at < len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == _UNICODE_PATH:
            raise refused("a second name for a member (Unicode path field)")
        if tag == _ZIP64:
            wide = extra[at + 4 : at + 4 + length]
        at += 4 + length
    values = [size, packed, header]
    for place, value in enumerate(values):
        if value == 2**32 - 1:
            (values[place],) = struct.unpack_from("<Q", wide)
            wide = wide[8:]
    return values[0], values[1], values[2]


def read(file: BinaryIO, at: int, layout: struct.Struct) -> tuple[Any, ...]:
    """Return the fields at an offset; raise `struct.error` where the file ends before."""
    return layout.unpack(read_bytes(file, at, layout.size))


def read_bytes(file: BinaryIO, at: int, count: int) -> bytes:
    """Return `count` bytes at an offset; raise `struct.error` where the file ends before."""
    file.seek(at)
    found = file.read(count)
    if len(found) != count:
        raise struct.error
    return found


def refused(what: str) -> ArchiveRefused:
    """Return the error that an archive holds what no bundle does."""
    return ArchiveRefused(
        f"expected an archive of plain files, found {what}; do not unpack it, ask for another copy"
    )
