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
| L3 numbers | every score, and what the checks of contamination found, recomputed | 13 |
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
import unicodedata
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date
from functools import lru_cache
from hashlib import sha256
from itertools import chain, groupby, islice
from operator import itemgetter
from statistics import NormalDist
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
MAX_DRAWN = 10_000  # permutations that a finding may ask to be repeated
MAX_CONTINUED = 4096  # tokens of one continuation
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
    "part_of": lambda v: v in ("all", "stratum", "split"),
    "verdict": lambda v: v in ("holds", "fails", "undecided"),
    "set": lambda v: v in ("suspect", "reference", "twin", "order", "canary"),
    "part": lambda v: v in ("source_text", "question", "gold", "rationale"),
    "role": lambda v: v in ("prompt", "few_shot", "judge", "retrieval"),
    "declared": lambda v: v in ("use", "publication", "policy", "release", "creation"),
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
    "exposed": "attempt:attempt run:hash plan:hash item:text field:part role:role requests:count "
    "address:text server:text policy:hash? created:time",
    "declaration": "plan:hash? what:declared subject:text field:part? evidence:object created:time",
    "examination": "examination:hash plan:hash snapshot:hash core:object created:time",
    "measurement": "examination:hash plan:hash attempt:attempt first:count last:count "
    "environment:hash snapshot:hash snapshot_check:check engine:object code:hash host:text "
    "pid:count job:object? started:time",
    "likelihood": "examination:hash plan:hash attempt:attempt index:count set:set subject:text "
    "variant:count snapshot:hash tokenizer:hash tokens:count bytes:count zlib:count text:hash? "
    "text_ids:hash? sealed:hash? logprobs:hash means:hash? deviations:hash? batch:object "
    "finished:time",
    "continuation": "examination:hash plan:hash attempt:attempt index:count subject:text "
    "snapshot:hash tokenizer:hash prefix:count expected_ids:hash output_ids:hash output:hash "
    "batch:object finished:time",
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
    "item": "plan:hash item:text document:text? split:text? annotations:hash?",
    "estimate": "run:hash plan:hash score:text version:text sampling:text level:part_of "
    "group:text? label:text? aggregation:text value:decimal? low:decimal? high:decimal? "
    "interval:object n:count items:count clusters:count undefined:count counted:object "
    "passes:object warnings:texts table_sha256:hash checkpoint:seen code:hash created:time",
    "comparison": "run:hash plan:hash comparison:text evidence:object checkpoint:seen code:hash "
    "created:time",
    "claim": "run:hash plan:hash claim:text verdict:verdict evidence:object checkpoint:seen "
    "code:hash created:time",
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
    "likelihood": ("text", "text_ids", "logprobs", "means", "deviations"),
    "continuation": ("expected_ids", "output_ids", "output"),
    "item": ("annotations",),
}
TEXT_FIELDS = frozenset({"prompt", "output", "source", "reference", "text", "annotations"})


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
# Measurements: how well the model foresaw a text, as single numbers
# --------------------------------------------------------------------------------------------------
# Of an item or a text of the reference set each token's log-probability is opened, of a text that
# may be sealed only their mean, of an order each row's sum. What later checks need of them is a few
# numbers, which are computed as soon as the record is read.

EXPOSED = ("plan", "item", "field", "role", "address", "server", "policy", "created", "attempt")
ITEM_SETS = ("suspect", "reference")
DRAWN_SETS = ("twin", "canary")


def floats(value: bytes) -> array[float]:
    """Return little-endian float32 values."""
    values = array("f", value)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def misformed(record: Record, opened: Opened) -> str | None:
    """Return in words what is wrong with a likelihood by itself, or None."""
    name = record["set"]
    if record["sealed"] is not None and (record["text"] or record["text_ids"]):
        return "commits to the words of a sealed text"
    if record["sealed"] is not None and name not in DRAWN_SETS:
        return f"says that a text of the set {name} is sealed"
    if name in ITEM_SETS and None in (record["text"], record["text_ids"]):
        return "commits to no words of an item"
    if (record["means"] or record["deviations"]) and name not in ITEM_SETS:
        return f"tells more than one number a text of the set {name}"
    text = opened.get(b"text")
    if text is not None and len(text) != record["bytes"]:
        return f"says {record['bytes']} bytes of a text of {len(text)}"
    tokens = record["tokens"]
    wanted = tokens if name in ITEM_SETS else min(1, tokens) if name in DRAWN_SETS else None
    for field in (b"logprobs", b"means", b"deviations"):
        size = len(opened.get(field, b""))
        if size % 4:
            return f"opens {field.decode()} of {size} bytes, no whole number of values"
        if field in opened and wanted is not None and size != 4 * wanted:
            return f"opens {size // 4} {field.decode()} where {wanted} are expected"
    return None


def foreseen(record: Record, opened: Opened) -> Any:
    """Return `[value]` of a likelihood: a dict of scores for an item, else a number or None.

    `[]` where the log-probabilities are withheld, `["broken"]` where they are no numbers.
    """
    if b"logprobs" not in opened:
        return []
    logprobs = floats(opened[b"logprobs"])
    try:
        if record["set"] == "order":
            return [math.fsum(logprobs)]
        if record["set"] in DRAWN_SETS:
            return [_number(logprobs[0]) if logprobs else None]
        spread = [floats(opened[name]) for name in (b"means", b"deviations") if name in opened]
        return [membership(logprobs, spread, record["zlib"])]
    except (ValueError, OverflowError):
        return ["broken"]


