#!/usr/bin/env python3
"""Checks a reprollm bundle: one file, nothing to install, no network, Python 3.9 or later.

    python -I -S verify.py                  the unpacked bundle in which this file lies
    python -I -S verify.py bundle.zip       a bundle that was not unpacked
    python -I -S verify.py FOLDER           an unpacked bundle, or a bare ledger folder

A bundle publishes an experiment with a language model: what was planned, what was asked, what the
model answered, and the scores. This program trusts nothing in it. It was written from the format's
description (SPEC.md) alone and shares no line with reprollm, so that two programs by two ways must
come to one result. Better than running the copy inside a bundle is running one that you got from
elsewhere: a forged bundle can hold a forged verifier.

| level | what is checked | exit code if it fails |
| --- | --- | --- |
| L0 files | the archive is plain, every file is the one that SHA256SUMS lists | 10 |
| L1 log | records, hash tree, checkpoints, signatures, opened texts | 11 |
| L2 completeness | planned first, then run; every request answered once, none hidden | 12 |
| L3 numbers | every score recomputed from the answers | 13 |
| L4 re-execution | needs the model: `reprollm challenge` | |

Exit code 0: nothing that was checked is wrong. 2: wrong usage. 3: this is no bundle or ledger.

How to read this file: it goes bottom up. First the small tools (canonical JSON, hash tree, zip,
signatures), then one section for each level, then the page that is printed. A `Defect` names what
is wrong; nothing is ever mended.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import heapq
import json
import marshal
import math
import os
import re
import stat
import struct
import sys
import tempfile
import textwrap
import zlib
from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

Record = dict[str, Any]

# --------------------------------------------------------------------------------------------------
# Limits: a hostile bundle may cost at most so much time and memory
# --------------------------------------------------------------------------------------------------

MAX_LINE = 64 * 1024 * 1024  # bytes of one record or one line of openings
MAX_DEPTH = 32  # nested arrays and objects in a record
MAX_INTEGER = 2**53 - 1
MAX_SMALL_FILE = 64 * 1024 * 1024  # segments, SHA256SUMS and other files that are read whole
MAX_NOTE = 1024 * 1024  # notes, signatures, keys, time stamps
MAX_FILES = 1_000_000
MAX_UNPACKED = 2**42  # bytes that an archive may unpack to
MAX_RATIO = 200  # unpacked : packed; text rarely passes 20
MAX_CELLS = 2**33  # characters x characters of one comparison for an error rate
MAX_RSA_BITS = 16384
CHUNK = 1 << 20
PART_ROWS = 16_384  # requests that are judged together
PARALLEL_BYTES = 16_000_000  # below, more processes do not pay


class Defect(Exception):
    """Something is not what the bundle claims; `name` is the same word that reprollm uses."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name
        self.sentence = sentence


class Unreadable(Exception):
    """What was given is no bundle and no ledger at all."""


# --------------------------------------------------------------------------------------------------
# Texts from the bundle, made harmless for a terminal
# --------------------------------------------------------------------------------------------------


def safe(value: object, limit: int = 200) -> str:
    """Return a text with all that acts instead of showing (controls, bidi, ...) written out."""
    text = str(value)
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(
        c if c == " " or c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
        for c in text
    )


def short(value: object) -> str:
    """Return the first digits of a hash, as people compare them."""
    return safe(value)[:16]


def count(number: int, noun: str) -> str:
    """Return `1 file`, `1,234 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def pairs(first: Iterable[Any], second: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Return `zip`, whose `strict` Python 3.9 does not have."""
    return zip(first, second)  # noqa: B905


# --------------------------------------------------------------------------------------------------
# Canonical JSON (RFC 8785 on a subset) and hashes over framed parts
# --------------------------------------------------------------------------------------------------
# Objects with keys of [a-z0-9_], arrays, strings, true, false, null, whole numbers below 2**53. On
# these, Python's encoder writes exactly the bytes of RFC 8785, so that a line is canonical when
# encoding what it says gives the line again. That also catches duplicate keys and white space.

_KEY = re.compile(r"[a-z0-9_]+\Z")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _refuse_number(text: str) -> Any:
    raise Defect("NotCanonical", f"expected no number like {text[:40]}")


def _integer(text: str) -> int:
    # The length first: reading a number of a million digits would take minutes.
    return int(text) if len(text) <= 17 else int(bool(_refuse_number(text)))


_DECODER = json.JSONDecoder(
    parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_integer
)


def dumps(value: Any) -> bytes:
    """Return the canonical bytes of a value that `loads` gave."""
    return _ENCODER.encode(value).encode("utf-8")


def loads(line: bytes) -> Any:
    """Return what a canonical line says; raise `Defect` for any other line."""
    try:
        value = _DECODER.decode(line.decode("utf-8"))
        _check_value(value, MAX_DEPTH)
        same = dumps(value) == line
    except (ValueError, RecursionError) as error:
        raise Defect("NotCanonical", f"expected canonical JSON: {safe(error, 100)}") from None
    if not same:
        raise Defect("NotCanonical", f"expected canonical JSON, found {safe(line[:80])}")
    return value


def loads_object(line: bytes) -> Record:
    """Return the object that a canonical line holds."""
    value = loads(line)
    if not isinstance(value, dict):
        raise Defect("NotCanonical", f"expected a JSON object, found {safe(line[:80])}")
    return value


def _check_value(value: Any, depth: int) -> None:
    if isinstance(value, (dict, list)):
        if depth == 0:
            raise Defect("NotCanonical", f"expected at most {MAX_DEPTH} nested levels")
        if isinstance(value, dict):
            for key in value:
                if not _KEY.match(key):
                    raise Defect("NotCanonical", f"expected keys of [a-z0-9_], found {safe(key)}")
        for item in value.values() if isinstance(value, dict) else value:
            _check_value(item, depth - 1)
    elif type(value) is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise Defect("NotCanonical", f"expected numbers below 2**53, found {value}")


_size8 = struct.Struct(">Q").pack


def frame(part: bytes) -> bytes:
    """Return a part behind its length as eight big-endian bytes."""
    return _size8(len(part)) + part


def digest(tag: bytes, *parts: bytes) -> str:
    """Return SHA-256, hex, over a tag and parts, each framed, so that no two lists collide."""
    return sha256(b"".join(map(frame, (tag, *parts)))).hexdigest()


# --------------------------------------------------------------------------------------------------
# Kinds of records and their fields; what is not listed here may not be in a record
# --------------------------------------------------------------------------------------------------

_HEX64 = re.compile(r"[0-9a-f]{64}\Z")
_HEX32 = re.compile(r"[0-9a-f]{32}\Z")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?\Z")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_seen(value: Any) -> bool:
    good = isinstance(value, dict) and value.keys() == {"size", "root"}
    return good and _is_count(value["size"]) and FIELD_TYPES["hash"](value["root"])


def _is_batch(value: Any) -> bool:
    return isinstance(value, dict) and FIELD_TYPES["attempt"](value.get("reused", "0" * 32))


FIELD_TYPES: dict[str, Callable[[Any], bool]] = {
    "hash": lambda v: isinstance(v, str) and _HEX64.match(v) is not None,
    "attempt": lambda v: isinstance(v, str) and _HEX32.match(v) is not None,
    "time": lambda v: isinstance(v, str) and _TIME.match(v) is not None,
    "decimal": lambda v: isinstance(v, str) and _DECIMAL.match(v) is not None,
    "text": lambda v: isinstance(v, str),
    "texts": lambda v: isinstance(v, list) and all(isinstance(item, str) for item in v),
    "count": _is_count,
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "batch": _is_batch,  # of an answer that was taken over, `reused` is the attempt that gave it
    "seen": _is_seen,  # a checkpoint: {"size": count, "root": hash}
    "finish": lambda v: v in ("stop", "length"),
    "ending": lambda v: v in ("complete", "interrupted", "killed", "failed"),
    "check": lambda v: v in ("full", "stat"),
    "level": lambda v: v in ("all", "stratum"),
}

# `?` marks a field that may be null.
_KINDS = {
    "plan": "plan:hash experiment:text core:object requests:count requests_root:hash created:time",
    "snapshot": "snapshot:hash weights:hash name:text files:array facts:object",
    "request": "plan:hash index:count request:hash item:text stratum:text? sampling:text "
    "settings:object seed:text repetition:count snapshot:hash tokenizer:hash engine:text "
    "dtype:text few_shot:texts prompt:hash prompt_ids:hash source:hash? reference:hash?",
    "derivation": "snapshot:hash weights:hash sources:array tool:text tool_version:text "
    "parameters:object created:time",
    "deviation": "plan:hash before:hash changed:object kept:count dropped:count added:count "
    "reason:text? created:time",
    "environment": "environment:hash facts:object",
    "start": "attempt:attempt run:hash plan:hash first:count last:count requests:count "
    "environment:hash snapshot:hash snapshot_check:check checkpoint:seen engine:object code:hash "
    "host:text pid:count job:object? started:time",
    "exposure": "attempt:attempt run:hash plan:hash address:text server:text first:count "
    "last:count requests:count created:time",
    "generation": "attempt:attempt run:hash plan:hash request:hash result:hash finish:finish "
    "output:hash output_ids:hash logprobs:hash margins:hash batch:batch finished:time",
    "failure": "attempt:attempt run:hash plan:hash request:hash reason:text message:text "
    "failed:time",
    "end": "attempt:attempt run:hash plan:hash how:ending generations:count failures:count "
    "closed_by:attempt ended:time",
    "score": "run:hash plan:hash score:text sampling:text level:level stratum:text? "
    "aggregation:text value:decimal? n:count undefined:count runaway:count table_sha256:hash "
    "created:time",
    "finding": "run:hash plan:hash finding:text subject:text evidence:object created:time",
    "import": "import:hash tool:text tool_version:text? format:text file:object claims:object "
    "unsaid:texts samples:count created:time",
    "imported": "import:hash index:count item:text stratum:text? sampling:text seed:text? "
    "repetition:count model:text? prompt:hash? reference:hash? output:hash? finish:text? "
    "claimed:object",
    "note": "text:text created:time",
}
KINDS = {
    kind: dict(field.split(":") for field in fields.split()) for kind, fields in _KINDS.items()
}
COMMITTED = {
    "request": ("prompt", "prompt_ids", "source", "reference"),
    "generation": ("output", "output_ids", "logprobs", "margins"),
    "imported": ("prompt", "reference", "output"),
}
TEXT_FIELDS = frozenset({"prompt", "output", "source", "reference"})


def check_record(record: Record) -> str:
    """Return the kind of a record that has just the fields of its kind, each well formed."""
    kind = record.get("kind")
    fields = KINDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise Defect("InvalidInput", f"expected a known kind of record, found {safe(kind, 40)}")
    if record.get("schema") != f"reprollm/{kind}/1":
        raise Defect("InvalidInput", f"expected schema reprollm/{kind}/1 in a {kind} record")
    if record.keys() != fields.keys() | {"schema", "kind"}:
        wrong = sorted(record.keys() ^ (fields.keys() | {"schema", "kind"}))
        raise Defect("InvalidInput", f"fields missing or unknown in a {kind} record: {safe(wrong)}")
    for name, form in fields.items():
        value = record[name]
        if not ((value is None and form[-1] == "?") or FIELD_TYPES[form.rstrip("?")](value)):
            raise Defect("InvalidInput", f"field {name} of a {kind} record is malformed")
    return str(kind)


# --------------------------------------------------------------------------------------------------
# The hash tree (RFC 6962, section 2.1)
# --------------------------------------------------------------------------------------------------


class Tree:
    """A growing Merkle tree, known by the roots of its perfect subtrees, largest first."""

    def __init__(self) -> None:
        self.size = 0
        self.roots: list[bytes] = []

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes; each swallows a subtree for each trailing 1 bit of the size before."""
        size, roots = self.size, self.roots
        for leaf in leaves:
            rest = size
            while rest & 1:
                leaf = sha256(b"\x01" + roots.pop() + leaf).digest()
                rest >>= 1
            roots.append(leaf)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """Return the root; that of the empty tree is the hash of nothing."""
        if not self.roots:
            return sha256(b"").digest()
        head = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            head = sha256(b"\x01" + left + head).digest()
        return head


# --------------------------------------------------------------------------------------------------
# Where the files come from: a folder, or a zip archive read strictly
# --------------------------------------------------------------------------------------------------


class Member(NamedTuple):
    """A file inside a zip: where its bytes begin, how many, how many unpacked, method, CRC-32."""

    start: int
    packed: int
    size: int
    method: int
    crc: int


class Source:
    """A set of files by their paths, wherever they lie."""

    def __init__(self, path: str, sizes: dict[str, int], members: dict[str, Member] | None) -> None:
        self.path = path
        self.sizes = sizes
        self.members = members  # None for a folder
        self.ledger = "ledger/"  # where the ledger lies; "" where the folder is a bare ledger

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes; raise `Defect` where they are not those that an archive says."""
        if self.members is None:
            with open(os.path.join(self.path, *name.split("/")), "rb") as file:
                yield from iter(lambda: file.read(CHUNK), b"")
            return
        member, crc = self.members[name], 0
        with open(self.path, "rb") as file:
            for chunk in _inflated(file, member) if member.method else _stored(file, member):
                crc = zlib.crc32(chunk, crc)
                yield chunk
        if crc != member.crc:
            raise Defect("FileChanged", f"{name} is not what its checksum in the archive says")

    def read(self, name: str, limit: int = MAX_SMALL_FILE) -> bytes:
        """Return a small file whole."""
        if self.sizes[name] > limit:
            raise Defect("FileChanged", f"expected at most {limit} bytes in {name}")
        return b"".join(self.chunks(name))

    def below(self, folder: str) -> list[str]:
        """Return the paths below a folder of the ledger, without the folder, sorted."""
        prefix = self.ledger + folder + "/"
        return sorted(name[len(prefix) :] for name in self.sizes if name.startswith(prefix))


def _stored(file: Any, member: Member) -> Iterator[bytes]:
    file.seek(member.start)
    left = member.packed
    while left:
        chunk = file.read(min(CHUNK, left))
        if not chunk:
            raise _refused("the archive is cut off")
        left -= len(chunk)
        yield chunk


def _inflated(file: Any, member: Member) -> Iterator[bytes]:
    unpacker, left = zlib.decompressobj(-15), member.size
    try:
        for data in _stored(file, member):
            while data:  # never more than one chunk at a time, whatever the data unpacks to
                chunk = unpacker.decompress(data, CHUNK)
                data, left = unpacker.unconsumed_tail, left - len(chunk)
                if left < 0 or unpacker.unused_data:
                    raise _refused("a file unpacks to more than the archive says")
                yield chunk
    except zlib.error as error:
        raise _refused(f"a file cannot be unpacked: {error}") from None
    if left or not unpacker.eof:
        raise _refused("a file unpacks to less than the archive says")


def _refused(sentence: str) -> Defect:
    return Defect("ArchiveRefused", sentence)


_HIDDEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def check_path(name: str) -> None:
    """Raise unless a path is relative, plain, and stays below its folder."""
    if any(part in ("", ".", "..") for part in name.split("/")) or re.match(r"[A-Za-z]:", name):
        raise _refused(f"the path {safe(name)} is absolute or leads out of the bundle")
    if "\\" in name or _HIDDEN.search(name) or len(name) > 1024:
        raise _refused(f"the path {safe(name)} holds a backslash or what does not show")


def check_names(names: Iterable[str]) -> None:
    """Raise where two paths are one but for case, or where one is a file and a folder at once."""
    folded: set[str] = set()
    for name in names:
        if name.casefold() in folded:
            raise _refused(f"{safe(name)} stands twice (upper and lower case count as one)")
        folded.add(name.casefold())
    for name in folded:
        for place, character in enumerate(name):
            if character == "/" and name[:place] in folded:
                raise _refused(f"{safe(name[:place])} is both a file and a folder")


def read_folder(path: str) -> Source:
    """Return the files of a folder; links and other odd things are refused."""
    sizes: dict[str, int] = {}
    waiting = [""]
    while waiting:
        above = waiting.pop()
        with os.scandir(os.path.join(path, *above.split("/"))) as entries:
            for entry in entries:
                name, status = above + entry.name, entry.stat(follow_symlinks=False)
                check_path(name)
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(name + "/")
                elif stat.S_ISREG(status.st_mode) and len(sizes) < MAX_FILES:
                    sizes[name] = status.st_size
                else:
                    raise _refused(f"{safe(name)} is a link, or otherwise no plain file")
    return Source(path, sizes, None)


# Different programs show different files of one archive where its two descriptions of each file
# (in the directory at its end, and in front of the file) disagree, where something lies before,
# between or behind the files, or where a name stands twice. All that is refused. The layout is that
# of PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16.

_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sBBHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_END64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR64 = struct.Struct("<4sLQL")
_FULL = 0xFFFFFFFF


class Entry(NamedTuple):
    """One file or folder as the directory at the archive's end describes it."""

    raw: bytes  # its name
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    offset: int

    @property
    def name(self) -> str:
        """The name as text."""
        try:
            return self.raw.decode("utf-8" if self.flags & 0x800 else "ascii")
        except UnicodeDecodeError:
            raise _refused(f"the name {safe(self.raw)} is not UTF-8") from None

    def check(self) -> None:
        """Raise unless the entry is a plain file, or a folder without content."""
        name, folder = self.name, self.raw.endswith(b"/")
        check_path(name[:-1] if folder else name)
        if stat.S_IFMT(self.mode) not in (0, stat.S_IFDIR if folder else stat.S_IFREG):
            raise _refused(f"{safe(name)} is a link, or otherwise no plain file")
        if self.flags & 0x2041:
            raise _refused(f"{safe(name)} is encrypted")
        if self.method not in (0, 8) or (self.method == 0 and self.packed != self.size):
            raise _refused(f"{safe(name)} is packed by an unknown method, or has two sizes")
        if self.size > max(1 << 20, MAX_RATIO * self.packed):
            raise _refused(f"a bomb: {safe(name)} unpacks from {self.packed} to {self.size} bytes")
        if folder and self.size:
            raise _refused(f"the folder {safe(name)} has content")


