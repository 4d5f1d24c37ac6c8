"""Archives that no bundle is: each made from a good one by hand."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

Make: TypeAlias = Callable[[bytes], bytes]

_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")


def added(name: str, content: bytes = b"x", mode: int = 0o100644, method: int = 0) -> Make:
    """Return what adds one member to an archive."""

    def make(archive: bytes) -> bytes:
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.filename = name
        info.create_system, info.external_attr = 3, mode << 16
        info.compress_type = method
        return _append(archive, info, content)

    return make


def twice(archive: bytes) -> bytes:
    return added("README.md", b"# Another page\n")(archive)


def twice_but_for_case(archive: bytes) -> bytes:
    return added("readme.md", b"# Another page\n")(archive)


def file_and_folder(archive: bytes) -> bytes:
    return added("README.md/more", b"x")(archive)


def bomb(archive: bytes) -> bytes:
    return added("zeros", bytes(30_000_000), method=zipfile.ZIP_DEFLATED)(archive)


def unknown_method(archive: bytes) -> bytes:
    return added("packed", b"x" * 5000, method=zipfile.ZIP_BZIP2)(archive)


def lying_size(archive: bytes) -> bytes:
    """A packed member that unpacks to more than both of its headers say."""
    made = added("zeros", bytes(3_000_000), method=zipfile.ZIP_DEFLATED)(archive)
    said = struct.pack("<L", 3_000_000)
    assert made.count(said) == 2
    return made.replace(said, struct.pack("<L", 10_000))


def encrypted(archive: bytes) -> bytes:
    """The flag of encryption in both headers of the first member."""
    changed = bytearray(archive)
    at = _central_at(archive)
    struct.pack_into("<H", changed, at + 8, 1)
    struct.pack_into("<H", changed, 6, 1)
    return bytes(changed)


def another_name_inside(archive: bytes) -> bytes:
    """The first member's own header names another file than the directory."""
    name = _first_name(archive)
    return archive.replace(name, b"X" + name[1:], 1)


def another_size_inside(archive: bytes) -> bytes:
    changed = bytearray(archive)
    struct.pack_into("<L", changed, 22, 5)
    return bytes(changed)


def overlapping(archive: bytes) -> bytes:
    """Two entries of the directory that show the same bytes under two names."""
    at, count, size, start = _directory(archive)
    first = archive[
        start : start + _CENTRAL.size + struct.unpack_from("<H", archive, start + 28)[0]
    ]
    name = _first_name(archive)
    copy = first.replace(name, b"Z" + name[1:])
    return _closed(archive[:at] + copy, count + 1, size + len(copy), start)


def hidden_behind_a_member(archive: bytes) -> bytes:
    """Bytes before the directory that no entry shows."""
    at, count, size, start = _directory(archive)
    hidden = b"nobody sees this"
    moved = archive[:start] + hidden + archive[start:at]
    return _closed(moved, count, size, start + len(hidden))


def hidden_member(archive: bytes) -> bytes:
    """A whole member that the directory does not list."""
    at, count, size, start = _directory(archive)
    name, content = b"hidden.txt", b"nobody sees this"
    crc = zlib.crc32(content)
    header = _LOCAL.pack(
        b"PK\x03\x04", 20, 0, 0, 0, 0x21, crc, len(content), len(content), len(name), 0
    )
    hidden = header + name + content
    return _closed(archive[:start] + hidden + archive[start:at], count, size, start + len(hidden))


def with_a_prefix(archive: bytes) -> bytes:
    return b"#!/bin/sh\nexit 0\n" + archive


def with_a_moved_prefix(archive: bytes) -> bytes:
    """Bytes in front, and all offsets moved, so that common readers notice nothing."""
    at, count, size, start = _directory(archive)
    prefix = b"PK\x03\x04 but not a member"
    moved = bytearray(prefix + archive[:at])
    place = len(prefix) + start
    for _ in range(count):
        names = struct.unpack_from("<3H", moved, place + 28)
        (offset,) = struct.unpack_from("<L", moved, place + 42)
        struct.pack_into("<L", moved, place + 42, offset + len(prefix))
        place += _CENTRAL.size + sum(names)
    return _closed(bytes(moved), count, size, start + len(prefix))


def with_a_tail(archive: bytes) -> bytes:
    return archive + b"more"


def with_a_comment(archive: bytes) -> bytes:
    return archive[:-2] + struct.pack("<H", 4) + b"more"


def with_two_directories(archive: bytes) -> bytes:
    """A second end of the directory behind the first, with fewer members."""
    _, count, size, start = _directory(archive)
    return archive + _END.pack(b"PK\x05\x06", 0, 0, count - 1, count - 1, size, start, 0)