def membership(logprobs: array[float], spread: list[array[float]], packed: int) -> dict[str, Any]:
    """Return the membership scores of a text; larger is more member-like, None is no score."""
    found: dict[str, Any] = dict.fromkeys(("loss", "zlib", "min_k_20", "min_k_pp_20"))
    found["spread"] = len(spread) == 2
    if not logprobs:
        return found
    mean, fifth = math.fsum(logprobs) / len(logprobs), max(1, -(-len(logprobs) // 5))
    found["loss"] = _number(mean)
    found["zlib"] = _number(mean / packed) if packed else None
    found["min_k_20"] = _lowest(list(logprobs), fifth)
    if len(spread) == 2:
        scaled = [
            (logprob - centre) / width if width > 0 else 0.0
            for logprob, (centre, width) in pairs(logprobs, pairs(*spread))
        ]
        found["min_k_pp_20"] = _lowest(scaled, fifth)
    return found


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _lowest(values: list[float], least: int) -> float | None:
    if any(map(math.isnan, values)):
        return None
    return math.fsum(sorted(values)[:least]) / least


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
    "dtype=TEXT engine=TEXT few_shot:TEXTS index=COUNT item=TEXT kind:request plan=HASH "
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
        if match is None or match[13] not in self.settings:
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
            if kind in ("failure", "end", "exposure", "exposed"):
                self._claim(*(record[name].encode() for name in ("attempt", "run", "plan")))
            if kind == "failure":
                request = record["request"].encode()
                row = (self.position, record["run"].encode(), request)
                self.parts["failures", int(request[:8], 16) % self.spool.parts].append(row)
            elif kind == "imported":
                self._imported(leaf, record)
            elif kind in ("likelihood", "continuation"):
                self._measured(leaf, kind, record)
            elif kind == "exposed":
                self._open(leaf, {})
                self._keep("exposed", record["plan"], *(record[name] for name in EXPOSED[1:]))
            elif kind == "finding" and record["finding"].startswith("contamination/"):
                self._open(leaf, {})
                said = (record["finding"], record["subject"], dumps(record["evidence"]))
                self._keep("concluded", record["run"], record["plan"], *said)
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
        (dtype, engine, index, item, plan, prompt, prompt_ids, reference, repetition, request,
         sampling, seed, settings, snapshot, source, stratum, tokenizer) = fields  # fmt: skip
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
        words = (self._word(sampling), self._word(stratum))
        row = (self.position, plan, request, place, *words, text, item)
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

    def _measured(self, leaf: bytes, kind: str, record: Record) -> None:
        """Keep what a likelihood or continuation says, its numbers already brought together."""
        commitments = {
            name.encode(): record[name].encode() if record[name] is not None else None
            for name in COMMITTED[kind]
        }
        expected = [name for name, value in commitments.items() if value is not None]
        self.found.committed += len(expected)
        opened = self._open(leaf, commitments)
        withheld = tuple(name.decode() for name in expected if name not in opened)
        numbers = [name for name in sorted(expected) if name not in (b"text", b"text_ids")]
        same = None
        if all(name in opened for name in numbers):
            same = digest(b"", *(name + b"=" + opened[name] for name in numbers))
        if kind == "likelihood":
            wrong = misformed(record, opened)
            values = None if wrong else foreseen(record, opened)
        else:
            wrong = None
            values = (record["prefix"], opened.get(b"expected_ids"), opened.get(b"output_ids"))
        names = "plan attempt index subject snapshot tokenizer".split()
        self._keep(
            "measured", record["examination"], kind, *(record[name] for name in names),
            record.get("set"), record.get("variant"), record.get("tokens"), opened.get(b"text"),
            values, same, wrong, withheld,
        )  # fmt: skip

    def _keep(self, name: str, owner: str, *row: Any) -> None:
        """Spool a row about an examination or plan, all those of one in the same part."""
        part = int(owner[:8], 16) % self.spool.parts
        self.parts[name, part].append((self.position, owner, *row))

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
        raw("dtype"), raw("engine"), raw("index"), raw("item"), plain("plan"), plain("prompt"),
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
        # findings of contamination checks about whole sets, the last on each subject
        self.contamination: dict[tuple[str, ...], tuple[Finding, str]] = {}
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

    def conclude(self, examination: str, one: Finding, verdict: str) -> None:
        """Note what a check of contamination found of a whole set, and what came of it."""
        if one.subject == "*" or one.method == "effect":
            key = (examination, one.method, one.subject, scan_of(one))
            self.contamination.pop(key, None)
            self.contamination[key] = (one, verdict)

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
            "contamination": [
                {"examination": key[0], "claim": one.evidence.get("claim"), "method": one.method,
                 "subject": one.subject, "n": one.evidence.get("n"), "p": one.evidence.get("p"),
                 "verdict": one.evidence.get("verdict"), "recomputed": verdict}
                for key, (one, verdict) in self.contamination.items()
            ],
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
    "verify.py": frozenset(
        {
            "8f2118ad8bfb9e2c21f6a8b5ef620bb706cfb2afd89bb5629c1d794fd7562246",
            "ce9e3fad7183f64a4b0c17f5fa6a6bf5c3cbeef13e43d6330fc31794f1e2c8b9",
            "32fa3f585d68df0ed5ebc88dcd0b3270c67a2394f956956016fc40c7346819dd",
        }
    ),
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
    views: dict[int, Seen]  # what findings are made of, by number of the view


def judge(part: int) -> Judged:
    """Judge all that concerns one part of the requests, and score its answers."""
    spool: Spool = _WORKER["spool"]
    runs, successions, subjects, views = _WORKER["rest"]
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
    judged = Judged({}, {}, {}, {}, Counter(), [], {})
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
    for view in views:
        judged.views[view.number] = view_part(view, rows)
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
    concluded = conclusions(log, found, spool, report)
    views = [group.view for group in concluded if group.view]
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
    shared = (log.source, spool, frozenset[str](), (attempts.runs, successions, subjects, views))
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
        for one in concluded:
            if one.view:
                one.seen.append(part.views[one.view.number])
    for sentence in check_deviations(found, overlaps, attempts.begun):
        report.fail(COMPLETENESS, "RecordsDisagree", sentence)
    check_imports(found, report)
    check_measurements(log, found, spool, report)
    counted = say_coverage(found, attempts, list(covered.values()), report)
    check_scores(groups, spool, counted, report)
    check_conclusions(concluded, found, spool, report)
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
# L2: examinations, fixed before anything is measured for them
# --------------------------------------------------------------------------------------------------


class Measure(NamedTuple):
    """What the spool holds of a likelihood or continuation."""

    position: int
    examination: str
    kind: str
    plan: str
    attempt: str
    number: int  # of the text in its examination
    subject: str
    snapshot: str
    tokenizer: str
    set: str | None
    variant: int | None
    tokens: int | None
    text: bytes | None
    values: Any
    same: str | None
    wrong: str | None
    withheld: tuple[str, ...]


def first_of(found: Pass, kind: str, name: str) -> dict[str, tuple[int, Record]]:
    """Return position and value of the first record of a kind with each id."""
    firsts: dict[str, tuple[int, Record]] = {}
    for position, record in found.of_kind(kind):
        firsts.setdefault(record[name], (position, record))
    return firsts


def check_measurements(log: Log, found: Pass, spool: Spool, report: Report) -> None:
    """Check examinations, what was measured for them, what was exposed, and whose findings are."""
    examinations = first_of(found, "examination", "examination")
    measurements = first_of(found, "measurement", "attempt")
    exposures = first_of(found, "exposure", "attempt")
    sizes = sorted(log.checkpoints)
    wrong = [*_examinations(examinations, found), *_begun(examinations, measurements, sizes)]
    told: set[str] = set()
    for position, *_, attempt in sorted(spool.read("exposed-[0-9]+-[0-9]+")):
        if attempt not in told and exposures.get(attempt, (position, {}))[0] >= position:
            said = f"record {position} of attempt {attempt[:16]} says that an item was sent,"
            wrong.append(("RecordsDisagree", f"{said} without an exposure record before it"))
        told.add(attempt)
    claimed: set[tuple[str, str]] = set()
    for position, examination, plan, *_ in sorted(spool.read("concluded-[0-9]+-[0-9]+")):
        head = examinations.get(examination)
        if (examination, plan) not in claimed and (
            head is None or head[0] > position or head[1]["plan"] != plan
        ):
            said = f"finding {position} is of the examination {examination[:16]}, which does not"
            wrong.append(("RecordsDisagree", f"{said} stand before it, or is of another plan"))
        claimed.add((examination, plan))
    measured = 0
    for part in range(spool.parts):
        rows = [Measure(*row) for row in sorted(spool.read(f"measured-{part}-[0-9]+"))]
        measured += len(rows)
        for name in dict.fromkeys(row.examination for row in rows):
            own = [row for row in rows if row.examination == name]
            wrong += _measured(name, own, examinations.get(name), measurements, report)
    for defect, sentence in wrong:
        report.fail(COMPLETENESS, defect, sentence)
    if measured:
        report.checked(
            COMPLETENESS,
            f"{count(measured, 'measurement')} for {count(len(examinations), 'examination')}: each "
            "examination was in a checkpoint before, each text is called as it was named there",
        )


def _examinations(
    examinations: dict[str, tuple[int, Record]], found: Pass
) -> Iterator[tuple[str, str]]:
    plans = first_of(found, "plan", "plan")
    for name, (position, record) in examinations.items():
        core, who = record["core"], f"examination {name[:16]}"
        if digest(b"reprollm/examination/v1", dumps(core)) != name:
            yield "LeafMismatch", f"{who} has an id that is not that of its core"
        if core.get("plan") != record["plan"] or core.get("snapshot") != record["snapshot"]:
            yield "RecordsDisagree", f"{who} names another plan or snapshot than its core"
        if found.plans.ends.get(record["plan"], position + 1) > position:
            yield "RecordsDisagree", f"{who} has no plan record before it in the log"
            continue
        planned = plans[record["plan"]][1]["core"]
        if any(core.get(part) != planned.get(part) for part in ("snapshot", "tokenizer", "engine")):
            yield "RecordsDisagree", f"{who} is of another model or engine than its plan"


def _begun(
    examinations: dict[str, tuple[int, Record]],
    measurements: dict[str, tuple[int, Record]],
    sizes: list[int],
) -> Iterator[tuple[str, str]]:
    for attempt, (position, record) in measurements.items():
        head = examinations.get(record["examination"])
        who = f"measurement {position} of attempt {attempt[:16]}"
        if head is None or head[0] > position:
            yield "RecordsDisagree", f"{who} has no examination record before it in the log"
            continue
        if any(record[part] != head[1][part] for part in ("plan", "snapshot")):
            yield "RecordsDisagree", f"{who} is of another plan or snapshot than its examination"
        if not any(head[0] < size <= position for size in sizes):
            yield "RecordsDisagree", f"{who} began before a checkpoint covered its examination"


def _measured(
    name: str,
    rows: list[Measure],
    head: tuple[int, Record] | None,
    measurements: dict[str, tuple[int, Record]],
    report: Report,
) -> Iterator[tuple[str, str]]:
    """Check the likelihoods and continuations of one examination, in log order."""
    core = head[1]["core"] if head else {}
    final: dict[tuple[str, int], Measure] = {}
    differing = 0
    for row in rows:
        sentence = row.wrong or _misplaced(row, core, measurements.get(row.attempt))
        if sentence:
            yield "RecordsDisagree", f"{row.kind} {row.position} {sentence}"
        first = final.setdefault((row.kind, row.number), row)
        if (first.set, first.subject, first.variant) != (row.set, row.subject, row.variant):
            said = f"calls text {row.number} otherwise than record {first.position}"
            yield "RecordsDisagree", f"{row.kind} {row.position} {said}"
        differing += None not in (first.same, row.same) and first.same != row.same
    if differing:
        report.notices.append(
            f"Measured again: {count(differing, 'text')} of examination {name[:16]}, with other "
            "values. The first in the log count."
        )
    texts = {index: row for (kind, index), row in final.items() if kind == "likelihood"}
    for (kind, index), row in final.items():
        own = texts.get(index)
        if kind == "continuation" and own and (own.set, own.subject) != ("suspect", row.subject):
            said = f"examination {name[:16]} continues text {index}, which is no item of that name"
            yield "RecordsDisagree", said
    if head and texts:
        yield from _all_texts(name, core, texts, report)


def _misplaced(row: Measure, core: Record, attempt: tuple[int, Record] | None) -> str | None:
    if attempt is None or attempt[0] > row.position:
        return "is of an attempt that has no measurement record before it in the log"
    of = attempt[1]
    if (row.examination, row.plan) != (of["examination"], of["plan"]):
        return "is of another examination or plan than its attempt"
    if not of["first"] <= row.number < of["last"]:
        return f"is of text {row.number}, which its attempt does not measure"
    if (row.snapshot, row.tokenizer) != (core.get("snapshot"), core.get("tokenizer")):
        return "is of another snapshot or tokenizer than its examination"
    return None


def _all_texts(
    name: str, core: Record, texts: dict[int, Measure], report: Report
) -> Iterator[tuple[str, str]]:
    """Compare the names of all texts with the digest that the core holds."""
    if sorted(texts) != list(range(len(texts))) or core.get("texts") != len(texts):
        report.notices.append(
            f"Measured in part: {len(texts):,} of {core.get('texts')} texts of examination "
            f"{name[:16]}."
        )
        return
    lines = [
        dumps({"set": row.set, "subject": row.subject, "variant": row.variant})
        for _, row in sorted(texts.items())
    ]
    if digest(b"reprollm/examined-texts/v1", *lines) != core.get("texts_digest"):
        said = f"examination {name[:16]} committed to other texts than were measured"
        yield "LeafMismatch", said


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
    for _, owner, request, index, sampling, stratum, reference, _ in rows["requests"]:
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
# Statistics; each is stated in SPEC.md
# --------------------------------------------------------------------------------------------------

_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf((1 + 0.95) / 2)


def decimal(value: float) -> str:
    """Return a number as findings hold it."""
    if not math.isfinite(value):
        raise ValueError("expected a finite number")
    return format(value + 0.0, ".9g")


def mean_of(values: Iterable[float]) -> float:
    """Return the mean, added exactly and rounded once."""
    listed = list(values)
    return math.fsum(listed) / len(listed)


def permuted(seed: str, number: int, size: int) -> list[int]:
    """Return 0 … size-1 in the order of their digests: a permutation that the seed fixes."""
    state = sha256(
        b"".join(map(frame, (b"reprollm/permutation/v1", seed.encode(), str(number).encode())))
    )
    keys = []
    for index in range(size):
        own = state.copy()
        own.update(frame(str(index).encode()))
        keys.append((own.digest(), index))
    return [index for _, index in sorted(keys)]


def wins(members: Iterable[float], others: Iterable[float]) -> int:
    """Return 2 for each pair that the member wins and 1 for each tie, summed."""
    ranked = sorted(others)
    return sum(bisect_left(ranked, one) + bisect_right(ranked, one) for one in members)


def area_variance(area: float, m: float, n: float) -> float:
    """Return the variance of an area under the ROC curve (Hanley and McNeil 1982)."""
    inner = 1 + (m - 1) * (1 - area) / (2 - area) + (n - 1) * area / (1 + area)
    return area * (1 - area) * inner / (m * n)


def area_bound(area: float, end: float, m: int, n: int) -> float:
    """Return the end of the area's interval that lies towards `end` (Newcombe 2006, method 5)."""
    half = (m + n) / 2
    inside, outside = area, end
    for _ in range(80):
        middle = (inside + outside) / 2
        width = math.sqrt(half * half / (m * n) * area_variance(middle, half, half))
        if abs(area - middle) <= _Z * width:
            inside = middle
        else:
            outside = middle
    return (inside + outside) / 2


def greater_p(u: float, members: list[float], others: list[float]) -> float:
    """Return the one-sided p of Mann and Whitney's test, corrected for ties and continuity."""
    m, n = len(members), len(others)
    ties = sum(times**3 - times for times in Counter(members + others).values())
    variance = m * n / 12 * ((m + n + 1) - ties / ((m + n) * (m + n - 1)))
    if variance <= 0:
        return 1.0
    return math.erfc((u - m * n / 2 - 0.5) / math.sqrt(variance) / math.sqrt(2)) / 2


def detectable_area(m: int, n: int) -> float | None:
    """Return the smallest area that Mann and Whitney's test finds with power 0.8 at 0.05."""
    limit = 0.5 + 0.5 / (m * n)
    limit += _NORMAL.inv_cdf(1 - 0.05) * math.sqrt((m + n + 1) / (12 * m * n))

    def found(area: float) -> bool:
        width = math.sqrt(area_variance(area, m, n))
        if limit >= 1:
            return False
        return (_NORMAL.cdf((area - limit) / width) if width else float(area >= limit)) >= 0.8

    low, high = 0.5, 1.0
    if not found(high):
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def detectable_shift(permutations: int, level: float) -> float | None:
    """Return the shift, in standard deviations, that a permutation test finds with power 0.8."""
    allowed = math.floor(level * (permutations + 1) + 1e-9)
    if not allowed:
        return None
    return _NORMAL.inv_cdf(1 - allowed / (permutations + 1)) + _NORMAL.inv_cdf(0.8)


def rank_sum_p(total: int, sizes: list[int]) -> float:
    """Return P(sum of ranks <= total), each uniform on 0 … size-1; exact, rounded once.

    Without upper ends, C(total + n, n) choices of n ranks have at most that sum. Those in which k
    given ranks reach their sizes are as many as have the sum less these sizes; they are taken off
    and added again by turns (inclusion and exclusion), groups of one size together.
    """
    reached = {0: 1}  # sum of the sizes that are reached -> with its sign, in how many ways
    for size, groups in Counter(sizes).items():
        more: defaultdict[int, int] = defaultdict(int)
        for some in range(min(groups, total // size) + 1):
            ways = (-1) ** some * math.comb(groups, some)
            for before, value in reached.items():
                if before + some * size <= total:
                    more[before + some * size] += value * ways
        reached = more
    n = len(sizes)
    found = sum(ways * math.comb(total - used + n, n) for used, ways in reached.items())
    return max(found / math.prod(sizes), sys.float_info.min)


def detectable_share(sizes: list[int], level: float) -> float | None:
    """Return the share of groups foreseen best that the rank-sum test finds with power 0.8."""
    if 1 / math.prod(sizes) > level:
        return None

    def normal(share: float) -> NormalDist:
        means = [(1 - share) * (size - 1) / 2 for size in sizes]
        squares = math.fsum((1 - share) * (size - 1) * (2 * size - 1) / 6 for size in sizes)
        variance = squares - math.fsum(mean * mean for mean in means)
        return NormalDist(math.fsum(means), math.sqrt(max(variance, sys.float_info.min)))

    limit = normal(0.0).inv_cdf(level) - 0.5
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        power = 1.0 if middle >= 1 else normal(middle).cdf(limit + 0.5)
        low, high = (middle, high) if power < 0.8 else (low, middle)
    return high


def hoeffding(values: list[float]) -> tuple[float, float]:
    """Return an interval for the mean of values in [0, 1] (Hoeffding 1963)."""
    half = math.sqrt(math.log(2 / (1 - 0.95)) / (2 * len(values)))
    return max(0.0, mean_of(values) - half), min(1.0, mean_of(values) + half)


def clopper_pearson(hits: int, n: int) -> tuple[float, float]:
    """Return the exact interval of a share, 0.95, by halving [0, 1] eighty times."""
    if 2 * hits > n:
        low, high = clopper_pearson(n - hits, n)
        return 1 - high, 1 - low
    tail = (1 - 0.95) / 2

    def at_most(most: int, share: float) -> float:
        if not 0 < share < 1:
            return 1.0 if share <= 0 else float(most >= n)
        terms = [
            math.exp(
                math.lgamma(n + 1) - math.lgamma(x + 1) - math.lgamma(n - x + 1)
                + x * math.log(share) + (n - x) * math.log1p(-share)
            )
            for x in range(most + 1)
        ]  # fmt: skip
        return min(1.0, math.fsum(terms))

    def turning(above: Callable[[float], bool]) -> float:
        low, high = 0.0, 1.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (low, middle) if above(middle) else (middle, high)
        return high

    low = turning(lambda share: at_most(hits - 1, share) <= 1 - tail) if hits else 0.0
    return low, turning(lambda share: at_most(hits, share) < tail) if n else 1.0


@lru_cache(maxsize=4)
def resamples(seed: str, size: int) -> list[list[int]]:
    """Return 999 resamples of 0 … size-1 with replacement, as a seed fixes them."""
    found = []
    for number in range(999):
        drawn = b"".join(
            bytes.fromhex(
                digest(
                    b"reprollm/bootstrap/v1", seed.encode("ascii"), b"%d" % number, b"%d" % block
                )
            )
            for block in range(-(-size // 8))
        )
        words = struct.unpack(f">{len(drawn) // 4}I", drawn)
        found.append([word * size >> 32 for word in words[:size]])
    return found


# --------------------------------------------------------------------------------------------------
# The blind guard: can the texts be told apart without any model?
# --------------------------------------------------------------------------------------------------


def split_words(text: str) -> list[str]:
    """Return the words of a text after NFKD, without combining marks, case-folded."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    found, run = [], ""
    for c in plain.casefold() + " ":
        code = ord(c)
        alone = 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF
        if c.isalnum() and not alone:
            run += c
            continue
        found += [run] if run else []
        found += [c] if c.isalnum() else []
        run = ""
    return found


def tenths(values: list[Any]) -> list[int]:
    """Return for each value in which tenth of all values it lies."""
    ranked = sorted(values)
    return [10 * bisect_left(ranked, value) // len(ranked) for value in values]


def guard_features(texts: list[str], dates: list[str] | None) -> list[list[list[str]]]:
    """Return the features of each text, of words and of form; those of one text are left out."""
    words = [split_words(text) for text in texts]
    form: list[set[str]] = []
    for text in texts:
        letters, capitals = sum(map(str.isalpha, text)), sum(map(str.isupper, text))
        marks = {f"p:{c}" for c in text if not (c.isalnum() or c.isspace())}
        form.append(marks | {f"u:{10 * capitals // letters if letters else 0}"})
    columns = [("c", tenths([*map(len, texts)])), ("n", tenths([*map(len, words)]))]
    for name, column in columns:
        for own, tenth in pairs(form, column):
            own.add(f"{name}:{tenth}")
    if dates is not None:
        known = iter(tenths([date for date in dates if date]))
        for own, date in pairs(form, dates):
            own.add(f"d:{next(known) if date else ''}")
    found = []
    for group in ([{f"w:{word}" for word in own} for own in words], form):
        times = Counter(chain.from_iterable(group))
        found.append([[name for name in own if times[name] > 1] for own in group])
    return found


class Guard:
    """A naive Bayes classifier in whole numbers, cross-fitted over ten folds."""

    def __init__(self, texts: list[str], dates: list[str] | None, seed: str) -> None:
        self.groups = guard_features(texts, dates)
        self.sizes = [len(set(chain.from_iterable(group))) for group in self.groups]
        self.order = permuted(seed, 0, len(texts))
        logarithms = [round(1_000_000 * math.log(x)) if x else 0 for x in range(len(texts) + 2)]
        self.log = logarithms.__getitem__

    def wins(self, suspects: set[int]) -> list[int]:
        """Return `wins` of the suspects' scores by words, by form, and by both."""
        sides = (
            [i for i in self.order if i in suspects],
            [i for i in self.order if i not in suspects],
        )
        folds = [[side[fold::10] for side in sides] for fold in range(10)]
        scores = [dict.fromkeys(self.order, 0) for _ in range(3)]
        totals = [[0, 0], [0, 0]]
        everywhere = []
        for group, total in pairs(self.groups, totals):
            counts = [Counter(chain.from_iterable(group[i] for i in side)) for side in sides]
            total[:] = [sum(one.values()) for one in counts]
            everywhere.append(counts)
        for inside, outside in folds:
            base = []
            for kind, group in enumerate(self.groups):
                held = [
                    Counter(chain.from_iterable(group[i] for i in side))
                    for side in (inside, outside)
                ]
                learned = [total - sum(one.values()) for total, one in pairs(totals[kind], held)]
                base.append((learned, self.sizes[kind]))
                (a, b), (c, d) = everywhere[kind], held
                weights = {
                    name: self.log(a[name] - c[name] + 1) - self.log(b[name] - d[name] + 1)
                    for name in c.keys() | d.keys()
                }
                for i in chain(inside, outside):
                    scores[kind][i] = sum(map(weights.__getitem__, group[i]))
            self._base(chain(inside, outside), base, scores)
        return [
            wins([score[i] for i in sides[0]], [score[i] for i in sides[1]]) for score in scores
        ]

    def _base(
        self, texts: Iterable[int], base: list[tuple[list[int], int]], scores: list[dict[int, int]]
    ) -> None:
        """Add to the scores of a fold's texts what each of their features has in common."""
        (words, form), sizes = [learned for learned, _ in base], self.sizes
        both = [one + other for one, other in pairs(words, form)]
        each = [
            self._common(learned, size)
            for learned, size in pairs((words, form, both), (*sizes, sum(sizes)))
        ]
        for i in texts:
            counts = [len(group[i]) for group in self.groups]
            scores[2][i] = scores[0][i] + scores[1][i] + sum(counts) * each[2]
            scores[0][i] += counts[0] * each[0]
            scores[1][i] += counts[1] * each[1]

    @staticmethod
    def _common(learned: list[int], size: int) -> int:
        inside, outside = (total + size for total in learned)
        return _whole_log(outside) - _whole_log(inside)


def _whole_log(value: int) -> int:
    return round(1_000_000 * math.log(value)) if value else 0


# --------------------------------------------------------------------------------------------------
# L3: what the checks of contamination found, from the records that stand before it
# --------------------------------------------------------------------------------------------------
# Facts about texts, tests that are valid by the data set's own randomisation, screening, and what
# is decided on tests: four kinds of claim, which are never merged. Each method turns the material,
# as its author could read it from the log, into findings; these must be the recorded ones.


class Finding(NamedTuple):
    """One finding: the method, what it speaks of (`*` is the data set), and what it says."""

    method: str
    subject: str
    evidence: Record


class Text(NamedTuple):
    """One measured text; `value` is a dict of scores for an item, else a number or None."""

    number: int
    set: str
    subject: str
    variant: int
    tokens: int
    text: str
    value: Any


class Material:
    """What the findings of one shard on one examination are made of."""

    def __init__(self, core: Record, examination: str, plan: str) -> None:
        self.core, self.examination, self.plan = core, examination, plan
        self.checks: Any = core["checks"]
        self.capable = core["engine"]["family"] in ("transformers", "vllm")
        self.texts: list[Text] = []
        self.continued: list[tuple[str, int, array[int] | None, array[int] | None]] = []
        self.items: list[str] = []
        self.gold = False
        self.scores: list[tuple[tuple[str, str], dict[str, float]]] = []
        self.exposed: list[Record] = []
        self.declared: list[Record] = []
        self.scanned: list[Finding] = []
        self.withheld: set[str] = set()

    def of(self, name: str) -> list[Text]:
        """Return the texts of a set, in index order."""
        return [text for text in self.texts if text.set == name]


def evidence(
    claim: str, method: str, mode: str, parameters: Record, n: int, verdict: str, detail: Record,
    statistic: float | None = None, p: float | None = None,
    interval: tuple[float, float] | None = None,
) -> Record:  # fmt: skip
    """Return what a finding record says."""
    return {
        "claim": claim, "method": method, "version": "1", "mode": mode, "parameters": parameters,
        "n": n, "statistic": None if statistic is None else decimal(statistic),
        "p": None if p is None else decimal(p),
        "low": decimal(interval[0]) if interval else None,
        "high": decimal(interval[1]) if interval else None,
        "level": "0.95" if interval else None, "verdict": verdict, "detail": detail,
    }  # fmt: skip


NO = "not possible"
NO_LOGPROBS = "the engine gives no log-probabilities of given texts"
SAID_OF_NONE = "says so of at most 5 in 100 models that have not seen what was published"


def test_verdict(p: float, smallest: float) -> str:
    """Return the word of a sealed test."""
    if smallest > 0.05:
        return "cannot reach the level"
    return "published stands out" if p <= 0.05 else "published does not stand out"


def sealed_obstacle(found: Material, measured: int, expected: int) -> str | None:
    """Return why a sealed test cannot run, or None."""
    if not found.capable:
        return NO_LOGPROBS
    if measured < expected:
        return f"{expected - measured} of {expected} texts are not measured"
    return None


def no_test(method: str, parameters: Record, reason: str) -> list[Finding]:
    """Return the finding of a sealed test that cannot run."""
    said = evidence("test", method, NO, parameters, 0, NO, {"reason": reason})
    return [Finding(method, "*", said)]


def by_rank(
    found: Material, method: str, name: str, groups: list[tuple[str, int, int]]
) -> list[Finding]:
    """Test by rank whether published texts are foreseen better than those held back with them."""
    values = {(text.subject, text.variant): text.value for text in found.of(name)}
    parameters = {"score": "loss", "level": "0.05"}
    reason = sealed_obstacle(found, len(values), sum(size for _, _, size in groups))
    if reason:
        return no_test(method, parameters, reason)
    ranks: list[int | None] = []
    for subject, published, size in groups:
        own = [values[subject, variant] for variant in range(size)]
        known = None not in own
        # The published text ties with itself, which counts as one too many.
        ranks.append(sum(v >= own[published] for v in own) - 1 if known else None)
    sizes = [size for (_, _, size), rank in pairs(groups, ranks) if rank is not None]
    known_ranks = [rank for rank in ranks if rank is not None]
    if not sizes:
        reason = "no group has a token to be scored in each of its texts"
        return no_test(method, parameters, reason)
    beaten = [1 - rank / (size - 1) for rank, size in pairs(known_ranks, sizes)]
    p, smallest = rank_sum_p(sum(known_ranks), sizes), rank_sum_p(0, sizes)
    share = detectable_share(sizes, 0.05)
    detail = {
        "rank_sum": sum(known_ranks),
        "expected_rank_sum": decimal((sum(sizes) - len(sizes)) / 2),
        "ranks": ranks,
        "uncheckable": len(ranks) - len(sizes),
        "smallest_p": decimal(smallest),
        "detectable_share": None if share is None else decimal(share),
        "error_rate": SAID_OF_NONE,
    }
    said = evidence(
        "test", method, "log-probabilities", parameters, len(sizes), test_verdict(p, smallest),
        detail, mean_of(beaten), p, hoeffding(beaten),
    )  # fmt: skip
    return [Finding(method, "*", said)]


def sealed_twins(found: Material) -> list[Finding]:
    """Test whether the published variants are foreseen better than the sealed ones."""
    groups = (found.checks.get("sealed") or {}).get("twins") or []
    return by_rank(found, "sealed_twins", "twin", groups) if groups else []


def canaries(found: Material) -> list[Finding]:
    """Test whether published random strings are foreseen better than those held back."""
    groups = (found.checks.get("sealed") or {}).get("canaries") or []
    placed = [(subject, 0, size) for subject, size in groups]
    return by_rank(found, "canaries", "canary", placed) if groups else []


def sealed_order(found: Material) -> list[Finding]:
    """Test by permutation whether the published order of the rows is foreseen best."""
    declared = (found.checks.get("sealed") or {}).get("order")
    if not declared:
        return []
    parameters = {**declared, "level": "0.05"}
    shards, drawn = declared["shards"], declared["permutations"]
    if not 0 < drawn <= MAX_DRAWN or not 0 < shards <= MAX_DRAWN:
        raise ValueError("expected fewer permutations and shards")
    sums = {(text.subject, text.variant): text.value for text in found.of("order")}
    reason = sealed_obstacle(found, len(sums), shards * (drawn + 1))
    if reason:
        return no_test("sealed_order", parameters, reason)
    totals: list[list[float]] = [[] for _ in range(drawn + 1)]
    beaten = []
    for shard in range(shards):
        values = [sums[str(shard), number] for number in range(drawn + 1)]
        for total, value in pairs(totals, standardised(values)):
            total.append(value)
        beaten.append(sum(value < values[0] for value in values[1:]) / drawn)
    published, *others = map(math.fsum, totals)
    p, smallest = (1 + sum(other >= published for other in others)) / (drawn + 1), 1 / (drawn + 1)
    centre = mean_of(others)
    width = math.sqrt(mean_of((other - centre) ** 2 for other in others))
    shift = detectable_shift(drawn, 0.05)
    detail = {
        "total": decimal(published),
        "shift": decimal((published - centre) / width if width else 0.0),
        "beaten": [decimal(share) for share in beaten],
        "smallest_p": decimal(smallest),
        "detectable_shift": None if shift is None else decimal(shift),
        "error_rate": SAID_OF_NONE,
    }
    said = evidence(
        "test", "sealed_order", "log-probabilities", parameters, found.core["data"]["items"],
        test_verdict(p, smallest), detail, mean_of(beaten), p, hoeffding(beaten),
    )  # fmt: skip
    return [Finding("sealed_order", "*", said)]


def standardised(values: list[float]) -> list[float]:
    """Return how many standard deviations each value lies above the mean of all."""
    if all(map(math.isfinite, values)):
        centre = mean_of(values)
        width = math.sqrt(mean_of((value - centre) ** 2 for value in values))
        if width:
            return [(value - centre) / width for value in values]
    return [0.0] * len(values)


def screening(found: Material) -> list[Finding]:
    """Compare items with a reference set by membership scores, unless the guard blocks it."""
    declared = found.checks.get("screening")
    if not declared:
        return []
    guarded = guard_finding(found, declared)
    cleared = guarded.evidence["verdict"] == "not told apart"
    return [guarded, *chain.from_iterable(screened(found, s, cleared) for s in declared["scores"])]


def guard_finding(found: Material, declared: Record) -> Finding:
    """Say whether the texts alone tell suspects from reference."""
    suspects, reference = found.of("suspect"), found.of("reference")
    wanted = declared["guard"]
    parameters = {
        "permutations": wanted["permutations"], "seed": wanted["seed"], "folds": 10,
        "level": "0.05", "least": 20, "date": declared["date"],
    }  # fmt: skip
    detail: Record = {"references": len(reference)}
    if min(len(suspects), len(reference)) < 20:
        detail["reason"] = (
            f"fewer than 20 texts on a side: {len(suspects)} suspects, {len(reference)} references"
        )
        said = evidence("screening", "guard", NO, parameters, len(suspects), NO, detail)
        return Finding("guard", "*", said)
    dates = declared.get("dates")
    if dates is not None:
        items = found.core["data"]["items"]
        dates = [dates["suspect"][text.number] for text in suspects]
        dates += [declared["dates"]["reference"][text.number - items] for text in reference]
    texts, m = [text.text for text in (*suspects, *reference)], len(suspects)
    guard = Guard(texts, dates, str(wanted["seed"]))
    observed, drawn = guard.wins(set(range(m))), wanted["permutations"]
    null = [
        max(guard.wins(set(permuted(str(wanted["seed"]), number, len(texts))[:m])))
        for number in range(1, drawn + 1)
    ]
    most = 2 * m * len(reference)
    p = (1 + sum(value >= max(observed) for value in null)) / (drawn + 1)
    allowed = max(0, math.floor(0.05 * (drawn + 1) + 1e-9) - 1)
    detail["areas"] = {
        name: decimal(value / most) for name, value in pairs(("words", "form", "both"), observed)
    }
    detail["blocks_above"] = decimal(sorted(null, reverse=True)[allowed] / most)
    detail["error_rate"] = "blocks at most 0.05 of the pairs of sets that are drawn alike"
    verdict = "told apart" if p <= 0.05 else "not told apart"
    area = max(observed) / most
    return Finding(
        "guard", "*",
        evidence("screening", "guard", "records", parameters, m, verdict, detail, area, p),
    )  # fmt: skip


def screened(found: Material, name: str, cleared: bool) -> list[Finding]:
    """Return the findings of one membership score: of the set, then of each item."""
    method, suspects = f"screening_{name}", found.of("suspect")
    values = {text.number: text.value[name] for text in suspects if text.value[name] is not None}
    others = [text.value[name] for text in found.of("reference") if text.value[name] is not None]
    parameters = {"score": name, "level": "0.05", "references": len(others)}
    reason = screening_obstacle(found, name)
    if reason is None and not (values and others):
        reason = "no text with a score on one side"
    if reason:
        parameters["references"] = 0
        said = (parameters, len(suspects), NO, {"reason": reason})
        return [Finding(method, "*", evidence("screening", method, NO, *said))]
    members, m, n = list(values.values()), len(values), len(others)
    ranked = sorted(others)
    ps = {index: (1 + n - bisect_left(ranked, v)) / (n + 1) for index, v in values.items()}
    qs = step_up(ps)
    won = wins(members, others)
    area, p = won / (2 * m * n), greater_p(won / 2, members, others)
    limit = sorted(others, reverse=True)[math.floor(0.01 * n + 1e-9)]
    rare = math.floor(0.05 * (n + 1) + 1e-9) / (n + 1)
    smallest = detectable_area(m, n)
    detail = {
        "u": decimal(won / 2),
        "tpr_at_1_percent": decimal(sum(value > limit for value in members) / m),
        "rare": sum(value <= 0.05 for value in ps.values()),
        "rare_expected": decimal(rare),
        "rare_spread": decimal(math.sqrt(rare * (1 - rare) * (n + 1 + m) / ((n + 2) * m))),
        "listed": sum(value <= 0.05 for value in qs.values()),
        "uncheckable": len(suspects) - m,
        "detectable": None if smallest is None else decimal(smallest),
        "error_rate": "0.05, and 0.05 of the listed items, where suspects and reference were drawn "
        "alike; the guard can refuse that, nobody can prove it",
    }
    word = "stands out" if p <= 0.05 else "does not stand out"
    word = word if cleared else "uninterpretable"
    interval = (area_bound(area, 0.0, m, n), area_bound(area, 1.0, m, n))
    of_set = evidence(
        "screening", method, "log-probabilities", parameters, m, word, detail, area, p, interval
    )
    items = []
    for text in suspects:
        value = values.get(text.number)
        detail = {"tokens": text.tokens}
        word = "uncheckable"
        if value is not None:
            detail["q"] = decimal(qs[text.number])
            word = "listed" if qs[text.number] <= 0.05 else "not listed"
            word = word if cleared else "uninterpretable"
            if math.isinf(value):
                detail["impossible_token"], value = True, None
        one = evidence(
            "screening", method, "log-probabilities", parameters, 1, word, detail, value,
            ps.get(text.number),
        )  # fmt: skip
        items.append(Finding(method, text.subject, one))
    return [Finding(method, "*", of_set), *items]


def screening_obstacle(found: Material, name: str) -> str | None:
    """Return why a score cannot be had, or None."""
    texts = found.of("suspect") + found.of("reference")
    if not found.capable:
        return NO_LOGPROBS
    if not texts:
        return "nothing was measured"
    if name == "min_k_pp_20" and not all(text.value["spread"] for text in texts):
        return "the engine gives no mean and deviation over the vocabulary"
    return None


def step_up(ps: dict[int, float]) -> dict[int, float]:
    """Return the p-values adjusted by Benjamini and Hochberg's step-up rule."""
    adjusted, smallest = {}, 1.0
    ranked = sorted(ps.items(), key=itemgetter(1))
    for rank in range(len(ranked), 0, -1):
        index, p = ranked[rank - 1]
        smallest = min(smallest, len(ranked) * p / rank)
        adjusted[index] = smallest
    return adjusted


def extraction(found: Material) -> list[Finding]:
    """Say which items the model continued word for word."""
    declared = found.checks.get("extraction")
    if not declared:
        return []
    parameters = {**declared, "least": 8}
    items = []
    for subject, prefix, expected, output in found.continued:
        if expected is None or output is None:
            raise ValueError("expected tokens that are opened")
        output = output[: len(expected)]
        if len(expected) > MAX_CONTINUED:
            raise ValueError("expected shorter continuations")
        leading = next(
            (n for n, (one, other) in enumerate(pairs(expected, output)) if one != other),
            len(output),
        )
        word = "verbatim" if expected and leading == len(expected) else "not verbatim"
        word = "uncheckable" if len(expected) < 8 or not prefix else word
        detail = {
            "prefix": prefix, "expected": len(expected), "leading": leading,
            "share": decimal(leading / len(expected)) if expected else None,
        }  # fmt: skip
        longest = longest_run(expected, output)
        said = evidence("screening", "extraction", "outputs", parameters, 1, word, detail, longest)
        items.append(Finding("extraction", subject, said))
    words = [item.evidence["verdict"] for item in items]
    unsure, hits = words.count("uncheckable"), words.count("verbatim")
    n = len(words) - unsure
    if n:
        word = "verbatim continuations" if hits else "no verbatim continuation"
        said = evidence(
            "screening", "extraction", "outputs", parameters, n, word,
            {"verbatim": hits, "uncheckable": unsure}, hits / n, None, clopper_pearson(hits, n),
        )  # fmt: skip
    else:
        reason = "no item has enough tokens" if items else "nothing was continued"
        detail = {"reason": reason, "uncheckable": unsure}
        said = evidence("screening", "extraction", NO, parameters, 0, NO, detail)
    return [Finding("extraction", "*", said), *items]


def longest_run(one: array[int], other: array[int]) -> int:
    """Return the length of the longest run of tokens that stands in both."""
    best, ends = 0, dict.fromkeys(range(-1, len(other)), 0)
    for token in one:
        for place in range(len(other) - 1, -1, -1):
            ends[place] = ends[place - 1] + 1 if token == other[place] else 0
            best = max(best, ends[place])
    return best


def missing_scans(found: Material) -> list[Finding]:
    """Say which declared scans have no result in the log."""
    known = set()
    for scan in found.scanned:
        if scan.method == "scan" and "scan" in scan.evidence.get("parameters", {}):
            known.add(scan.evidence["parameters"]["scan"])
    reason = "the log holds no result of this scan; scan, commit the ledger, then examine"
    return [
        Finding("scan", "*", evidence("fact", "scan", NO, parameters, 0, NO, {"reason": reason}))
        for declared in found.checks.get("scan") or ()
        if declared["name"] not in known
        for parameters in [{"scan": declared["name"], "preset": declared["preset"]}]
    ]


# What was sent, what is public, and what time alone allows to conclude.

_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d))?)?)?\Z",
    re.ASCII,
)
PART_ORDER = ("source_text", "question", "gold", "rationale")
TEMPORAL = ("expected", "possible", "unlikely", "impossible_by_time", "unknown")
Span = tuple[str, str]


def span(text: Any) -> Span | None:
    """Return the first and last day that a date names; a month's last day is written as 31."""
    match = _DATE.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return f"{year}-{month or '01'}-{day or '01'}", f"{year}-{month or '12'}-{day or '31'}"


def shown_day(record: Record, name: str) -> Span | None:
    """Return the date of a declaration, which counts only with the digest of its evidence."""
    return span(record["evidence"].get(name)) if record["evidence"].get("sha256") else None


class Timing:
    """What is known of the model's time, and the verdict on one field of one item."""

    def __init__(self, found: Material) -> None:
        engine, server = found.core["engine"], found.core["engine"].get("server")
        self.pinned = engine.get("family") != "server"
        if not self.pinned and isinstance(server, dict):
            self.pinned = server.get("url") is None or server.get("trust") in ("attested", "owned")
        own = [
            record for record in found.declared
            if record["what"] == "release" and record["subject"] == found.core["snapshot"]
        ]  # fmt: skip
        released = [shown_day(record, "released") for record in own]
        claims = [record["evidence"].get("cutoff") for record in own]
        cutoffs = [span(claim) for claim in claims if claim]
        self.released = min((day[1] for day in released if day), default=None)
        self.cutoff = max((day[1] for day in cutoffs if day), default=None)

    def verdict(self, sent: list[Record], declared: list[Record]) -> str:
        """Return whether a field can have been in training, going by time alone.

        Args:
            sent: the `exposed` records of the field.
            declared: the declarations that concern it.
        """
        of: defaultdict[str, list[Record]] = defaultdict(list)
        for record in declared:
            of[record["what"]].append(record)
        if any(record["evidence"].get("expected") is True for record in of["publication"]):
            return "expected"
        public = [day for record in of["publication"] if (day := shown_day(record, "first_seen"))]
        days = [span(record["created"]) for record in sent]
        days += [
            span(str(record["evidence"].get("from") or ""))
            for record in of["use"]
            if record["evidence"].get("outside") is True
        ]
        created, proved = self._created(of["creation"])
        if created and any(day and created > day[1] for day in (*public, *days)):
            created, proved = None, False
        after_cutoff = bool(created and self.cutoff and created > self.cutoff)
        after_release = bool(created and self.released and created > self.released)
        late = self.pinned and self.released is not None and after_cutoff
        if self._reached(days) or (self._reached([*public]) and not late):
            return "possible"
        if after_release and proved and self.pinned:
            return "impossible_by_time"
        return "unlikely" if after_cutoff or after_release else "unknown"

    def _reached(self, days: list[Span | None]) -> bool:
        if not days or not self.pinned:
            return bool(days)
        end = self.released or self.cutoff
        return end is not None and any(day is None or day[0] <= end for day in days)

    @staticmethod
    def _created(records: list[Record]) -> tuple[str | None, bool]:
        """Return the first day of the earliest shown creation, and whether it is proved."""
        known = []
        for record in records:
            day, said = shown_day(record, "created"), record["evidence"]
            if day:
                proof = said.get("type") in ("git_commit", "time_stamp")
                known.append((day[0], not (proof and said.get("proved") is True)))
        return (min(known)[0], not min(known)[1]) if known else (None, False)


def exposure(found: Material) -> list[Finding]:
    """Say what was sent where, and what time allows, of the data set and of each item sent."""
    if not (found.exposed or found.declared or found.checks.get("exposure") is not None):
        return []
    timing, items = Timing(found), set(found.items)
    fields = {"source_text"} | ({"gold"} if found.gold else set())
    fields |= {record["field"] for record in (*found.exposed, *found.declared) if record["field"]}
    listed = [name for name in PART_ORDER if name in fields]
    sent: defaultdict[str, list[Record]] = defaultdict(list)
    declared: defaultdict[str, list[Record]] = defaultdict(list)
    places: defaultdict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for record in found.exposed:
        sent[record["item"]].append(record)
        places[record["address"], record["server"], record["policy"]].append(record)
    for record in found.declared:
        declared[record["subject"]].append(record)

    def verdict(item: str, name: str) -> str:
        own = declared.get("*", []) + (declared.get(item, []) if item != "*" else [])
        return timing.verdict(
            [record for record in sent.get(item, []) if record["field"] == name],
            [record for record in own if record["field"] in (None, name)],
        )

    parameters = {
        "snapshot": found.core["snapshot"], "pinned": timing.pinned,
        "released": timing.released, "cutoff": timing.cutoff,
    }  # fmt: skip
    inside = with_gold(record for record in found.exposed if record["item"] in items)
    beside = with_gold(record for record in found.exposed if record["item"] not in items)
    outside = [
        record["evidence"].get("outside") for record in found.declared if record["what"] == "use"
    ]
    told = "yes" if True in outside else "no" if False in outside else "undeclared"
    endpoints = []
    for place, records in sorted(places.items(), key=lambda each: str(each[0])):
        gold, plain = with_gold(record for record in records if record["item"] in items)
        days = [record["created"][:10] for record in records]
        endpoints.append({
            **dict(pairs(("address", "server", "policy"), place)),
            "with_gold": gold, "without_gold": plain, "first": min(days), "last": max(days),
        })  # fmt: skip
    counted = {name: Counter(verdict(item, name) for item in found.items) for name in listed}
    detail: Record = {
        "with_gold": inside[0], "without_gold": inside[1],
        "beside": sum(beside), "beside_with_gold": beside[0],
        "covers": "recorded runs" + (" only" if told == "undeclared" else " and declared use"),
        "outside": told, "endpoints": endpoints,
        "temporal": {name: {word: counted[name][word] for word in TEMPORAL} for name in listed},
    }  # fmt: skip
    word = "sent_with_gold" if inside[0] else "sent_without_gold" if inside[1] else "not_sent"
    said = (parameters, len(found.items), word, detail)
    findings = [Finding("exposure", "*", evidence("fact", "exposure", "records", *said))]
    for item in sorted(sent):
        roles: defaultdict[str, set[str]] = defaultdict(set)
        for record in sent[item]:
            roles[record["field"]].add(record["role"])
        times = [record["created"] for record in sent[item]]
        detail = {
            "fields": {name: sorted(own) for name, own in roles.items()},
            "addresses": sorted({record["address"] for record in sent[item]}),
            "first": min(times), "last": max(times),
            "temporal": {name: verdict(item, name) for name in listed},
        }  # fmt: skip
        word = "sent_with_gold" if "gold" in roles else "sent_without_gold"
        one = evidence("fact", "exposure", "records", parameters, 1, word, detail)
        findings.append(Finding("exposure", item, one))
    return findings


def with_gold(records: Iterable[Record]) -> tuple[int, int]:
    """Return how many items were sent with their gold, and how many without."""
    gold: dict[str, bool] = {}
    for record in records:
        gold[record["item"]] = gold.get(record["item"], False) or record["field"] == "gold"
    return sum(gold.values()), len(gold) - sum(gold.values())


# What all of them come to.


def decision(found: Material, made: list[Finding]) -> Finding:
    """Return the verdict by the primary test, with the statement for the data set."""
    core, checks, known = found.core, found.checks, {}
    for one in (*found.scanned, *made):
        known[one.method, one.subject, scan_of(one)] = one
    single = {*found.items, *(text.subject for text in found.texts if text.set != "order")} - {"*"}
    of_sets = [one for one in known.values() if one.subject not in single]
    family = core["family"]
    tests, name = (family["tests"] if family else 1), core["primary"]
    primary = next((one for one in of_sets if one.method == name), None)
    effect = detectable(checks, primary, 0.05 / tests) if primary else None
    p = primary.evidence["p"] if primary else None
    ps = [
        {"claim": one.evidence["claim"], "method": one.method, "p": one.evidence["p"],
         "subject": one.subject}
        for one in of_sets
        if one.evidence["p"] is not None
    ]  # fmt: skip
    items = sum(one.evidence["p"] is not None for one in known.values()) - len(ps)
    n = primary.evidence["n"] if primary else 0 if name else core["data"]["items"]
    corrected = None if p is None else min(1.0, tests * float(p))
    verdict = "not testable"
    if corrected is not None and effect:
        verdict = "evidence for" if corrected <= 0.05 else "no evidence found"
    sentences = [primary_sentence(name, primary, effect[1] if effect else None, tests)]
    for claim, heading in (
        ("fact", "Facts"), ("test", "Other tests, exploratory"),
        ("screening", "Screening, which proves nothing"),
    ):  # fmt: skip
        told = [
            result_words(one)
            for one in of_sets
            if one.evidence["claim"] == claim and one.method != name
        ]
        sentences += [f"{heading}: {'; '.join(told)}."] if told else []
    sentences.append(
        f"P-values computed, all on record: {len(ps)} of sets, {items} of single items."
    )
    detail = {
        "snapshot": core["snapshot"], "data": core["data"]["sha256"],
        "statement": " ".join(sentences), "p_values": ps, "tests_run": len(ps),
        "item_p_values": items, "detectable": decimal(effect[0]) if effect else None,
        "calibration": "benchmarks/contamination",
    }  # fmt: skip
    parameters = {
        "primary": name, "family": family["name"] if family else None, "tests": tests,
        "level": "0.05", "power": "0.8",
    }  # fmt: skip
    said = evidence(
        "decision", "decision", "records" if name else NO, parameters, n, verdict, detail,
        corrected, None if p is None else float(p),
    )  # fmt: skip
    return Finding("decision", "*", said)


def scan_of(one: Finding) -> str:
    """Return which declared scan a finding is of; empty where it is of none."""
    parameters = one.evidence.get("parameters")
    return str(parameters.get("scan", "")) if isinstance(parameters, dict) else ""


def detectable(checks: Any, primary: Finding, level: float) -> tuple[float, str] | None:
    """Return the smallest effect that the primary test finds with power 0.8, and in words."""
    if primary.evidence["p"] is None:
        return None
    sealed = checks["sealed"]
    if primary.method == "sealed_order":
        shift = detectable_shift(sealed["order"]["permutations"], level)
        words = "a published order {:.2f} standard deviations above random orders"
        return None if shift is None else (shift, words.format(shift))
    groups = sealed["twins" if primary.method == "sealed_twins" else "canaries"]
    ranks = primary.evidence["detail"]["ranks"]
    sizes = [group[-1] for group, rank in pairs(groups, ranks) if rank is not None]
    share = detectable_share(sizes, level)
    words = "a published version that is foreseen best in {:.1f} % of {} groups beyond chance"
    return None if share is None else (share, words.format(100 * share, len(sizes)))


def primary_sentence(
    name: str | None, primary: Finding | None, words: str | None, tests: int
) -> str:
    """Return what the primary test allows to say."""
    if not name:
        return "Not testable: no primary test is declared."
    who, level = f"{name}, the primary test", 0.05 / tests
    said: Any = primary.evidence if primary else {"p": None, "detail": {}}
    if said["p"] is None:
        reason = said["detail"].get("reason", said.get("verdict", "it was not computed"))
        return f"Not testable: {who}, could not run: {reason or 'no result'}."
    p = float(said["p"])
    if words is None:
        return (
            f"Not testable: {who}, has {said['n']} cases, of which no outcome could reach the "
            f"level {level:.3g} of its family (p = {p:.3g})."
        )
    after = min(1.0, tests * p)
    if after <= 0.05:
        return (
            f"Evidence that the model was trained on these items as published: {who}, gave p = "
            f"{p:.3g}, {after:.3g} after correction for a family of {tests}."
        )
    alone = " Alone it is below 0.05; `reprollm contamination family` corrects it with the others."
    return (
        f"No evidence found by {who} (p = {p:.3g}, {after:.3g} after correction for a family of "
        f"{tests}), which would have found {words} with power 0.8 at the level {level:.3g}."
        f"{alone if p <= 0.05 else ''} Weaker traces would have been missed: a single exposure of "
        "an item usually is (see benchmarks/contamination)."
    )


def result_words(one: Finding) -> str:
    """Return a finding about a set in a few words."""
    said = one.evidence
    of = [part for part in (scan_of(one), re.sub(r"\*\Z", "", one.subject)) if part]
    name, verdict = one.method + (f" ({', '.join(of)})" if of else ""), str(said["verdict"])
    tally = said["detail"].get("tally")
    if tally:
        verdict += f": {tally['contaminated']} of {tally['items']} items, {tally['uncheckable']}"
        verdict += " uncheckable"
    p = "" if said["p"] is None else f", p = {float(said['p']):.3g}"
    return f"{name}: {verdict} (n = {said['n']}{p})"


def effects(found: Material, made: list[Finding]) -> list[Finding]:
    """Return what a leak could do to each score: all items against the less foreseen half."""
    declared = found.checks.get("screening")
    if not declared:
        return []
    by = str(declared["scores"][0])
    membership_of = {
        text.subject: text.value[by] for text in found.of("suspect") if text.value[by] is not None
    }
    listed = {
        one.subject
        for one in made
        if one.method == f"screening_{by}" and one.evidence["verdict"] == "listed"
    }
    findings = []
    for (score, sampling), values in sorted(found.scores):
        items = sorted(values.keys() & membership_of.keys())
        if not items:
            continue
        ranked = sorted(items, key=lambda item: (membership_of[item], item))
        half = set(ranked[: -(-len(items) // 2)])
        scores, clean = [values[item] for item in items], [item in half for item in items]
        differences = []
        for places in resamples(found.examination, len(items)):
            own = [scores[place] for place in places if clean[place]]
            if own:
                differences.append(mean_of(scores[place] for place in places) - mean_of(own))
        differences.sort()
        rank = max(1, math.floor((len(differences) + 1) * (1 - 0.95) / 2 + 1e-9))
        known = 2 * len(differences) >= 999
        every, rest = mean_of(scores), [values[item] for item in items if item not in listed]
        clean_mean = mean_of(values[item] for item in items if item in half)
        detail = {
            "all": decimal(every), "clean": len(half), "clean_mean": decimal(clean_mean),
            "unlisted": len(rest), "unlisted_mean": decimal(mean_of(rest)) if rest else None,
        }  # fmt: skip
        parameters = {
            "score": score, "sampling": sampling, "by": by, "resamples": 999,
            "seed": found.examination,
        }  # fmt: skip
        said = evidence(
            "decision", "effect", "records", parameters, len(items), "estimated", detail,
            every - clean_mean, None,
            (differences[rank - 1], differences[-rank]) if known else None,
        )  # fmt: skip
        findings.append(Finding("effect", f"{score}, {sampling}", said))
    return findings


# From the log to the material of each shard of findings, and what comes of it.

METHODS: dict[str, Callable[[Material], list[Finding]]] = {
    "sealed_twins": sealed_twins,
    "sealed_order": sealed_order,
    "canaries": canaries,
    "screening": screening,
    "extraction": extraction,
    "scan": missing_scans,
    "exposure": exposure,
}
_ITEM_FIELDS = {f"{s}/{f}" for s in ITEM_SETS for f in ("text", "logprobs", "means", "deviations")}
NEEDS = {
    "sealed_twins": {"twin/logprobs"},
    "sealed_order": {"order/logprobs"},
    "canaries": {"canary/logprobs"},
    "screening": _ITEM_FIELDS,
    "extraction": {"continuation/expected_ids", "continuation/output_ids"},
    "effect": _ITEM_FIELDS | {"answers"},
}


def part_of(method: str) -> str:
    """Return what is recomputed together with a method's findings."""
    return "screening" if method == "guard" or method.startswith("screening_") else method


def is_made_here(one: Finding) -> bool:
    """Return whether a finding can be made from the log; a scan's result needs the corpus."""
    if one.method == "scan":
        return bool(one.evidence.get("mode") == NO)
    return part_of(one.method) in METHODS or one.method in ("decision", "effect")


class View(NamedTuple):
    """What of a plan's requests and answers stands before a position, for findings."""

    number: int
    plan: str
    before: int
    runs: tuple[str, ...]
    names: tuple[str, ...]


class Seen(NamedTuple):
    """What one part of the requests shows of a view."""

    items: dict[str, int]  # item -> its smallest index
    gold: bool
    requests: int
    answers: dict[str, int]  # run -> requests that it answered
    withheld: dict[str, int]  # run -> answers that cannot be scored here
    ratios: dict[str, dict[tuple[str, str, str], list[float]]]  # run -> score, sampling, item


def view_part(view: View, rows: dict[str, list[Any]]) -> Seen:
    """Return what one part of the requests shows of a view."""
    seen = Seen({}, False, 0, Counter(), Counter(), {run: {} for run in view.runs})
    plan, gold, indices = view.plan.encode(), False, set()
    final: dict[str, dict[bytes, Any]] = {run: {} for run in view.runs}
    for position, owner, request, _, _, output in rows["answers"]:
        if position < view.before and owner.decode() in final:
            final[owner.decode()].setdefault(request, output)
    for position, owner, request, index, sampling, _, reference, item in rows["requests"]:
        if owner != plan or position >= view.before or index in indices:
            continue
        indices.add(index)
        name = json.loads(item)
        seen.items[name] = min(index, seen.items.get(name, index))
        gold = gold or reference is not None
        for run, answers in final.items():
            if request in answers:
                seen.answers[run] += 1
                _rate(seen, view.names, run, (sampling, name), answers[request], reference)
    return seen._replace(gold=gold, requests=len(indices))


def _rate(
    seen: Seen, names: tuple[str, ...], run: str, of: tuple[str, str], output: Any, reference: Any
) -> None:
    """Add the ratios of one answer's scores."""
    if output is None or reference is None:
        return
    if WITHHELD in (output, reference) or len(output) * len(reference) > MAX_CELLS:
        seen.withheld[run] += 1
        return
    texts = output.decode().strip(), reference.decode().strip()
    for name in names:
        numerator, denominator = MEASURES[name](*texts)
        if denominator:
            seen.ratios[run].setdefault((name, *of), []).append(numerator / denominator)


class Conclusions:
    """The findings of one shard on one examination."""

    def __init__(self, examination: str, position: int, before: int) -> None:
        self.examination, self.position, self.before = examination, position, before
        self.findings: list[Finding] = []
        self.view: View | None = None
        self.seen: list[Seen] = []
        self.head: tuple[int, Record] | None = None

    def where(self) -> str:
        """Return how they are named in sentences."""
        return f"findings at {self.position} of examination {self.examination[:16]}"


def conclusions(log: Log, found: Pass, spool: Spool, report: Report) -> list[Conclusions]:
    """Return the log's findings by shard and examination, without the results of scans."""
    firsts, sizes = [shard.first for shard in log.shards], [0, *sorted(log.checkpoints)]
    heads = first_of(found, "examination", "examination")
    groups: dict[tuple[int, str], Conclusions] = {}
    scans = 0
    corpora: dict[str, None] = {}
    for position, run, _, name, subject, said in sorted(spool.read("concluded-[0-9]+-[0-9]+")):
        one = Finding(name[len("contamination/") :], subject, json.loads(said))
        before = sizes[bisect_right(sizes, position) - 1]
        if not is_made_here(one):
            parameters = one.evidence.get("parameters")
            corpus = parameters.get("corpus") if isinstance(parameters, dict) else None
            corpora[safe(corpus, 64)] = None
            scans += 1
            report.conclude(run, one, "needs the corpus")
            continue
        key = (bisect_right(firsts, position), run)
        group = groups.setdefault(key, Conclusions(run, position, before))
        group.findings.append(one)
    for number, group in enumerate(groups.values()):
        head = heads.get(group.examination)
        if head and head[0] < group.before:
            group.head = head
            group.view = _view(number, group.before, head[1]["plan"], found)
    if scans:
        report.unchecked(
            NUMBERS,
            f"{count(scans, 'finding')} of scans: what stands in a corpus can only be found again "
            f"in it; corpora with the digests {', '.join(corpora)}",
        )
    return list(groups.values())


def _view(number: int, before: int, plan: str, found: Pass) -> View:
    runs: dict[str, str] = {}  # run -> when its first attempt started
    for position, record in found.of_kind("start"):
        if record["plan"] == plan and position < before:
            started = min(record["started"], runs.get(record["run"], record["started"]))
            runs[record["run"]] = started
    latest = sorted(sorted(runs), key=lambda run: runs[run], reverse=True)
    said = found.plans.cores.get(plan, {}).get("scores")
    listed = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    names = tuple(dict.fromkeys(name for name in listed if name in MEASURES))
    return View(number, plan, before, tuple(latest), names)


def material(group: Conclusions, head: Record, found: Pass, spool: Spool) -> Material:
    """Return what the findings of a shard are made of."""
    made = Material(head["core"], group.examination, head["plan"])
    _take_measures(made, group, spool)
    part = int(made.plan[:8], 16) % spool.parts
    rows = (
        dict(pairs(("position", *EXPOSED), row))
        for row in sorted(spool.read(f"exposed-{part}-[0-9]+"))
    )
    made.exposed = [
        row for row in rows if row["plan"] == made.plan and row["position"] < group.before
    ]
    made.declared = [
        record
        for position, record in found.of_kind("declaration")
        if position < group.position and record["plan"] in (None, made.plan)
    ]
    part = int(group.examination[:8], 16) % spool.parts
    for position, run, _, name, subject, said in sorted(spool.read(f"concluded-{part}-[0-9]+")):
        one = Finding(name[len("contamination/") :], subject, json.loads(said))
        if run == group.examination and position < group.before and not is_made_here(one):
            made.scanned.append(one)
    items: dict[str, int] = {}
    for seen in group.seen:
        for item, index in seen.items.items():
            items[item] = min(index, items.get(item, index))
    made.items = sorted(items, key=lambda item: items[item])
    made.gold = any(seen.gold for seen in group.seen)
    requests = sum(seen.requests for seen in group.seen)
    runs = group.view.runs if group.view else ()
    for run in runs:
        if sum(seen.answers.get(run, 0) for seen in group.seen) == requests:
            made.scores = _mean_scores(group.seen, run)
            if any(seen.withheld.get(run) for seen in group.seen):
                made.withheld.add("answers")
            break
    return made


def _take_measures(made: Material, group: Conclusions, spool: Spool) -> None:
    part = int(group.examination[:8], 16) % spool.parts
    final: dict[tuple[str, int], Measure] = {}
    for row in sorted(spool.read(f"measured-{part}-[0-9]+")):
        measure = Measure(*row)
        if measure.examination == group.examination and measure.position < group.before:
            final.setdefault((measure.kind, measure.number), measure)
    for (kind, index), row in sorted(final.items()):
        made.withheld.update(f"{row.set or kind}/{field}" for field in row.withheld)
        if kind == "likelihood":
            value = row.values[0] if row.values else None
            if value == "broken":
                made.withheld.add("broken")
            text = (row.text or b"").decode()
            tokens, variant = row.tokens or 0, row.variant or 0
            one = Text(index, str(row.set), row.subject, variant, tokens, text, value)
            made.texts.append(one)
        else:
            prefix, *ids = row.values
            expected, output = (None if value is None else token_ids(value) for value in ids)
            made.continued.append((row.subject, prefix, expected, output))


def token_ids(value: bytes) -> array[int]:
    """Return little-endian uint32 values."""
    values = array("I", value)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _mean_scores(parts: list[Seen], run: str) -> list[tuple[tuple[str, str], dict[str, float]]]:
    ratios: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for seen in parts:
        for key, values in seen.ratios[run].items():
            ratios[key] += values
    scores: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for (name, sampling, item), values in ratios.items():
        scores[name, sampling][item] = mean_of(values)
    return list(scores.items())


def check_conclusions(groups: list[Conclusions], found: Pass, spool: Spool, report: Report) -> None:
    """Hold the findings of every shard against what the records before it give."""
    last = {group.examination: group for group in groups}
    same = 0
    for group in groups:
        wrong, verdicts = _concluded(group, found, spool, report)
        for one, verdict in pairs(group.findings, verdicts):
            report.conclude(group.examination, one, verdict)
        same += verdicts.count("same")
        if wrong and last[group.examination] is not group:
            report.notices.append(f"{group.where()}: {wrong[0]}; later findings on it count.")
            continue
        for sentence in wrong[:5]:
            report.fail(NUMBERS, "FindingMismatch", f"{group.where()}: {sentence}")
        if len(wrong) > 5:
            said = f"{group.where()}: and {len(wrong) - 5} more findings are wrong"
            report.fail(NUMBERS, "FindingMismatch", said)
    if same:
        report.checked(
            NUMBERS, f"{count(same, 'finding')} of contamination checks recomputed: the same"
        )
    for name in first_of(found, "examination", "examination").keys() - last.keys():
        report.notices.append(f"Examination {name[:16]} has no findings in the log.")


def _concluded(
    group: Conclusions, found: Pass, spool: Spool, report: Report
) -> tuple[list[str], list[str]]:
    """Return what is wrong with a shard's findings, and the verdict on each."""
    if group.head is None:
        said = "expected its examination before them in the log, found none"
        return [said], ["WRONG"] * len(group.findings)
    try:
        made = material(group, group.head[1], found, spool)
        if "broken" in made.withheld:
            raise ValueError("expected log-probabilities, found values that are no numbers")
        unchecked = _out_of_reach(made, group.findings)
        expected = _expected(made, group.findings, unchecked)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        said = f"expected an examination to compute them from, found {safe(repr(error))}"
        return [said], ["WRONG"] * len(group.findings)
    for part, reason in unchecked.items():
        report.unchecked(NUMBERS, f"{group.where()}: {part} not recomputed: {safe(reason)}")
    wrong, verdicts = [], []
    seen: set[tuple[str, ...]] = set()
    for one in group.findings:
        key, part = _name_of(one), part_of(one.method)
        sentence = "" if part in unchecked else _otherwise(one, expected.get(key), key in seen)
        verdicts.append("not recomputed" if part in unchecked else "WRONG" if sentence else "same")
        wrong += [sentence] if sentence else []
        seen.add(key)
    for key, one in expected.items():
        if key not in seen and part_of(one.method) not in unchecked:
            said = f"{_called(one)} is not recorded, expected {one.evidence['verdict']}"
            wrong.append(safe(said, 300))
    return wrong, verdicts


def _out_of_reach(made: Material, recorded: list[Finding]) -> dict[str, str]:
    """Return the parts that cannot be recomputed, each with the reason."""
    reasons = {}
    for part in (*METHODS, "effect"):
        missing = sorted(NEEDS.get(part, set()) & made.withheld)
        if missing:
            reasons[part] = f"withheld: {', '.join(missing)}"
    screened_by = made.checks.get("screening")
    if screened_by and not 0 <= screened_by["guard"]["permutations"] <= MAX_DRAWN:
        reasons["screening"] = "the guard has more permutations than can be repeated here"
    for one in recorded:
        version = one.evidence.get("version")
        if version != "1":
            said = f"version {safe(version, 40)} is not known here"
            reasons.setdefault(part_of(one.method), said)
    return reasons


def _expected(
    made: Material, recorded: list[Finding], unchecked: dict[str, str]
) -> dict[tuple[str, ...], Finding]:
    """Return what the records give; of what is out of reach what is recorded."""
    findings: list[Finding] = []
    for part, method in METHODS.items():
        if part in unchecked:
            findings += [one for one in recorded if part_of(one.method) == part]
        else:
            findings += method(made)
    findings.append(decision(made, findings))
    if "effect" not in unchecked:
        findings += effects(made, findings)
    return {_name_of(one): one for one in findings}


def _name_of(one: Finding) -> tuple[str, ...]:
    return one.method, one.subject, scan_of(one) if one.method == "scan" else ""


def _called(one: Finding) -> str:
    return f"{one.method} on {safe(one.subject, 60)}"


def _otherwise(one: Finding, right: Finding | None, again: bool) -> str:
    """Return in words what a finding says otherwise than the records; empty where nothing."""
    if again:
        return f"{_called(one)} is recorded twice"
    if right is None:
        return f"{_called(one)} is recorded, the records give no such finding"
    place = ""
    true: Any = right.evidence
    said: Any = one.evidence
    if dumps(true) == dumps(said):
        return ""
    while isinstance(true, dict) and isinstance(said, dict):
        known = sorted(true.keys() | said.keys())
        differing = [k for k in known if dumps(true.get(k)) != dumps(said.get(k))]
        if not differing:
            break
        place = f"{place}.{differing[0]}"
        true, said = true.get(differing[0]), said.get(differing[0])
    found = f"expected {place[1:]} {safe(true, 160)} from the records, found {safe(said, 160)}"
    return f"{_called(one)}: {found}"


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
    lines += _claims(report)
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


_CLAIMS = (
    ("fact", "facts about texts"),
    ("test", "tests, valid by the data set's own randomisation"),
    ("screening", "screening, which proves nothing"),
    ("decision", "what is decided on it"),
)


def _claims(report: Report) -> list[str]:
    """Return what the checks of contamination found, claim by claim."""
    lines = []
    found = list(report.contamination.values())
    for claim, words in _CLAIMS:
        of = [row for row in found if row[0].evidence.get("claim") == claim]
        lines += ["", f"Contamination: {words}"] if of else []
        for one, verdict in of[:60]:
            said = one.evidence
            about = [part for part in (scan_of(one), one.subject.rstrip("*")) if part]
            name = one.method + (f" ({', '.join(about)})" if about else "")
            p = "" if said.get("p") is None else f", p = {said['p']}"
            text = f"{name}: {said.get('verdict')} (n = {said.get('n')}{p}); {verdict}"
            lines += _wrapped("    ", text, 1000)
            detail = said.get("detail")
            if one.method == "decision" and isinstance(detail, dict):
                lines += _wrapped("      ", str(detail.get("statement", "")), 6000)
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