def read_zip(path: str) -> Source:
    """Return the files of a zip archive that holds nothing besides them."""
    with open(path, "rb") as file:
        if file.read(2) != b"PK":
            raise Unreadable(f"expected a bundle (a folder or a zip) at {path}, found another file")
        try:
            members = _members(file, file.seek(0, os.SEEK_END))
        except struct.error:
            raise _refused("the archive is cut off or damaged") from None
    check_names(members)
    if sum(member.size for member in members.values()) > MAX_UNPACKED:
        raise _refused(f"a bomb: more than {MAX_UNPACKED} bytes in all")
    return Source(path, {name: member.size for name, member in members.items()}, members)


def _members(file: Any, length: int) -> dict[str, Member]:
    directory, first, total = _directory(file, length)
    members: dict[str, Member] = {}
    end = 0  # of what was read so far; the next header must stand just there
    for entry in sorted(_entries(directory, total), key=lambda entry: entry.offset):
        entry.check()
        if entry.offset != end:
            raise _refused(f"{safe(entry.name)} overlaps another file, or follows hidden bytes")
        member = _placed(file, entry)
        end = member.start + member.packed + _descriptor(file, entry, member)
        if entry.name in members:
            raise _refused(f"{safe(entry.name)} stands twice in the archive")
        if not entry.raw.endswith(b"/"):
            members[entry.name] = member
    if end != first:
        raise _refused("hidden bytes before the archive's directory")
    return members


def _directory(file: Any, length: int) -> tuple[bytes, int, int]:
    """Return the bytes of the directory at the archive's end, their place, and how many entries."""
    end = length - _END.size
    magic, disk, disk2, here, total, size, offset, comment = _fields(file, end, _END)
    if magic != b"PK\x05\x06" or comment or disk or disk2 or here != total:
        raise _refused("the archive is cut off, goes on behind its end, or is in several parts")
    if end >= _LOCATOR64.size and _bytes(file, end - _LOCATOR64.size, 4) == b"PK\x06\x07":
        _, disk, place, disks = _fields(file, end - _LOCATOR64.size, _LOCATOR64)
        wide = _fields(file, place, _END64)
        small = ((total, wide[7], 0xFFFF), (size, wide[8], _FULL), (offset, wide[9], _FULL))
        same = all(one in (other, full) for one, other, full in small) and wide[6] == wide[7]
        plain = not (disk or wide[4] or wide[5]) and disks <= 1 and wide[1] == _END64.size - 12
        end -= _LOCATOR64.size + _END64.size
        if wide[0] != b"PK\x06\x06" or not same or not plain or place != end:
            raise _refused("the archive has two ends that differ")
        total, size, offset = wide[7:]
    if offset + size != end or total > MAX_FILES or size > 1 << 29:
        raise _refused("hidden bytes around the archive's directory")
    return _bytes(file, offset, size), offset, total


def _entries(directory: bytes, total: int) -> Iterator[Entry]:
    at = 0
    for _ in range(total):
        (magic, _, _, _, flags, method, _, _, crc, packed, size, named, more, comment, disk, _,
         mode, offset) = _CENTRAL.unpack_from(directory, at)  # fmt: skip
        at += _CENTRAL.size + named + more
        if magic != b"PK\x01\x02" or comment or disk or at > len(directory):
            raise _refused("an entry of the archive's directory is damaged or has a comment")
        extra = directory[at - more : at]
        size, packed, offset = _wide(extra, size, packed, offset)
        raw = directory[at - more - named : at - more]
        yield Entry(raw, flags, method, crc, packed, size, mode >> 16, offset)
    if at != len(directory):
        raise _refused("hidden bytes behind the archive's directory")


def _wide(extra: bytes, *values: int) -> Iterator[int]:
    """Yield the values; those of 0xFFFFFFFF stand in the zip64 field (section 4.5.3)."""
    at, wide = 0, b""
    while at < len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        wide = extra[at + 4 : at + 4 + size] if kind == 1 else wide
        at += 4 + size
        if kind == 0x7075:
            raise _refused("a file has a second name")
    for value in values:
        if value == _FULL:
            (value,), wide = struct.unpack_from("<Q", wide), wide[8:]
        yield value


def _placed(file: Any, entry: Entry) -> Member:
    """Return where a file's bytes are; what stands in front of them must say what the entry says.

    An archive that was written to a pipe (flag 8) has sizes and CRC-32 behind the bytes instead.
    """
    magic, _, flags, method, _, _, crc, packed, size, named, more = _fields(
        file, entry.offset, _LOCAL
    )
    at = entry.offset + _LOCAL.size
    size, packed = _wide(_bytes(file, at + named, more), size, packed)
    said = (_bytes(file, at, named), flags, method)
    numbers = ((crc, entry.crc), (packed, entry.packed), (size, entry.size))
    good = all(one == other or (flags & 8 and one == 0) for one, other in numbers)
    if magic != b"PK\x03\x04" or said != (entry.raw, entry.flags, entry.method) or not good:
        raise _refused(f"two descriptions of {safe(entry.name)} differ")
    return Member(at + named + more, entry.packed, entry.size, entry.method, entry.crc)


def _descriptor(file: Any, entry: Entry, member: Member) -> int:
    """Return how many bytes repeat a file's sizes behind it (section 4.3.9)."""
    if not entry.flags & 8:
        return 0
    for layout in ("<4sLLL", "<4sLQQ"):
        found = _bytes(file, member.start + member.packed, struct.calcsize(layout))
        said = (b"PK\x07\x08", entry.crc, entry.packed & _FULL, entry.size & _FULL)
        if found == struct.pack(layout, *(said if "Q" not in layout else (*said[:2], *entry[4:6]))):
            return len(found)
    raise _refused(f"the sizes of {safe(entry.name)} do not follow it")


def _fields(file: Any, at: int, layout: struct.Struct) -> tuple[Any, ...]:
    return layout.unpack(_bytes(file, at, layout.size))


def _bytes(file: Any, at: int, size: int) -> bytes:
    if at < 0:
        raise struct.error
    file.seek(at)
    found: bytes = file.read(size)
    if len(found) != size:
        raise struct.error
    return found


# --------------------------------------------------------------------------------------------------
# Ed25519 (RFC 8032, section 5.1), for notes and SSH keys
# --------------------------------------------------------------------------------------------------
# Only public values are handled here, so nothing needs to take constant time.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)
# Points of the curve as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
_Point = tuple[int, int, int, int]
_NEUTRAL: _Point = (0, 1, 1, 0)


def _ed_add(p: _Point, q: _Point) -> _Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _ed_decode(data: bytes) -> _Point | None:
    """Return the point that 32 bytes spell, or None (5.1.3); only the shortest y is accepted."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= _P:
        return None
    xx = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(xx, (_P + 3) // 8, _P)
    if (x * x - xx) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
    if (x * x - xx) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return (x, y, 1, x * y % _P)


def _ed_encode(p: _Point) -> bytes:
    inverse = pow(p[2], _P - 2, _P)
    x, y = p[0] * inverse % _P, p[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def ed25519_verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether 64 bytes are the signature of a key (32 bytes) over a message (5.1.7)."""
    key = _ed_decode(public) if len(public) == 32 else None
    base = _ed_decode(bytes([0x58]) + bytes([0x66]) * 31)
    if key is None or base is None or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= _L:  # another spelling of the same signature
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    # R = sB - kA, both products at once, bit by bit.
    minus = (_P - key[0], key[1], 1, _P - key[3])
    table = (_NEUTRAL, base, minus, _ed_add(base, minus))
    point = _NEUTRAL
    for bit in range(252, -1, -1):
        point = _ed_add(point, point)
        chosen = (s >> bit & 1) | (k >> bit & 1) << 1
        point = _ed_add(point, table[chosen]) if chosen else point
    return _ed_encode(point) == signature[:32]


# --------------------------------------------------------------------------------------------------
# ECDSA on the NIST curves (FIPS 186-5, 6.4.2; SP 800-186, 3.2.1) and RSA (RFC 8017, 8.2.2)
# --------------------------------------------------------------------------------------------------


class Curve(NamedTuple):
    """y^2 = x^3 - 3x + b modulo p; base point (x, y) of order n; the hash that goes with it."""

    p: int
    b: int
    n: int
    x: int
    y: int
    digest: str


CURVES = {
    "nistp256": Curve(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        "sha256",
    ),
    "nistp384": Curve(
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        "sha384",
    ),
    "nistp521": Curve(
        2**521 - 1,
        0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
        0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
        0x00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
        0x011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
        "sha512",
    ),
}  # fmt: skip


def _ec_double(curve: Curve, p: tuple[int, int, int]) -> tuple[int, int, int]:
    x, y, z = p  # Jacobian: x/z^2, y/z^3; z = 0 is the point at infinity
    delta, gamma = z * z, y * y % curve.p
    beta, alpha = x * gamma % curve.p, 3 * (x - delta) * (x + delta) % curve.p
    x3 = (alpha * alpha - 8 * beta) % curve.p
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % curve.p, 2 * y * z % curve.p


def _ec_add(curve: Curve, p: tuple[int, int, int], q: tuple[int, int, int]) -> tuple[int, int, int]:
    if not p[2]:
        return q
    if not q[2]:
        return p
    zz1, zz2 = p[2] * p[2] % curve.p, q[2] * q[2] % curve.p
    u1, u2 = p[0] * zz2 % curve.p, q[0] * zz1 % curve.p
    s1, s2 = p[1] * zz2 * q[2] % curve.p, q[1] * zz1 * p[2] % curve.p
    h, r = (u2 - u1) % curve.p, (s2 - s1) % curve.p
    if not h:
        return (1, 1, 0) if r else _ec_double(curve, p)
    hh = h * h % curve.p
    v, hhh = u1 * hh % curve.p, hh * h % curve.p
    x3 = (r * r - hhh - 2 * v) % curve.p
    return x3, (r * (v - x3) - s1 * hhh) % curve.p, p[2] * q[2] * h % curve.p


def ecdsa_verifies(name: str, point: bytes, r: int, s: int, message: bytes) -> bool:
    """Return whether (r, s) signs a message under an uncompressed point of a NIST curve."""
    curve = CURVES[name]
    size = (curve.p.bit_length() + 7) // 8
    if len(point) != 1 + 2 * size or point[0] != 4:
        return False
    x, y = int.from_bytes(point[1 : 1 + size], "big"), int.from_bytes(point[1 + size :], "big")
    on_curve = (y * y - x * x * x + 3 * x - curve.b) % curve.p == 0
    if not on_curve or max(x, y) >= curve.p or not (0 < r < curve.n and 0 < s < curve.n):
        return False
    hashed = hashlib.new(curve.digest, message).digest()
    e = int.from_bytes(hashed, "big") >> max(0, 8 * len(hashed) - curve.n.bit_length())
    w = pow(s, curve.n - 2, curve.n)
    u, v = e * w % curve.n, r * w % curve.n
    key, base, total = (x, y, 1), (curve.x, curve.y, 1), (1, 1, 0)
    table = ((1, 1, 0), base, key, _ec_add(curve, base, key))
    for bit in range(curve.n.bit_length() - 1, -1, -1):
        total = _ec_double(curve, total)
        total = _ec_add(curve, total, table[(u >> bit & 1) | (v >> bit & 1) << 1])
    if not total[2]:
        return False
    return total[0] * pow(total[2], -2, curve.p) % curve.p % curve.n == r


# DER of the hash's name in front of the hash (RFC 8017, 9.2, note 1).
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def rsa_verifies(n: int, e: int, signature: bytes, hash_name: str, message: bytes) -> bool:
    """Return whether a PKCS #1 v1.5 signature is right: the whole encoding is made and compared."""
    size = (n.bit_length() + 7) // 8
    sound = 2048 <= n.bit_length() <= MAX_RSA_BITS and 2 < e < 2**64 and n & e & 1
    if not sound or len(signature) != size:
        return False
    value = int.from_bytes(signature, "big")
    info = _DIGEST_INFO[hash_name] + hashlib.new(hash_name, message).digest()
    expected = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
    return value < n and pow(value, e, n).to_bytes(size, "big") == expected


# --------------------------------------------------------------------------------------------------
# Base64, signed notes (C2SP signed-note) and SSH signatures (OpenSSH PROTOCOL.sshsig)
# --------------------------------------------------------------------------------------------------


def unbase64(text: str) -> bytes:
    """Return the bytes of a text in the one spelling that an encoder writes, else b''."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return value if base64.b64encode(value).decode() == text else b""


class Checkpoint(NamedTuple):
    """Name of the log, number of its records, root of its hash tree."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Return the three lines that are signed, stamped and handed to others."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint of three lines (C2SP tlog-checkpoint), in this spelling alone."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or _CONTROLS.search(lines[0]):
        raise Defect("CheckpointMismatch", f"expected a checkpoint's three lines: {safe(text, 80)}")
    root = unbase64(lines[2])
    if not re.match(r"(0|[1-9][0-9]{0,18})\Z", lines[1]) or len(root) != 32:
        raise Defect("CheckpointMismatch", f"expected size and root, found {safe(lines[1:3], 80)}")
    return Checkpoint(lines[0], int(lines[1]), root)


_CONTROLS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]")


class NoteSignature(NamedTuple):
    """One signature line of a note: the key's name, its id, the signature."""

    name: str
    key_id: bytes
    signature: bytes


