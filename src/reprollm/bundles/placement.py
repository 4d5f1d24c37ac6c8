"""Where the members of a zip lie: one behind the other, each as its directory describes it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from reprollm.bundles.zip_fields import STREAMED, Entry, read, read_bytes, refused, zip64

_LOCAL = struct.Struct("<4s5H3L2H")
_DESCRIPTORS = ("<4sLLL", "<4sLQQ", "<LLL", "<LQQ")


@dataclass(frozen=True)
class Placed:
    """A file with the place of its packed bytes."""

    entry: Entry
    data: int


def place(file: BinaryIO, entries: list[Entry], directory: int) -> Iterator[Placed]:
    """Yield each file with the place of its bytes; members must follow each other without gaps.

    A folder's entry holds no content, but a header; it is stepped over.
    """
    at = 0
    for entry in entries:
        at = _skip_folders(file, at, entry.header)
        if at != entry.header:
            raise refused(f"{entry.path!r} overlapping another member, or behind hidden bytes")
        data = _local(file, entry)
        yield Placed(entry, data)
        at = data + entry.packed
        if entry.flags & STREAMED:
            at += _descriptor(file, at, entry)
    if _skip_folders(file, at, directory) != directory:
        raise refused("hidden bytes between the last member and the directory")


def _skip_folders(file: BinaryIO, at: int, until: int) -> int:
    while at < until:
        mark, _, flags, _, _, _, _, packed, size, n, m = read(file, at, _LOCAL)
        name = read_bytes(file, at + _LOCAL.size, n)
        if mark != b"PK\x03\x04" or packed or size or flags & STREAMED or name[-1:] != b"/":
            break
        at += _LOCAL.size + n + m
    return at


def _local(file: BinaryIO, entry: Entry) -> int:
    """Check a member's local header against the directory; return where its bytes begin."""
    mark, _, flags, method, _, _, crc, packed, size, n, m = read(file, entry.header, _LOCAL)
    name = read_bytes(file, entry.header + _LOCAL.size, n)
    extra = read_bytes(file, entry.header + _LOCAL.size + n, m)
    if mark != b"PK\x03\x04" or (name, method, flags) != (entry.name, entry.method, entry.flags):
        raise refused(f"two descriptions of {entry.path!r} that differ")
    if flags & STREAMED:
        said, right = (crc, packed, size), ((0, entry.crc), (0, entry.packed), (0, entry.size))
        wide = 2**32 - 1
        if any(a not in (*b, wide) for a, b in zip(said, right, strict=True)):
            raise refused(f"two descriptions of {entry.path!r} that differ")
    else:
        size, packed, _ = zip64(extra, size, packed, 0)
        if (crc, packed, size) != (entry.crc, entry.packed, entry.size):
            raise refused(f"two descriptions of {entry.path!r} that differ")
    return int(entry.header + _LOCAL.size + n + m)


def _descriptor(file: BinaryIO, at: int, entry: Entry) -> int:
    """Return the length of the data descriptor behind a streamed member (section 4.3.9)."""
    for form in _DESCRIPTORS:
        layout = struct.Struct(form)
        found = read_bytes(file, at, layout.size)
        mark = (b"PK\x07\x08",) if form.startswith("<4s") else ()
        if found == layout.pack(*mark, *_fitting(entry, form)):
            return layout.size
    raise refused(f"{entry.path!r} without the sizes that should follow it")


def _fitting(entry: Entry, form: str) -> tuple[int, int, int]:
    mask = 2**64 - 1 if "Q" in form else 2**32 - 1
    return entry.crc, entry.packed & mask, entry.size & mask