def with_fewer_members(archive: bytes) -> bytes:
    at, count, size, start = _directory(archive)
    return _closed(archive[:at], count - 1, size, start)


def in_two_parts(archive: bytes) -> bytes:
    at, count, size, start = _directory(archive)
    return archive[:at] + _END.pack(b"PK\x05\x06", 1, 0, count, count, size, start, 0)


def with_a_second_name(archive: bytes) -> bytes:
    """An extra field that gives the last member another name (Info-ZIP, 0x7075)."""
    info = zipfile.ZipInfo("named.txt", (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o100644 << 16
    other = b"verify.py"
    field = struct.pack("<BL", 1, zlib.crc32(b"named.txt")) + other
    info.extra = struct.pack("<HH", 0x7075, len(field)) + field
    return _append(archive, info, b"x")


def with_a_wrong_checksum(archive: bytes) -> bytes:
    """The first member's CRC-32 changed in both headers."""
    changed = bytearray(archive)
    at = _central_at(archive)
    for place in (at + 16, 14):
        changed[place] ^= 1
    return bytes(changed)


def cut_off(share: float) -> Make:
    """Return what cuts an archive off after a share of its bytes."""

    def make(archive: bytes) -> bytes:
        return archive[: int(len(archive) * share)]

    return make


ARCHIVES: dict[str, Make] = {
    "path with ..": added("../outside.txt"),
    "path with .. inside": added("ledger/../../outside.txt"),
    "absolute path": added("/etc/outside.txt"),
    "drive letter": added("C:/outside.txt"),
    "backslash": added("ledger\\outside.txt"),
    "path with a dot": added("./README.txt"),
    "path with two slashes": added("ledger//more.txt"),
    "name with a control": added("more\x1b[2J.txt"),
    "name with a reversal": added("more\u202etxt.exe"),
    "symlink": added("more", b"/etc/passwd", stat.S_IFLNK | 0o777),
    "device": added("more", b"", stat.S_IFCHR | 0o644),
    "pipe": added("more", b"", stat.S_IFIFO | 0o644),
    "folder with content": added("more/", b"content", stat.S_IFDIR | 0o755),
    "duplicate": twice,
    "duplicate but for case": twice_but_for_case,
    "file and folder": file_and_folder,
    "zip bomb": bomb,
    "zip bomb that lies": lying_size,
    "overlapping members": overlapping,
    "unknown method": unknown_method,
    "encrypted": encrypted,
    "two names": another_name_inside,
    "two sizes": another_size_inside,
    "second name in a field": with_a_second_name,
    "hidden bytes": hidden_behind_a_member,
    "hidden member": hidden_member,
    "moved prefix": with_a_moved_prefix,
    "tail": with_a_tail,
    "comment": with_a_comment,
    "two directories": with_two_directories,
    "fewer members": with_fewer_members,
    "two parts": in_two_parts,
    "cut off, no directory": cut_off(0.5),
    "cut off, no end": cut_off(0.9999),
}


def repacked(archive: bytes) -> bytes:
    """The same files as a common tool packs them: compressed, with folders and times of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        folders: set[str] = set()
        for info in sorted(old.infolist(), key=lambda item: item.filename, reverse=True):
            folder = str(Path(info.filename).parent)
            if folder not in folders and folder != ".":
                folders.add(folder)
                new.mkdir(folder)
            new.writestr(info.filename, old.read(info), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _append(archive: bytes, info: zipfile.ZipInfo, content: bytes) -> bytes:
    out = io.BytesIO(archive)
    with zipfile.ZipFile(out, "a") as opened:
        opened.NameToInfo.pop(info.filename, None)
        opened.writestr(info, content, info.compress_type)
    return out.getvalue()


def _directory(archive: bytes) -> tuple[int, int, int, int]:
    """Return where the end stands, and number, bytes and start of the directory."""
    at = len(archive) - _END.size
    _, _, _, _, count, size, start, _ = _END.unpack_from(archive, at)
    return at, count, size, start


def _central_at(archive: bytes) -> int:
    """Return where the directory's entry of the first member stands."""
    return _directory(archive)[3]


def _first_name(archive: bytes) -> bytes:
    (length,) = struct.unpack_from("<H", archive, 26)
    return archive[_LOCAL.size : _LOCAL.size + length]


def _closed(archive: bytes, count: int, size: int, start: int) -> bytes:
    return archive + _END.pack(b"PK\x05\x06", 0, 0, count, count, size, start, 0)