def parse_note(data: bytes) -> tuple[str, list[NoteSignature]]:
    """Return text and signatures of a signed note: text, empty line, `— name base64` lines."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Defect("SignatureMismatch", "expected a note in UTF-8") from None
    if not text.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", text):
        raise Defect("SignatureMismatch", "expected a note of whole lines without controls")
    body, empty, tail = text.rpartition("\n\n")
    if not empty:
        return text, []
    found = []
    for line in tail[:-1].split("\n"):
        match = re.match(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)\Z", line)
        value = unbase64(match[2]) if match else b""
        if not match or len(value) <= 4:
            raise Defect("SignatureMismatch", f"expected '— name base64', found {safe(line, 80)}")
        found.append(NoteSignature(match[1], value[:4], value[4:]))
    if len({signature[:2] for signature in found}) != len(found) or len(found) > 64:
        raise Defect("SignatureMismatch", "expected one signature line a key in a note")
    return body + "\n", found


class NoteKey(NamedTuple):
    """A key of signed notes: `<name>+<key id>+<base64(0x01 || 32 bytes)>`."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    def text(self) -> str:
        """Return the key's line."""
        coded = base64.b64encode(b"\x01" + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{coded}"


def parse_note_key(line: str) -> NoteKey:
    """Return the key in a line, whose id must be that of its name and bytes."""
    name, _, rest = line.partition("+")
    value = unbase64(rest.partition("+")[2])
    key = NoteKey(name, value[1:])
    if len(value) != 33 or re.search(r"\s|\+", name) or not name or key.text() != line:
        raise Defect("SignatureMismatch", f"expected a key name+id+base64, found {safe(line, 80)}")
    return key


class Wire:
    """Reads the SSH wire format (RFC 4251, section 5); anything odd is a `Defect`."""

    def __init__(self, blob: bytes) -> None:
        self.rest = blob

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if len(self.rest) < size:
            raise Defect("SignatureMismatch", "an SSH key or signature is cut off")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def string(self) -> bytes:
        """Return a string: its length in four bytes, then itself."""
        return self.take(int.from_bytes(self.take(4), "big"))

    def number(self) -> int:
        """Return a positive number in its shortest form."""
        value = self.string()
        number = int.from_bytes(value, "big")
        if not number or value != number.to_bytes(number.bit_length() // 8 + 1, "big"):
            raise Defect("SignatureMismatch", "expected a positive number in an SSH key")
        return number

    def end(self) -> None:
        """Raise where something follows."""
        if self.rest:
            raise Defect("SignatureMismatch", "an SSH key or signature holds more than it should")


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def parse_ssh_key(line: str) -> bytes:
    """Return the blob of an SSH public key line `<type> <base64> [comment]`."""
    parts = line.split(" ", 2)
    blob = unbase64(parts[1]) if len(parts) > 1 else b""
    if not blob or Wire(blob).string() != parts[0].encode():
        raise Defect("SignatureMismatch", f"expected an SSH public key, found {safe(line, 80)}")
    return blob


def ssh_line(blob: bytes) -> str:
    """Return an SSH public key as its line, without a comment."""
    return f"{Wire(blob).string().decode('ascii', 'replace')} {base64.b64encode(blob).decode()}"


def ssh_verifies(blob: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether an SSH signature (RFC 4253, 6.6) is that of a key over a message.

    Hardware keys (`sk-...`) sign the message's hash together with the name of the application, a
    byte of flags and a counter (OpenSSH PROTOCOL.u2f).
    """
    key, made = Wire(blob), Wire(signature)
    kind, algorithm = key.string().decode("ascii", "replace"), made.string()
    if kind == "ssh-rsa":
        e, n, value = key.number(), key.number(), made.string()
        name = {b"rsa-sha2-256": "sha256", b"rsa-sha2-512": "sha512"}.get(algorithm)
        good = name is not None and rsa_verifies(n, e, value, name, message)
    elif kind in ("ssh-ed25519", "sk-ssh-ed25519@openssh.com"):
        public, value = key.string(), made.string()
        message = _pressed(key, made, message) if kind.startswith("sk-") else message
        good = algorithm == kind.encode() and ed25519_verifies(public, value, message)
    elif re.match(r"(ecdsa-sha2-nistp(256|384|521)|sk-ecdsa-sha2-nistp256@openssh.com)\Z", kind):
        curve, point, inner = key.string(), key.string(), Wire(made.string())
        r, s = inner.number(), inner.number()
        inner.end()
        message = _pressed(key, made, message) if kind.startswith("sk-") else message
        named = kind.partition("ecdsa-sha2-")[2].partition("@")[0]
        good = algorithm == kind.encode() and curve == named.encode()
        good = good and ecdsa_verifies(named, point, r, s, message)
    else:
        raise Defect("SignatureMismatch", f"expected a known type of SSH key: {safe(kind, 60)}")
    key.end()
    made.end()
    return good


def _pressed(key: Wire, made: Wire, message: bytes) -> bytes:
    application, flags, counter = key.string(), made.take(1), made.take(4)
    if not flags[0] & 1:
        raise Defect("SignatureMismatch", "nobody touched the hardware key that signed")
    return sha256(application).digest() + flags + counter + sha256(message).digest()


_ARMOR = re.compile(
    rb"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END SSH SIGNATURE-----\n\Z"
)


def sshsig_key(armored: bytes, message: bytes, namespace: bytes) -> bytes:
    """Return the public key blob whose signature over `message` an SSHSIG file holds."""
    match = _ARMOR.match(armored)
    lines = match[1].decode().split("\n")[:-1] if match else []
    if not lines or len({len(line) for line in lines[:-1]}) > 1:
        raise Defect("SignatureMismatch", "expected an armored SSH signature")
    wire = Wire(unbase64("".join(lines)))
    if wire.take(10) != b"SSHSIG\x00\x00\x00\x01":
        raise Defect("SignatureMismatch", "expected an SSH signature of version 1")
    blob, space, reserved, hashed, signature = (wire.string() for _ in range(5))
    wire.end()
    if (space, reserved, hashed) != (namespace, b"", b"sha512"):
        raise Defect(
            "SignatureMismatch", f"expected the namespace {safe(namespace)}, found {safe(space)}"
        )
    inner = hashlib.sha512(message).digest()
    signed = b"SSHSIG" + b"".join(map(_string, (space, reserved, hashed, inner)))
    if not ssh_verifies(blob, signature, signed):
        raise Defect("SignatureMismatch", "the SSH signature is not that of its key over this text")
    return blob


# --------------------------------------------------------------------------------------------------
# Time stamps (RFC 3161), as far as the standard library goes
# --------------------------------------------------------------------------------------------------
# The stamp's content is read from its DER: what was stamped, and when. That an authority signed it
# is not checked here; the page prints the command that does.

_SIGNED_DATA, _TST_INFO = "06092a864886f70d010702", "060b2a864886f70d0109100104"
_SHA256 = "0609608648016503040201"


def _der(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return tag, start and end of the value at `at`, definite and minimal lengths only."""
    if end - at < 2 or data[at] & 0x1F == 0x1F:
        raise Defect("TimeStampMismatch", "expected DER in a time stamp")
    tag, length, start = data[at], data[at + 1], at + 2
    if length >= 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        minimal = 0 < size <= 8 and length >= 0x80 and length.bit_length() > 8 * (size - 1)
        start += size
        if not minimal:
            raise Defect("TimeStampMismatch", "expected DER in a time stamp")
    if start + length > end:
        raise Defect("TimeStampMismatch", "a time stamp is cut off")
    return tag, start, start + length


def _parts(data: bytes, start: int, end: int, tag: int) -> list[bytes]:
    """Return the elements, each whole, of the value in data[start:end] that must have `tag`."""
    found, first, last = _der(data, start, end)
    if found != tag or last != end:
        raise Defect(
            "TimeStampMismatch", f"expected tag {tag:#x} in a time stamp, found {found:#x}"
        )
    parts = []
    while first < last:
        _, _, after = _der(data, first, last)
        parts.append(data[first:after])
        first = after
    return parts


def _inside(element: bytes, tag: int) -> list[bytes]:
    return _parts(element, 0, len(element), tag)


def stamped(response: bytes) -> tuple[bytes, str]:
    """Return the SHA-256 that a TimeStampResp stamps, and its time as RFC 3339."""
    try:
        status, token = _inside(response, 0x30)
        if _inside(status, 0x30)[0] not in (b"\x02\x01\x00", b"\x02\x01\x01"):
            raise Defect("TimeStampMismatch", "the time stamp says that it was not granted")
        kind, content = _inside(token, 0x30)
        (signed,) = _inside(content, 0xA0)
        inner, wrapped = _inside(_inside(signed, 0x30)[2], 0x30)
        (octets,) = _inside(wrapped, 0xA0)
        tag, start, end = _der(octets, 0, len(octets))
        info = _inside(octets[start:end], 0x30)
        algorithm, imprint = _inside(info[2], 0x30)
        name = _inside(algorithm, 0x30)[0]
        value = _der(imprint, 0, len(imprint))
        time = info[4]
    except (ValueError, IndexError):
        raise Defect("TimeStampMismatch", "expected a TimeStampResp of RFC 3161") from None
    if (kind.hex(), inner.hex(), name.hex(), tag) != (_SIGNED_DATA, _TST_INFO, _SHA256, 4):
        raise Defect("TimeStampMismatch", "expected a time stamp over a SHA-256")
    match = re.match(rb"\x18.(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z\Z", time, re.DOTALL)
    if not match or value[0] != 4:
        raise Defect("TimeStampMismatch", "expected a time in a time stamp")
    digits = [part.decode() for part in match.groups(b"")]
    return imprint[value[1] : value[2]], "{}-{}-{}T{}:{}:{}{}Z".format(*digits)


# --------------------------------------------------------------------------------------------------
# The log: segments and checkpoints
# --------------------------------------------------------------------------------------------------


class Shard(NamedTuple):
    """A file of records as the log names it, and the position of its first record."""

    group: str
    sha256: str
    records: int
    first: int

    def path(self, folder: str) -> str:
        """Return its path, or that of its openings, below the ledger."""
        return f"{folder}/{self.group}/{self.sha256}.jsonl"


class Log:
    """The log as its folder `log/` describes it: which shards in which order, and checkpoints."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.shards: list[Shard] = []
        self.segments: list[Record] = []
        self.checkpoints: dict[int, Checkpoint] = {}
        self.unfinished = False
        self.signed_in_place: list[str] = []
        names = source.below("log")
        segments = [name for name in names if re.match(r"[0-9]{8}\.segment\.json\Z", name)]
        for number, name in enumerate(segments):
            self._add_segment(number, name)
        for name in names:
            if re.match(r"[0-9]{12}\.checkpoint\Z", name):
                self._add_checkpoint(name)
        self._match()

    @property
    def last(self) -> Checkpoint:
        """The last checkpoint."""
        return self.checkpoints[max(self.checkpoints)]

    def _add_segment(self, number: int, name: str) -> None:
        content = self.source.read(f"{self.source.ledger}log/{name}")
        try:
            segment = loads_object(content[:-1] if content.endswith(b"\n") else content)
            shards = [self._shard(entry) for entry in segment["shards"]]
            wrong = not self._is_segment(segment)
        except (Defect, KeyError, TypeError) as error:
            raise Defect("CheckpointMismatch", f"{name} is no segment: {safe(error)}") from None
        before = self.segments[-1] if self.segments else None
        first = before["size"] if before else 0
        if wrong or int(name[:8]) != number or segment["number"] != number:
            raise Defect("CheckpointMismatch", f"{name}: expected segment {number} of the log")
        if segment["first"] != first or (before and before["origin"] != segment["origin"]):
            raise Defect("CheckpointMismatch", f"{name} does not go on where the log ended")
        for shard in shards:
            self.shards.append(shard._replace(first=first))
            first += shard.records
        if first != segment["size"] or len({s.sha256 for s in self.shards}) != len(self.shards):
            raise Defect("CheckpointMismatch", f"{name}: wrong number of records, or a shard twice")
        self.segments.append(segment)

    @staticmethod
    def _is_segment(segment: Record) -> bool:
        known = {"schema", "number", "origin", "first", "shards", "size", "root", "frontier"}
        hashes = [segment["root"], *segment["frontier"]]
        return (
            segment.keys() == known
            and segment["schema"] == "reprollm/segment/1"
            and all(_is_count(segment[name]) for name in ("number", "first", "size"))
            and all(FIELD_TYPES["hash"](value) for value in hashes)
            and isinstance(segment["origin"], str)
            and bool(segment["shards"])
        )

    @staticmethod
    def _shard(entry: Any) -> Shard:
        shard = Shard(entry["group"], entry["sha256"], entry["records"], 0)
        group = isinstance(shard.group, str) and re.match(
            r"[a-z0-9-]+(/[a-z0-9-]+)?\Z", shard.group
        )
        good = group and FIELD_TYPES["hash"](shard.sha256) and _is_count(shard.records)
        if len(entry) != 3 or not good or not shard.records:
            raise Defect("CheckpointMismatch", f"expected a shard, found {safe(entry, 80)}")
        return shard

    def _add_checkpoint(self, name: str) -> None:
        content = self.source.read(f"{self.source.ledger}log/{name}", MAX_NOTE)
        try:
            text, empty, _ = content.decode("utf-8").partition("\n\n")
            checkpoint = parse_checkpoint(text + "\n" if empty else text)
            if empty:
                parse_note(content)
                self.signed_in_place.append(name)
        except (Defect, UnicodeDecodeError) as error:
            raise Defect("CheckpointMismatch", f"{name}: {safe(error)}") from None
        if checkpoint.size != int(name[:12]):
            raise Defect("CheckpointMismatch", f"{name} is of another size than its name says")
        self.checkpoints[checkpoint.size] = checkpoint

    def _match(self) -> None:
        """Match segments and checkpoints; a last segment without one is a commit cut short."""
        ends = [segment["size"] for segment in self.segments]
        lost = [size for size in ends[:-1] if size not in self.checkpoints]
        stray = sorted(self.checkpoints.keys() - set(ends))
        if lost or stray:
            raise Defect(
                "CheckpointMismatch",
                f"expected a checkpoint at the end of each segment and nowhere else; missing: "
                f"{lost[:5]}, elsewhere: {stray[:5]}",
            )
        if ends and ends[-1] not in self.checkpoints:
            self.unfinished = True
            last = self.segments.pop()
            self.shards = [shard for shard in self.shards if shard.first < last["first"]]
        if not self.segments:
            raise Unreadable("expected a log with at least one checkpoint in ledger/log")


class Roots:
    """Compares the tree, as it grows, with segments, checkpoints, and what someone kept."""

    def __init__(self, log: Log, kept: Iterable[Checkpoint]) -> None:
        self.tree = Tree()
        self.log = log
        self.origin: str = log.segments[0]["origin"]
        self.segments = {segment["size"]: segment for segment in log.segments}
        self.kept = {checkpoint.size: checkpoint for checkpoint in kept}
        self.problems: list[str] = []

    def append(self, leaves: bytes) -> None:
        """Add a shard's leaves, 32 bytes each."""
        if not self.tree.size and not self.origin.endswith("/" + leaves[:8].hex()):
            self.problems.append("the log's name does not end in the hash of its first record")
        first, at = self.tree.size, 0
        end = first + len(leaves) // 32
        stops = {size for size in self.segments.keys() | self.kept.keys() if first < size <= end}
        for size in sorted(stops | {end}):
            to = 32 * (size - first)
            self.tree.extend(leaves[place : place + 32] for place in range(at, to, 32))
            at = to
            self._compare(size)

    def _compare(self, size: int) -> None:
        root = self.tree.root()
        segment, kept = self.segments.get(size), self.kept.get(size)
        if segment:
            checkpoint = self.log.checkpoints[size]
            if segment["root"] != root.hex():
                self.problems.append(
                    f"segment {segment['number']}: expected the root {root.hex()}, found "
                    f"{segment['root']}; records were changed, dropped, added or moved"
                )
            elif segment["frontier"] != [item.hex() for item in self.tree.roots]:
                self.problems.append(f"segment {segment['number']}: its frontier is another tree's")
            if (checkpoint.origin, checkpoint.root) != (self.origin, root):
                self.problems.append(f"the checkpoint over {size} records is not of this log")
        if kept and (kept.origin, kept.root) != (self.origin, root):
            self.problems.append(
                f"the log does not begin with the {size} records of the checkpoint that you gave: "
                f"expected the root {kept.root.hex()}, found {root.hex()}; history was rewritten"
            )


# --------------------------------------------------------------------------------------------------
# Openings: the texts behind commitments
# --------------------------------------------------------------------------------------------------
# A record holds SHA-256 over a tag, 32 random bytes, the field's name and the value. Beside it lies
#     {"leaf":"<leaf hash>","openings":[{"field":"output","salt":"<64 hex>","text":"..."}, ...]}
# with "base64" in the place of "text" for arrays, and neither where the value is withheld.

_STRING = rb'"[^"\\\x00-\x1f]*(?:\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))[^"\\\x00-\x1f]*)*"'
_OPENING = re.compile(
    rb'(\{(?:"base64":"([^"]*)",)?"field":"([a-z_]+)","salt":"([0-9a-f]{64})"'
    rb'(?:,"text":(' + _STRING + rb"))?\})"
)
_COMMITMENT = frame(b"reprollm/commitment/v1") + _size8(32)
_FIELDS = {name for names in COMMITTED.values() for name in names}
_TEXTS = {name.encode(): frame(name.encode()) for name in _FIELDS & TEXT_FIELDS}
_ARRAYS = {name.encode(): frame(name.encode()) for name in _FIELDS - TEXT_FIELDS}
_HEAD = b'{"leaf":"%b","openings":['
WITHHELD = False  # stands for a value that was not opened; None for one that was never there
Opened = dict[bytes, bytes]


def check_openings(line: bytes, commitments: dict[bytes, bytes | None]) -> tuple[Opened, int]:
    """Return the values that a line of openings opens, and how many it gives only the salt of.

    Args:
        line: the whole line, whose beginning up to the array is as it should be.
        commitments: what the record commits to, hex, by field, None where it is null; emptied of
            what is opened.
    """
    entries = _OPENING.findall(line, 87)
    if line[87:] != b",".join([entry[0] for entry in entries]) + b"]}" or not entries:
        raise Defect("CommitmentMismatch", f"expected openings, found {safe(line[:100])}")
    found: Opened = {}
    for entry, coded, field, salt, text in entries:
        commitment = commitments.pop(field, None)
        if coded:
            name = _ARRAYS.get(field)
            try:
                value = binascii.a2b_base64(coded)
            except binascii.Error:
                value = b""
            good = not text and binascii.b2a_base64(value, newline=False) == coded
        elif text:
            value, name = _unquoted(text) if b"\\" in text else text[1:-1], _TEXTS.get(field)
            good = not entry.startswith(b'{"b')
        else:
            value, name, good = b"", _ARRAYS.get(field), True
            if entry.startswith(b'{"f') and commitment:
                continue  # withheld, only the salt is given
        if commitment is None or name is None or not good:
            raise Defect("CommitmentMismatch", f"{safe(field)} is opened wrongly, or opens nothing")
        parts = (_COMMITMENT, binascii.unhexlify(salt), name, _size8(len(value)), value)
        if sha256(b"".join(parts)).hexdigest().encode() != commitment:
            raise Defect(
                "CommitmentMismatch",
                f"the opening of {safe(field)} is not what its record committed to; the text or "
                "its salt was changed",
            )
        found[field] = value
    return found, len(entries) - len(found)


def _unquoted(text: bytes) -> bytes:
    """Return the bytes of a canonical JSON string; most have no escapes but line ends."""
    if text.count(b"\\") == text.count(b"\\n"):
        return text[1:-1].replace(b"\\n", b"\n")
    value: str = json.loads(text)
    return value.encode()


# --------------------------------------------------------------------------------------------------
# One pass over all shards
# --------------------------------------------------------------------------------------------------
# Each shard is read once, by one of several processes. What later checks need of it goes to files
# in a temporary folder, so that memory does not grow with the log. Requests and answers are a
# million alike: a pattern that matches a whole line proves at once that the line is canonical and
# its fields well formed. Whatever no pattern matches goes the slow way through the parser, which
# names what is wrong; so the patterns are only ever stricter than the parser, never more lenient.


def _pattern(fields: str) -> re.Pattern[bytes]:
    """Return the pattern of a line: `name=FORM` for what is captured, `name:FORM` for the rest."""
    written = []
    for field in fields.split():
        name, sign, form = re.split(r"([=:])", field, maxsplit=1)
        value = _FORMS.get(form, b'"' + form.encode() + b'"')
        if sign == "=":
            value = value.replace(b"<", b"(").replace(b">", b")")
        else:
            value = value.replace(b"<", b"").replace(b">", b"")
        written.append(b'"%b":%b' % (name.encode(), value))
    return re.compile(rb"\{" + b",".join(written) + rb"\}")


_HASH = rb"[0-9a-f]{64}"
_COUNT = rb"(?:0|[1-9][0-9]{0,14})"
# < and > mark what is captured.
_FORMS = {
    "HASH": b'"<' + _HASH + b'>"',
    "HASH?": b'(?:null|"<' + _HASH + b'>")',
    "ATTEMPT": rb'"<[0-9a-f]{32}>"',
    "COUNT": b"<" + _COUNT + b">",
    "TEXT": b"<" + _STRING + b">",
    "TEXT?": b"<null|" + _STRING + b">",
    "TEXTS": rb"\[(?:" + _STRING + b"(?:," + _STRING + rb")*)?\]",
    "OBJECT": rb"<\{[^{}]*\}>",
    "FINISH": b'"<stop|length>"',
    "TIME": rb'"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"',
    "BATCH": rb'\{"id":' + _STRING + rb',"policy":' + _STRING
    + rb',(?:"reused":"<[0-9a-f]{32}>",)?"row":' + _COUNT + rb',"rows":' + _COUNT + rb"\}",
}  # fmt: skip
_GENERATION = _pattern(
    "attempt=ATTEMPT batch=BATCH finish=FINISH finished:TIME kind:generation logprobs=HASH "
    "margins=HASH output=HASH output_ids=HASH plan=HASH request=HASH result=HASH run=HASH "
    "schema:reprollm/generation/1"
)
_REQUEST = _pattern(
    "dtype=TEXT engine=TEXT few_shot:TEXTS index=COUNT item:TEXT kind:request plan=HASH "
    "prompt=HASH prompt_ids=HASH reference=HASH? repetition=COUNT request=HASH sampling=TEXT "
    "schema:reprollm/request/1 seed=TEXT settings=OBJECT snapshot=HASH source=HASH? stratum=TEXT? "
    "tokenizer=HASH"
)


class Lines:
    """The lines of a file in blocks, with the file's SHA-256."""

    def __init__(self, source: Source, name: str) -> None:
        self.name = name
        self.number = 0
        self.fast = True
        self.line: bytes | None = None
        self._state = sha256()
        self.missing = name not in source.sizes
        self._chunks = iter(()) if self.missing else source.chunks(name)
        self._pending: list[bytes] = []
        self._tail: list[bytes] = []  # the beginning of a line that goes on in the next chunk

    def blocks(self) -> Iterator[list[bytes]]:
        """Yield whole lines, many at a time; `fast` says whether the block is UTF-8."""
        for chunk in self._chunks:
            self._state.update(chunk)
            lines = chunk.split(b"\n")
            if len(lines) == 1:
                self._tail.append(chunk)
                if sum(map(len, self._tail)) > MAX_LINE:
                    raise Defect("LeafMismatch", f"{self.name} holds a line that is too long")
                continue
            lines[0] = b"".join([*self._tail, lines[0]])
            self._tail = [lines.pop()]
            self.fast = _is_utf8(lines)
            yield lines
        if any(self._tail):
            raise Defect("LeafMismatch", f"the last line of {self.name} is cut off")

    def advance(self) -> None:
        """Go to the next line; None behind the last."""
        while not self._pending:
            block = next(self.blocks(), None)
            if block is None:
                self.line = None
                return
            self._pending = block[::-1]
        self.line = self._pending.pop()
        self.number += 1

    def digest(self) -> str:
        """Read what is left, and return the whole file's SHA-256."""
        try:
            for chunk in self._chunks:
                self._state.update(chunk)
        except Defect:  # what an archive's own checksum says is told where the files are checked
            pass
        return self._state.hexdigest()


def _is_utf8(lines: list[bytes]) -> bool:
    try:
        b"\n".join(lines).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class Spool:
    """A temporary folder with what the pass over the shards leaves for the checks after it.

    What concerns one request always goes to the same of several parts, by the request's id, so that
    each part can be judged alone.
    """

    def __init__(self, folder: str, parts: int) -> None:
        self.folder = folder
        self.parts = parts

    def write(self, name: str, rows: list[Any]) -> None:
        """Append rows of plain values to a file."""
        packed = marshal.dumps(rows)
        with open(os.path.join(self.folder, name), "ab") as file:
            file.write(_size8(len(packed)) + packed)

    def files(self, pattern: str) -> list[Iterator[Any]]:
        """Return the rows of each file whose name matches."""
        names = sorted(name for name in os.listdir(self.folder) if re.match(pattern + r"\Z", name))
        return [self._rows(os.path.join(self.folder, name)) for name in names]

    def read(self, pattern: str) -> Iterator[Any]:
        """Yield the rows of all files whose names match."""
        return chain.from_iterable(self.files(pattern))

    def drop(self, shard: str) -> None:
        """Remove what is of one shard alone."""
        for name in (f"{shard}-leaves", f"{shard}-planned"):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, name))

    @staticmethod
    def _rows(path: str) -> Iterator[Any]:
        with open(path, "rb") as file:
            for size in iter(lambda: file.read(8), b""):
                yield from marshal.loads(file.read(int.from_bytes(size, "big")))


class Found:
    """What one shard holds, or the whole log, besides what goes to the spool."""

    def __init__(self) -> None:
        self.digests: dict[str, str] = {}  # SHA-256, hex, of the files that were read
        self.heads: list[tuple[int, Record]] = []  # records of which there are few, by position
        # (attempt, run, plan) that records name -> position of the first of them
        self.claims: dict[tuple[bytes, bytes, bytes], int] = {}
        # (attempt, the attempt whose answers it took over) -> position of the first of them
        self.reused: dict[tuple[bytes, bytes], int] = {}
        self.kinds: Counter[str] = Counter()
        self.committed, self.opened, self.salted = 0, 0, 0  # numbers of commitments
        self.shown: set[bytes] = set()  # the fields that are opened anywhere
        # records that someone asked for, by leaf hash: position and line
        self.wanted: dict[str, tuple[int, bytes]] = {}
        self.untrue: list[str] = []  # ids that do not follow from what is recorded
        self.samples: dict[str, list[tuple[int, int]]] = {}  # of imports: position, index

    def add(self, other: Found) -> None:
        """Add what a later shard holds."""
        self.digests.update(other.digests)
        self.heads += other.heads
        for claim, position in other.claims.items():
            self.claims.setdefault(claim, position)
        for pair, position in other.reused.items():
            self.reused.setdefault(pair, position)
        self.kinds.update(other.kinds)
        self.committed += other.committed
        self.opened += other.opened
        self.salted += other.salted
        self.shown |= other.shown
        self.wanted.update(other.wanted)
        self.untrue += other.untrue
        for name, samples in other.samples.items():
            self.samples.setdefault(name, []).extend(samples)

    def of_kind(self, kind: str) -> Iterator[tuple[int, Record]]:
        """Yield position and record of the records of a kind that are kept."""
        return (head for head in self.heads if head[1]["kind"] == kind)


class Examined(NamedTuple):
    """One shard that was read: what it holds, and what is wrong with it, if anything."""

    shard: Shard
    found: Found
    defect: tuple[str, str] | None


class Examination:
    """One shard on its way through the pass."""

    def __init__(self, source: Source, spool: Spool, shard: Shard, wanted: frozenset[str]) -> None:
        self.spool, self.shard, self.wanted = spool, shard, wanted
        self.name = f"shard-{shard.first}"
        self.lines = Lines(source, source.ledger + shard.path("shards"))
        self.openings = Lines(source, source.ledger + shard.path("openings"))
        self.position = shard.first
        self.found = Found()
        self.leaves: list[bytes] = []
        self.planned: list[Any] = []
        self.parts: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
        self.settings: set[bytes] = set()  # known to be canonical
        self.identities: dict[tuple[bytes, ...], Any] = {}
        self.words: dict[bytes, Any] = {b"null": None}

    def run(self) -> Examined:
        """Read the shard and its openings to the end."""
        defect = None
        self.spool.drop(self.name)  # left there by a process that died
        try:
            self._read()
        except Defect as error:
            name = error.name if error.name in _PASSED_ON else "LeafMismatch"
            where = f"{self.lines.name}, record {self.position - self.shard.first + 1}: "
            defect = (name, where + error.sentence)
        self._flush()
        for lines in (self.lines, self.openings):
            self.found.digests[lines.name] = lines.digest()
        return Examined(self.shard, self.found, self._as_a_file(defect))

    def _as_a_file(self, defect: tuple[str, str] | None) -> tuple[str, str] | None:
        """Return what is wrong with the shard as a file, before what is wrong inside it."""
        name, records = self.lines.name, self.position - self.shard.first
        found = self.found.digests[name]
        if self.lines.missing:
            return "LeafMismatch", f"expected the shard {name}, found no such file"
        if found != self.shard.sha256:
            return "LeafMismatch", (
                f"expected {name} to hold the bytes with the SHA-256 in its name, found {found}; a "
                "record was changed, dropped, added or moved"
            )
        if defect is None and records != self.shard.records:
            said = f"expected {self.shard.records} records in {name}, found {records}"
            return "LeafMismatch", said
        return defect

    def _read(self) -> None:
        self._advance()
        for block in self.lines.blocks():
            fast = self.lines.fast
            for line in block:
                leaf = sha256(b"\x00" + line).digest()
                if not (fast and self._take_fast(line, leaf)):
                    self._take_slow(line, leaf)
                if self.wanted and leaf.hex() in self.wanted:
                    self.found.wanted[leaf.hex()] = (self.position, line)
                self.leaves.append(leaf)
                self.position += 1
            self._flush()
        if self.openings.line is not None:
            raise Defect(
                "CommitmentMismatch",
                f"{self.openings.name}, line {self.openings.number}: expected the openings of a "
                f"record of the shard, in its order, found some of leaf "
                f"{safe(self.openings.line[9:25])}…",
            )

    def _advance(self) -> None:
        try:
            self.openings.advance()
        except Defect as error:
            name = error.name if error.name in _PASSED_ON else "CommitmentMismatch"
            raise Defect(name, error.sentence) from None

    def _take_fast(self, line: bytes, leaf: bytes) -> bool:
        if line.startswith(b'{"attempt"'):
            match = _GENERATION.fullmatch(line)
            if match is None:
                return False
            self._generation(leaf, match.groups())
            return True
        match = _REQUEST.fullmatch(line)
        # The settings are one object among few; each is known once it went the slow way.
        if match is None or match[12] not in self.settings:
            return False
        self._request(leaf, match.groups())
        return True

    def _take_slow(self, line: bytes, leaf: bytes) -> None:
        try:
            record = loads_object(line)
            kind = check_record(record)
        except Defect as error:
            raise Defect("LeafMismatch", error.sentence) from None
        if kind == "generation":
            names = "finish logprobs margins output output_ids plan request result run"
            rest = tuple(record[name].encode() for name in names.split())
            source = record["batch"].get("reused")
            self._generation(leaf, (record["attempt"].encode(), source and source.encode(), *rest))
        elif kind == "request":
            self.settings.add(dumps(record["settings"]))
            self._request(leaf, _request_fields(record))
        else:
            self.found.kinds[kind] += 1
            if kind in ("failure", "end", "exposure"):
                self._claim(*(record[name].encode() for name in ("attempt", "run", "plan")))
            if kind == "failure":
                request = record["request"].encode()
                row = (self.position, record["run"].encode(), request)
                self.parts["failures", int(request[:8], 16) % self.spool.parts].append(row)
            elif kind == "imported":
                self._imported(leaf, record)
            else:
                self._open(leaf, {})
                self._few(kind, record)

    def _few(self, kind: str, record: Record) -> None:
        """Keep a record of which there are few, without what only its hash is needed for."""
        rule = {"snapshot": "files", "environment": "facts"}.get(kind)
        if rule:
            part = {"files": record[rule]} if rule == "files" else record[rule]
            self._compare(
                kind, digest(b"reprollm/%b/v1" % kind.encode(), dumps(part)), record[kind]
            )
            record[rule] = None
        elif kind == "finding":
            record["evidence"] = None
        self.found.heads.append((self.position, record))

    def _generation(self, leaf: bytes, fields: tuple[Any, ...]) -> None:
        (attempt, source, finish, logprobs, margins, output, output_ids, plan, request, result,
         run) = fields  # fmt: skip
        self.found.kinds["generation"] += 1
        self._claim(attempt, run, plan)
        self.found.committed += 4
        opened = self._open(
            leaf,
            {b"output": output, b"output_ids": output_ids,
             b"logprobs": logprobs, b"margins": margins},
        )  # fmt: skip
        ids = opened.get(b"output_ids")
        if ids is not None:
            parts = (_RESULT, request, _size8(len(ids)), ids, _size8(len(finish)), finish)
            self._compare("result", sha256(b"".join(parts)).hexdigest(), result.decode(), ids)
        text = opened.get(b"output", WITHHELD)
        row = (self.position, run, request, (result, attempt), finish == b"length", text)
        self.parts["answers", int(request[:8], 16) % self.spool.parts].append(row)
        if source:
            self.found.reused.setdefault((attempt, source), self.position)
            taken = (self.position, run, request, (result, source))
            self.parts["reused", int(request[:8], 16) % self.spool.parts].append(taken)

    def _request(self, leaf: bytes, fields: tuple[Any, ...]) -> None:
        (dtype, engine, index, plan, prompt, prompt_ids, reference, repetition, request, sampling,
         seed, settings, snapshot, source, stratum, tokenizer) = fields  # fmt: skip
        self.found.kinds["request"] += 1
        self.found.committed += 2 + (source is not None) + (reference is not None)
        opened = self._open(
            leaf,
            {b"prompt": prompt, b"prompt_ids": prompt_ids,
             b"source": source, b"reference": reference},
        )  # fmt: skip
        ids = opened.get(b"prompt_ids")
        if ids is not None:
            facts = (dtype, engine, repetition, seed, settings, snapshot, tokenizer)
            state = (self.identities.get(facts) or self._identity(facts)).copy()
            state.update(_size8(len(ids)) + ids)
            self._compare("request", state.hexdigest(), request.decode(), ids)
        text = None if reference is None else opened.get(b"reference", WITHHELD)
        place = int(index)
        self.planned.append((self.position, plan, place, leaf, request))
        row = (self.position, plan, request, place, self._word(sampling), self._word(stratum), text)
        self.parts["requests", int(request[:8], 16) % self.spool.parts].append(row)

    def _identity(self, facts: tuple[bytes, ...]) -> Any:
        """Return the hash of a request's identity up to its token ids, from canonical pieces."""
        names = (b"dtype", b"engine", b"repetition", b"seed", b"settings", b"snapshot",
                 b"tokenizer")  # fmt: skip
        quoted = [*facts[:5], b'"' + facts[5] + b'"', b'"' + facts[6] + b'"']
        pieces = [b'"' + name + b'":' + value for name, value in pairs(names, quoted)]
        state = sha256(frame(b"reprollm/request/v1") + frame(b"{" + b",".join(pieces) + b"}"))
        if len(self.identities) < 4096:
            self.identities[facts] = state
        return state

    def _compare(self, what: str, expected: str, found: str, ids: bytes = b"") -> None:
        if len(ids) % 4:
            raise Defect("InvalidInput", "expected token ids of four bytes each")
        if expected != found and len(self.found.untrue) < 5:
            self.found.untrue.append(
                f"record {self.position}: expected the {what} id {expected} of what is recorded, "
                f"found {found}"
            )

    def _imported(self, leaf: bytes, record: Record) -> None:
        texts = {
            name.encode(): value.encode() if (value := record[name]) is not None else None
            for name in COMMITTED["imported"]
        }
        self.found.committed += len(texts) - list(texts.values()).count(None)
        opened = self._open(leaf, texts)
        output, reference = (
            None if record[name] is None else opened.get(name.encode(), WITHHELD)
            for name in ("output", "reference")
        )
        row = (
            self.position, record["import"].encode(), record["index"], record["sampling"],
            record["stratum"], record["finish"] == "length", output, reference,
        )  # fmt: skip
        self.parts["samples", record["index"] % self.spool.parts].append(row)
        self.found.samples.setdefault(record["import"], []).append((self.position, record["index"]))

    def _open(self, leaf: bytes, commitments: dict[bytes, bytes | None]) -> Opened:
        """Return what is opened of a record, taking its line of openings if it is the next."""
        line = self.openings.line
        if line is None or not line.startswith(_HEAD % leaf.hex().encode()):
            return {}
        if not self.openings.fast and not _is_utf8([line]):
            raise Defect("CommitmentMismatch", "expected openings in UTF-8")
        opened, salted = check_openings(line, commitments)
        self.found.opened += len(opened)
        self.found.salted += salted
        if not self.found.shown.issuperset(opened):
            self.found.shown.update(opened)
        self._advance()
        return opened

    def _claim(self, attempt: bytes, run: bytes, plan: bytes) -> None:
        self.found.claims.setdefault((attempt, run, plan), self.position)

    def _word(self, text: bytes) -> Any:
        if text not in self.words:
            if len(self.words) > 4096:
                return json.loads(text)
            self.words[text] = json.loads(text)
        return self.words[text]

    def _flush(self) -> None:
        for (kind, part), rows in self.parts.items():
            self.spool.write(f"{kind}-{part}-{os.getpid()}", rows)
        if self.planned:
            self.spool.write(f"{self.name}-planned", self.planned)
        with open(os.path.join(self.spool.folder, f"{self.name}-leaves"), "ab") as file:
            file.write(b"".join(self.leaves))
        self.parts.clear()
        self.planned, self.leaves = [], []


_RESULT = frame(b"reprollm/result/v1") + _size8(64)
# Defects that keep their name; whatever else is wrong with a record makes it no leaf of the log.
_PASSED_ON = frozenset({"CommitmentMismatch", "InvalidInput", "FileChanged", "ArchiveRefused"})


def _request_fields(record: Record) -> tuple[Any, ...]:
    """Return the fields that the pattern of a request captures, in its order."""

    def raw(name: str) -> bytes:
        return dumps(record[name])

    def plain(name: str) -> bytes | None:
        return None if record[name] is None else str(record[name]).encode()

    return (
        raw("dtype"), raw("engine"), raw("index"), plain("plan"), plain("prompt"),
        plain("prompt_ids"), plain("reference"), raw("repetition"), plain("request"),
        raw("sampling"), raw("seed"), raw("settings"), plain("snapshot"), plain("source"),
        raw("stratum"), plain("tokenizer"),
    )  # fmt: skip


_WORKER: dict[str, Any] = {}  # what every task of a process shares


def _begin(source: Source, spool: Spool, wanted: frozenset[str], rest: Any = None) -> None:
    _WORKER.update(source=source, spool=spool, wanted=wanted, rest=rest)


def examine(shard: Shard) -> Examined:
    """Check one shard and its openings."""
    return Examination(_WORKER["source"], _WORKER["spool"], shard, _WORKER["wanted"]).run()


def in_processes(
    function: Callable[[Any], Any], tasks: list[Any], processes: int, shared: tuple[Any, ...]
) -> Iterator[Any]:
    """Yield `function(task)` for each task, in order, by several processes where that works.

    Where the machine allows no processes, what was not done by them is done here.
    """
    done = 0
    if processes > 1:
        try:
            from concurrent.futures import ProcessPoolExecutor

            with ProcessPoolExecutor(processes, initializer=_begin, initargs=shared) as pool:
                for result in pool.map(function, tasks):
                    yield result
                    done += 1
            return
        except (ImportError, OSError, RuntimeError):
            pass
    _begin(*shared)
    for task in tasks[done:]:
        yield function(task)


# --------------------------------------------------------------------------------------------------
# What the checks report
# --------------------------------------------------------------------------------------------------

LEVELS = ("files", "log", "completeness", "numbers", "re-execution")
FILES, LOG, COMPLETENESS, NUMBERS, REEXECUTION = range(5)


class Level:
    """What was checked at one level, what could not be, and whether something is wrong."""

    def __init__(self) -> None:
        self.checked: list[str] = []
        self.unchecked: list[str] = []
        self.failed = False

    @property
    def verdict(self) -> str:
        """One of `fails`, `not checked`, `partly`, `holds`."""
        if self.failed:
            return "fails"
        if not self.checked:
            return "not checked"
        return "partly" if self.unchecked else "holds"


class Report:
    """Everything that is said in the end."""

    def __init__(self) -> None:
        self.levels = [Level() for _ in LEVELS]
        self.problems: list[tuple[int, str, str]] = []
        self.notices: list[str] = []
        self.signers: list[Record] = []
        self.runs: list[Record] = []
        self.facts: list[tuple[str, str]] = []
        self.scores: list[tuple[Record, str]] = []
        self.texts: list[str] = []
        self.checkpoint = Checkpoint("", 0, b"")

    def fail(self, level: int, defect: str, sentence: str) -> None:
        """Note something that is wrong."""
        self.levels[level].failed = True
        self.problems.append((level, defect, sentence))

    def checked(self, level: int, sentence: str) -> None:
        """Note something that was checked."""
        self.levels[level].checked.append(sentence)

    def unchecked(self, level: int, sentence: str) -> None:
        """Note something that could not be checked, and why."""
        self.levels[level].unchecked.append(sentence)

    def signer(self, kind: str, name: str, size: int, key: str, what: str = "checkpoint") -> None:
        """Note who signed."""
        self.signers.append({"kind": kind, "name": name, "size": size, "key": key, "what": what})

    @property
    def code(self) -> int:
        """The exit code."""
        return 10 + min(level for level, _, _ in self.problems) if self.problems else 0

    def to_json(self) -> Record:
        """Return the report as plain values."""
        levels = [
            {"level": number, "name": LEVELS[number], "verdict": level.verdict,
             "checked": level.checked, "unchecked": level.unchecked}
            for number, level in enumerate(self.levels)
        ]  # fmt: skip
        problems = [
            {"level": level, "defect": defect, "sentence": sentence}
            for level, defect, sentence in sorted(self.problems, key=lambda item: item[0])
        ]
        log = self.checkpoint
        return {
            "schema": "reprollm/verification/2", "holds": not problems, "exit": self.code,
            "origin": log.origin, "size": log.size, "root": log.root.hex(), "levels": levels,
            "problems": problems, "notices": self.notices, "signers": self.signers,
            "runs": self.runs,
        }  # fmt: skip


# --------------------------------------------------------------------------------------------------
# L0: the files
# --------------------------------------------------------------------------------------------------

_UNLISTED = frozenset({"SHA256SUMS", "bundle.note", "bundle.sshsig"})


def listed_files(source: Source) -> dict[str, str]:
    """Return the SHA-256, hex, that SHA256SUMS gives for each path."""
    listed: dict[str, str] = {}
    before = b""
    try:
        *lines, rest = source.read("SHA256SUMS").split(b"\n")
        for line in lines:
            match = re.match(rb"([0-9a-f]{64})  (.+)\Z", line)
            name = match[2].decode("utf-8") if match else ""
            check_path(name)
            if not match or match[2] <= before or name in _UNLISTED:
                raise ValueError(f"expected sorted lines, found {safe(line)}")
            before, listed[name] = match[2], match[1].decode()
        if rest or not listed:
            raise ValueError("expected lines that end")
    except (ValueError, Defect) as error:
        raise Defect("FileChanged", f"SHA256SUMS is malformed: {safe(error)}") from None
    return listed


def check_files(source: Source, known: dict[str, str], report: Report) -> dict[str, str]:
    """Check that the files are those of SHA256SUMS; return the digests of all of them.

    Args:
        source: the bundle.
        known: digests of the files that were read already.
        report: what is found.
    """
    digests: dict[str, str] = {}
    for name in sorted(source.sizes):
        try:
            digests[name] = known.get(name) or hash_file(source, name)
        except Defect as error:
            report.fail(FILES, error.name, error.sentence)
    try:
        listed = listed_files(source) if "SHA256SUMS" in digests else None
    except Defect as error:
        report.fail(FILES, error.name, error.sentence)
        return digests
    if listed is None:
        report.fail(FILES, "FileMissing", "expected SHA256SUMS, the list of files, found none")
        return digests
    for name in sorted(listed.keys() - source.sizes.keys()):
        report.fail(FILES, "FileMissing", f"expected {name}, which SHA256SUMS lists, found none")
    for name in sorted(source.sizes.keys() - listed.keys() - _UNLISTED):
        report.fail(FILES, "FileUnexpected", f"found {name}, which SHA256SUMS does not list")
    for name in sorted(listed.keys() & digests.keys()):
        if digests[name] != listed[name]:
            said = f"{name}: expected the SHA-256 {listed[name]}, found {digests[name]}"
            report.fail(FILES, "FileChanged", said)
    size = sum(source.sizes.values())
    report.checked(FILES, f"{count(len(digests), 'file')}, {size:,} bytes, against SHA256SUMS")
    return digests


def hash_file(source: Source, name: str) -> str:
    """Return a file's SHA-256, hex."""
    state = sha256()
    for chunk in source.chunks(name):
        state.update(chunk)
    return state.hexdigest()


class Statement(NamedTuple):
    """What bundle.note says: the log's last checkpoint, and the SHA-256 of SHA256SUMS."""

    checkpoint: Checkpoint
    sums: str
    body: str


def parse_statement(note: bytes) -> Statement:
    """Return what the four lines of bundle.note say."""
    try:
        text, empty, _ = note.decode("utf-8").partition("\n\n")
        body = text + "\n" if empty else text
        version, origin, line, sums, end = body.split("\n")
        size, _, root = line.partition(" ")
        checkpoint = parse_checkpoint(f"{origin}\n{size}\n{root}\n")
    except (ValueError, Defect):
        raise Defect("FileChanged", "bundle.note is malformed: expected four lines") from None
    if version != "reprollm-bundle/v1" or end or not _HEX64.match(sums):
        raise Defect("FileChanged", "bundle.note is malformed: expected four lines")
    return Statement(checkpoint, sums, body)


def check_statement(source: Source, digests: dict[str, str], report: Report) -> Statement | None:
    """Check that bundle.note is over this SHA256SUMS, and its signatures."""
    if "bundle.note" not in digests:
        report.fail(FILES, "FileMissing", "expected bundle.note, found none")
        return None
    note = source.read("bundle.note", MAX_NOTE)
    try:
        statement = parse_statement(note)
    except Defect as error:
        report.fail(FILES, error.name, error.sentence)
        return None
    if digests.get("SHA256SUMS") != statement.sums:
        said = f"bundle.note: expected SHA256SUMS with the SHA-256 {statement.sums}"
        report.fail(FILES, "FileChanged", f"{said}, found {digests.get('SHA256SUMS')}")
    else:
        report.checked(FILES, "bundle.note names this list of files, and this log")
    for check in (_check_bundle_note, _check_bundle_ssh):
        try:
            check(source, note, statement, report)
        except Defect as error:
            report.fail(FILES, "SignatureMismatch", f"bundle.note: {error.sentence}")
    if report.signers:
        report.checked(FILES, f"{count(len(report.signers), 'signature')} over the whole bundle")
    else:
        report.unchecked(
            FILES, "nobody signed the bundle: whoever handed it on could have made it anew"
        )
    return statement


def _check_bundle_note(source: Source, note: bytes, said: Statement, report: Report) -> None:
    if note == said.body.encode():
        return
    text, signatures = parse_note(note)
    known = {}
    for name in source.below("keys"):
        if name.endswith(".vkey"):
            key = parse_note_key(only_line(source, f"keys/{name}"))
            known[key.name, key.key_id] = key
    found = [(known[s.name, s.key_id], s) for s in signatures if (s.name, s.key_id) in known]
    if not found:
        raise Defect("SignatureMismatch", "expected a signature by a key in ledger/keys")
    for key, signature in found:
        check_note_signature(key, signature, text)
        report.signer("note", key.name, said.checkpoint.size, key.text(), "bundle")


def _check_bundle_ssh(source: Source, note: bytes, said: Statement, report: Report) -> None:
    if "bundle.sshsig" in source.sizes:
        armored = source.read("bundle.sshsig", MAX_NOTE)
        blob = sshsig_key(armored, said.body.encode(), b"reprollm-bundle@v1")
        keys = [f"keys/{name}" for name in source.below("keys") if name.endswith(".pub")]
        if ssh_line(blob) not in [only_line(source, name) for name in keys]:
            raise Defect("SignatureMismatch", "expected an SSH signature by a key in ledger/keys")
        report.signer("ssh", fingerprint(blob), said.checkpoint.size, ssh_line(blob), "bundle")


def check_binding(log: Log, said: Statement, report: Report) -> None:
    """Check that bundle.note names the log in the bundle, and that no shard lies beside it."""
    if said.checkpoint != log.last:
        what = f"expected bundle.note to name the log {log.last.origin}, {log.last.size} records"
        found = f"{said.checkpoint.origin}, {said.checkpoint.size} records, or another root"
        report.fail(FILES, "SignatureMismatch", f"{what}, found {found}")
    for folder in ("shards", "openings"):
        known = {shard.path(folder) for shard in log.shards}
        for name in log.source.below(folder):
            if f"{folder}/{name}" not in known:
                said_so = f"found {folder}/{name}, which is no shard that the log names"
                report.fail(FILES, "FileUnexpected", said_so)


# SHA-256 of the verifiers that were released, hex. That of this file cannot stand in it; it is
# computed from the file that is running.
RELEASED: dict[str, frozenset[str]] = {
    "verify.py": frozenset({"8f2118ad8bfb9e2c21f6a8b5ef620bb706cfb2afd89bb5629c1d794fd7562246"}),
    "verify.sql": frozenset({"63a6f8535978b404a79df090721695a44342d3f2e9c454896b9bec330faafdd8"}),
}


def check_verifiers(digests: dict[str, str], report: Report) -> None:
    """Check that the bundle carries released verifiers: a forged one would say anything."""
    try:
        with open(os.path.abspath(__file__), "rb") as file:
            own = sha256(file.read()).hexdigest()
    except OSError:  # read from a pipe: this program has no file to compare with
        own = ""
    for name, released in RELEASED.items():
        known = released | {own} if name == "verify.py" else released
        if name not in digests:
            report.fail(FILES, "FileMissing", f"expected {name}, found none")
        elif not own and name == "verify.py" and digests[name] not in known:
            said = "this program was not read from a file, so there is none to compare it with"
            report.unchecked(FILES, f"the bundle's {name}: {said}")
        elif digests[name] not in known:
            said = f"expected a released {name}, found one with the SHA-256 {digests[name]}"
            report.fail(FILES, "FileChanged", f"{said}; do not run it, it may say anything")


class Redaction(NamedTuple):
    """What redaction.json says is withheld: fields, how many values, and files left out."""

    fields: frozenset[str]
    values: int
    left_out: frozenset[str]


def check_redaction(source: Source, said: Statement | None, report: Report) -> Redaction | None:
    """Return the statement of what is withheld, which must be signed with the bundle."""
    if "redaction.json" not in source.sizes:
        return None
    content = source.read("redaction.json", MAX_NOTE)
    try:
        value = loads_object(content[:-1] if content.endswith(b"\n") else content)
        redaction = Redaction(
            frozenset(str(entry["field"]) for entry in value["withheld"]),
            int(value["values"]),
            frozenset(str(entry["sha256"]) for entry in value["left_out"]),
        )
        named, reason = (value["origin"], value["size"], value["root"]), value["reason"]
        if value["schema"] != "reprollm/redaction/1" or not isinstance(reason, str):
            raise ValueError("another schema, or no reason")
    except (Defect, KeyError, TypeError, ValueError) as error:
        report.fail(FILES, "FileChanged", f"redaction.json is malformed: {safe(error)}")
        return None
    log = said.checkpoint if said else None
    if log and named != (log.origin, log.size, log.root.hex()):
        report.fail(FILES, "FileChanged", "redaction.json speaks of another log than bundle.note")
    if not report.signers:
        what = "expected redaction.json, a statement of withholding, to be signed"
        report.fail(FILES, "SignatureMismatch", f"{what}, found no signature that holds")
    names = ", ".join(sorted(redaction.fields))
    report.checked(FILES, f"withheld by a signed statement: {names}")
    report.notices.append(f"Withheld: {names}. Reason given: {reason}")
    return redaction


def check_withheld(redaction: Redaction | None, found: Pass, report: Report) -> None:
    """Check that just what is said to be withheld is not here."""
    missing = found.committed - found.opened
    if redaction is None:
        if missing:
            said = f"expected what opens {count(missing, 'commitment')}, or a signed statement"
            report.fail(FILES, "FileMissing", f"{said} that it is withheld, found neither")
        return
    shown = sorted(field.decode() for field in found.shown if field.decode() in redaction.fields)
    if shown:
        said = f"redaction.json says that {', '.join(shown)} are withheld, but they are here"
        report.fail(FILES, "FileChanged", said)
    if missing != redaction.values:
        said = (
            f"redaction.json speaks of {redaction.values} withheld values, {missing} are not here"
        )
        report.fail(FILES, "FileChanged", said)


_SOURCES = {
    "experiment_sha256": "experiment.yaml",
    "data_sha256": "the data file",
    "template_sha256": "the prompt's template",
    "examples_sha256": "the few-shot examples",
}


def check_experiment(
    source: Source,
    digests: dict[str, str],
    core: Record,
    redaction: Redaction | None,
    report: Report,
) -> None:
    """Check that the experiment's files are those from which the plan was made."""
    names = [name for name in digests if name.startswith("experiment/")]
    found = {digests[name] for name in names}
    good = []
    for field, what in _SOURCES.items():
        expected = core.get(field)
        if expected is None:
            continue
        if expected in found:
            good.append(what)
        elif redaction and expected in redaction.left_out:
            report.unchecked(FILES, f"{what}: left out, because it holds withheld texts")
        else:
            said = f"expected {what} with the SHA-256 {safe(expected)} below experiment/"
            report.fail(FILES, "FileChanged", f"{said}, as it was planned, found none")
    if "snapshot" in core:
        locks = [name for name in names if name.endswith(".lock.json")]
        if core["snapshot"] in _asked(core.get("parts"), [_locked(source, name) for name in locks]):
            good.append("the list of the model's files")
        else:
            said = f"expected a lock of the snapshot {safe(core['snapshot'])} below experiment/"
            report.fail(FILES, "FileChanged", f"{said}, as it was planned, found none")
    if good:
        report.checked(FILES, f"{', '.join(good)}: as the plan in the log names them")


def _asked(parts: Any, locks: list[list[Record]]) -> set[str]:
    """Return the snapshots that locks may stand for: each alone, or a base with its adapters."""
    by_id = {_snapshot(files): files for files in locks}
    if parts is None:
        return set(by_id)
    try:
        text = dumps({"scales": [str(part["scale"]) for part in parts[1:]]})
        whole = [{"path": "adapters.json", "sha256": sha256(text).hexdigest(), "size": len(text)}]
        for number, part in enumerate(parts):
            folder = f"adapter-{number}" if number else "base"
            files = by_id[part["snapshot"]]
            whole += [{**file, "path": f"{folder}/{file['path']}"} for file in files]
        return {_snapshot(whole)}
    except (KeyError, TypeError):
        return set()


def _snapshot(files: list[Record]) -> str:
    ordered = sorted(files, key=lambda file: file["path"])
    return digest(b"reprollm/snapshot/v1", dumps({"files": ordered}))


def _locked(source: Source, name: str) -> list[Record]:
    """Return the files that a lock lists; none where it is no lock."""
    try:
        files = json.loads(source.read(name))["files"]
        listed = [{key: file[key] for key in ("path", "sha256", "size")} for file in files]
        _snapshot(listed)
        return listed
    except (Defect, ValueError, KeyError, TypeError, RecursionError):
        return []


# --------------------------------------------------------------------------------------------------
# L1: signatures and time stamps of checkpoints
# --------------------------------------------------------------------------------------------------


def fingerprint(blob: bytes) -> str:
    """Return an SSH key's fingerprint as `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(sha256(blob).digest()).decode().rstrip("=")


def only_line(source: Source, name: str) -> str:
    """Return the one line that a file of the ledger holds."""
    line, end, rest = source.read(source.ledger + name, MAX_NOTE).partition(b"\n")
    if not end or rest:
        raise Defect("SignatureMismatch", f"expected one line in {name}")
    return line.decode("utf-8", "replace")


def check_note_signature(key: NoteKey, signature: NoteSignature, text: str) -> None:
    """Raise unless a note's signature is that of its key over the note's text."""
    if not ed25519_verifies(key.public, signature.signature, text.encode()):
        raise Defect(
            "SignatureMismatch",
            f"expected a signature of {safe(key.name)} ({key.key_id.hex()}) over this text, found "
            "one that is not; text or signature was changed, or another key made it",
        )


_KEY_FILES = {"note": "vkey", "sshsig": "pub", "tsr": "pem"}


def check_signatures(log: Log, report: Report) -> None:
    """Check every file in `signatures/` against the checkpoint of its size."""
    checks = {"note": _check_note, "sshsig": _check_ssh, "tsr": _check_stamp}
    for name in log.signed_in_place:
        report.fail(LOG, "SignatureMismatch", f"log/{name} holds signatures that nobody judges")
    for name in log.source.below("signatures"):
        match = re.match(
            r"([0-9]{12})\.(?:([0-9a-f]{8})\.(note)|([0-9a-f]{16})\.(sshsig|tsr))\Z", name
        )
        try:
            if not match:
                raise Defect("SignatureMismatch", "expected a name <size>.<key>.<kind>")
            size, key, kind = int(match[1]), match[2] or match[4], match[3] or match[5]
            if size not in log.checkpoints:
                raise Defect("SignatureMismatch", f"the log has no checkpoint over {size} records")
            place = f"keys/{key}.{_KEY_FILES[kind]}"
            if log.source.ledger + place not in log.source.sizes:
                raise Defect("SignatureMismatch", f"expected its key {place}, found none")
            checks[kind](log, name, place, log.checkpoints[size], report)
        except Defect as error:
            defect = "TimeStampMismatch" if name.endswith(".tsr") else "SignatureMismatch"
            report.fail(LOG, defect, f"signatures/{name}: {error.sentence}")
    own = [signer for signer in report.signers if signer["what"] == "checkpoint"]
    if own:
        report.checked(LOG, f"{count(len(own), 'signature or time stamp')} of checkpoints")
    if not any(signer["size"] == log.last.size for signer in report.signers):
        report.notices.append(
            "The last checkpoint is not signed and not time-stamped. Nothing in this bundle says "
            "who stands behind it, or that it existed at any time before you got it."
        )


def _check_note(log: Log, name: str, place: str, last: Checkpoint, report: Report) -> None:
    key = parse_note_key(only_line(log.source, place))
    text, signatures = parse_note(
        log.source.read(f"{log.source.ledger}signatures/{name}", MAX_NOTE)
    )
    if place != f"keys/{key.key_id.hex()}.vkey":
        raise Defect("SignatureMismatch", f"{place} holds another key than its name says")
    if text != last.body():
        raise Defect("SignatureMismatch", "it signs another checkpoint than the log has")
    if [signature[:2] for signature in signatures] != [(key.name, key.key_id)]:
        raise Defect("SignatureMismatch", f"expected one signature, of {safe(key.name)}")
    check_note_signature(key, signatures[0], text)
    report.signer("note", key.name, last.size, key.text())


def _check_ssh(log: Log, name: str, place: str, last: Checkpoint, report: Report) -> None:
    armored = log.source.read(f"{log.source.ledger}signatures/{name}", MAX_NOTE)
    blob = sshsig_key(armored, last.body().encode(), b"reprollm-checkpoint@v1")
    line = only_line(log.source, place)
    if line != ssh_line(blob) or place != f"keys/{sha256(blob).hexdigest()[:16]}.pub":
        raise Defect("SignatureMismatch", f"expected a signature of the key in {place}")
    report.signer("ssh", fingerprint(blob), last.size, line)


def _check_stamp(log: Log, name: str, place: str, last: Checkpoint, report: Report) -> None:
    path = f"{log.source.ledger}signatures/{name}"
    imprint, time = stamped(log.source.read(path, MAX_NOTE))
    hashed = sha256(last.body().encode())
    if imprint != hashed.digest():
        raise Defect("TimeStampMismatch", "it stamps another text than the checkpoint")
    chain = log.source.ledger + place
    if place != f"keys/{hash_file(log.source, chain)[:16]}.pem":
        raise Defect("TimeStampMismatch", f"{place} is another chain than its name says")
    report.unchecked(
        LOG,
        f"that an authority signed the time stamp of {time}: unpack the bundle and run `openssl ts "
        f"-verify -in {path} -digest {hashed.hexdigest()} -CAfile {chain}`",
    )
    report.signer("rfc3161", f"stamped at {time}", last.size, place[5:-4])


def require_key(text: str, report: Report) -> None:
    """Note a problem unless the last checkpoint is signed by the key that the reader named."""
    line = text.strip()
    try:
        ssh = " " in line
        wanted = ssh_line(parse_ssh_key(line)) if ssh else parse_note_key(line).text()
    except Defect as error:
        raise Unreadable(f"--key: {error.sentence}") from None
    for signer in report.signers:
        last = signer["size"] == report.checkpoint.size and signer["what"] == "checkpoint"
        if last and signer["key"] == wanted:
            report.checked(LOG, f"the key that you named signed the last checkpoint: {wanted}")
            return
    said = f"expected a signature of the last checkpoint by the key {wanted}, found none"
    report.fail(LOG, "SignatureMismatch", said)


# --------------------------------------------------------------------------------------------------
# L1: the pass over all shards
# --------------------------------------------------------------------------------------------------


class Pass(Found):
    """What the pass over all shards found, in log order."""

    def __init__(self) -> None:
        super().__init__()
        self.plans = PlanAudit()
        self.sound = True


def read_shards(
    log: Log, spool: Spool, processes: int, kept: list[Checkpoint], wanted: frozenset[str],
    report: Report,
) -> Pass:  # fmt: skip
    """Read every shard once; report what is wrong with records, openings and roots."""
    found, roots = Pass(), Roots(log, kept)
    for one in in_processes(examine, log.shards, processes, (log.source, spool, wanted)):
        found.add(one.found)
        if one.defect:
            found.sound = False
            level = FILES if one.defect[0] in ("FileChanged", "ArchiveRefused") else LOG
            report.fail(level, *one.defect)
        if found.sound:
            _follow(spool, one, roots, found.plans)
    for sentence in roots.problems:
        report.fail(LOG, "CheckpointMismatch", sentence)
    found.sound = found.sound and not roots.problems
    return found


def _follow(spool: Spool, one: Examined, roots: Roots, plans: PlanAudit) -> None:
    """Take up a shard's leaves, and its plans with their requests, in log order."""
    name = f"shard-{one.shard.first}"
    with open(os.path.join(spool.folder, f"{name}-leaves"), "rb") as file:
        for leaves in iter(lambda: file.read(CHUNK), b""):
            roots.append(leaves)
    heads = list(one.found.of_kind("plan"))
    before = [position for position, _ in heads]
    rows = spool.read(f"{name}-planned")
    for (known, plan), batch in groupby(rows, lambda row: (bisect_right(before, row[0]), row[1])):
        while len(before) - len(heads) < known:
            plans.head(*heads.pop(0))
        while part := list(islice(batch, 1024)):
            plans.request(plan.decode(), part)
    for head in heads:
        plans.head(*head)
    spool.drop(name)


def check_kept(log: Log, found: Pass, roots_of: list[Checkpoint], report: Report) -> None:
    """Say whether the log begins with the checkpoints that the reader kept."""
    for kept in roots_of:
        if kept.origin != log.last.origin:
            said = f"expected a checkpoint of {log.last.origin}, found one of {kept.origin}"
            report.fail(LOG, "CheckpointMismatch", said)
        elif kept.size > log.last.size:
            said = f"expected {kept.size} records, as your checkpoint says; the log was cut short"
            report.fail(LOG, "CheckpointMismatch", said)
        elif found.sound:
            said = f"the log begins with the {kept.size:,} records of the checkpoint that you kept"
            report.checked(LOG, said)


def say_log(log: Log, found: Pass, report: Report) -> None:
    """Say what was checked of the log, and what of it could not be."""
    report.checked(
        LOG,
        f"{count(sum(found.kinds.values()), 'record')} in {count(len(log.shards), 'shard')}: "
        "canonical, known kinds and fields, each file the one that its name says",
    )
    if found.opened:
        report.checked(
            LOG,
            f"{found.opened:,} of {found.committed:,} texts and arrays opened, each the one that "
            "its record committed to",
        )
    if found.sound:
        report.checked(
            LOG,
            f"hash tree recomputed: {count(len(log.checkpoints), 'checkpoint')}, each the "
            "beginning of the next; nothing was rewritten between them",
        )
    if found.committed > found.opened:
        report.unchecked(
            LOG,
            f"{found.committed - found.opened:,} of {found.committed:,} texts and arrays, which "
            f"are withheld ({found.salted:,} with their salt: whoever has such a text can confirm "
            "it); their commitments stand",
        )
    if f"{log.source.ledger}ledger.duckdb" in log.source.sizes:
        report.unchecked(
            LOG,
            "ledger.duckdb, a copy of the log for queries: Python's standard library cannot read "
            "it; verify.sql in the duckdb command line and `reprollm verify` can",
        )
    if log.unfinished:
        report.notices.append("The last commit was cut short; its records are not counted here.")
    known = {shard.path("shards") for shard in log.shards}
    stray = [name for name in log.source.below("shards") if f"shards/{name}" not in known]
    if stray and not log.source.ledger:
        report.notices.append(f"{count(len(stray), 'shard')} of the folder are not in the log.")


# --------------------------------------------------------------------------------------------------
# L2: planned, then run, then all answered
# --------------------------------------------------------------------------------------------------


class Planned:
    """One plan record and the request records that follow it."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.tree = Tree()
        self.state = sha256(frame(b"reprollm/plan/v1") + frame(dumps(record["core"])))
        self.misplaced: int | None = None

    def defect(self) -> tuple[str, str] | None:
        """Return what is wrong, or None."""
        promised, found = self.record["requests"], self.tree.size
        if found != promised:
            return "PlanIncomplete", f"promises {promised} requests, the log holds {found} of them"
        if self.misplaced is not None:
            return "RecordsDisagree", f"has request {self.misplaced} out of order"
        if self.tree.root().hex() != self.record["requests_root"]:
            return "LeafMismatch", "committed to other request records than the log holds"
        if self.state.hexdigest() != self.record["plan"]:
            return "LeafMismatch", "has an id that is not that of its core and requests"
        return None


class PlanAudit:
    """Compares the request records of the log with what each plan record committed to."""

    def __init__(self) -> None:
        self.ends: dict[str, int] = {}  # plan -> position behind its last record
        self.cores: dict[str, Record] = {}
        self.requests = 0
        self.problems: list[tuple[str, str]] = []
        self.open: dict[str, Planned | None] = {}

    def head(self, position: int, record: Record) -> None:
        """Take up a plan record; one that was open under the same id is closed first."""
        self._close(record["plan"])
        self.ends.setdefault(record["plan"], position + 1)
        self.cores.setdefault(record["plan"], record["core"])
        self.open[record["plan"]] = Planned(record)

    def request(self, plan: str, rows: list[Any]) -> None:
        """Take up request records of one plan that follow each other."""
        self.requests += len(rows)
        if plan not in self.open:
            said = f"plan {plan[:16]} has request records but no plan record"
            self.problems.append(("RecordsDisagree", said))
            self.open[plan] = None
        planned = self.open[plan]
        if planned is None:
            return
        places = range(planned.tree.size, planned.tree.size + len(rows))
        if planned.misplaced is None and [row[2] for row in rows] != list(places):
            planned.misplaced = next(
                row[2] for row, place in pairs(rows, places) if row[2] != place
            )
        planned.tree.extend([row[3] for row in rows])
        planned.state.update(b"".join([_size8(64) + row[4] for row in rows]))
        self.ends[plan] = rows[-1][0] + 1

    def finish(self) -> list[tuple[str, str]]:
        """Return what is wrong with any plan."""
        for name in list(self.open):
            self._close(name)
        return self.problems

    def _close(self, name: str) -> None:
        planned = self.open.pop(name, None)
        defect = planned.defect() if planned else None
        if defect:
            self.problems.append((defect[0], f"plan {name[:16]} {defect[1]}"))


# How sure it is which weights answered, the weakest class first.
TRUST = ("claimed", "attested", "owned")
TRUST_WORDS = {
    "claimed": "a server answered under a name; which weights it used nobody checked",
    "attested": "a server answered that said which files it had loaded; these were hashed, its "
    "word that it used them was taken",
    "owned": "the weights that answered were loaded from files that the run had hashed",
}


class Attempts:
    """The attempts of the log: which began, of which run, and how they ended."""

    def __init__(self, found: Pass) -> None:
        self.starts: dict[str, tuple[int, Record]] = {}
        self.ends: dict[str, Record] = {}
        self.runs: dict[str, str] = {}  # run -> its plan, in the order in which they began
        self.begun: dict[str, int] = {}  # plan -> position of its first start
        for position, record in found.of_kind("start"):
            if record["attempt"] not in self.starts:
                self.starts[record["attempt"]] = (position, record)
                self.runs.setdefault(record["run"], record["plan"])
                self.begun.setdefault(record["plan"], position)
        for _, record in found.of_kind("end"):
            self.ends.setdefault(record["attempt"], record)

    def trust(self, run: str) -> str:
        """Return how sure it is which weights answered in a run: the weakest of its attempts."""
        said = [
            start["engine"].get("trust", TRUST[-1])
            for _, start in self.starts.values()
            if start["run"] == run
        ]
        return min((name if name in TRUST else TRUST[0] for name in said), key=TRUST.index)

    def check(self, found: Pass, checkpoints: dict[int, Checkpoint]) -> Iterator[str]:
        """Yield what is wrong: work of no attempt, or begun before its plan was committed."""
        for (attempt, run, plan), position in found.claims.items():
            start = self.starts.get(attempt.decode())
            if start is None or start[0] > position:
                said = (
                    f"record {position} is of attempt {attempt.decode()[:16]}, which has no start"
                )
                yield f"{said} record before it in the log"
            elif (start[1]["run"], start[1]["plan"]) != (run.decode(), plan.decode()):
                yield f"record {position} is of another run or plan than its attempt"
        for (attempt, source), position in found.reused.items():
            classes = [
                self.starts[name.decode()][1]["engine"].get("class")
                for name in (attempt, source)
                if name.decode() in self.starts
            ]
            if len(classes) != 2 or classes[0] is None or classes[0] != classes[1]:
                yield (
                    f"record {position} takes over an answer from attempt {source.decode()[:16]}, "
                    "whose class of engine is not that of its own attempt"
                )
        for attempt_id, (position, record) in self.starts.items():
            wrong = _begun_too_early(record, position, found.plans.ends, checkpoints)
            if wrong:
                yield f"attempt {attempt_id[:16]} {wrong}"
            if self.runs[record["run"]] != record["plan"]:
                yield f"attempt {attempt_id[:16]} is of a run that belongs to another plan"


def _begun_too_early(
    start: Record, position: int, ends: dict[str, int], checkpoints: dict[int, Checkpoint]
) -> str | None:
    """Return why the checkpoint that a start names does not show that its plan came first."""
    end, seen = ends.get(start["plan"]), start["checkpoint"]
    checkpoint = checkpoints.get(seen["size"])
    if end is None or end > position:
        return "has no plan record before it in the log"
    if checkpoint is None or checkpoint.root.hex() != seen["root"]:
        return "names a checkpoint that the log does not have"
    if not end <= seen["size"] <= position:
        return "began before a checkpoint covered its plan"
    return None


COUNTS = ("planned", "answered", "failed", "missing", "rerolled", "replicates", "differing")


class Judged(NamedTuple):
    """What one part of the requests shows."""

    covered: dict[str, Record]  # run -> counts, and some of the requests that are missing
    stray: dict[str, tuple[int, str]]  # run -> answers to requests that were never planned
    overlaps: dict[tuple[str, str], tuple[int, int, int]]  # plans -> kept, dropped, added
    answers: dict[int, tuple[int, int]]  # subject of scores -> answers, those withheld
    reused: dict[str, int]  # run -> answers that it took over from earlier attempts
    unfounded: list[tuple[int, str]]  # of these, those that no attempt gave: record, request


def judge(part: int) -> Judged:
    """Judge all that concerns one part of the requests, and score its answers."""
    spool: Spool = _WORKER["spool"]
    runs, successions, subjects = _WORKER["rest"]
    # Each row begins with its position in the log, so that sorting brings rows into log order.
    rows = {
        kind: sorted(spool.read(f"{kind}-{part}-[0-9]+"), key=itemgetter(0))
        for kind in ("requests", "answers", "failures", "samples", "reused")
    }
    planned: defaultdict[str, set[bytes]] = defaultdict(set)
    answers: dict[str, dict[bytes, list[Any]]] = {run: {} for run in runs}
    failures: dict[str, set[bytes]] = {run: set() for run in runs}
    for owner, group in groupby(rows["requests"], itemgetter(1)):
        planned[owner.decode()].update(row[2] for row in group)
    for owner, group in groupby(rows["answers"], itemgetter(1)):
        for _, _, request, answer, _, _ in group if owner.decode() in answers else ():
            given = answers[owner.decode()].setdefault(request, [])
            if answer not in given:  # the same answer, rescued twice after a kill
                given.append(answer)
    for _, owner, request in rows["failures"]:
        if owner.decode() in failures:
            failures[owner.decode()].add(request)
    judged = Judged({}, {}, {}, {}, Counter(), [])
    judge_reused(rows["answers"], rows["reused"], judged)
    for run, plan in runs.items():
        asked = planned[plan]
        judged.covered[run] = _cover(asked, answers[run], failures[run])
        stray = (answers[run].keys() | failures[run]) - asked
        if stray:
            judged.stray[run] = (len(stray), min(stray).decode())
    for pair in successions:
        old, new = planned[pair[0]], planned[pair[1]]
        judged.overlaps[pair] = (len(old & new), len(old - new), len(new - old))
    for subject in subjects:
        judged.answers[subject.number] = score_part(spool, part, subject, rows)
    return judged


def judge_reused(answers: list[Any], taken: list[Any], judged: Judged) -> None:
    """Find, for each answer that was taken over, the attempt that gave it earlier in the log."""
    if not taken:
        return
    places = {row[0] for row in taken}
    given = {
        (row[2], row[3]): row[0]
        for row in reversed(answers)  # the earliest place of each stays
        if row[0] not in places
    }
    for position, run, request, answer in taken:
        judged.reused[run.decode()] += 1
        if given.get((request, answer), position) >= position:
            judged.unfounded.append((position, request.decode()))


def _cover(planned: set[bytes], answers: dict[bytes, list[Any]], failed: set[bytes]) -> Record:
    """Return how a run covers some requests: the first answer in log order is the final one."""
    without = planned - answers.keys()
    missing = without - failed
    again = [given for given in answers.values() if len(given) > 1]
    equal = [result == given[0][0] for given in again for result, _ in given[1:]]
    counts = (len(planned), len(planned) - len(without), len(without) - len(missing), len(missing),
              len(again), equal.count(True), equal.count(False))  # fmt: skip
    examples = [request.decode() for request in heapq.nsmallest(5, missing)]
    return {**dict(pairs(COUNTS, counts)), "missing_requests": examples}


def check_completeness(
    log: Log, found: Pass, spool: Spool, processes: int, report: Report
) -> str | None:
    """Check plans, attempts, coverage and scores; return the run that counts."""
    attempts, plans = Attempts(found), list(found.plans.cores)
    for sentence in found.untrue[:5]:
        report.fail(COMPLETENESS, "LeafMismatch", sentence)
    for defect, sentence in found.plans.finish():
        report.fail(COMPLETENESS, defect, sentence)
    for sentence in attempts.check(found, log.checkpoints):
        report.fail(COMPLETENESS, "RecordsDisagree", sentence)
    report.checked(
        COMPLETENESS,
        f"{count(found.plans.requests, 'planned request')} in {count(len(plans), 'plan')}: those "
        "that the plans committed to; ids of requests, answers, model files and environments "
        "follow from what is opened",
    )
    successions = list(pairs(plans, plans[1:]))
    groups = score_groups(log, found, attempts.runs)
    subjects = [group.subject for group in groups if group.subject]
    covered: dict[str, Record] = {
        run: {
            "run": run,
            "plan": plan,
            **dict.fromkeys(COUNTS, 0),
            "missing_requests": [],
            "reused": 0,
            "trust": attempts.trust(run),
        }
        for run, plan in attempts.runs.items()
    }
    overlaps: dict[tuple[str, str], tuple[int, ...]] = dict.fromkeys(successions, (0, 0, 0))
    shared = (log.source, spool, frozenset[str](), (attempts.runs, successions, subjects))
    for part in in_processes(judge, list(range(spool.parts)), min(processes, spool.parts), shared):
        for run, counts in part.covered.items():
            for name, value in counts.items():
                covered[run][name] += value
        for run, number in part.reused.items():
            if run in covered:
                covered[run]["reused"] += number
        for position, request in part.unfounded[:5]:
            said = f"record {position} takes over an answer to request {request[:16]} from an"
            report.fail(
                COMPLETENESS,
                "RecordsDisagree",
                f"{said} attempt that gave no such answer earlier in the log",
            )
        for run, (number, example) in part.stray.items():
            said = f"run {run[:16]}: {number} answers to requests that its plan does not have, for"
            report.fail(COMPLETENESS, "RecordsDisagree", f"{said} example {example[:16]}")
        for pair, numbers in part.overlaps.items():
            overlaps[pair] = tuple(map(sum, pairs(overlaps[pair], numbers)))
        for group in groups:
            if group.subject:
                answers, withheld = part.answers[group.subject.number]
                group.answers, group.withheld = group.answers + answers, group.withheld + withheld
    for sentence in check_deviations(found, overlaps, attempts.begun):
        report.fail(COMPLETENESS, "RecordsDisagree", sentence)
    check_imports(found, report)
    counted = say_coverage(found, attempts, list(covered.values()), report)
    check_scores(groups, spool, counted, report)
    return counted


def check_deviations(
    found: Pass, overlaps: dict[tuple[str, str], tuple[int, ...]], begun: dict[str, int]
) -> Iterator[str]:
    """Yield what is wrong: a later plan begun without saying what changed, or an untrue record."""
    before = {later: earlier for earlier, later in overlaps}
    told: dict[str, int] = {}
    for position, record in found.of_kind("deviation"):
        plan = record["plan"]
        if plan in told:
            yield f"plan {plan[:16]} has a second deviation record"
        told.setdefault(plan, position)
        earlier = before.get(plan)
        if earlier is None or record["before"] != earlier:
            yield f"plan {plan[:16]} has a deviation record from a plan that is not before it"
            continue
        old, new = found.plans.cores[earlier], found.plans.cores[plan]
        changed = {
            name: {"before": old.get(name), "after": new.get(name)}
            for name in old.keys() | new.keys()
            if old.get(name) != new.get(name)
        }
        said = (record["kept"], record["dropped"], record["added"])
        if record["changed"] != changed or said != overlaps[earlier, plan]:
            yield f"plan {plan[:16]} has a deviation record that is not true"
    for plan in before:
        if plan in begun and begun[plan] < told.get(plan, MAX_INTEGER):
            yield f"plan {plan[:16]} was begun before its change of the earlier plan was recorded"


def check_imports(found: Pass, report: Report) -> None:
    """Check that the samples of each import are all there, each once, behind its record."""
    heads: dict[str, tuple[int, Record]] = {}
    for position, record in found.of_kind("import"):
        if record["import"] in heads:
            said = f"import {record['import'][:16]} has more than one import record"
            report.fail(COMPLETENESS, "RecordsDisagree", said)
        heads.setdefault(record["import"], (position, record))
    for name in found.samples.keys() - heads.keys():
        said = f"import {name[:16]} has imported records but no import record"
        report.fail(COMPLETENESS, "RecordsDisagree", said)
    for name, (position, record) in heads.items():
        samples = found.samples.get(name, [])
        file = record["file"].get("sha256")
        parts = (file, record["tool"], record["tool_version"] or "")
        made_of = [part.encode() for part in parts] if isinstance(file, str) else []
        if name != digest(b"reprollm/import/v1", *made_of):
            said = f"import {name[:16]} has an id that is not that of its file and tool"
            report.fail(COMPLETENESS, "LeafMismatch", said)
        if any(place < position for place, _ in samples):
            said = f"import {name[:16]} has imported records before its import record"
            report.fail(COMPLETENESS, "RecordsDisagree", said)
        if sorted(index for _, index in samples) != list(range(len(samples))):
            said = f"import {name[:16]} lacks a sample, or has one twice"
            report.fail(COMPLETENESS, "RecordsDisagree", said)
        elif len(samples) != record["samples"]:
            said = f"import {name[:16]} promises {record['samples']} samples, the log holds"
            report.fail(COMPLETENESS, "RecordsDisagree", f"{said} {len(samples)}")
        report.checked(COMPLETENESS, f"{count(len(samples), 'imported answer')}, unattested")
        report.notices.append(
            f"Not attested: {count(record['samples'], 'answer')} taken over from a log of "
            f"{record['tool']} (import {name[:16]}). Nothing shows how they came about, or that "
            f"none was left out. That log leaves unsaid: {' '.join(record['unsaid']) or 'nothing'}"
        )


def check_run_ids(source: Source, report: Report) -> None:
    """Recompute the ids of the runs whose nonce lies beside their plan."""
    names = [name for name in source.below("plans") if re.match(r"[^/]+/runs/[^/]+\.json\Z", name)]
    for name in names:
        try:
            said = loads_object(source.read(f"{source.ledger}plans/{name}", MAX_NOTE))
            parts = [str(said[field]).encode("ascii") for field in ("plan", "code", "nonce")]
            good = digest(b"reprollm/run/v1", *parts) == said["run"]
            good = good and name.partition("/")[0] == said["plan"]
        except (Defect, KeyError, UnicodeEncodeError):
            good = False
        if not good:
            said_so = f"plans/{name} is not of the run that it names"
            report.fail(COMPLETENESS, "RecordsDisagree", said_so)


def say_coverage(found: Pass, attempts: Attempts, runs: list[Record], report: Report) -> str | None:
    """Report how runs cover their plans; return the run that counts: the last complete one."""
    complete = [run for run in runs if not run["missing"]]
    counted = complete[-1] if complete else runs[-1] if runs else None
    report.runs += runs
    for run in runs:
        name = f"run {run['run'][:16]}"
        if run["missing"]:
            said = (
                f"{name}: expected an answer or a failure for each of {run['planned']} planned "
                f"requests, found none for {run['missing']} "
                f"({', '.join(request[:16] for request in run['missing_requests'][:5])})"
            )
            if complete:
                report.notices.append(f"Given up: {said}")
            else:
                report.fail(COMPLETENESS, "PlanIncomplete", said)
        if run is counted:
            report.checked(
                COMPLETENESS,
                f"{name}, which counts: of {run['planned']:,} different requests planned, "
                f"{run['answered']:,} have one final answer, {run['failed']:,} failed with a "
                f"recorded reason, {run['missing']:,} are missing",
            )
        else:
            report.notices.append(
                f"Another run: {name} of plan {run['plan'][:16]} answered {run['answered']:,} of "
                f"{run['planned']:,} requests; its answers are in the log and do not count."
            )
        if run["trust"] != TRUST[-1]:
            words = TRUST_WORDS[run["trust"]]
            report.notices.append(f"Trust in {name} is only {run['trust']}: {words}.")
        if run["reused"]:
            report.notices.append(
                f"Taken over: {run['reused']:,} answers of {name} are those that earlier attempts "
                "in this log gave to the same requests with the same class of engine."
            )
        if run["rerolled"]:
            report.notices.append(
                f"Asked again: in {name}, {run['rerolled']:,} requests have more than one answer; "
                f"{run['replicates']:,} later answers equal the first, {run['differing']:,} differ"
                ". The first one counts."
            )
    if found.plans.cores and not runs:
        said = f"expected a run of one of {count(len(found.plans.cores), 'plan')}, found none"
        report.fail(COMPLETENESS, "PlanIncomplete", said)
    for plan in found.plans.cores.keys() - set(attempts.runs.values()):
        report.notices.append(f"Plan {plan[:16]} was made and never run.")
    _say_attempts(attempts, report)
    _say_deviations(found, report)
    for _, record in found.of_kind("exposure"):
        report.notices.append(
            f"Sent off the machine: attempt {record['attempt'][:16]} asked {record['requests']:,} "
            f"requests of a server at {record['address']}, which may have kept their texts."
        )
    return counted["run"] if counted else None


def _say_attempts(attempts: Attempts, report: Report) -> None:
    report.checked(
        COMPLETENESS,
        f"{count(len(attempts.starts), 'attempt')}, each begun after its plan was in a checkpoint",
    )
    for attempt, (_, start) in attempts.starts.items():
        how = attempts.ends.get(attempt, {}).get("how", "abandoned, without an end record")
        if how != "complete":
            report.notices.append(
                f"Attempt {attempt[:16]} of run {start['run'][:16]} at requests {start['first']} "
                f"to {start['last'] - 1}, started {start['started']} on {start['host']}: {how}."
            )


def _say_deviations(found: Pass, report: Report) -> None:
    for _, record in found.of_kind("deviation"):
        fields = ", ".join(sorted(record["changed"])) or "nothing but its requests"
        report.notices.append(
            f"The plan was changed: plan {record['plan'][:16]} follows {record['before'][:16]}; "
            f"changed: {fields}; {record['kept']} requests kept, {record['dropped']} dropped, "
            f"{record['added']} added. Reason given: {record['reason'] or 'none'}"
        )


# --------------------------------------------------------------------------------------------------
# L3: the scores
# --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def levenshtein(one: str, other: str) -> int:
    """Return how many characters must be put in, left out or replaced to get from one to another.

    Myers 1999 (J. ACM 46:395) as in Hyyrö 2003: a column of the table is a few big numbers, whose
    bits say where the distance grows (`up`, `right`) or falls (`down`, `left`) by one.
    """
    if one == other:
        return 0
    start, end = 0, min(len(one), len(other))
    while start < end:  # the common beginning, by halving
        middle = (start + end + 1) // 2
        start, end = (middle, end) if one[:middle] == other[:middle] else (start, middle - 1)
    one, other = one[start:], other[start:]
    start, end = 0, min(len(one), len(other))
    while start < end:  # the common end
        middle = (start + end + 1) // 2
        start, end = (middle, end) if one[-middle:] == other[-middle:] else (start, middle - 1)
    one, other = one[: len(one) - start], other[: len(other) - start]
    if not one or not other:
        return len(one) or len(other)
    one, other = (other, one) if len(one) > len(other) else (one, other)
    places: dict[str, int] = {}
    for place, character in enumerate(one):
        places[character] = places.get(character, 0) | 1 << place
    distance, full, last = len(one), (1 << len(one)) - 1, 1 << (len(one) - 1)
    up, down = full, 0
    for character in other:
        equal = places.get(character, 0)
        diagonal = ((((equal & up) + up) ^ up) | equal | down) & full
        right, left = down | (full ^ (diagonal | up)), up & diagonal
        distance += 1 if right & last else -1 if left & last else 0
        right = (right << 1 | 1) & full
        up, down = (left << 1) & full | (full ^ (diagonal | right)), right & diagonal
    return distance


# Numerator and denominator of one answer's score, texts without white space at both ends.
MEASURES: dict[str, Callable[[str, str], tuple[int, int]]] = {
    "exact_match": lambda output, reference: (int(output == reference), 1),
    "character_error_rate": lambda output, reference: (
        levenshtein(output, reference),
        len(reference),
    ),
}


class Subject(NamedTuple):
    """What a shard's scores of one run are about: its answers before a position of the log."""

    number: int
    run: str
    plan: str
    imported: bool
    position: int
    names: tuple[str, ...]


class ScoreGroup:
    """The score records of one shard about one run."""

    def __init__(self, run: str, position: int) -> None:
        self.run, self.position = run, position
        self.records: list[Record] = []
        self.subject: Subject | None = None
        self.answers, self.withheld = 0, 0

    def where(self) -> str:
        """Return how the group is named in sentences."""
        return f"score records at {self.position} of run {self.run[:16]}"


def score_groups(log: Log, found: Pass, runs: dict[str, str]) -> list[ScoreGroup]:
    """Return the log's score records by shard and run, each with what it is about."""
    firsts = [shard.first for shard in log.shards]
    starts: dict[int, int] = {}
    groups: dict[tuple[int, str], ScoreGroup] = {}
    for position, record in found.of_kind("score"):
        shard = bisect_right(firsts, position)
        start = starts.setdefault(shard, position)
        group = groups.setdefault((shard, record["run"]), ScoreGroup(record["run"], start))
        group.records.append(record)
    begun: dict[str, int] = {}
    for kind, field in (("start", "run"), ("import", "import")):
        for position, record in found.of_kind(kind):
            begun.setdefault(record[field], position)
    for number, group in enumerate(groups.values()):
        if begun.get(group.run, MAX_INTEGER) < group.position:
            plan = runs.get(group.run, group.run)
            said: Any = [record["score"] for record in group.records]
            if group.run in runs:
                said = found.plans.cores.get(plan, {}).get("scores")
            listed = said if isinstance(said, list) else []
            names = tuple(dict.fromkeys(name for name in listed if isinstance(name, str)))
            imported = group.run not in runs
            group.subject = Subject(number, group.run, plan, imported, group.position, names)
    return list(groups.values())


def score_part(
    spool: Spool, part: int, subject: Subject, rows: dict[str, list[Any]]
) -> tuple[int, int]:
    """Score one part's answers into a file; return how many, and how many of them withheld."""
    scored, answers, withheld = [], 0, 0
    measures = [MEASURES[name] for name in subject.names if name in MEASURES]
    for index, request, sampling, stratum, runaway, output, reference in _answers(subject, rows):
        answers += 1
        if output is None or reference is None:
            continue
        if output is WITHHELD or reference is WITHHELD or len(output) * len(reference) > MAX_CELLS:
            withheld += 1
            continue
        texts = output.decode().strip(), reference.decode().strip()
        values = [measure(*texts) for measure in measures]
        scored.append((index, request, sampling, stratum, runaway, values))
    scored.sort(key=lambda row: row[0])
    for at in range(0, len(scored), 256):
        spool.write(f"scored-{subject.number}-{part}", scored[at : at + 256])
    return answers, withheld


def _answers(subject: Subject, rows: dict[str, list[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield the final answers that stand before the subject's scores, with their references."""
    run, plan = subject.run.encode(), subject.plan.encode()
    if subject.imported:
        for position, owner, index, *rest in rows["samples"]:
            if owner == run and position < subject.position:
                stand_in = digest(b"reprollm/imported/v1", run, str(index).encode())
                yield (index, stand_in, *rest)
        return
    final: dict[bytes, Any] = {}
    for position, owner, request, _, runaway, output in rows["answers"]:
        if owner == run and position < subject.position and request not in final:
            final[request] = (runaway, output)
    seen: set[int] = set()
    for _, owner, request, index, sampling, stratum, reference in rows["requests"]:
        if owner == plan and request in final and index not in seen:
            seen.add(index)
            yield (index, request.decode(), sampling, stratum, *final[request], reference)


class Tally:
    """The counts behind one row of the summary."""

    def __init__(self) -> None:
        self.n, self.undefined, self.runaway = 0, 0, 0
        self.numerators, self.denominators = 0, 0
        self.whole = True
        self.ratios = array("d")

    def add(self, numerator: int, denominator: int, runaway: bool) -> None:
        """Add one answer's score."""
        self.n += 1
        self.runaway += runaway
        if not denominator:
            self.undefined += 1
            return
        self.numerators += numerator
        self.denominators += denominator
        self.whole = self.whole and denominator == 1
        self.ratios.append(numerator / denominator)

    def merge(self, other: Tally) -> None:
        """Add all that another tally counted; the order of ratios changes no digit of a mean."""
        self.n, self.undefined = self.n + other.n, self.undefined + other.undefined
        self.runaway += other.runaway
        self.numerators += other.numerators
        self.denominators += other.denominators
        self.whole = self.whole and other.whole
        self.ratios.extend(other.ratios)

    def values(self) -> dict[str, str | None]:
        """Return the aggregates by their names, with six decimals."""
        if not self.ratios:
            return {"mean_of_ratios": None}
        mean = math.fsum(self.ratios) / len(self.ratios)
        found: dict[str, str | None] = {"mean_of_ratios": f"{mean:.6f}"}
        if not self.whole:
            found["corpus"] = f"{self.numerators / self.denominators:.6f}"
        return found


_ROW = ("score", "sampling", "level", "stratum", "aggregation")  # what tells score records apart


# The canonical line of one answer's score, as the digest in score records covers it.
_SCORED = '{"denominator":%d,"index":%d,"numerator":%d,"request":"%s","runaway":%s,"score":"%s"}'


def summary(spool: Spool, subject: Subject) -> dict[tuple[Any, ...], Record]:
    """Return the score records that the answers give, by what tells them apart."""
    names = [name for name in subject.names if name in MEASURES]
    states = {name: sha256(frame(b"reprollm/scores/v1")) for name in names}
    tallies: defaultdict[tuple[str, str, str | None], Tally] = defaultdict(Tally)
    rows = heapq.merge(*spool.files(f"scored-{subject.number}-[0-9]+"), key=itemgetter(0))
    for index, request, sampling, stratum, runaway, values in rows:
        for name, (numerator, denominator) in pairs(names, values):
            row = (denominator, index, numerator, request, "true" if runaway else "false", name)
            line = (_SCORED % row).encode()
            states[name].update(_size8(len(line)) + line)
            tallies[name, sampling, stratum].add(numerator, denominator, runaway)
    levels: dict[tuple[str, str, str, str | None], Tally] = {}
    for (name, sampling, stratum), tally in tallies.items():
        levels.setdefault((name, sampling, "all", None), Tally()).merge(tally)
        if stratum is not None:
            levels[name, sampling, "stratum", stratum] = tally
    found: dict[tuple[Any, ...], Record] = {}
    for level, tally in levels.items():
        for aggregation, value in tally.values().items():
            key = (*level, aggregation)
            found[key] = {
                **dict(pairs(_ROW, key)), "run": subject.run, "plan": subject.plan,
                "value": value, "n": tally.n, "undefined": tally.undefined,
                "runaway": tally.runaway, "table_sha256": states[level[0]].hexdigest(),
            }  # fmt: skip
    return found


def check_scores(
    groups: list[ScoreGroup], spool: Spool, counted: str | None, report: Report
) -> None:
    """Hold every score record against what the answers give."""
    same = 0
    for group in groups:
        subject = group.subject
        if subject is None:
            said = "expected scores of a run that began before them in the log, found none"
            report.fail(NUMBERS, "ScoreMismatch", f"{group.where()}: {said}")
            continue
        unknown = [name for name in subject.names if name not in MEASURES]
        if unknown:
            report.unchecked(NUMBERS, f"{group.where()}: the score {unknown[0]} is unknown here")
            continue
        wrong = list(_differences(group.records, summary(spool, subject)))
        verdict = "WRONG" if wrong else "same"
        if wrong and group.withheld:
            verdict = "withheld"
            report.unchecked(
                NUMBERS,
                f"{group.where()}: {group.withheld:,} of {group.answers:,} answers or references "
                "are withheld, so that the scores cannot be recomputed",
            )
            wrong = list(_untenable(group, subject))
        for sentence in wrong[:3]:
            report.fail(NUMBERS, "ScoreMismatch", f"{group.where()}: {sentence}")
        same += len(group.records) if verdict == "same" else 0
        if group.run == counted or subject.imported:
            report.scores += [(record, verdict) for record in group.records]
    if same:
        report.checked(
            NUMBERS, f"{count(same, 'score record')} recomputed from the answers: the same"
        )
    if not groups:
        report.unchecked(NUMBERS, "the log holds no scores")


def _row_key(record: Record) -> tuple[Any, ...]:
    return tuple(record[name] for name in _ROW)


def _words(key: tuple[Any, ...]) -> str:
    whose = "all answers" if key[2] == "all" else f"stratum {key[3]}"
    return safe(f"{key[0]} ({key[4]}) of {whose}, sampling {key[1]}", 120)


def _differences(records: list[Record], expected: dict[tuple[Any, ...], Record]) -> Iterator[str]:
    seen: set[tuple[Any, ...]] = set()
    for record in records:
        key = _row_key(record)
        right = expected.get(key)
        wrong = [name for name in right if record[name] != right[name]] if right else []
        if key in seen:
            yield f"{_words(key)} is recorded twice"
        elif right is None:
            yield f"{_words(key)} is recorded, the answers give no such row"
        elif wrong:
            said = ", ".join(f"{name} {record[name]}" for name in wrong)
            true = ", ".join(f"{name} {right[name]}" for name in wrong)
            yield f"{_words(key)}: expected {true} from the answers, found {said}"
        seen.add(key)
    for key in expected.keys() - seen:
        yield f"{_words(key)} is not recorded; the answers give {expected[key]['value']}"


def _untenable(group: ScoreGroup, subject: Subject) -> Iterator[str]:
    """Yield what is wrong whatever the withheld texts say."""
    if len(set(map(_row_key, group.records))) < len(group.records):
        yield "a row is recorded twice"
    if {record["plan"] for record in group.records} != {subject.plan}:
        yield f"expected scores of plan {subject.plan[:16]}"
    if not {record["score"] for record in group.records} <= set(subject.names):
        yield f"expected the scores {', '.join(subject.names)}, as planned"
    if max(record["n"] for record in group.records) > group.answers:
        yield f"a row counts more than the {group.answers} answers of the log"


# --------------------------------------------------------------------------------------------------
# Texts disclosed later
# --------------------------------------------------------------------------------------------------


def read_disclosures(paths: list[str]) -> dict[str, bytes]:
    """Return the lines of openings that the reader got besides the bundle, by leaf hash."""
    lines: dict[str, bytes] = {}
    for path in paths:
        *found, rest = _read_given(path).split(b"\n")
        for line in found:
            match = re.match(rb'\{"leaf":"([0-9a-f]{64})","openings":\[', line)
            if not match or match[1].decode() in lines:
                raise Unreadable(f"{path}: expected lines of leaf and openings, each leaf once")
            lines[match[1].decode()] = line
        if rest or not found:
            raise Unreadable(f"{path}: expected lines that end")
    return lines


def check_disclosures(lines: dict[str, bytes], found: Pass, report: Report) -> None:
    """Check that each disclosed text is the one that its record in the log committed to."""
    for leaf, line in lines.items():
        if leaf not in found.wanted:
            report.fail(LOG, "LeafMismatch", f"expected a record with the leaf {leaf}, found none")
            continue
        position, raw = found.wanted[leaf]
        record = loads_object(raw)
        names = COMMITTED.get(record["kind"], ())
        commitments = {name.encode(): record[name] and record[name].encode() for name in names}
        try:
            if not _is_utf8([line]) or not line.startswith(_HEAD % leaf.encode()):
                raise Defect("InvalidInput", "expected a line of leaf and openings in UTF-8")
            opened, salted = check_openings(line, commitments)
            if salted:
                raise Defect("InvalidInput", "expected texts, found a salt without its text")
        except Defect as error:
            report.fail(LOG, error.name, f"disclosed for record {position}: {error.sentence}")
            continue
        report.checked(LOG, f"the disclosed texts of record {position} are those committed to")
        for name, value in opened.items():
            shown = value.decode() if name in _TEXTS else value.hex()
            where = f"record {position} ({record['kind']}), {name.decode()}"
            report.texts.append(f"{where}: {shown}")


# --------------------------------------------------------------------------------------------------
# The page
# --------------------------------------------------------------------------------------------------

_TITLES = (
    "L0  Files: is this what was published?",
    "L1  Log: do the records hang together, unchanged?",
    "L2  Completeness: planned first, and nothing left out?",
    "L3  Numbers: do the scores follow from the answers?",
    "L4  Re-execution: does the model really answer so?",
)
_VERDICTS = {
    "holds": "HOLDS",
    "partly": "HOLDS, as far as it could be checked here",
    "fails": "FAILS",
    "not checked": "NOT CHECKED",
}


def describe(found: Pass, counted: str | None, report: Report) -> None:
    """Collect what a reader wants to know first: which experiment, model, run."""
    starts = [record for _, record in found.of_kind("start") if record["run"] == counted]
    ends = [record["ended"] for _, record in found.of_kind("end") if record["run"] == counted]
    plans = [record for _, record in found.of_kind("plan")]
    for plan in [plan for plan in plans if not starts or plan["plan"] == starts[0]["plan"]][:1]:
        core = plan["core"]
        report.facts += [
            ("Experiment", f"{core.get('title', '')} ({plan['experiment']})"),
            ("Model", _model(found, core)),
            ("Asked", f"{plan['requests']:,} requests; {_samplings(core)}"),
            ("Planned", f"{plan['created']}, plan {plan['plan'][:16]}"),
        ]
    if starts:
        times = sorted([record["started"] for record in starts] + ends)
        engine = starts[0]["engine"]
        by = " ".join(str(engine[name]) for name in ("family", "dtype", "device") if name in engine)
        report.facts.append(
            ("Run", f"{times[0]} to {times[-1]}, run {counted or ''!s:.16}, by {by}")
        )
        trust = Attempts(found).trust(str(counted))
        report.facts.append(("Trust", f"{trust}: {TRUST_WORDS[trust]}"))
    for _, record in found.of_kind("import"):
        report.facts.append(("Import", f"from {record['tool']}, {record['samples']:,} samples"))


def _model(found: Pass, core: Record) -> str:
    wanted = str(core.get("snapshot", "not stated"))
    for _, record in found.of_kind("snapshot"):
        if record["snapshot"] == wanted:
            quantized = record["facts"].get("quantization", "not stated")
            if isinstance(quantized, dict):
                quantized = f"{quantized.get('method')}, {quantized.get('bits')} bits a weight"
            words = "not quantized" if quantized is None else f"quantization: {quantized}"
            return f"{record['name']}, snapshot {wanted[:16]}, {words}"
    return f"snapshot {wanted[:16]}"


def _samplings(core: Record) -> str:
    found = core.get("sampling")
    words = []
    for sampling in found if isinstance(found, list) else []:
        if isinstance(sampling, dict) and isinstance(sampling.get("seeds"), list):
            words.append(f"{sampling.get('name')} (seeds {', '.join(map(str, sampling['seeds']))})")
    return "; ".join(words) or "samplings not stated"


def page(what: str, report: Report) -> str:
    """Return the whole page for people."""
    lines = [f"reprollm verify.py: {safe(what)}", ""]
    log = report.checkpoint
    log_facts = [("Log", f"{log.origin}, {log.size:,} records"), ("Root", log.root.hex())]
    for name, text in [*report.facts, *log_facts]:
        lines += _wrapped(f"{name:<11}", text)
    for title, level in pairs(_TITLES, report.levels):
        lines += ["", f"{title}  {_VERDICTS[level.verdict]}"]
        for text in level.checked:
            lines += _wrapped("    checked      ", text)
        for text in level.unchecked:
            lines += _wrapped("    not checked  ", text)
        own = [problem for problem in report.problems if report.levels[problem[0]] is level]
        for _, defect, sentence in own[:20]:
            lines += _wrapped("    WRONG        ", f"{defect}: {sentence}")
        if len(own) > 20:
            lines.append(f"    WRONG        and {len(own) - 20} more")
    lines += _score_table(report.scores)
    if report.signers:
        lines += ["", "Who signed"]
        for signer in report.signers:
            over = "this bundle" if signer["what"] == "bundle" else f"{signer['size']:,} records"
            text = f"{over}: {signer['name']}, key {signer['key']}"
            lines += _wrapped(f"    {signer['kind']:<9}", text)
        lines += _wrapped("    ", _TRUST)
    if report.notices:
        lines += ["", "You should know"]
        for text in report.notices[:40]:
            lines += _wrapped("  - ", text)
        if len(report.notices) > 40:
            lines.append(f"  - and {len(report.notices) - 40} more (see --json)")
    for text in report.texts:
        lines += ["", *_wrapped("Disclosed: ", text, 4000)]
    return "\n".join([*lines, "", *_wrapped("", _last_line(report)), ""])


_TRUST = (
    "A signature says that the holder of a key signed. Whose key it is, the bundle cannot prove: "
    "compare it with one that its owner gave elsewhere. An author can sign a rewritten log too; "
    "only a checkpoint that someone else kept (--checkpoint) or a time stamp shows that it was not."
)


def _wrapped(head: str, text: str, limit: int = 3000) -> list[str]:
    return textwrap.wrap(
        safe(text, limit), 100, initial_indent=head, subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    ) or [head]  # fmt: skip


def _score_table(scores: list[tuple[Record, str]]) -> list[str]:
    if not scores:
        return []
    rows = [("of", "score", "sampling", "aggregation", "value", "answers", "recomputed")]
    for record, verdict in [row for row in scores if row[0]["level"] == "all"][:40]:
        rows.append((
            record["run"][:8], safe(record["score"], 24), safe(record["sampling"], 24),
            safe(record["aggregation"], 16), safe(record["value"] or "undefined"),
            f"{record['n']:,}", verdict,
        ))  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["", "Scores over all answers"]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in pairs(row, widths)]
        lines.append(("    " + "  ".join(cells)).rstrip())
    strata = Counter(verdict for record, verdict in scores if record["level"] == "stratum")
    if strata:
        said = ", ".join(f"{number} {verdict}" for verdict, number in sorted(strata.items()))
        lines += _wrapped("    ", f"and of single strata: {said}")
    return lines


def _last_line(report: Report) -> str:
    if report.problems:
        level, defect, _ = min(report.problems, key=lambda problem: problem[0])
        return (
            f"VERDICT: this FAILS at level {level} ({LEVELS[level]}): {defect}. Do not rely on it."
        )
    left = [f"L{n}" for n, level in enumerate(report.levels) if level.verdict != "holds"]
    return (
        "VERDICT: nothing that was checked is wrong. Not, or not wholly, checked: "
        f"{', '.join(left)}."
    )


# --------------------------------------------------------------------------------------------------
# The whole verification
# --------------------------------------------------------------------------------------------------


class Options(NamedTuple):
    """What the reader asked for besides the bundle."""

    keys: list[str]
    kept: list[Checkpoint]
    disclosed: dict[str, bytes]
    processes: int


def open_source(path: str) -> Source:
    """Return the files of a bundle or ledger at `path`."""
    if not os.path.isdir(path):
        if not os.path.isfile(path):
            raise Unreadable(f"expected a bundle at {path}, found nothing there")
        return read_zip(path)
    names = set(os.listdir(path))
    marks = names & {"SHA256SUMS", "bundle.note", "ledger"}
    if not marks and not os.path.isdir(os.path.join(path, "log")):
        raise Unreadable(f"expected a bundle or ledger in {path}, found neither")
    source = read_folder(path)
    source.ledger = "ledger/" if marks else ""
    return source


def verify(path: str, options: Options) -> Report:
    """Check a bundle or ledger; raise `Unreadable` where it is none."""
    report = Report()
    report.unchecked(
        REEXECUTION,
        "that the model gives these answers: with the weights, `reprollm challenge BUNDLE --nonce "
        "TEXT -k 20` asks a few requests again, drawn so that the author could not know which",
    )
    try:
        source = open_source(path)
    except Defect as error:
        report.fail(FILES, error.name, error.sentence)
        return report
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        _verify(source, folder, options, report)
    return report


def _verify(source: Source, folder: str, options: Options, report: Report) -> None:
    """Check all levels; a level after one that fails is checked where that makes sense."""
    log = _log(source, report)
    spool = Spool(folder, log.last.size // PART_ROWS + 1 if log else 1)
    processes = options.processes if sum(source.sizes.values()) > PARALLEL_BYTES else 1
    found = Pass()
    if log:
        report.checkpoint = log.last
        wanted = frozenset(options.disclosed)
        found = read_shards(log, spool, processes, options.kept, wanted, report)
    digests, redaction = {}, None
    if source.ledger:
        digests = check_files(source, found.digests, report)
        statement = check_statement(source, digests, report)
        check_verifiers(digests, report)
        redaction = check_redaction(source, statement, report)
        if log and statement:
            check_binding(log, statement, report)
    else:
        report.unchecked(FILES, "this is a bare ledger folder, without a list of its files")
    if not log:
        return
    say_log(log, found, report)
    check_signatures(log, report)
    check_kept(log, found, options.kept, report)
    check_disclosures(options.disclosed, found, report)
    for text in options.keys:
        require_key(text, report)
    check_run_ids(source, report)
    if not found.sound:
        for level in (COMPLETENESS, NUMBERS):
            report.unchecked(level, "the log does not hold, so that nothing follows from it")
        return
    if source.ledger:
        check_withheld(redaction, found, report)
    counted = check_completeness(log, found, spool, processes, report)
    describe(found, counted, report)
    plan = next((run["plan"] for run in report.runs if run["run"] == counted), None)
    cores = found.plans.cores
    if source.ledger and cores:
        core = cores.get(plan, {}) if plan else list(cores.values())[-1]
        check_experiment(source, digests, core, redaction, report)


def _log(source: Source, report: Report) -> Log | None:
    if source.ledger and not source.below("log"):
        report.fail(FILES, "FileMissing", "expected a log in ledger/log, found none")
        return None
    try:
        return Log(source)
    except Defect as error:
        report.fail(LOG, error.name, error.sentence)
        return None


# --------------------------------------------------------------------------------------------------
# The command line
# --------------------------------------------------------------------------------------------------


def _read_given(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_SMALL_FILE + 1)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    if len(content) > MAX_SMALL_FILE:
        raise Unreadable(f"{path} is too large")
    return content


def _kept(path: str) -> Checkpoint:
    content = _read_given(path).decode("utf-8", "replace")
    try:
        kept = parse_checkpoint(content.partition("\n\n")[0].rstrip("\n") + "\n")
    except Defect as error:
        raise Unreadable(f"{path}: {error.sentence}") from None
    if not kept.size:
        raise Unreadable(f"{path}: expected a checkpoint over some records")
    return kept


def _key(text: str) -> str:
    return _read_given(text).decode("utf-8", "replace") if os.path.isfile(text) else text


def _processes() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Check a reprollm bundle with nothing but Python.",
        epilog="example: python -I -S verify.py bundle.zip",
    )
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("path", nargs="?", default=here, help="bundle.zip, or an unpacked folder")
    parser.add_argument("--opening", action="append", default=[], metavar="FILE",
                        help="texts that were disclosed later: check and show them")  # fmt: skip
    parser.add_argument("--key", action="append", default=[], metavar="KEY",
                        help="a key (or its file) that must have signed the log")  # fmt: skip
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE",
                        help="a checkpoint that you kept: the log must begin with it")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON instead of a page")
    parser.add_argument("--processes", type=int, default=_processes(), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        keys = [_key(text) for text in given.key]
        kept = [_kept(path) for path in given.checkpoint]
        options = Options(keys, kept, read_disclosures(given.opening), given.processes)
        report = verify(given.path, options)
    except Unreadable as error:
        print(f"verify.py: {safe(error, 1000)}", file=sys.stderr)
        return 3
    except (OSError, MemoryError, RecursionError) as error:
        print(f"verify.py could not go on: {safe(error, 1000)}", file=sys.stderr)
        return 3
    print(
        json.dumps(report.to_json(), indent=1) if given.json else page(given.path, report), end=""
    )
    return report.code


if __name__ == "__main__":
    sys.exit(main())
