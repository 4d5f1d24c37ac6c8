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
| L3 numbers | every score, interval, comparison, claim and finding, recomputed | 13 |
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
import signal
import stat
import struct
import sys
import tempfile
import textwrap
import threading
import time
import unicodedata
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256, shake_256
from itertools import chain, groupby, islice
from operator import getitem, itemgetter, mul
from statistics import NormalDist
from typing import Any, NamedTuple, TypeVar

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
UNITS = 1000  # that a bootstrap draws from at most
MAX_RESAMPLED = 2**32  # units drawn for all intervals of one shard of scores
PACKED_COLUMNS = 256  # numbers of a unit that are added at once
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
        self.listed: set[str] = set()  # plans with item records

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
        self.listed |= other.listed
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
        self.greedy: dict[bytes, bool] = {}
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
            elif kind == "item":
                self._item(leaf, record)
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
        arrays = tuple(
            WITHHELD if (value := opened.get(name)) is None else value and sha256(value).digest()
            for name in (b"output_ids", b"logprobs", b"margins")
        )
        runaway, taken = finish == b"length", source is not None
        row = (self.position, run, request, (result, attempt), runaway, text, arrays, taken)
        self.parts["answers", int(request[:8], 16) % self.spool.parts].append(row)
        if source:
            self.found.reused.setdefault((attempt, source), self.position)
            reused = (self.position, run, request, (result, source))
            self.parts["reused", int(request[:8], 16) % self.spool.parts].append(reused)

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
        given = None if source is None else opened.get(b"source", WITHHELD)
        drawn = (self._word(seed), int(repetition), self._is_greedy(settings))
        row = (self.position, plan, request, place, *words, text, item, *drawn, given)
        self.parts["requests", int(request[:8], 16) % self.spool.parts].append(row)

    def _is_greedy(self, settings: bytes) -> bool:
        """Return whether settings have the temperature 0."""
        if settings not in self.greedy:
            said = json.loads(settings).get("temperature")
            self.greedy[settings] = False
            with suppress(ArithmeticError):
                self.greedy[settings] = isinstance(said, str) and Decimal(said) == 0
        return self.greedy[settings]

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
            record["stratum"], record["finish"] == "length", output, reference, record["item"],
            record["seed"], record["repetition"],
        )  # fmt: skip
        self.parts["samples", record["index"] % self.spool.parts].append(row)
        self.found.samples.setdefault(record["import"], []).append((self.position, record["index"]))

    def _item(self, leaf: bytes, record: Record) -> None:
        """Keep what a plan says of an item, and the labels that annotators gave it."""
        said = record["annotations"]
        self.found.committed += said is not None
        opened = self._open(leaf, {b"annotations": said and said.encode()})
        labels = None if said is None else opened.get(b"annotations", WITHHELD)
        names = ("item", "document", "split")
        self._keep("items", record["plan"], *(record[name] for name in names), labels)
        self.found.listed.add(record["plan"])

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
        # comparisons and claims of the last shard about a run, by run, kind and name
        self.conclusions: dict[tuple[str, str, str], tuple[Record, str]] = {}
        # names of models, where an experiment has several, by run and by examination
        self.models: dict[str, str] = {}
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

    def conclusion(self, record: Record, verdict: str) -> None:
        """Note a comparison or claim, and what came of it."""
        kind = record["kind"]
        key = (record["run"], kind, record[kind])
        self.conclusions[key] = (record, verdict)

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
            "claims": [
                {"run": record["run"], "name": record["claim"], "verdict": record["verdict"],
                 "says": record["evidence"].get("says"), "recomputed": verdict}
                for record, verdict in self.conclusions.values() if record["kind"] == "claim"
            ],
            "comparisons": [
                {"run": record["run"], "name": record["comparison"], "recomputed": verdict}
                for record, verdict in self.conclusions.values() if record["kind"] == "comparison"
            ],
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
    "verify.sql": frozenset(
        {
            "63a6f8535978b404a79df090721695a44342d3f2e9c454896b9bec330faafdd8",
            "da112ecb9c412a835b12948999ef5b9dda24a272aaa9fda87fc264e062d24c7e",
        }
    ),
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
    left_out: dict[str, str]  # digest by path


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
            {str(entry["path"]): str(entry["sha256"]) for entry in value["left_out"]},
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
    cores: list[Record],
    redaction: Redaction | None,
    report: Report,
) -> None:
    """Check that the experiment's files are those from which the plans were made, one a model."""
    names = [name for name in digests if name.startswith("experiment/")]
    here = {name: digests[name] for name in names}
    left_out = redaction.left_out if redaction else {}
    folders = {str(core.get("data_sha256")): core.get("data_folder") for core in cores}
    good = []
    for what, expected in dict.fromkeys(pair for core in cores for pair in _sources(core)):
        folder = folders.get(expected)
        if expected in here.values() or expected == _folder_digest(folder, here):
            good.append(what)
        elif expected in left_out.values() or expected == _folder_digest(
            folder, {**here, **left_out}
        ):
            report.unchecked(FILES, f"{what}: left out, because it holds withheld texts")
        else:
            said = f"expected {what} with the SHA-256 {safe(expected)} below experiment/"
            report.fail(FILES, "FileChanged", f"{said}, as it was planned, found none")
    locks = [_locked(source, name) for name in names if name.endswith(".lock.json")]
    for core in (core for core in cores if "snapshot" in core):
        if core["snapshot"] in _asked(core.get("parts"), locks):
            good.append("the list of the model's files")
        else:
            said = f"expected a lock of the snapshot {safe(core['snapshot'])} below experiment/"
            report.fail(FILES, "FileChanged", f"{said}, as it was planned, found none")
    if good:
        report.checked(FILES, f"{', '.join(good)}: as the plan in the log names them")


def _sources(core: Record) -> Iterator[tuple[str, str]]:
    """Yield what a plan was made from: in words, and the digest that its core names."""
    for field, what in _SOURCES.items():
        if core.get(field) is not None:
            yield what, str(core[field])
    prompts = core.get("prompts")
    for prompt in prompts if isinstance(prompts, list) else ():
        said = prompt if isinstance(prompt, dict) else {}
        what = f"the template of the prompt {safe(said.get('name'))}"
        yield what, str(said.get("template_sha256"))


def _folder_digest(said: Any, files: dict[str, str]) -> str | None:
    """Return the digest of a folder of data: of the files below its path with its endings."""
    parts: list[bytes] = []
    try:
        top, endings = f"experiment/{said['path']}/", set(said["endings"])
        for name in sorted(name for name in files if name.startswith(top)):
            if os.path.splitext(name)[1].lower() in endings:
                parts += [name[len(top) :].encode(), bytes.fromhex(files[name])]
    except (KeyError, TypeError, ValueError):
        return None
    return digest(b"reprollm/data-folder/v1", *parts)


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
    items: dict[str, dict[str, int]]  # plan with item records -> item -> its smallest index
    taken: dict[int, Any]  # of subjects of estimates: their answers, or why they cannot be scored
    claims: list[ClaimPart]  # of each shard of conclusions


def judge(part: int) -> Judged:
    """Judge all that concerns one part of the requests, and score its answers."""
    spool: Spool = _WORKER["spool"]
    runs, successions, subjects, views, listed, tellings, claiming = _WORKER["rest"]
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
        for _, _, request, answer, *_ in group if owner.decode() in answers else ():
            given = answers[owner.decode()].setdefault(request, [])
            if answer not in given:  # the same answer, rescued twice after a kill
                given.append(answer)
    for _, owner, request in rows["failures"]:
        if owner.decode() in failures:
            failures[owner.decode()].add(request)
    items = {plan: first_places(plan, rows["requests"]) for plan in listed}
    judged = Judged({}, {}, {}, {}, Counter(), [], {}, items, {}, [])
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
    scorer = Answers(spool, part, rows)
    for told in tellings:
        try:
            judged.taken[told.number] = scorer.take(told)
        except Defect as error:
            judged.taken[told.number] = error.sentence
    for told_runs, cores in claiming:
        judged.claims.append(claim_part((told_runs, cores, runs), scorer, rows))
    for view in views:
        judged.views[view.number] = view_part(view, rows)
    return judged


def first_places(plan: str, requests: list[Any]) -> dict[str, int]:
    """Return a plan's items, each with the smallest index of its requests."""
    places: dict[str, int] = {}
    for row in requests:
        if row[1] == plan.encode():
            item = json.loads(row[7])
            places[item] = min(row[3], places.get(item, row[3]))
    return places


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


def check_completeness(log: Log, found: Pass, spool: Spool, processes: int, report: Report) -> None:
    """Check plans, attempts, coverage and scores."""
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
    successions = [(before, plan) for plan, before in predecessors(found.plans.cores).items()]
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
    listed = listed_plans(found)
    items: dict[str, dict[str, int]] = {plan: {} for plan in listed}
    estimated = estimate_groups(log, found, attempts.runs)
    tellings = [group.told for group in estimated if group.told]
    claiming = claim_groups(log, found, attempts.runs, len(estimated))
    tasks = (
        attempts.runs, successions, subjects, views, listed, tellings,
        [(group.tellings, {told.plan: found.plans.cores[told.plan] for told in group.tellings})
         for group in claiming],
    )  # fmt: skip
    shared = (log.source, spool, frozenset[str](), tasks)
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
        for told_group in estimated:
            told_group.take(part.taken)
        for claimed, claim in pairs(claiming, part.claims):
            claimed.parts.append(claim)
        for plan, places in part.items.items():
            for item, index in places.items():
                items[plan][item] = min(index, items[plan].get(item, index))
    for sentence in check_deviations(found, overlaps, attempts.begun):
        report.fail(COMPLETENESS, "RecordsDisagree", sentence)
    check_items(found, spool, items, attempts.begun, report)
    check_imports(found, report)
    check_measurements(log, found, spool, report)
    counted = say_coverage(found, attempts, list(covered.values()), report)
    check_scores(groups, spool, counted, report)
    stands = standing(found.plans.cores, list(covered.values()))
    counts = {run["run"] for _, run in stands if run is not None}
    check_estimates(estimated, spool, processes, log.source, counts, report)
    check_claims(claiming, found, spool, report)
    if not groups and not estimated:
        report.unchecked(NUMBERS, "the log holds no scores")
    check_conclusions(concluded, found, spool, report)


# What sisters have in common: plans of one experiment for different models.
MADE_FROM = ("experiment_sha256", "data_sha256", "template_sha256", "examples_sha256", "prompts")


def are_sisters(one: Record, other: Record) -> bool:
    """Return whether two plans' cores are of the same files and of different models."""
    models = (one.get("model"), other.get("model"))
    return None not in models and models[0] != models[1] and same_files(one, other)


def same_files(one: Record, other: Record) -> bool:
    """Return whether two plans were made from the same experiment, data and templates."""
    return all(one.get(name) == other.get(name) for name in MADE_FROM)


def predecessors(cores: dict[str, Record]) -> dict[str, str]:
    """Return the plan from which each later plan deviates: the last one of its model before it.

    Where there is none it is the last that is not its sister; sisters do not deviate.
    """
    found: dict[str, str] = {}
    earlier: list[str] = []
    for plan, core in cores.items():
        same = [one for one in earlier if cores[one].get("model") == core.get("model")]
        strange = [one for one in earlier if not are_sisters(cores[one], core)]
        if same or strange:
            found[plan] = (same or strange)[-1]
        earlier.append(plan)
    return found


def standing(cores: dict[str, Record], runs: list[Record]) -> list[tuple[str, Record | None]]:
    """Return the plans that a log stands for, one a model, each with the run that counts, or None.

    It is the last family of sisters of which each has a complete run, else that of the last
    complete run, else of the last run. A plan without a model's name is a family of its own.
    """
    begun = [run for run in runs if run["plan"] in cores]
    if not begun:
        return []
    complete = [run for run in begun if not run["missing"]]
    for run in reversed(complete):
        family = _family(cores, begun, run["plan"])
        if all(one is not None and not one["missing"] for _, one in family):
            return family
    return _family(cores, begun, (complete or begun)[-1]["plan"])


def _family(
    cores: dict[str, Record], begun: list[Record], plan: str
) -> list[tuple[str, Record | None]]:
    own = cores[plan]
    by_model: dict[Any, list[str]] = {own.get("model"): [plan]}
    if own.get("model") is not None:
        by_model = {}
        for other, core in cores.items():
            if core.get("model") is not None and same_files(own, core):
                by_model.setdefault(core["model"], []).append(other)
    found: list[tuple[str, Record | None]] = []
    for plans in by_model.values():
        tried = [run for run in begun if run["plan"] in plans]
        counting = [run for run in tried if not run["missing"]] or tried
        found.append((counting[-1]["plan"], counting[-1]) if counting else (plans[-1], None))
    return found


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


class Item(NamedTuple):
    """What an item record says; `labels` are those of annotators, as canonical JSON."""

    position: int
    plan: str
    item: str
    document: str | None
    split: str | None
    labels: Any


def read_items(spool: Spool, plan: str) -> list[Item]:
    """Return the item records of a plan in log order."""
    part = int(plan[:8], 16) % spool.parts
    rows = spool.read(f"items-{part}-[0-9]+")
    return sorted((Item(*row) for row in rows if row[1] == plan), key=itemgetter(0))


def listed_plans(found: Pass) -> list[str]:
    """Return the plans that say, or should say, something of their items."""
    said = {plan for plan, core in found.plans.cores.items() if "items" in core}
    return sorted(said | found.listed)


def check_items(
    found: Pass, spool: Spool, items: dict[str, dict[str, int]], begun: dict[str, int],
    report: Report,
) -> None:  # fmt: skip
    """Check that item records are just those that their plan committed to, before it began."""
    total = 0
    for plan, places in items.items():
        records = read_items(spool, plan)
        total += len(records)
        core = found.plans.cores.get(plan)
        said = None if core is None else core.get("items")
        wrong = _items_defect(said, records, sorted(places, key=lambda item: places[item]))
        if not wrong and records and records[-1].position > begun.get(plan, MAX_INTEGER):
            wrong = "RecordsDisagree", "was begun before all its item records were in the log"
        if wrong:
            report.fail(COMPLETENESS, wrong[0], f"plan {plan[:16]} {wrong[1]}")
    if total:
        report.checked(
            COMPLETENESS, f"{count(total, 'item record')}: those that the plans committed to"
        )


def _items_defect(said: Any, records: list[Item], expected: list[str]) -> tuple[str, str] | None:
    """Return what is wrong with the item records of a plan, or None."""
    if not isinstance(said, dict) or said.keys() != {"records", "sha256"}:
        return "RecordsDisagree", "has item records to which it did not commit"
    if len(records) != said["records"]:
        promised = safe(said["records"])
        return "PlanIncomplete", f"promises {promised} item records, the log holds {len(records)}"
    if [record.item for record in records] != expected:
        return "RecordsDisagree", "has item records that are not one for each item, in its order"
    lines = (
        dumps({"document": row.document, "item": row.item, "split": row.split}) for row in records
    )
    if digest(b"reprollm/items/v1", *lines) != said["sha256"]:
        return "LeafMismatch", "committed to other item records than the log holds"
    return None


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
    family = standing(found.plans.cores, runs)
    stands = [run for _, run in family if run is not None]
    good = [run for run in stands if not run["missing"]] or stands
    counted = good[0] if good else None
    for plan, unasked in family:
        if unasked is None:
            name = safe(found.plans.cores[plan].get("model"))
            said = f"plan {plan[:16]} of the model {name}: expected a run, as the other models of"
            report.fail(COMPLETENESS, "PlanIncomplete", f"{said} the experiment have, found none")
    report.runs += runs
    for run in runs:
        name = f"run {run['run'][:16]}"
        if run["missing"]:
            said = (
                f"{name}: expected an answer or a failure for each of {run['planned']} planned "
                f"requests, found none for {run['missing']} "
                f"({', '.join(request[:16] for request in run['missing_requests'][:5])})"
            )
            if complete and run not in stands:
                report.notices.append(f"Given up: {said}")
            else:
                report.fail(COMPLETENESS, "PlanIncomplete", said)
        if run in stands:
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
def levenshtein(one: Any, other: Any) -> int:
    """Return how many characters, or words, must be put in, left out or replaced to get to another.

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
    places: dict[Any, int] = {}
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


class RunGroup:
    """The records of one kind in one shard about one run."""

    def __init__(self, run: str, position: int) -> None:
        self.run, self.position = run, position
        self.records: list[Record] = []


_G = TypeVar("_G", bound=RunGroup)


def beginnings(found: Pass) -> dict[str, int]:
    """Return where each run, or import, first begins."""
    begun: dict[str, int] = {}
    for kind, field in (("start", "run"), ("import", "import")):
        for position, record in found.of_kind(kind):
            begun.setdefault(record[field], position)
    return begun


def run_groups(
    log: Log, found: Pass, kind: str, made: Callable[[str, int], _G]
) -> list[tuple[_G, int]]:
    """Return the log's records of a kind by shard and run, each with where its run begins."""
    firsts = [shard.first for shard in log.shards]
    starts: dict[int, int] = {}
    groups: dict[tuple[int, str], _G] = {}
    for position, record in found.of_kind(kind):
        shard = bisect_right(firsts, position)
        start = starts.setdefault(shard, position)
        group = groups.setdefault((shard, record["run"]), made(record["run"], start))
        group.records.append(record)
    begun = beginnings(found)
    return [(group, begun.get(group.run, MAX_INTEGER)) for group in groups.values()]


class ScoreGroup(RunGroup):
    """The score records of one shard about one run."""

    def __init__(self, run: str, position: int) -> None:
        super().__init__(run, position)
        self.subject: Subject | None = None
        self.answers, self.withheld = 0, 0

    def where(self) -> str:
        """Return how the group is named in sentences."""
        return f"score records at {self.position} of run {self.run[:16]}"


def score_groups(log: Log, found: Pass, runs: dict[str, str]) -> list[ScoreGroup]:
    """Return the log's score records by shard and run, each with what it is about."""
    groups = run_groups(log, found, "score", ScoreGroup)
    for number, (group, begun) in enumerate(groups):
        if begun < group.position:
            plan = runs.get(group.run, group.run)
            said: Any = [record["score"] for record in group.records]
            if group.run in runs:
                said = found.plans.cores.get(plan, {}).get("scores")
            listed = said if isinstance(said, list) else []
            names = tuple(dict.fromkeys(name for name in listed if isinstance(name, str)))
            imported = group.run not in runs
            group.subject = Subject(number, group.run, plan, imported, group.position, names)
    return [group for group, _ in groups]


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
                yield (index, stand_in, *rest[:5])
        return
    final: dict[bytes, Any] = {}
    for position, owner, request, _, runaway, output, *_ in rows["answers"]:
        if owner == run and position < subject.position and request not in final:
            final[request] = (runaway, output)
    seen: set[int] = set()
    for _, owner, request, index, sampling, stratum, reference, *_ in rows["requests"]:
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


def _row_key(record: Record) -> tuple[Any, ...]:
    return tuple(record[name] for name in _ROW)


def _words(key: tuple[Any, ...]) -> str:
    whose = "all answers" if key[2] == "all" else f"stratum {key[3]}"
    return safe(f"{key[0]} ({key[4]}) of {whose}, sampling {key[1]}", 120)


def _differences(records: list[Record], expected: dict[tuple[Any, ...], Record]) -> Iterator[str]:
    return _differing(records, expected, _ROW, _words)


def _differing(
    records: list[Record], expected: dict[tuple[Any, ...], Record], names: tuple[str, ...],
    words: Callable[[tuple[Any, ...]], str],
) -> Iterator[str]:  # fmt: skip
    """Yield in words what records say otherwise than the rows that the answers give."""
    seen: set[tuple[Any, ...]] = set()
    for record in records:
        key = tuple(record[name] for name in names)
        right = expected.get(key)
        wrong = [name for name in right if record[name] != right[name]] if right else []
        if key in seen:
            yield f"{words(key)} is recorded twice"
        elif right is None:
            yield f"{words(key)} is recorded, the answers give no such row"
        elif wrong:
            said = ", ".join(f"{name} {safe(record[name], 80)}" for name in wrong)
            true = ", ".join(f"{name} {safe(right[name], 80)}" for name in wrong if right)
            yield f"{words(key)}: expected {true} from the answers, found {said}"
        seen.add(key)
    for key in expected.keys() - seen:
        yield f"{words(key)} is not recorded; the answers give {expected[key]['value']}"


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


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share by halving [0, 1] eighty times."""
    if 2 * hits > n:
        low, high = clopper_pearson(n - hits, n, level)
        return 1 - high, 1 - low
    tail = (1 - level) / 2

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


# Draws of whole clusters. Beyond 1000 clusters, groups of them that the seed deals out are drawn.

Counts = dict[tuple[str, ...], tuple[int, ...]]  # what is counted -> its numbers


def shaken(number: int, *parts: str) -> tuple[int, ...]:
    """Return big-endian 32-bit words, as many as said, of SHAKE-256 over framed parts."""
    framed = b"".join(frame(part.encode()) for part in parts)
    return struct.unpack(f">{number}I", shake_256(framed).digest(4 * number))


def dealt(seed: str, clusters: int) -> list[int]:
    """Return the unit to which each cluster belongs."""
    if clusters <= UNITS:
        return list(range(clusters))
    words = shaken(clusters, "reprollm/groups/v1", seed, str(clusters))
    units = [0] * clusters
    for place, cluster in enumerate(sorted(range(clusters), key=lambda one: (words[one], one))):
        units[cluster] = place % UNITS
    return units


@lru_cache(maxsize=1000)
def times_drawn(seed: str, number: int, size: int) -> list[int]:
    """Return how often each of some units is in the resample of a number."""
    times = [0] * size
    for word in shaken(size, "reprollm/resampling/v1", seed, str(number), str(size)):
        times[word * size >> 32] += 1
    return times


def add_counts(sums: Counts, more: Counts, times: int = 1) -> None:
    """Add counts to sums, as often as is said."""
    for key, numbers in more.items():
        before = sums.get(key, (0,) * len(numbers))
        sums[key] = tuple(old + times * new for old, new in pairs(before, numbers))


class Columns:
    """Counts of units as columns of numbers, which are also fields of one big number a unit."""

    def __init__(self, units: list[Counts]) -> None:
        self.size = len(units)
        self.keys = sorted(set(chain.from_iterable(units)))
        widths = {key: len(numbers) for unit in units for key, numbers in unit.items()}
        self.columns = [(key, place) for key in self.keys for place in range(widths[key])]
        at = {column: number for number, column in enumerate(self.columns)}
        self.entries = [
            (unit, at[key, place], number)
            for unit, counts in enumerate(units)
            for key, numbers in counts.items()
            for place, number in enumerate(numbers)
            if number
        ]
        most = max((abs(number) for _, _, number in self.entries), default=0)
        self.bits = (self.size * most).bit_length() + 1
        self.packed = [0] * self.size
        for unit, column, number in self.entries:
            self.packed[unit] += number << self.bits * column

    def unpacked(self, total: int) -> list[int]:
        """Return the columns of a sum of units."""
        half, full = 1 << self.bits - 1, 1 << self.bits
        totals = []
        for _ in self.columns:
            value = total & full - 1
            value -= full if value >= half else 0
            totals.append(value)
            total = (total - value) >> self.bits
        return totals

    def counts(self, totals: Iterable[int]) -> Counts:
        """Return the columns as counts; a key with nothing but 0 is left out."""
        found: dict[tuple[str, ...], list[int]] = {key: [] for key in self.keys}
        for (key, _), total in pairs(self.columns, totals):
            found[key].append(total)
        return {key: tuple(numbers) for key, numbers in found.items() if any(numbers)}

    def sums(self, seed: str, number: int) -> Counts:
        """Return the sums over one resample; few columns are added all at once."""
        times = times_drawn(seed, number, self.size)
        if len(self.columns) <= PACKED_COLUMNS:
            return self.counts(self.unpacked(sum(map(mul, times, self.packed))))
        totals = [0] * len(self.columns)
        for unit, column, value in self.entries:
            totals[column] += times[unit] * value
        return self.counts(totals)


def ranked(values: list[float], drawn: int, level: float) -> tuple[float, float] | None:
    """Return the interval between two ranks of what was defined on enough of the resamples."""
    if 2 * len(values) < drawn or not values:
        return None
    rank = max(1, math.floor((len(values) + 1) * (1 - level) / 2 + 1e-9))
    ordered = sorted(values)
    return ordered[rank - 1], ordered[-rank]


def wilson(hits: int, n: int, level: float) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    if not n:
        return 0.0, 1.0
    z = _NORMAL.inv_cdf((1 + level) / 2)
    share = hits / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = (centre - half) / scale if hits else 0.0
    return low, (centre + half) / scale if hits < n else 1.0


# --------------------------------------------------------------------------------------------------
# Answers: what a parser finds in an output (SCORES.md, "What becomes of an output")
# --------------------------------------------------------------------------------------------------
# Settings stand in a plan's core, which a liar writes: what they may be is checked here again, so
# that no pattern and no output can keep a search from ending.

MAX_PARSED = 100_000  # characters of an output that are parsed
MAX_SEARCHED = 20_000  # characters in which a pattern is searched
MAX_OBJECTS = 100  # places at which a JSON object may begin
MAX_MENTIONS = 2_000
SEARCH_SECONDS = 10.0  # of one search
ALL_SEARCHES_SECONDS = 600.0  # of all searches of one process

Mention = tuple[int, int, str]  # first token, last token, type; tokens -1 where it is nowhere
_BARE = frozenset("`$^+=<>|~")


class Parsed(NamedTuple):
    """What became of an output; the value is a text, or mentions in their order."""

    status: str
    value: Any = ""


class Texts(NamedTuple):
    """One answer as measures see it."""

    output: str
    parsed: Parsed
    reference: str
    source: str


def is_punctuation(character: str) -> bool:
    """Return whether a character is punctuation to Unicode."""
    return unicodedata.category(character)[0] == "P"


STEPS: dict[str, Callable[[str], str]] = {
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "casefold": str.casefold,
    "whitespace": lambda text: " ".join(text.split()),
    "punctuation": lambda text: "".join(c for c in text if not is_punctuation(c)),
}


def trimmed(text: str, more: frozenset[str] = frozenset()) -> str:
    """Return a text without white space, punctuation and some more characters at its ends."""
    start, end = 0, len(text)
    while start < end and _is_margin(text[start], more):
        start += 1
    while start < end and _is_margin(text[end - 1], more):
        end -= 1
    return text[start:end]


def _is_margin(character: str, more: frozenset[str]) -> bool:
    return character.isspace() or character in more or is_punctuation(character)


# Patterns: a quantifier, a group and a class are told apart by hand, so that what is refused does
# not depend on the version of Python.

_QUANTIFIER = re.compile(r"[*+?]|\{([0-9]*)(,?)([0-9]*)\}")
_GROUP = re.compile(r"\(\?(?::|=|!|<=|<!|P<[^>]*>|<[A-Za-z_][^>]*>)|\((?!\?)")
_FLAGS = re.compile(r"\(\?[imsau]+\)")


def check_pattern(pattern: str) -> re.Pattern[str]:
    """Return a pattern ready for searches; raise `Defect` for one that may never end."""
    if len(pattern) > 500 or not _is_tame(pattern):
        raise _unusable(f"the pattern {safe(pattern, 60)} may take for ever")
    try:
        return re.compile(pattern)
    except (re.error, ValueError, RecursionError, OverflowError) as error:
        raise _unusable(f"the pattern {safe(pattern, 60)} is none: {safe(error, 60)}") from None


def _is_tame(pattern: str) -> bool:
    """Return whether no group that repeats or chooses is repeated, and no more than 12 parts."""
    flags = _FLAGS.match(pattern)
    at, quantifiers = flags.end() if flags else 0, 0
    wild = [False]  # of each open group: whether it holds a quantifier or a choice
    closed = False  # whether what stands before is a group that does
    while at < len(pattern):
        character = pattern[at]
        quantifier = _QUANTIFIER.match(pattern, at)
        if quantifier and not _is_plain_brace(quantifier):
            once = quantifier[0] == "?"
            bounds = [int(bound[:6]) for bound in quantifier.groups()[::2] if bound]
            quantifiers += 1
            if quantifiers > 12 or (closed and not once) or max(bounds, default=0) > 1000:
                return False
            at, wild[-1], closed = quantifier.end(), True, False
            if pattern[at : at + 1] == "+":
                return False  # possessive
            at += pattern[at : at + 1] == "?"  # lazy
            continue
        closed = False
        if character == "\\":
            if re.match(r"\\[1-9]", pattern[at:]):
                return False
            at += 2
        elif character == "[":
            at = _class_end(pattern, at)
        elif character == "(":
            group = _GROUP.match(pattern, at)
            if group is None:
                return False
            wild.append(False)
            at = group.end()
        elif character == ")" and len(wild) > 1:
            closed = wild.pop()
            wild[-1] = wild[-1] or closed
            at += 1
        else:
            wild[-1] = wild[-1] or character == "|"
            at += 1
    return True


def _is_plain_brace(found: re.Match[str]) -> bool:
    """Return whether `{}` stands for itself."""
    return found[0] == "{}"


def _class_end(pattern: str, at: int) -> int:
    at += 2 if pattern[at + 1 : at + 2] == "^" else 1
    at += pattern[at : at + 1] == "]"
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _unusable(sentence: str) -> Defect:
    return Defect("InvalidInput", f"expected settings of answers as SCORES.md has them: {sentence}")


class _TooLong(Exception):
    """A search did not end in time."""


def _interrupt(number: int, frame: Any) -> None:
    raise _TooLong


def searched(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the first match; raise `Defect` for a search that takes too long."""
    cut, begun = text[:MAX_SEARCHED], time.monotonic()
    if _SEARCHING[0] > ALL_SEARCHES_SECONDS:
        raise _unusable(f"searches such as for {safe(pattern.pattern, 60)} take too long")
    if not hasattr(signal, "setitimer") or threading.current_thread() is not _MAIN_THREAD:
        return pattern.search(cut)
    before = signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, SEARCH_SECONDS)
    try:
        return pattern.search(cut)
    except _TooLong:
        raise _unusable(f"the pattern {safe(pattern.pattern, 60)} takes too long") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        _SEARCHING[0] += time.monotonic() - begun


_MAIN_THREAD = threading.main_thread()
_SEARCHING = [0.0]  # seconds that this process has searched


# JSON in an output, numbers as they are written.


class Written(str):
    """A number of JSON, as it is written."""

    @property
    def whole(self) -> int | None:
        """Its value where it is an integer, one far too large where it has many digits."""
        if not re.match(r"-?[0-9]+\Z", self):
            return None
        return int(self) if len(self) < 19 else (-1 if self[0] == "-" else 1) << 62


def _no_constant(text: str) -> Any:
    raise ValueError(text)


_LENIENT = json.JSONDecoder(parse_float=Written, parse_int=Written, parse_constant=_no_constant)


def first_object(text: str) -> Any:
    """Return the first JSON object in a text that is not nested too deeply, or None."""
    at = -1
    for _ in range(MAX_OBJECTS):
        at = text.find("{", at + 1)
        if at < 0:
            return None
        try:
            value, _ = _LENIENT.raw_decode(text, at)
        except (ValueError, RecursionError):
            continue
        if _levels(value) <= MAX_DEPTH:
            return value
    return None


def _levels(value: Any) -> int:
    """Return how deep objects and arrays are nested; more than `MAX_DEPTH` is not told apart."""
    level, found = [value], 0
    while level and found <= MAX_DEPTH:
        inner = [one for one in level if isinstance(one, (dict, list))]
        found += bool(inner)
        level = [
            item
            for one in inner
            for item in (one.values() if isinstance(one, dict) else one)
            if isinstance(item, (dict, list))
        ]
    return found


def led_to(value: Any, path: str) -> str | None:
    """Return the text to which a path leads, or None."""
    for name in path.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and re.match(r"(0|[1-9][0-9]{0,8})\Z", name):
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str) or _SURROGATE.search(value):
        return None
    return str(value)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str) and not isinstance(value, Written),
    "integer": lambda value: isinstance(value, Written) and value.whole is not None,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_KEYWORDS = (
    "type", "enum", "properties", "required", "additionalProperties", "items", "minimum",
    "maximum",
)  # fmt: skip


def check_schema(schema: Any, depth: int = 16) -> Any:
    """Return a schema; raise `Defect` for one outside the subset."""
    good = isinstance(schema, dict) and depth > 0 and set(schema) <= set(_KEYWORDS)
    if good:
        names = schema.get("required", [])
        parts = schema.get("properties", {})
        listed = schema.get("enum", [])
        good = (
            schema.get("type", "null") in _TYPES
            and isinstance(listed, list)
            and all(value is None or isinstance(value, (str, int)) for value in listed)
            and isinstance(parts, dict)
            and isinstance(names, list)
            and all(isinstance(name, str) for name in names)
            and schema.get("additionalProperties", False) is False
            and all(type(schema.get(name, 0)) is int for name in ("minimum", "maximum"))
        )
    if not good:
        raise _unusable("the schema has what is not known here")
    for part in [*parts.values(), *([schema["items"]] if "items" in schema else [])]:
        check_schema(part, depth - 1)
    return schema


def conforms(value: Any, schema: Any) -> bool:
    """Return whether a value is as a schema has it."""
    if "type" in schema and not _TYPES[schema["type"]](value):
        return False
    if "enum" in schema and not any(_is_listed(value, one) for one in schema["enum"]):
        return False
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        if not all(name in value for name in schema.get("required", [])):
            return False
        if "additionalProperties" in schema and not value.keys() <= parts.keys():
            return False
        return all(conforms(value[name], part) for name, part in parts.items() if name in value)
    if isinstance(value, list):
        return "items" not in schema or all(conforms(one, schema["items"]) for one in value)
    whole = value.whole if isinstance(value, Written) else None
    if whole is None:
        return True
    return bool(schema.get("minimum", whole) <= whole <= schema.get("maximum", whole))


def _is_listed(value: Any, listed: Any) -> bool:
    if isinstance(value, Written):
        return type(listed) is int and value.whole == listed
    return type(value) is type(listed) and bool(value == listed)


# Tags and mentions.


Tag = tuple[str, str]  # O, B or I, and a type
_SURROGATE = re.compile("[\ud800-\udfff]")


def split_tag(tag: str) -> Tag | None:
    """Return what a tag in capitals says, or None for what is none."""
    if tag in ("O", "_", "-"):
        return "O", ""
    letter = {"B-": "B", "I-": "I", "S-": "B", "E-": "I"}.get(tag[:2])
    return (letter, tag[2:]) if letter and tag[2:] else None


def texts_of(text: str) -> list[str] | None:
    """Return the strings of a JSON array, or None where it is no such array."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return None
    return None if any(map(_SURROGATE.search, values)) else values


def tags_of(text: str) -> list[Tag] | None:
    """Return the tags of a JSON array, or None where it is none of tags."""
    values = texts_of(text)
    return None if values is None else read_tags(values)


def read_tags(words: list[str]) -> list[Tag] | None:
    """Return tags, or None where a word is none."""
    found = [split_tag(word.upper()) for word in words]
    return None if None in found else [tag for tag in found if tag]


def mentions_of(tags: list[Tag]) -> tuple[Mention, ...]:
    """Return the mentions that tags mark."""
    found: list[Mention] = []
    before = ("O", "")
    for place, tag in enumerate(tags):
        if tag[0] != "O" and (before[0] == "O" or before[1] != tag[1] or tag[0] == "B"):
            found.append((place, place, tag[1]))
        elif tag[0] != "O":
            found[-1] = (found[-1][0], place, tag[1])
        before = tag
    return tuple(found)


def tokens_of(source: str, number: int) -> list[str] | None:
    """Return the tokens of a source, of which there must be as many as tags."""
    listed = texts_of(source) if source.lstrip().startswith("[") else None
    if listed is not None and len(listed) == number:
        return listed
    words = source.split()
    if len(words) == number:
        return words
    pieces = re.findall(r"\w+|[^\w\s]", source)
    return pieces if len(pieces) == number else None


def spaceless(text: str) -> str:
    """Return a text without any white space."""
    return "".join(text.split())


def located(listed: list[Tag], tokens: list[str]) -> tuple[Mention, ...]:
    """Return mentions, each a surface and a type, at their places among tokens."""
    text, begins = "".join(tokens), [0]
    for token in tokens:
        begins.append(begins[-1] + len(token))
    starts = {begins[place]: place for place, token in enumerate(tokens) if token}
    ends = {begins[place + 1]: place for place, token in enumerate(tokens) if token}
    taken = bytearray(len(tokens))

    def free(surface: str, at: int) -> tuple[int, int] | None:
        at = text.find(surface, at)
        while at >= 0:
            first, last = starts.get(at), ends.get(at + len(surface))
            if first is not None and last is not None and not any(taken[first : last + 1]):
                return first, last
            at = text.find(surface, at + 1)
        return None

    after, found = 0, []
    nowhere: set[str] = set()  # what is taken stays so
    for surface, kind in listed:
        place = None
        if surface and surface not in nowhere:
            place = free(surface, begins[after]) or (free(surface, 0) if after else None)
        if place is None:
            nowhere.add(surface)
            found.append((-1, -1, kind))
            continue
        taken[place[0] : place[1] + 1] = b"\x01" * (place[1] + 1 - place[0])
        found.append((*place, kind))
        after = place[1] + 1
    return tuple(sorted(found))


class Parser:
    """A plan's settings of answers, put to use."""

    def __init__(self, settings: Any) -> None:
        """Take the section `answer`, or None; raise `Defect` for what is none."""
        given = settings if isinstance(settings, dict) else {}
        said = {name: value for name, value in given.items() if value is not None}
        forms = {
            "parser": lambda v: v in PARSERS, "labels": FIELD_TYPES["texts"],
            "normalise": lambda v: FIELD_TYPES["texts"](v) and set(v) <= set(STEPS),
            "refusals": FIELD_TYPES["texts"],
        }  # fmt: skip
        for name, form in forms.items():
            if name in said and not form(said[name]):
                raise _unusable(f"{name} is malformed")
        self.name: str = said.get("parser", "text")
        self.steps = [STEPS[name] for name in said.get("normalise", [])]
        self.refusals = [check_pattern(pattern) for pattern in said.get("refusals", [])]
        self.labels = {self.normalised(label).strip(): label for label in said.get("labels", [])}
        if len(self.labels) < len(said.get("labels", [])) or "" in self.labels:
            raise _unusable("labels are the same when normalised, or empty")
        self.pattern = self._given(said, "pattern", "regex")
        self.field = self._given(said, "field", "json")
        self.compiled = check_pattern(self.pattern) if self.name == "regex" else None
        self.schema: Any = None
        if self.name == "json" and said.get("schema") is not None:
            try:
                schema = said["schema"]
                self.schema = check_schema(
                    json.loads(schema) if isinstance(schema, str) else schema
                )
            except (ValueError, TypeError, RecursionError):
                raise _unusable("the schema is no JSON") from None

    def _given(self, said: Record, name: str, parser: str) -> str:
        value = said.get(name)
        if self.name == parser and not isinstance(value, str):
            raise _unusable(f"{name} is missing")
        return str(value or "")

    @property
    def version(self) -> str:
        """The name and version that records show."""
        return f"{self.name}/1"

    @property
    def marks(self) -> bool:
        """Whether answers are mentions, not texts."""
        return self.name in ("tags", "mentions")

    def normalised(self, text: str) -> str:
        """Return a text after the declared steps."""
        for step in self.steps:
            text = step(text)
        return text

    def gold(self, text: str) -> str:
        """Return a reference, or an annotator's label, as a label."""
        tags = tags_of(text) if self.marks else None
        if tags is not None:
            return spelled_mentions(mentions_of(tags))
        return self.texts("", text, "").reference.strip()

    def label(self, text: str) -> str | None:
        """Return the declared label that a text is, or None."""
        plain = self.normalised(text)
        found = self.labels.get(plain.strip())
        return self.labels.get(trimmed(plain, _BARE)) if found is None else found

    def status(self, output: str, reference: str, source: str) -> Parsed:
        """Return what becomes of an output."""
        if not output.strip():
            return Parsed("empty")
        if any(searched(pattern, output) for pattern in self.refusals):
            return Parsed("refused")
        value = PARSERS[self.name](self, output, reference, source)
        if value is None or (isinstance(value, str) and not value.strip()):
            return Parsed("unparsed")
        return Parsed("answered", value)

    def texts(self, output: str, reference: str, source: str) -> Texts:
        """Return one answer as measures see it."""
        parsed = self.status(output, reference, source)
        if self.marks:
            return Texts(output, parsed, reference, source)
        answer = parsed.value if parsed.status == "answered" else self.normalised(output)
        label = self.label(reference) if self.labels else None
        right = self.normalised(reference) if label is None else label
        return Texts(answer, parsed, right, self.normalised(source))

    def _text(self, output: str, reference: str, source: str) -> str | None:
        return self.label(output) if self.labels else self.normalised(output)

    def _found(self, text: str | None) -> str | None:
        if text is None:
            return None
        return self.label(text) if self.labels else self.normalised(text)

    def _regex(self, output: str, reference: str, source: str) -> str | None:
        assert self.compiled is not None
        match = searched(self.compiled, output[:MAX_PARSED])
        if match is None:
            return None
        named = "answer" in self.compiled.groupindex
        group = "answer" if named else min(1, self.compiled.groups)
        return self._found(match[group])

    def _json(self, output: str, reference: str, source: str) -> str | None:
        value = first_object(output[:MAX_PARSED])
        if value is None or (self.schema is not None and not conforms(value, self.schema)):
            return None
        return self._found(led_to(value, self.field))

    def _labels(self, output: str, reference: str, source: str) -> str | None:
        cut = output[:MAX_PARSED]
        if not self.labels:
            return self.normalised(cut)
        found = self.label(cut)
        return self.label(cut.lstrip().partition("\n")[0]) if found is None else found

    def _tags(self, output: str, reference: str, source: str) -> Any:
        cut = output[:MAX_PARSED].strip()
        if cut.startswith("["):
            tags = tags_of(cut)
        else:
            tags = read_tags(cut.split())
        right = tags_of(reference)
        if tags is None or (right is not None and len(tags) != len(right)):
            return None
        return mentions_of(tags)

    def _mentions(self, output: str, reference: str, source: str) -> Any:
        listed: list[Tag] = []
        for line in output[:MAX_PARSED].split("\n"):
            surface, tab, kind = line.partition("\t")
            surface, kind = surface.strip(), kind.strip()
            if tab and surface and kind and len(listed) < MAX_MENTIONS:
                listed.append((spaceless(self.normalised(surface)), kind.upper()))
        if not listed:
            return None
        right = tags_of(reference)
        tokens = None if right is None else tokens_of(source, len(right))
        if tokens is None:
            return tuple(sorted((-1, -1, kind) for _, kind in listed))
        return located(listed, [spaceless(self.normalised(token)) for token in tokens])


PARSERS: dict[str, Callable[[Parser, str, str, str], Any]] = {
    "text": Parser._text,
    "regex": Parser._regex,
    "json": Parser._json,
    "labels": Parser._labels,
    "tags": Parser._tags,
    "mentions": Parser._mentions,
}


# --------------------------------------------------------------------------------------------------
# Measures: what is counted of one answer, and the numbers made of sums (SCORES.md, "Measures")
# --------------------------------------------------------------------------------------------------

Term = Any  # an item's value: (numerator, denominator), a float, or None where it is undefined


def in_words(one: str, other: str) -> int:
    """Return the edit distance of words."""
    return levenshtein(tuple(one.split()), tuple(other.split()))


def common_words(one: list[str], other: list[str]) -> int:
    """Return the length of the longest common subsequence (Hyyrö 2004: bits of a row)."""
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(one)) - 1
    row = full
    for word in other:
        kept = row & places.get(word, 0)
        row = (row + kept | row - kept) & full
    return len(one) - bin(row).count("1")


def count_exact(texts: Texts) -> Counts:
    """Count whether output and reference are the same."""
    return {(): (int(texts.output.strip() == texts.reference.strip()), 1)}


def count_characters(texts: Texts) -> Counts:
    """Count the edits from output to reference, and the reference's characters."""
    right = texts.reference.strip()
    return {(): (levenshtein(texts.output.strip(), right), len(right))} if right else {}


def count_words(texts: Texts) -> Counts:
    """Count the edits of words, and the reference's words."""
    right = texts.reference.split()
    return {(): (in_words(texts.output, texts.reference), len(right))} if right else {}


def count_source(texts: Texts) -> Counts:
    """Count the edits from source to reference, and the reference's characters."""
    right = texts.reference.strip()
    return {(): (levenshtein(texts.source.strip(), right), len(right))} if right else {}


def count_reduction(texts: Texts) -> Counts:
    """Count the edits from source and from output, and the reference's characters."""
    right = texts.reference.strip()
    if not right:
        return {}
    edits = (levenshtein(text.strip(), right) for text in (texts.source, texts.output))
    return {(): (*edits, len(right))}


def grams(units: Any, order: int) -> Counter[Any]:
    """Return how often each run of so many units comes."""
    return Counter(units[at : at + order] for at in range(len(units) - order + 1))


def shared(one: Counter[Any], other: Counter[Any]) -> int:
    """Return the sum of the smaller of two numbers of each."""
    return sum(min(number, other[unit]) for unit, number in one.items() if unit in other)


def count_chrf(texts: Texts) -> Counts:
    """Count n-grams of characters, n = 1 … 6: of the output, of the reference, of both."""
    said, right = spaceless(texts.output), spaceless(texts.reference)
    if not right:
        return {}
    numbers: list[int] = []
    for order in range(1, 7):
        most = max(0, len(right) - order + 1)
        own = max(0, len(said) - order + 1) if most else 0
        both = shared(grams(said, order), grams(right, order)) if own else 0
        numbers += (own, most, both)
    return {(): tuple(numbers)}


_SIGNS = re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])")
_STOP_AFTER = re.compile(r"([^0-9])([.,])")
_STOP_BEFORE = re.compile(r"([.,])([^0-9])")
_DASH = re.compile(r"([0-9])(-)")


def tokenized(text: str) -> tuple[str, ...]:
    """Return the tokens of a text as mteval-v13a has them."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        for entity, sign in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
            text = text.replace(entity, sign)
    text = _SIGNS.sub(r" \1 ", f" {text} ")
    text = _STOP_AFTER.sub(r"\1 \2 ", text)
    text = _STOP_BEFORE.sub(r" \1 \2", text)
    return tuple(_DASH.sub(r"\1 \2 ", text).split())


def count_bleu(texts: Texts) -> Counts:
    """Count tokens of output and reference, matches of n-grams, and n-grams, n = 1 … 4."""
    said, right = tokenized(texts.output.strip()), tokenized(texts.reference.strip())
    if not right:
        return {}
    matches = [shared(grams(said, order), grams(right, order)) for order in range(1, 5)]
    own = [max(0, len(said) - order + 1) for order in range(1, 5)]
    return {(): (len(said), len(right), *matches, *own)}


def count_rouge(texts: Texts) -> Counts:
    """Count twice the longest common subsequence of words, and the words of both."""
    said, right = (text.lower().split() for text in (texts.output, texts.reference))
    if not right:
        return {}
    return {(): (2 * common_words(said, right), len(said) + len(right))}


def labels_of(texts: Texts) -> tuple[str, str]:
    """Return the gold and the predicted label."""
    value = texts.parsed.value
    answered = texts.parsed.status == "answered" and isinstance(value, str)
    return texts.reference.strip(), value.strip() if answered else ""


def count_accuracy(texts: Texts) -> Counts:
    """Count whether the predicted label is the gold one."""
    gold, predicted = labels_of(texts)
    return {(): (int(gold == predicted), 1)} if gold else {}


def count_labels(texts: Texts) -> Counts:
    """Count the pair of gold and predicted label."""
    gold, predicted = labels_of(texts)
    return {(gold, predicted): (1,)} if gold else {}


def count_entities(texts: Texts, fuzzy: bool) -> Counts:
    """Count true positives, false positives and false negatives by type."""
    tags = tags_of(texts.reference)
    if tags is None:
        return {}
    right = mentions_of(tags)
    value = texts.parsed.value
    found = value if texts.parsed.status == "answered" and isinstance(value, tuple) else ()
    sums: Counts = {}
    taken: set[int] = set()
    ends = [one[1] for one in right]
    for start, end, kind in found:
        near = _near(right, ends, start, end)
        exact = next((place for place in near if right[place][:2] == (start, end)), None)
        left = (place for place in near if place not in taken)
        place = next(left, None) if exact is None else exact
        if place is None:
            add_counts(sums, {(kind,): (0, 1, 0)})
            continue
        taken.add(place)
        good = right[place][2] == kind and (fuzzy or exact is not None)
        add_counts(sums, {(right[place][2],): (1, 0, 0) if good else (0, 1, 1)})
    for place, one in enumerate(right):
        if place not in taken:
            add_counts(sums, {(one[2],): (0, 0, 1)})
    return sums


def _near(right: tuple[Mention, ...], ends: list[int], start: int, end: int) -> list[int]:
    """Return the places of the mentions that share a token with a range of tokens."""
    first = bisect_left(ends, start) if start >= 0 else len(right)
    return [place for place in range(first, min(len(right), first + end - start + 1))
            if right[place][0] <= end]  # fmt: skip


# What is counted; several scores are made of the same counts.
FAMILIES: dict[str, Callable[[Texts], Counts]] = {
    "exact": count_exact,
    "characters": count_characters,
    "words": count_words,
    "source": count_source,
    "reduction": count_reduction,
    "chrf": count_chrf,
    "bleu": count_bleu,
    "rouge": count_rouge,
    "accuracy": count_accuracy,
    "labels": count_labels,
    "strict": lambda texts: count_entities(texts, False),
    "fuzzy": lambda texts: count_entities(texts, True),
}


OF_SOURCES = ("source", "reduction")  # nothing is counted without a source


# Values of counts: a ratio as two numbers, a number, or None where it is undefined.


def quotient(term: Term) -> float | None:
    """Return a value as a number."""
    if isinstance(term, tuple):
        return term[0] / term[1] if term[1] else None
    return None if term is None else float(term)


def billionths(term: Term) -> int:
    """Return a defined value in billionths, rounded to the nearest."""
    if isinstance(term, tuple):
        return int((2 * term[0] * 10**9 + term[1]) // (2 * term[1]))
    value: float = term
    return math.floor(value * 1e9 + 0.5)


def ratio(counts: Counts) -> Term:
    """Return the first number over the second."""
    found = counts.get(())
    return found[:2] if found and found[1] else None


def error_ratio(counts: Counts) -> Term:
    """Return what share of the source's edits the output does without."""
    before, after, _ = counts.get((), (0, 0, 0))
    return (before - after, before) if before else None


def chrf_value(counts: Counts) -> Term:
    """Return chrF2, 0 to 100."""
    numbers = counts.get(())
    if numbers is None:
        return None
    precision, recall, orders = 0.0, 0.0, 0
    for place in range(0, 18, 3):
        own, right, both = numbers[place : place + 3]
        if own > 0 and right > 0:
            precision, recall = precision + both / own, recall + both / right
            orders += 1
    if not orders:
        return 0.0
    precision, recall = precision / orders, recall / orders
    if not precision + recall:
        return 0.0
    return 100 * (5 * precision * recall / (4 * precision + recall))


def bleu_value(counts: Counts, effective: bool) -> Term:
    """Return BLEU, 0 to 100; of a sentence by its effective order."""
    numbers = counts.get(())
    if numbers is None:
        return None
    said, right, matches, own = numbers[0], numbers[1], numbers[2:6], numbers[6:]
    if not any(matches):
        return 0.0
    penalty, factor, logs = 1.0 if said >= right else math.exp(1 - right / said), 1, []
    for both, number in pairs(matches, own):
        if not number:
            break
        factor *= 1 if both else 2
        logs.append(math.log(100 * both / number if both else 100 / (factor * number)))
    if len(logs) < 4 and not effective:
        return 0.0
    return penalty * math.exp(math.fsum(logs) / len(logs))


# Labels: true positives, false positives and false negatives of each, from pairs or types.

Table = dict[str, tuple[int, int, int]]


def pair_table(counts: Counts) -> Table:
    """Return the table of labels behind pairs of gold and predicted ones."""
    table: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (gold, predicted), (number,) in counts.items():
        if gold == predicted:
            table[gold][0] += number
        else:
            table[predicted][1] += number
            table[gold][2] += number
    return {label: (row[0], row[1], row[2]) for label, row in table.items() if label}


def type_table(counts: Counts) -> Table:
    """Return the table of types."""
    return {key[0]: (numbers[0], numbers[1], numbers[2]) for key, numbers in counts.items()}


RATES: dict[str, Callable[[int, int, int], tuple[int, int]]] = {
    "precision": lambda true, false, missed: (true, true + false),
    "recall": lambda true, false, missed: (true, true + missed),
    "f1": lambda true, false, missed: (2 * true, 2 * true + false + missed),
}


def pooled(table: Table, rate: str) -> tuple[int, int]:
    """Return a rate of all labels together."""
    sums = (sum(row[place] for row in table.values()) for place in range(3))
    return RATES[rate](*sums)


def or_zero(term: tuple[int, int]) -> float:
    """Return a quotient, 0 where it is undefined."""
    return quotient(term) or 0.0


def macro(table: Table, rate: str) -> float:
    """Return the mean of the labels' rates."""
    return math.fsum(or_zero(RATES[rate](*row)) for row in table.values()) / len(table)


def kappa_value(counts: Counts) -> Term:
    """Return Cohen's kappa of pairs."""
    golds: Counter[str] = Counter()
    predictions: Counter[str] = Counter()
    total = same = 0
    for (gold, predicted), (number,) in counts.items():
        golds[gold] += number
        predictions[predicted] += number
        total += number
        same += number if gold == predicted else 0
    chance = sum(number * predictions[label] for label, number in golds.items())
    return (total * same - chance, total * total - chance) if total * total != chance else None


Values = dict[tuple[str, Any], Any]  # (aggregation, label or None) -> value


class Score(NamedTuple):
    """One score: its counts, an item's value, and its aggregations of sums.

    `labelled` gives the table of labels for scores that have values of single ones; `means` names
    the aggregations that are made of sums over items, in billionths too.
    """

    family: str
    item: Callable[[Counts], Term] | None
    sums: dict[str, Callable[[Counts], Term]]
    lower: bool = False
    proportion: bool = False
    source: bool = False
    rate: str = ""
    table: Callable[[Counts], Table] | None = None

    @property
    def means(self) -> list[str]:
        """The names of the aggregations of items."""
        if self.item is None:
            return []
        return ["mean_of_ratios"] + (["ratio_of_means"] if self.family == "reduction" else [])

    @property
    def first(self) -> str:
        """The aggregation that counts where none is named."""
        return self.means[0] if self.item else next(iter(self.sums))

    def terms(self, mean: str, counts: Counts) -> tuple[Term, ...] | None:
        """Return one answer's terms of an aggregation of items, None where it has none."""
        if mean == "ratio_of_means":
            numbers = counts.get(())
            return numbers and ((numbers[0], numbers[2]), (numbers[1], numbers[2]))
        value = self.item(counts) if self.item else None
        return None if value is None else (value,)

    def labels(self, counts: Counts) -> list[str]:
        """Return the labels that have a row: those that the references have."""
        if self.table is None:
            return []
        return sorted(label for label, row in self.table(counts).items() if row[0] + row[2])

    def of_sums(self, counts: Counts, labels: list[str]) -> Values:
        """Return all values that are functions of summed counts."""
        found: Values = {(name, None): quotient(value(counts)) for name, value in self.sums.items()}
        if labels and self.table:
            table = self.table(counts)
            for label in labels:
                row = table.get(label)
                found["label", label] = row and or_zero(RATES[self.rate](*row))
        return found


def of_means(mean: str, sums: Iterable[Any], ones: Any) -> float | None:
    """Return an aggregation of items from sums of their terms and of as many ones."""
    listed = list(sums)
    if mean == "mean_of_ratios":
        return listed[0] / ones if ones else None
    return (listed[0] - listed[1]) / listed[0] if listed[0] else None


def _labels_score(rate: str) -> Score:
    return Score(
        "labels", None, rate=rate, table=pair_table,
        sums={
            "micro": lambda counts: or_zero(pooled(pair_table(counts), rate)) if counts else None,
            "macro": lambda counts: macro(pair_table(counts), rate) if counts else None,
        },
    )  # fmt: skip


def _entities_score(rate: str, family: str) -> Score:
    def item(counts: Counts) -> Term:
        found = pooled(type_table(counts), rate)
        return found if found[1] else None

    def corpus(counts: Counts) -> Term:
        return or_zero(pooled(type_table(counts), rate)) if counts else None

    return Score(family, item, {"corpus": corpus}, source=True, rate=rate, table=type_table)


def _error_score(family: str, source: bool = False) -> Score:
    return Score(family, ratio, {"corpus": ratio}, lower=True, source=source)


SCORES: dict[str, Score] = {
    "exact_match": Score("exact", ratio, {}, proportion=True),
    "accuracy": Score("accuracy", ratio, {}, proportion=True),
    "character_error_rate": _error_score("characters"),
    "word_error_rate": _error_score("words"),
    "source_character_error_rate": _error_score("source", True),
    "character_error_reduction": Score(
        "reduction", error_ratio, {"corpus": error_ratio}, source=True
    ),
    "chrf": Score("chrf", chrf_value, {"corpus": chrf_value}),
    "bleu": Score(
        "bleu", lambda counts: bleu_value(counts, True),
        {"corpus": lambda counts: bleu_value(counts, False)},
    ),
    "rouge_l": Score("rouge", ratio, {"corpus": ratio}),
    "precision": _labels_score("precision"),
    "recall": _labels_score("recall"),
    "f1": _labels_score("f1"),
    "cohens_kappa": Score("labels", None, {"corpus": kappa_value}),
    **{
        f"entity_{rate}_{family}": _entities_score(rate, family)
        for family in ("strict", "fuzzy")
        for rate in RATES
    },
}  # fmt: skip


# --------------------------------------------------------------------------------------------------
# L3: estimates (SCORES.md, "Estimates"): each recorded number of a run, with its interval
# --------------------------------------------------------------------------------------------------

STATUSES = ("answered", "empty", "refused", "unparsed")
BILLION = 10**9
MOST_KEYS = 10_000  # of a score that counts under more, no interval is made
MOST_RESAMPLES = 99_999


class Settings(NamedTuple):
    """What a plan says of its scores."""

    names: tuple[str, ...]
    answer: Any = None
    level: str = "0.95"
    resamples: int = 999
    seed: str = "1"

    @property
    def key(self) -> str:
        """What tells the settings from others."""
        return repr(self)

    @property
    def answer_version(self) -> str:
        """The version of the parser, as records show it."""
        return Parser(self.answer).version

    def scores(self) -> list[Score]:
        """Return the scores in their order; raise `Defect` for an unknown one."""
        unknown = [name for name in self.names if name not in SCORES]
        if unknown:
            raise _unusable(f"the score {safe(unknown[0], 40)} is unknown here")
        return [SCORES[name] for name in self.names]

    def check(self) -> None:
        """Raise `Defect` for settings that cannot be followed."""
        self.scores()
        Parser(self.answer)
        good = FIELD_TYPES["decimal"](self.level) and 0 < float(self.level) < 1
        good = good and type(self.resamples) is int and 0 < self.resamples <= MOST_RESAMPLES
        if not good or not isinstance(self.seed, str) or not self.seed.isascii():
            raise _unusable("the intervals are malformed")


def settings_of(core: Record, names: Iterable[Any] | None = None) -> Settings:
    """Return the settings of a plan, or of an import, whose records name its scores."""
    said = core.get("scores") if names is None else list(names)
    listed = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    found = Settings(tuple(dict.fromkeys(listed)), core.get("answer"))
    intervals = core.get("intervals")
    given = intervals if isinstance(intervals, dict) else {}
    return found._replace(
        **{name: given[name] for name in ("level", "resamples", "seed") if name in given}
    )


class Scored(NamedTuple):
    """One final answer as it is spooled.

    `outcome` is a status, or `without_reference`, or empty where it cannot be scored here. `item`,
    `output` and `label` are compared only, and stand as digests where they are long.
    """

    place: int
    request: str
    item: str
    cell: str
    stratum: str | None
    seed: str
    repetition: int
    runaway: bool
    outcome: str
    counts: tuple[Counts, ...]
    output: bytes
    label: str
    reference: str | None

    @property
    def asked(self) -> tuple[str, str, int]:
        """The pass that the answer belongs to."""
        return self.cell, self.seed, self.repetition


class Told(NamedTuple):
    """What estimates, or conclusions, of one run are about: its answers below a size of the log."""

    number: int
    run: str
    plan: str
    imported: bool
    before: int
    settings: Settings


class Taken(NamedTuple):
    """How many answers a subject has, and of how many texts are withheld.

    `withheld` are those that cannot be scored here, `closed` those whose labels are not known.
    """

    answers: int = 0
    withheld: int = 0
    closed: int = 0

    def plus(self, other: Taken) -> Taken:
        """Return the numbers of both."""
        return Taken(*(sum(both) for both in pairs(self, other)))


class Answers:
    """One part's final answers, scored once for all subjects of their run."""

    def __init__(self, spool: Spool, part: int, rows: dict[str, list[Any]]) -> None:
        self.spool, self.part, self.rows = spool, part, rows
        self.known: dict[tuple[str, str], dict[tuple[int, int], tuple[Scored, Taken]]] = {}

    def take(self, told: Told) -> Taken:
        """Spool the answers of a subject."""
        scorer = Scorer(told.settings)
        known = self.known.setdefault((told.run, told.settings.key), {})
        found, taken = [], Taken()
        for position, row in self._final(told):
            if (row[0], position) not in known:
                known[row[0], position] = scorer.take(row)
            scored, more = known[row[0], position]
            found.append(tuple(scored))
            taken = taken.plus(more)
        found.sort(key=itemgetter(0))
        for at in range(0, len(found), 256):
            self.spool.write(f"told-{told.number}-{self.part}", found[at : at + 256])
        return taken

    def _final(self, told: Told) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield position, and index, request, item, cell, stratum, seed, repetition and texts."""
        run, plan = told.run.encode(), told.plan.encode()
        if told.imported:
            for (position, owner, index, cell, stratum, runaway, output, reference, item, seed,
                 repetition) in self.rows["samples"]:  # fmt: skip
                if owner == run and position < told.before:
                    request = digest(b"reprollm/imported/v1", run, str(index).encode())
                    named = (index, request, item, cell, stratum, seed or "", repetition)
                    yield position, (*named, runaway, output, reference, None)
            return
        final: dict[bytes, Any] = {}
        for position, owner, request, _, runaway, output, *_ in self.rows["answers"]:
            if owner == run and position < told.before and request not in final:
                final[request] = (position, runaway, output)
        seen: set[int] = set()
        for (_, owner, request, index, cell, stratum, reference, item, seed, repetition, _,
             source) in self.rows["requests"]:  # fmt: skip
            if owner == plan and request in final and index not in seen:
                seen.add(index)
                position, runaway, output = final[request]
                named = (index, request.decode(), json.loads(item), cell, stratum, seed, repetition)
                yield position, (*named, runaway, output, reference, source)


class Scorer:
    """Settings put to use on one answer after the other."""

    def __init__(self, settings: Settings) -> None:
        self.names = settings.names
        self.parser, self.scores = Parser(settings.answer), settings.scores()
        self.sources = any(score.source for score in self.scores)

    def hides(self, output: Any, reference: Any, source: Any) -> bool:
        """Return whether an answer cannot be scored here, but by someone with all its texts."""
        if output is None or reference is None:
            return False
        hidden = WITHHELD in (output, reference) or (self.sources and source is WITHHELD)
        return hidden or self.is_too_long(output, reference, source)

    @staticmethod
    def is_too_long(*texts: Any) -> bool:
        """Return whether two of some texts are too long to be compared."""
        sizes = sorted(len(text) for text in texts if text)
        return len(sizes) > 1 and sizes[-1] * sizes[-2] > MAX_CELLS

    def counts(self, output: Any, reference: Any, source: Any) -> tuple[Texts, list[Counts]]:
        """Return an answer as it was parsed, and what each score counts of it."""
        texts = self.parser.texts(*((text or b"").decode() for text in (output, reference, source)))
        lacking = () if isinstance(source, bytes) else OF_SOURCES
        made = {
            score.family: {} if score.family in lacking else FAMILIES[score.family](texts)
            for score in self.scores
        }
        return texts, [made[score.family] for score in self.scores]

    def take(self, row: tuple[Any, ...]) -> tuple[Scored, Taken]:
        """Return an answer as it is spooled, and which of its texts are withheld."""
        *named, runaway, output, reference, source = row
        hidden = self.hides(output, reference, source)
        closed = hidden or WITHHELD in (output, reference)
        outcome = "without_reference" if reference is None else ""
        label, right = "", None
        counts: list[Counts] = []
        if isinstance(reference, bytes):
            right = brief(self.parser.gold(reference.decode()))
        if isinstance(output, bytes) and not self.is_too_long(output, reference, source):
            texts, counts = self.counts(output, reference, source)
            label = brief(label_of(texts.parsed))
            outcome = texts.parsed.status if isinstance(reference, bytes) else outcome
        facts = [runaway, outcome, tuple(counts), sha256(output or b"").digest(), label, right]
        return Scored(*[*named, *facts]), Taken(1, int(hidden), int(closed))


def label_of(parsed: Parsed) -> str:
    """Return the label that an answer is; the empty one where there is no answer."""
    if parsed.status != "answered":
        return ""
    return parsed.value.strip() if isinstance(parsed.value, str) else spelled_mentions(parsed.value)


def spelled_mentions(mentions: Iterable[Mention]) -> str:
    """Return mentions as the label that they are."""
    return dumps([list(one) for one in mentions]).decode()


def brief(text: str) -> str:
    """Return a short text as it is, of a long one what tells it from others."""
    return text if len(text) <= 64 else sha256(text.encode()).hexdigest() + str(len(text))


# Passes: one asking of a cell's items. One that says what an earlier one said is not counted.


class Passes:
    """The passes of a run, by cell."""

    def __init__(self, rows: Iterable[Scored]) -> None:
        states: dict[tuple[str, str, int], Any] = {}
        for row in rows:
            state = states.setdefault(row.asked, sha256())
            state.update(frame(row.item.encode()) + row.output)
        self.asked: Counter[str] = Counter()
        self.distinct: Counter[str] = Counter()
        self.folded: set[tuple[str, str, int]] = set()
        seen: set[tuple[str, bytes]] = set()
        for asked, state in states.items():
            key = (asked[0], state.digest())
            self.asked[asked[0]] += 1
            self.distinct[asked[0]] += key not in seen
            if key in seen:
                self.folded.add(asked)
            seen.add(key)


def told_rows(spool: Spool, told: Told) -> Iterator[Scored]:
    """Yield the answers of a subject by index."""
    files = spool.files(f"told-{told.number}-[0-9]+")
    return (Scored(*row) for row in heapq.merge(*files, key=itemgetter(0)))


Places = dict[str, tuple[Any, Any]]  # item -> document, split


def places_of(spool: Spool, plan: str, before: int) -> Places:
    """Return document and split of a plan's items, of each by its first record."""
    found: Places = {}
    for row in read_items(spool, plan):
        if row.position < before:
            found.setdefault(row.item, (row.document, row.split))
    return found


def table_line(row: Scored, score: str, counts: Counts) -> bytes:
    """Return the canonical line of one answer's score."""
    listed = [[*key, *counts[key]] for key in sorted(counts)]
    line = {
        "counts": listed, "index": row.place, "request": row.request, "score": score,
        "status": row.outcome,
    }  # fmt: skip
    return dumps(line)


# One cell: its counted answers by group, and the rows of each group.

LEVEL_NAMES = ("all", "stratum", "split")


class Cell(NamedTuple):
    """A file of one cell's counted answers, to be made into the rows of one level."""

    file: str
    name: str
    level: str
    settings: Settings


class Members:
    """The counted answers of one group of a cell."""

    def __init__(self, settings: Settings, cost: list[int]) -> None:
        self.settings, self.scores = settings, settings.scores()
        self.statuses: Counter[str] = Counter()
        self.runaway = 0
        self.items: set[str] = set()
        self.clusters: dict[tuple[bool, str], int] = {}
        self.undefined = [0] * len(self.scores)
        # of each aggregation of items: the terms of each answer
        self.terms: dict[tuple[int, str], list[array[float]]] = {}
        self.units: list[int] = []  # of each cluster
        self.sums: defaultdict[Any, list[Counts]] = defaultdict(list)  # of units, by what is summed
        self.cost = cost  # units drawn for this level of the cell

    @property
    def n(self) -> int:
        """How many answers have a reference."""
        return sum(self.statuses[status] for status in STATUSES)

    def see(self, row: Scored, document: Any) -> None:
        """Take up to which cluster an answer belongs."""
        self.statuses[row.outcome] += 1
        if row.outcome in STATUSES:
            self.runaway += row.runaway
            self.items.add(row.item)
            self.clusters.setdefault(_cluster(row.item, document), len(self.clusters))

    def deal(self) -> None:
        """Deal the clusters into units, once all are known."""
        self.units = dealt(self.settings.seed, len(self.clusters))

    def add(self, row: Scored, document: Any) -> None:
        """Add an answer's counts to those of its unit."""
        if row.outcome not in STATUSES:
            return
        unit = self.units[self.clusters[_cluster(row.item, document)]]
        families: dict[str, Counts] = {}
        for place, score in enumerate(self.scores):
            counts = families[score.family] = row.counts[place]
            undefined = not counts if score.item is None else score.item(counts) is None
            self.undefined[place] += undefined
            for mean in score.means:
                terms = score.terms(mean, counts)
                if terms is not None:
                    columns = self.terms.setdefault((place, mean), [array("d") for _ in terms])
                    for column, term in pairs(columns, terms):
                        column.append(quotient(term) or 0.0)
                    self._sum((place, mean), unit, {(): (*map(billionths, terms), 1)})
        for family, counts in families.items():
            self._sum(family, unit, counts)

    def _sum(self, what: Any, unit: int, counts: Counts) -> None:
        summed = self.sums[what]
        while len(summed) <= unit:
            summed.append({})
        add_counts(summed[unit], counts)

    def rows(self) -> Iterator[Record]:
        """Yield what is particular to each row of the group."""
        size = max(self.units) + 1
        for summed in self.sums.values():
            summed.extend({} for _ in range(size - len(summed)))
        for place, score in enumerate(self.scores):
            total: Counts = {}
            for counts in self.sums[score.family]:
                add_counts(total, counts)
            total = {key: numbers for key, numbers in total.items() if any(numbers)}
            labels = score.labels(total)
            values = score.of_sums(total, labels)
            for mean in score.means:
                columns = self.terms.get((place, mean))
                values[mean, None] = columns and of_means(
                    mean, map(math.fsum, columns), len(columns[0])
                )
            intervals = self._intervals(place, labels, total, values)
            for (name, label), value in values.items():
                method, resamples, ends = intervals.get((name, label), ("none", 0, (None, None)))
                yield {
                    "score": self.settings.names[place], "label": label, "aggregation": name,
                    "value": sixth(value), "low": sixth(ends[0]), "high": sixth(ends[1]),
                    "undefined": self.undefined[place],
                    "interval": {
                        "clusters": len(self.clusters), "level": self.settings.level,
                        "method": method, "resamples": resamples,
                        "seed": self.settings.seed if resamples else None,
                    },
                }  # fmt: skip

    def _intervals(
        self, place: int, labels: list[str], total: Counts, values: Values
    ) -> dict[Any, tuple[str, int, tuple[Any, Any]]]:
        """Return method, resamples and ends of the intervals of a score."""
        score, level = self.scores[place], float(self.settings.level)
        wanted = [key for key, value in values.items() if value is not None]
        if len(self.clusters) < 2 or not wanted:
            return {}
        if score.proportion and len(self.clusters) == self.n:
            return {key: ("wilson", 0, wilson(total[()][0], total[()][1], level)) for key in wanted}
        if len(total) > MOST_KEYS:
            return {}
        found = {}
        for key, drawn in self._drawn(place, labels, wanted).items():
            ends = ranked(drawn, self.settings.resamples, level)
            if ends:
                found[key] = ("bootstrap", len(drawn), ends)
        return found

    def _drawn(self, place: int, labels: list[str], wanted: list[Any]) -> dict[Any, list[float]]:
        """Return the values on the resamples on which they are defined."""
        score, settings = self.scores[place], self.settings
        found: dict[Any, list[float]] = {key: [] for key in wanted}
        sums = Columns(self.sums[score.family]) if score.sums or labels else None
        means = {mean: Columns(self.sums[place, mean]) for mean in score.means
                 if (place, mean) in self.sums}  # fmt: skip
        made = [*means.values(), *([sums] if sums else [])]
        self.cost[0] += sum(settings.resamples * (one.size + 64) for one in made)
        if self.cost[0] > MAX_RESAMPLED:
            raise _unusable("the intervals would take too long here")
        for number in range(settings.resamples):
            values = score.of_sums(sums.sums(settings.seed, number), labels) if sums else {}
            for mean, drawing in means.items():
                terms = drawing.sums(settings.seed, number).get((), (0,))
                if terms[-1]:
                    values[mean, None] = of_means(mean, terms[:-1], BILLION * terms[-1])
            for key, drawn in found.items():
                value = values.get(key)
                if value is not None:
                    drawn.append(value)
        return found


def _cluster(item: str, document: Any) -> tuple[bool, str]:
    return (False, item) if document is None else (True, document)


def sixth(value: float | None) -> str | None:
    """Return a value as estimates hold it."""
    text = None if value is None else f"{value:.6f}"
    return "0.000000" if text == "-0.000000" else text


def cell_rows(cell: Cell) -> list[Record] | str:
    """Return the rows of one level of a cell, or why they cannot be made."""
    spool: Spool = _WORKER["spool"]
    groups: dict[Any, Members] = {}
    cost = [0]

    def members(row: Scored, place: tuple[Any, Any]) -> Members | None:
        group = {"all": "", "stratum": row.stratum, "split": place[1]}[cell.level]
        if group is None:
            return None
        if group not in groups:
            groups[group] = Members(cell.settings, cost)
        return groups[group]

    for *row, document, split in spool.read(cell.file):
        own = members(Scored(*row), (document, split))
        if own:
            own.see(Scored(*row), document)
    for each in groups.values():
        each.deal()
    for *row, document, split in spool.read(cell.file):
        own = members(Scored(*row), (document, split))
        if own:
            own.add(Scored(*row), document)
    found = []
    try:
        for group, each in groups.items():
            common = {
                "sampling": cell.name, "level": cell.level,
                "group": None if cell.level == "all" else group,
                "n": each.n, "items": len(each.items), "clusters": len(each.clusters),
                "counted": {
                    **{name: each.statuses[name] for name in (*STATUSES, "without_reference")},
                    "runaway": each.runaway,
                },
            }  # fmt: skip
            found += [{**common, **row} for row in (each.rows() if each.items else ())]
    except Defect as error:
        return error.sentence
    return found


# All rows of a run, and the records that are held against them.


class EstimateGroup(RunGroup):
    """The estimate records of one shard about one run."""

    def __init__(self, run: str, position: int) -> None:
        super().__init__(run, position)
        self.told: Told | None = None
        self.wrong = ""
        self.unusable = ""
        self.taken = Taken()

    def where(self) -> str:
        """Return how the group is named in sentences."""
        return f"estimates at {self.position} of run {self.run[:16]}"

    def take(self, taken: dict[int, Any]) -> None:
        """Take up what one part of the requests has of the group's answers."""
        found = taken.get(self.told.number) if self.told else None
        if isinstance(found, str):
            self.unusable, self.told = found, None
        elif found:
            self.taken = self.taken.plus(found)


def is_seen(log: Log, seen: Record, position: int) -> bool:
    """Return whether a checkpoint is one of the log's, not behind a position."""
    known = log.checkpoints.get(seen["size"])
    return known is not None and known.root.hex() == seen["root"] and seen["size"] <= position


def estimate_groups(log: Log, found: Pass, runs: dict[str, str]) -> list[EstimateGroup]:
    """Return the log's estimates by shard and run, each with what it is about."""
    groups = run_groups(log, found, "estimate", EstimateGroup)
    for number, (group, begun) in enumerate(groups):
        seen = group.records[0]["checkpoint"]
        if any(record["checkpoint"] != seen for record in group.records) or not is_seen(
            log, seen, group.position
        ):
            group.wrong = "expected one checkpoint of the log before them in all, found another"
        elif begun >= seen["size"]:
            group.wrong = "expected a run that began before their checkpoint, found none"
        else:
            _tell(group, number, found, runs)
    return [group for group, _ in groups]


def _tell(group: EstimateGroup, number: int, found: Pass, runs: dict[str, str]) -> None:
    imported = group.run not in runs
    plan = runs.get(group.run, group.run)
    before = group.records[0]["checkpoint"]["size"]
    names = (record["score"] for record in group.records) if imported else None
    settings = settings_of(found.plans.cores.get(plan, {}), names)
    try:
        settings.check()
    except Defect as error:
        group.unusable = error.sentence
        return
    group.told = Told(number, group.run, plan, imported, before, settings)


def estimates(
    told: Told, spool: Spool, processes: int, source: Source
) -> tuple[dict[tuple[Any, ...], Record], str]:
    """Return the records that the answers give, and why there are none if they cannot be made."""
    settings = told.settings
    passes = Passes(told_rows(spool, told))
    places = places_of(spool, told.plan, told.before)
    tables = {name: sha256(frame(b"reprollm/item-scores/v1")) for name in settings.names}
    cells: dict[str, list[Any]] = {}
    for row in told_rows(spool, told):
        if row.outcome in STATUSES:
            for name, counts in pairs(settings.names, row.counts):
                tables[name].update(frame(table_line(row, name, counts)))
        if row.outcome and row.asked not in passes.folded:
            waiting = cells.setdefault(row.cell, [])
            waiting.append((*row, *places.get(row.item, (None, None))))
            if len(waiting) == 256:
                spool.write(f"cell-{told.number}-{list(cells).index(row.cell)}", waiting)
                waiting.clear()
    tasks = []
    for number, (cell, waiting) in enumerate(cells.items()):
        spool.write(f"cell-{told.number}-{number}", waiting)
        name = f"cell-{told.number}-{number}"
        tasks += [Cell(name, cell, level, settings) for level in LEVEL_NAMES]
    records: list[Record] = []
    for made in in_processes(cell_rows, tasks, processes, (source, spool, frozenset[str]())):
        if isinstance(made, str):
            return {}, made
        records += made
    for record in records:
        score, cell = record["score"], record["sampling"]
        record.update(
            run=told.run,
            plan=told.plan,
            version=f"{score}/1 {settings.answer_version}",
            passes={"asked": passes.asked[cell], "distinct": passes.distinct[cell]},
            table_sha256=tables[score].hexdigest(),
        )
    _warn(records)
    return {tuple(record[name] for name in _ESTIMATE): record for record in records}, ""


def _warn(rows: list[Record]) -> None:
    """Add the warnings to all rows of a run; values are compared as they are recorded."""
    values: defaultdict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    reductions: defaultdict[Any, list[float]] = defaultdict(list)
    for row in rows:
        if row["value"] is None:
            continue
        value, cell = float(row["value"]), row["sampling"]
        if row["level"] == "all" and row["label"] is None:
            values[row["score"]].setdefault(cell, {})[row["aggregation"]] = value
        if row["score"] == "character_error_reduction":
            reductions[cell, row["level"], row["group"]].append(value)
    otherwise = {
        (score, cell)
        for score, cells in values.items()
        for cell, one in cells.items()
        for other in cells.values()
        if _ranked_otherwise(one, other)
    }
    for row in rows:
        signs = reductions.get((row["sampling"], row["level"], row["group"]), [0.0])
        ranks = row["level"] == "all" and row["label"] is None
        codes = {
            "identical-passes": row["passes"]["distinct"] < row["passes"]["asked"],
            "no-variation": row["interval"]["method"] == "bootstrap" and row["low"] == row["high"],
            "ranking-depends-on-aggregation": ranks
            and (row["score"], row["sampling"]) in otherwise,
            "runaway": row["counted"]["runaway"] > 0,
            "sign-depends-on-aggregation": row["score"] == "character_error_reduction"
            and min(signs) < 0 < max(signs),
            "unparsed": row["counted"]["unparsed"] > 0,
        }
        row["warnings"] = [code for code, holds in codes.items() if holds]


def _ranked_otherwise(one: dict[str, float], other: dict[str, float]) -> bool:
    steps = [one[name] - other[name] for name in one.keys() & other.keys()]
    return bool(steps) and min(steps) < 0 < max(steps)


_ESTIMATE = ("score", "sampling", "level", "group", "aggregation", "label")


def check_estimates(
    groups: list[EstimateGroup], spool: Spool, processes: int, source: Source,
    counted: set[str], report: Report,
) -> None:  # fmt: skip
    """Hold every estimate record against what the answers give."""
    same = 0
    for group in groups:
        verdict = _judge_estimates(group, spool, processes, source, report)
        same += len(group.records) if verdict == "same" else 0
        if group.run in counted or (group.told and group.told.imported):
            report.scores += [(record, verdict) for record in group.records]
    if same:
        report.checked(
            NUMBERS,
            f"{count(same, 'estimate')} recomputed from the answers, with intervals: the same",
        )


def _judge_estimates(
    group: EstimateGroup, spool: Spool, processes: int, source: Source, report: Report
) -> str:
    """Report what is wrong with a group of estimates; return the verdict on them."""
    told, records = group.told, group.records
    wrong, reason = [group.wrong] if group.wrong else [], group.unusable
    if told and not wrong:
        expected, reason = estimates(told, spool, processes, source)
        wrong = [] if reason else list(_differing(records, expected, _ESTIMATE, _estimate_words))
        known = {f"{name}/1 {told.settings.answer_version}" for name in told.settings.names}
        other = sorted({record["version"] for record in records} - known)
        if wrong and (other or group.taken.withheld):
            reason = (
                f"made by {safe(other[0], 80)}, which is not known here"
                if other
                else f"{group.taken.withheld:,} of {group.taken.answers:,} answers or references "
                "are withheld"
            )
            wrong = list(_never_true(group, told))
    if reason:
        report.unchecked(NUMBERS, f"{group.where()}: not recomputed: {reason}")
    for sentence in wrong[:3]:
        report.fail(NUMBERS, "ScoreMismatch", f"{group.where()}: {sentence}")
    return "WRONG" if wrong else "not recomputed" if reason else "same"


def _estimate_words(key: tuple[Any, ...]) -> str:
    score, cell, level, group, aggregation, label = key
    whose = "all answers" if level == "all" else f"{level} {group}"
    about = "" if label is None else f" of label {label}"
    return safe(f"{score} ({aggregation}{about}) of {whose}, sampling {cell}", 160)


def _never_true(group: EstimateGroup, told: Told) -> Iterator[str]:
    """Yield what is wrong whatever the withheld texts say."""
    records = group.records
    if len({tuple(record[name] for name in _ESTIMATE) for record in records}) < len(records):
        yield "a row is recorded twice"
    if {record["plan"] for record in records} != {told.plan}:
        yield f"expected estimates of plan {told.plan[:16]}"
    if not {record["score"] for record in records} <= set(told.settings.names):
        yield f"expected the scores {', '.join(told.settings.names)}, as planned"
    for record in records:
        if record["n"] > group.taken.answers:
            yield f"a row counts more than the {group.taken.answers} answers of the log"
            break
        if not record["clusters"] <= record["items"] <= record["n"]:
            yield "a row has more clusters than items, or more items than answers"
            break


# --------------------------------------------------------------------------------------------------
# L3: comparisons and claims (CONCLUSIONS.md), drawn again from the log before their checkpoint
# --------------------------------------------------------------------------------------------------

MAX_SWAPS = 2**28  # swaps, or resamples, times the numbers that each changes, of one comparison
CLASSES = ("bitwise", "tokens", "score")
REPETITIONS = ("replicates", "repetitions", "reruns")


class Drawn(NamedTuple):
    """A comparison or claim: as it is expected, or as a record says it."""

    kind: str
    name: str
    run: str
    plan: str
    evidence: Record
    verdict: str | None


class Arm(NamedTuple):
    """One cell of one run, with the answers that it gave, by index."""

    run: str
    plan: str
    model: Any
    cell: str
    rows: list[Scored]
    asked: int
    distinct: int
    folded: frozenset[tuple[str, str, int]]

    @property
    def parts(self) -> Record:
        """What an experiment can name it by."""
        prompt, sign, sampling = self.cell.rpartition("/")
        return {"model": self.model, "prompt": prompt if sign else None, "sampling": sampling}

    def said(self) -> Record:
        """Return the arm as it stands in evidence."""
        return {"run": self.run, "plan": self.plan, "cell": self.cell, **self.parts}

    def first_labels(self) -> dict[str, str]:
        """Return what it says of each item: the label of its first answer."""
        found: dict[str, str] = {}
        for row in self.rows:
            found.setdefault(row.item, row.label)
        return found


class Side(NamedTuple):
    """A run that the log stands for."""

    told: Told
    core: Record
    arms: list[Arm]
    items: dict[str, Item]


# Pairs: two arms, item by item.


class Paired(NamedTuple):
    """An item that both arms answered: its cluster, each side's counts, and its values if any."""

    cluster: int
    counts: tuple[list[Counts], list[Counts]]
    values: tuple[int, int]

    @property
    def difference(self) -> int:
        """The first value less the second, in billionths."""
        return self.values[0] - self.values[1]


class Pairing:
    """All items of two arms, on one score."""

    def __init__(self, arms: tuple[Arm, Arm], side: Side, pair: Record) -> None:
        self.score = SCORES[pair["score"]]
        named = pair.get("aggregation")
        self.name = self.score.first if named is None else named
        self.of_items = self.score.item is not None and self.name == self.score.first
        if not self.of_items and self.name not in self.score.sums:
            raise ValueError("expected an aggregation that arms can be compared by")
        place = side.told.settings.names.index(pair["score"])
        one, other = (self._by_item(arm, side.items, place, pair) for arm in arms)
        both = [item for item in one if item in other]
        values = {item: (self._value(one[item]), self._value(other[item])) for item in both}
        self.only = (len(one) - len(both), len(other) - len(both))
        self.undefined = sum(None in value for value in values.values())
        clusters: dict[Any, int] = {}
        self.items: list[Paired] = []
        for item in both:
            first, second = values[item]
            if first is not None and second is not None:
                known = side.items.get(item)
                name = _cluster(item, known.document if known else None)
                cluster = clusters.setdefault(name, len(clusters))
                self.items.append(Paired(cluster, (one[item], other[item]), (first, second)))
        self.clusters = len(clusters)
        sizes = {len(counts) for item in self.items for counts in item.counts}
        self.weight = math.lcm(1, *sizes)

    def _by_item(
        self, arm: Arm, items: dict[str, Item], place: int, pair: Record
    ) -> dict[str, list[Counts]]:
        found: dict[str, list[Counts]] = {}
        for row in arm.rows:
            known = items.get(row.item)
            split = known.split if known else None
            taken = pair.get("split") in (None, split) and pair.get("stratum") in (
                None,
                row.stratum,
            )
            if row.outcome in STATUSES and row.asked not in arm.folded and taken:
                found.setdefault(row.item, []).append(row.counts[place])
        return found

    def _value(self, answers: list[Counts]) -> int | None:
        if self.score.item is None or not self.of_items:
            return 0
        terms = [self.score.item(counts) for counts in answers]
        scaled = [billionths(term) for term in terms if term is not None]
        return (2 * sum(scaled) + len(scaled)) // (2 * len(scaled)) if scaled else None

    def units(self, seed: str) -> list[tuple[Counts, Counts]]:
        """Return both sides' counts by unit; differences and items where there are values."""
        places = dealt(seed, self.clusters)
        units: list[tuple[Counts, Counts]] = [({}, {}) for _ in range(max(places, default=-1) + 1)]
        for item in self.items:
            unit = units[places[item.cluster]]
            if self.of_items:
                add_counts(unit[0], {(): (item.difference, 1)})
                continue
            for sums, answers in pairs(unit, item.counts):
                for counts in answers:
                    add_counts(sums, counts, self.weight // len(answers))
        return units

    def headline(self, counts: Counts) -> float | None:
        """Return the aggregation of counts that is compared."""
        left = {key: numbers for key, numbers in counts.items() if any(numbers)}
        return quotient(self.score.sums[self.name](left))

    def aggregated(self, name: str, side: int) -> float | None:
        """Return an aggregation of one side's answers, every item weighing the same."""
        sums: Counts = {}
        for item in self.items:
            answers = item.counts[side]
            for counts in answers:
                times = self.weight // len(answers)
                if name in self.score.sums:
                    add_counts(sums, counts, times)
                    continue
                terms = self.score.terms(name, counts)
                if terms is not None:
                    add_counts(sums, {(): (*map(billionths, terms), BILLION)}, times)
        if name in self.score.sums:
            left = {key: numbers for key, numbers in sums.items() if any(numbers)}
            return quotient(self.score.sums[name](left))
        *terms_of, ones = sums.get((), (0,))
        return of_means(name, terms_of, ones) if ones else None


class Swaps(NamedTuple):
    """A test by exchanging units: the share of exchanges, how many units change, what was drawn."""

    p: float
    moved: int
    drawn: int | None


def swapped(
    statistic: Callable[[int], int], values: list[int], permutations: int, seed: str
) -> Swaps:
    """Test a statistic of the sum of what the exchanged units add."""
    size = len(values)
    exact = size < permutations.bit_length() and 1 << size <= permutations
    seen = abs(statistic(0))
    tables = []
    for first in range(0, size, 8):  # the sums of eight units, by the byte that chooses them
        sums = [0]
        for value in values[first : first + 8]:
            sums += [total + value for total in sums]
        tables.append(sums * (256 // len(sums)))
    length, reached = len(tables), 0
    for number in range(1 << size if exact else permutations):
        if exact:
            chosen = number.to_bytes(length, "little")
        else:
            parts = (b"reprollm/sign-flip/v1", seed.encode(), b"%d" % number)
            chosen = shake_256(b"".join(map(frame, parts))).digest(length)
        reached += abs(statistic(sum(map(getitem, tables, chosen)))) >= seen
    if exact:
        return Swaps(reached / (1 << size), size, None)
    return Swaps((1 + reached) / (1 + permutations), size, permutations)


def swaps_of(pairing: Pairing, permutations: int, seed: str) -> Swaps | None:
    """Return the test of a pairing; None where what is compared is undefined."""
    units = pairing.units(seed)
    if pairing.of_items:
        values = [unit[0].get((), (0, 0))[0] for unit in units]
        total = sum(values)
        return swapped(
            lambda moved: total - 2 * moved, [each for each in values if each], permutations, seed
        )
    sides: tuple[Counts, Counts] = ({}, {})
    for unit in units:
        for sums, counts in pairs(sides, unit):
            add_counts(sums, counts)
    if None in map(pairing.headline, sides):
        return None
    changes: list[Counts] = []
    for one, other in units:
        change = dict(other)
        add_counts(change, one, -1)
        if any(map(any, change.values())):
            changes.append(change)
    columns = Columns(changes)
    if permutations * max(1, len(columns.columns)) > MAX_SWAPS:
        raise _unusable("a comparison has more labels than can be exchanged here")

    def statistic(moved: int) -> int:
        change = columns.counts(columns.unpacked(moved))
        values = []
        for sums, sign in pairs(sides, (1, -1)):
            changed = dict(sums)
            add_counts(changed, change, sign)
            value = pairing.headline(changed)
            values.append(0 if value is None else billionths(value))
        return int(values[0] - values[1])

    return swapped(statistic, columns.packed, permutations, seed)


class Compared:
    """Two arms, compared: everything but what the family decides."""

    def __init__(self, arms: tuple[Arm, Arm], side: Side, pair: Record, declared: Record) -> None:
        self.arms, self.pair, self.settings = arms, pair, side.told.settings
        self.score = SCORES[pair["score"]]
        self.pairing = Pairing(arms, side, pair)
        self.values: tuple[Any, Any] = (None, None)
        self.difference: float | None = None
        self.sign = 0
        self.mcnemar: tuple[int, int] | None = None
        self.swaps: Swaps | None = None
        self.p: float | None = None
        self.interval: tuple[int, tuple[float, float]] | None = None
        self.seed: str = declared["seed"]
        permutations = declared["permutations"]
        if type(permutations) is not int or permutations > MOST_RESAMPLES:
            raise ValueError(f"expected at most {MOST_RESAMPLES} permutations")
        if self.pairing.items:
            self._size()
            self._test(permutations, self.seed)

    @property
    def favours(self) -> str:
        """Which arm does better."""
        if not self.sign:
            return "neither"
        return "of" if (self.sign > 0) != self.score.lower else "against"

    def _size(self) -> None:
        items, n = self.pairing.items, len(self.pairing.items)
        if self.pairing.of_items:
            sums_of = [sum(item.values[side] for item in items) for side in (0, 1)]
            self.values = (sums_of[0] / (BILLION * n), sums_of[1] / (BILLION * n))
            self.sign = sums_of[0] - sums_of[1]
            self.difference = self.sign / (BILLION * n)
        else:
            totals: tuple[Counts, Counts] = ({}, {})
            for unit in self.pairing.units(self.settings.seed):
                for sums, counts in pairs(totals, unit):
                    add_counts(sums, counts)
            one, other = map(self.pairing.headline, totals)
            self.values = (one, other)
            if one is None or other is None:
                return
            self.difference, self.sign = one - other, billionths(one) - billionths(other)
        self._resample()

    def _resample(self) -> None:
        units, settings = self.pairing.units(self.settings.seed), self.settings
        if len(units) < 2:
            return
        sides = [Columns([unit[side] for unit in units]) for side in (0, 1)]
        if settings.resamples * sum(len(side.columns) for side in sides) > MAX_SWAPS:
            raise _unusable("a comparison has more labels than can be resampled here")
        values = []
        for number in range(settings.resamples):
            sums = [side.sums(settings.seed, number) for side in sides]
            if self.pairing.of_items:
                difference, times = sums[0].get((), (0, 0))
                if times:
                    values.append(difference / (BILLION * times))
                continue
            one, other = map(self.pairing.headline, sums)
            if one is not None and other is not None:
                values.append(one - other)
        ends = ranked(values, settings.resamples, float(settings.level))
        self.interval = (len(values), ends) if ends else None

    def _test(self, permutations: int, seed: str) -> None:
        items = self.pairing.items
        once = all(arm.distinct == 1 for arm in self.arms)
        if (
            self.score.proportion
            and self.pairing.of_items
            and once
            and self.pairing.clusters == len(items)
        ):
            b, c = (sum(item.difference * sign > 0 for item in items) for sign in (1, -1))
            self.mcnemar, self.p = (b, c), mcnemar(b, c)[0]
            return
        self.swaps = swaps_of(self.pairing, permutations, seed)
        self.p = self.swaps.p if self.swaps else None

    def evidence(self, adjusted: float | None, tests: int) -> Record:
        """Return the evidence of the comparison."""
        pairing, arms = self.pairing, []
        for arm, value in pairs(self.arms, self.values):
            passes = {"asked": arm.asked, "distinct": arm.distinct}
            arms.append({**arm.said(), "passes": passes, "value": sixth(value)})
        others = {name: self._aggregation(name) for name in (*self.score.means, *self.score.sums)}
        signs = {row["difference"].startswith("-") for row in others.values()
                 if row["difference"] and float(row["difference"])}  # fmt: skip
        codes = {
            "identical-passes": any(arm.distinct < arm.asked for arm in self.arms),
            "no-variation": bool(self.interval and len(set(map(sixth, self.interval[1]))) == 1),
            "sign-depends-on-aggregation": len(signs) > 1,
            "unpaired-items": bool(sum(pairing.only) + pairing.undefined),
        }
        return {
            "kind": "pair", "version": "pair/1", "score": self.pair["score"],
            "score_version": f"{self.pair['score']}/1 {self.settings.answer_version}",
            "aggregation": pairing.name, "lower_is_better": self.score.lower,
            "stratum": self.pair.get("stratum"), "split": self.pair.get("split"),
            "of": arms[0], "against": arms[1],
            "pairs": {
                "items": len(pairing.items), "clusters": pairing.clusters,
                "only_of": pairing.only[0], "only_against": pairing.only[1],
                "undefined": pairing.undefined,
            },
            "test": self._said_test(adjusted, tests), "effect": self._effect(),
            "favours": self.favours, "aggregations": others,
            "warnings": [code for code, holds in codes.items() if holds],
        }  # fmt: skip

    def _aggregation(self, name: str) -> Record:
        one, other = (self.pairing.aggregated(name, side) for side in (0, 1))
        difference = None if one is None or other is None else one - other
        return {"of": sixth(one), "against": sixth(other), "difference": sixth(difference)}

    def _said_test(self, adjusted: float | None, tests: int) -> Record:
        swaps, mcnemars = self.swaps, self.mcnemar
        name = "none"
        if mcnemars:
            name = "mcnemar-exact"
        elif swaps:
            name = "sign-flip-exact" if swaps.drawn is None else "sign-flip"
        return {
            "name": name, "p": ninth(self.p), "p_adjusted": ninth(adjusted), "tests": tests,
            "permutations": swaps.drawn if swaps else None,
            "seed": self.seed if swaps and swaps.drawn is not None else None,
            "moved": swaps.moved if swaps else None,
            "b": mcnemars[0] if mcnemars else None, "c": mcnemars[1] if mcnemars else None,
            "mid_p": ninth(mcnemar(*mcnemars)[1]) if mcnemars else None,
        }  # fmt: skip

    def _effect(self) -> Record:
        items, interval, settings = self.pairing.items, self.interval, self.settings
        counted = self.pairing.of_items
        sign = -1 if self.score.lower else 1
        steps = Counter((item.difference * sign > 0) - (item.difference * sign < 0)
                        for item in items)  # fmt: skip
        low, high = interval[1] if interval else (None, None)
        return {
            "difference": sixth(self.difference), "low": sixth(low), "high": sixth(high),
            "interval": {
                "clusters": self.pairing.clusters, "level": settings.level,
                "method": "bootstrap" if interval else "none",
                "resamples": interval[0] if interval else 0,
                "seed": settings.seed if interval else None,
            },
            "standardised": self._standardised(),
            "better": steps[1] if counted else None, "equal": steps[0] if counted else None,
            "worse": steps[-1] if counted else None,
        }  # fmt: skip

    def _standardised(self) -> Record | None:
        if self.mcnemar:
            b, c = self.mcnemar
            low, high = clopper_pearson(b, b + c, float(self.settings.level))
            odds = (b / c if c else None, low / (1 - low), high / (1 - high) if high < 1 else None)
            value, low_, high_ = map(ninth, odds)
            return {"name": "odds_ratio", "value": value, "low": low_, "high": high_}
        if not self.pairing.of_items or not self.pairing.items:
            return None
        steps = [item.difference for item in self.pairing.items]
        n, total = len(steps), sum(steps)
        spread = n * sum(step * step for step in steps) - total * total
        size = None
        if n > 1 and spread:
            size = math.copysign(math.sqrt(total * total * (n - 1) / (n * spread)), total)
        return {"name": "d_z", "value": ninth(size), "low": None, "high": None}


def ninth(value: float | None) -> str | None:
    """Return a number with nine significant digits."""
    return None if value is None else decimal(value)


def mcnemar(b: int, c: int) -> tuple[float, float]:
    """Return McNemar's exact p and its mid-p, each one division of integers."""
    n, most = b + c, min(b, c)
    total = term = 1
    for number in range(1, most + 1):
        term = term * (n - number + 1) // number
        total += term
    if not n:
        return 1.0, 1.0
    ways = 1 << n
    middle = (2 * ways - term) / (2 * ways) if b == c else (2 * total - term) / ways
    return min(2 * total, ways) / ways, middle


def holm(ps: list[float | None], tests: int) -> list[float | None]:
    """Return p-values corrected over a family."""
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    if tests < len(known):
        raise ValueError("expected a family of at least as many tests as comparisons")
    found: list[float | None] = [None] * len(ps)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, (tests - rank) * p))
        found[place] = largest
    return found


# Agreement: how often two say the same.


def alpha_of(units: list[list[str]]) -> float | None:
    """Return Krippendorff's alpha of the labels of each item."""
    total: Counter[str] = Counter()
    alike = Fraction(0)
    for labels in units:
        counted = Counter(labels)
        total.update(counted)
        alike += Fraction(sum(n * (n - 1) for n in counted.values()), len(labels) - 1)
    number = sum(total.values())
    chance = sum(n * (n - 1) for n in total.values())
    beyond = number * (number - 1) - chance
    if not beyond:
        return None
    value = ((number - 1) * alike - chance) / beyond
    return value.numerator / value.denominator


def together(raters: list[dict[str, str]]) -> Record:
    """Return the agreement of all raters at once."""
    listed: defaultdict[str, list[str]] = defaultdict(list)
    for rater in raters:
        for item, label in rater.items():
            listed[item].append(label)
    units = [labels for labels in listed.values() if len(labels) > 1]
    unanimous = sum(len(set(labels)) == 1 for labels in units)
    return {"items": len(units), "unanimous": unanimous, "alpha": ninth(alpha_of(units))}


def pair_of(raters: list[dict[str, str]], first: int, second: int) -> Record:
    """Return the agreement of two raters."""
    one, other = raters[first], raters[second]
    both: Counts = {}
    for item, label in one.items():
        if item in other:
            add_counts(both, {(label, other[item]): (1,)})
    agree = sum(number for key, (number,) in both.items() if key[0] == key[1])
    kappa = quotient(kappa_value(both))
    return {
        "first": first, "second": second, "n": sum(number for (number,) in both.values()),
        "agree": agree, "kappa": ninth(kappa),
    }  # fmt: skip


def pairs_of(raters: list[dict[str, str]], most: int) -> list[Record]:
    """Return the agreement of each of the first raters with all that come after it."""
    return [
        pair_of(raters, one, other) for one in range(most) for other in range(one + 1, len(raters))
    ]


def _agreement_head(among: str) -> Record:
    return {"kind": "agreement", "version": "agreement/1", "among": among}


def annotated(side: Side) -> dict[str, dict[str, str]]:
    """Return annotators' labels by item, the empty ones left out."""
    parser = Parser(side.core.get("answer"))
    found: dict[str, dict[str, str]] = {}
    for item, record in side.items.items():
        if isinstance(record.labels, bytes):
            for name, said in json.loads(record.labels).items():
                labels = found.setdefault(name, {})
                label = brief(parser.gold(str(said))) if str(said).strip() else ""
                if label:
                    labels[item] = label
    return found


def among_annotators(sides: list[Side]) -> Record | None:
    """Return the agreement of annotators, reference and arms."""
    named = sorted(annotated(sides[0]).items())
    if not named:
        return None
    arms = [arm for side in sides for arm in side.arms]
    gold = {row.item: row.reference for arm in sides[0].arms for row in arm.rows
            if row.reference is not None}  # fmt: skip
    said: list[Record] = [{"who": "annotator", "name": name} for name, _ in named]
    said += [{"who": "reference"}] if gold else []
    alone = len(said)
    said += [{"who": "arm", **arm.said()} for arm in arms]
    raters = [labels for _, labels in named] + ([gold] if gold else [])
    raters += [arm.first_labels() for arm in arms]
    listed = pairs_of(raters, alone)
    both = together(raters[: len(named)])
    return {**_agreement_head("annotators"), "raters": said, **both, "pairs": listed}


def among_passes(side: Side) -> Record | None:
    """Return the agreement of a run's passes."""
    cells = []
    for arm in side.arms:
        passes: dict[Any, dict[str, str]] = {}
        for row in arm.rows:
            passes.setdefault(row.asked, {}).setdefault(row.item, row.label)
        if len(passes) > 1:
            counts = {"cell": arm.cell, "asked": arm.asked, "distinct": arm.distinct}
            cells.append({**counts, **together(list(passes.values()))})
    return {**_agreement_head("passes"), "cells": cells} if cells else None


def among_models(sides: list[Side]) -> Record | None:
    """Return the agreement of models on the cells that they share."""
    by_cell: dict[str, list[Arm]] = {}
    for side in sides:
        for arm in side.arms:
            by_cell.setdefault(arm.cell, []).append(arm)
    cells = []
    for cell, arms in by_cell.items():
        if len(arms) > 1:
            raters = [arm.first_labels() for arm in arms]
            listed = pairs_of(raters, len(raters))
            models = [arm.model for arm in arms]
            cells.append({"cell": cell, "models": models, **together(raters), "pairs": listed})
    return {**_agreement_head("models"), "cells": cells} if cells else None


# Determinism: what repetitions that stand in the log keep.


class Kept:
    """How many pairs of one kind there are, were compared, and keep each class."""

    def __init__(self) -> None:
        self.pairs = 0
        self.compared: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()

    def add(self, one: Said, other: Said, distance: Decimal | None) -> None:
        """Take up a pair."""
        self.pairs += 1
        tokens = (one.ids, one.finish) == (other.ids, other.finish)
        told = all(not each.ids or each.logprobs for each in (one, other))
        margins = not one.margins or not other.margins or one.margins == other.margins
        bitwise = tokens and one.logprobs == other.logprobs and margins
        found = {"tokens": tokens, **({"bitwise": bitwise} if told else {})}
        if distance is not None and one.values:
            found["score"] = all(
                (first is None and second is None)
                or (first is not None and second is not None and abs(first - second) <= distance)
                for first, second in pairs(one.values, other.values)
            )
        for name, keeps in found.items():
            self.compared[name] += 1
            self.kept[name] += keeps

    def plus(self, other: Kept) -> None:
        """Add what another counted."""
        self.pairs += other.pairs
        self.compared.update(other.compared)
        self.kept.update(other.kept)

    def said(self) -> Record:
        """Return the numbers as they stand in evidence."""
        counts = {
            name: {"compared": self.compared[name], "kept": self.kept[name]} for name in CLASSES
        }
        return {"pairs": self.pairs, **counts}


class Said(NamedTuple):
    """One answer as repetitions are compared; arrays as digests, empty where they are."""

    position: int
    ids: bytes
    finish: bool
    logprobs: bytes
    margins: bytes
    values: tuple[int | None, ...]


class Repeated(NamedTuple):
    """What one part of the requests shows of a run's repetitions."""

    kinds: dict[str, Kept]
    withheld: bool


def repeated_part(
    told: Told, core: Record, runs: dict[str, str], rows: dict[str, list[Any]], scorer: Answers
) -> Repeated:
    """Compare the answers of one part to the same request; spool greedy ones for the rest."""
    within = _within(core)
    judge = None
    if within is not None:
        named = settings_of(core)
        names = tuple(name for name in named.names if name in SCORES and SCORES[name].item)
        judge = Scorer(named._replace(names=names))
    plan = told.plan.encode()
    asked: dict[bytes, Any] = {}
    planned: dict[int, Any] = {}
    for request in rows["requests"]:
        if request[1] == plan:
            planned.setdefault(request[3], request)
    for place in sorted(planned):
        asked.setdefault(planned[place][2], planned[place])
    of_plan = {run.encode() for run, own in runs.items() if own == told.plan}
    by_run: dict[bytes, dict[bytes, list[Any]]] = {run: {} for run in of_plan}
    for answer in rows["answers"]:
        if answer[1] in by_run and answer[0] < told.before and answer[2] in asked:
            by_run[answer[1]].setdefault(answer[2], []).append(answer)
    found = Repeated({kind: Kept() for kind in REPETITIONS[::2]}, False)
    own = by_run.pop(told.run.encode(), {})
    hidden = False

    def said(request: Any, answer: Any) -> Said:
        nonlocal hidden
        arrays = answer[6]
        values: tuple[int | None, ...] = ()
        hidden = hidden or WITHHELD in arrays
        if judge is not None and request[6] is not None:
            texts = (answer[5], request[6], request[11])
            if isinstance(texts[0], bytes) and isinstance(texts[1], bytes):
                values = _item_values(judge, texts)
            else:
                hidden = True
        ids, logprobs, margins = (each or b"" for each in arrays)
        return Said(answer[0], ids, answer[4], logprobs, margins, values)

    finals = []
    for name, answers in own.items():
        if answers[0][7]:
            continue
        final = said(asked[name], answers[0])
        for answer in answers[1:]:
            if not answer[7]:
                found.kinds["replicates"].add(final, said(asked[name], answer), within)
        for others in by_run.values():
            again = others.get(name)
            if again and not again[0][7]:
                found.kinds["reruns"].add(final, said(asked[name], again[0]), within)
    for place, request in sorted(planned.items()):
        given = own.get(request[2])
        if request[10] and given and not given[0][7]:
            key = (request[4], json.loads(request[7]), request[8])
            finals.append((place, key, tuple(said(request, given[0]))))
    scorer.spool.write(f"again-{told.number}-{scorer.part}", finals)
    return found._replace(withheld=hidden)


def _item_values(judge: Scorer, texts: tuple[Any, ...]) -> tuple[int | None, ...]:
    _, made = judge.counts(*texts)
    terms = [score.item(counts) if score.item else None
             for score, counts in pairs(judge.scores, made)]  # fmt: skip
    return tuple(None if term is None else billionths(term) for term in terms)


def _within(core: Record) -> Decimal | None:
    said = core.get("determinism")
    within = said.get("within") if isinstance(said, dict) else None
    return None if within is None else Decimal(within) * BILLION


def determinism(core: Record, told: Told, parts: list[Repeated], spool: Spool) -> Record:
    """Return the evidence of what a run's repetitions keep."""
    within, wanted = _within(core), core["determinism"]["class"]
    kinds = {kind: Kept() for kind in REPETITIONS}
    for part in parts:
        for kind, more in part.kinds.items():
            kinds[kind].plus(more)
    first: dict[Any, Said] = {}
    files = spool.files(f"again-{told.number}-[0-9]+")
    for _, key, row in heapq.merge(*files, key=itemgetter(0)):
        said = Said(*row)
        earlier = first.setdefault(key, said)
        if earlier.position != said.position:
            kinds["repetitions"].add(earlier, said, within)
    compared = sum(each.compared[wanted] for each in kinds.values())
    kept = sum(each.kept[wanted] for each in kinds.values())
    verdict = "not measured" if not compared else "holds" if kept == compared else "fails"
    return {
        "kind": "determinism", "version": "determinism/1", "class": wanted,
        "within": core["determinism"].get("within"), "verdict": verdict,
        "rate": ninth(kept / compared) if compared else None, "compared": compared, "kept": kept,
        "measured": {kind: each.said() for kind, each in kinds.items()},
    }  # fmt: skip


# Claims: what the experiment says of its numbers.


def value_claim(claim: Record, arm: Arm, group: ClaimGroup, found: Pass) -> Drawn:
    """Judge a claim on a value by the last estimate before the checkpoint that it is about."""
    level = next((name for name in ("stratum", "split") if claim.get(name) is not None), "all")
    aggregation = claim.get("aggregation") or SCORES[claim["score"]].first
    wanted = {
        "run": arm.run, "score": claim["score"], "sampling": arm.cell, "level": level,
        "group": claim.get(level), "aggregation": aggregation, "label": claim.get("label"),
    }  # fmt: skip
    record: Record = {"value": None, "low": None, "high": None}
    place = None
    for position, said in found.of_kind("estimate"):
        if position < group.size and all(said[name] == value for name, value in wanted.items()):
            record, place = said, position
    verdict, because = "undecided", "no-estimate"
    if place is not None:
        verdict, because = _held(claim, record)
    evidence = {
        "kind": "value", "version": "claim/1", "says": claim["says"], "score": claim["score"],
        "aggregation": aggregation, "label": claim.get("label"), "level": level,
        "group": claim.get(level), "arm": arm.said(),
        **{name: claim.get(name) for name in ("is", "within", "at_least", "at_most")},
        "estimate": place if place is None else {
            "position": place, "leaf": sha256(b"\x00" + dumps(record)).hexdigest(),
        },
        **{name: record[name] for name in ("value", "low", "high")}, "because": because,
    }  # fmt: skip
    return Drawn("claim", claim["name"], arm.run, arm.plan, evidence, verdict)


def _held(claim: Record, record: Record) -> tuple[str, str]:
    if record["value"] is None:
        return "undecided", "undefined"
    value = Decimal(record["value"])
    if claim.get("is") is not None:
        near = abs(value - Decimal(claim["is"])) <= Decimal(claim["within"])
        return "holds" if near else "fails", "value"
    least = claim.get("at_least") is not None
    bound = Decimal(claim["at_least"] if least else claim["at_most"])
    end, sign = (record["low"], 1) if least else (record["high"], -1)
    if sign * value < sign * bound:
        return "fails", "value"
    if end is None:
        return "undecided", "no-interval"
    return "holds" if sign * Decimal(end) >= sign * bound else "undecided", "interval"


def comparison_claim(claim: Record, compared: Compared, adjusted: float | None) -> Drawn:
    """Judge a claim that the first arm of a comparison does better."""
    if compared.difference is None:
        verdict, because = "undecided", "no-difference"
    elif compared.favours != "of":
        verdict, because = "fails", "difference"
    elif adjusted is None:
        verdict, because = "undecided", "no-p"
    else:
        verdict, because = "holds" if adjusted <= 0.05 else "undecided", "p"
    evidence = {
        "kind": "comparison", "version": "claim/1", "says": claim["says"],
        "comparison": claim["comparison"], "difference": sixth(compared.difference),
        "p_adjusted": ninth(adjusted), "favours": compared.favours, "because": because,
    }  # fmt: skip
    arm = compared.arms[0]
    return Drawn("claim", claim["name"], arm.run, arm.plan, evidence, verdict)


# From the log to a list of conclusions, and the records that are held against it.


class ClaimGroup:
    """The comparison and claim records of one shard."""

    def __init__(self, position: int) -> None:
        self.position, self.size = position, 0
        self.records: list[Record] = []
        self.wrong = ""
        self.tellings: list[Told] = []  # of every run that began before
        self.parts: list[Any] = []
        self.known: set[str] = set()

    def where(self) -> str:
        """Return how the group is named in sentences."""
        return f"conclusions at {self.position}"


class ClaimPart(NamedTuple):
    """What one part of the requests has for a shard of conclusions."""

    answered: dict[str, tuple[int, int]]  # run -> requests planned, and those with a generation
    cells: dict[str, dict[str, int]]  # plan -> cell -> smallest index
    taken: dict[str, Taken]
    repeated: dict[str, Repeated]
    wrong: str


def claim_groups(log: Log, found: Pass, runs: dict[str, str], first: int) -> list[ClaimGroup]:
    """Return the log's conclusions by shard; subjects are numbered from `first`."""
    firsts = [shard.first for shard in log.shards]
    groups: dict[int, ClaimGroup] = {}
    for position, record in found.heads:
        if record["kind"] in ("comparison", "claim"):
            group = groups.setdefault(bisect_right(firsts, position), ClaimGroup(position))
            group.records.append(record)
    begun = beginnings(found)
    for group in groups.values():
        seen = group.records[0]["checkpoint"]
        group.size = seen["size"]
        if any(record["checkpoint"] != seen for record in group.records):
            group.wrong = "expected one checkpoint for all of a shard, found several"
        elif not is_seen(log, seen, group.position):
            group.wrong = "expected a checkpoint of this log before them, found another"
        for run, plan in runs.items() if not group.wrong else ():
            if begun[run] < group.size and plan in found.plans.cores:
                settings = _concluding_settings(found.plans.cores[plan])
                group.tellings.append(Told(first, run, plan, False, group.size, settings))
                first += 1
    return list(groups.values())


def _concluding_settings(core: Record) -> Settings:
    settings = settings_of(core)
    names = [name for name in settings.names if name in SCORES]
    declared = core.get("comparisons")
    listed = declared.get("comparisons") if isinstance(declared, dict) else None
    for pair in listed if isinstance(listed, list) else []:
        name = pair.get("score") if isinstance(pair, dict) else None
        if isinstance(name, str) and name in SCORES:
            names.append(name)
    return settings._replace(names=tuple(dict.fromkeys(names)))


def claim_part(
    group: tuple[list[Told], dict[str, Record], dict[str, str]], scorer: Answers,
    rows: dict[str, list[Any]],
) -> ClaimPart:  # fmt: skip
    """Return what one part of the requests has for a shard of conclusions."""
    tellings, cores, runs = group
    part = ClaimPart({}, {}, {}, {}, "")
    requests: dict[str, set[bytes]] = {told.plan: set() for told in tellings}
    for row in rows["requests"]:
        plan = row[1].decode()
        if plan in requests:
            requests[plan].add(row[2])
            cells = part.cells.setdefault(plan, {})
            cells[row[4]] = min(row[3], cells.get(row[4], row[3]))
    given: dict[str, set[bytes]] = {told.run: set() for told in tellings}
    for row in rows["answers"]:
        run = row[1].decode()
        if run in given and row[0] < tellings[0].before:
            given[run].add(row[2])
    try:
        for told in tellings:
            part.answered[told.run] = (len(requests[told.plan]), len(given[told.run]))
            told.settings.check()
            part.taken[told.run] = scorer.take(told)
            if cores[told.plan].get("determinism"):
                repeated = repeated_part(told, cores[told.plan], runs, rows, scorer)
                part.repeated[told.run] = repeated
    except _BROKEN as error:
        return part._replace(wrong=safe(repr(error), 200))
    return part


def _standing_sides(group: ClaimGroup, found: Pass, spool: Spool) -> list[Side]:
    """Return the runs that the log stood for at the checkpoint of a shard."""
    last: dict[str, int] = {}
    for position, record in found.of_kind("plan"):
        if position < group.size:
            last[record["plan"]] = position
    cores = {plan: found.plans.cores[plan] for plan in sorted(last, key=lambda one: last[one])}
    started: dict[str, str] = {}
    for position, record in found.of_kind("start"):
        if position < group.size:
            run = record["run"]
            started[run] = min(record["started"], started.get(run, record["started"]))
    begun = []
    tellings = {told.run: told for told in group.tellings}
    for run in sorted(tellings, key=lambda one: (started[one], one)):
        counts = [part.answered.get(run, (0, 0)) for part in group.parts]
        asked, given = (sum(numbers[side] for numbers in counts) for side in (0, 1))
        begun.append({"run": run, "plan": tellings[run].plan, "missing": int(asked != given)})
    sides = []
    for _, run_record in standing(cores, begun):
        if run_record is not None:
            sides.append(_side(tellings[run_record["run"]], group, cores, spool))
    return sides


def _side(told: Told, group: ClaimGroup, cores: dict[str, Record], spool: Spool) -> Side:
    core = cores[told.plan]
    cells: dict[str, int] = {}
    for part in group.parts:
        for cell, place in part.cells.get(told.plan, {}).items():
            cells[cell] = min(place, cells.get(cell, place))
    rows: defaultdict[str, list[Scored]] = defaultdict(list)
    for row in told_rows(spool, told):
        rows[row.cell].append(row)
    passes = Passes(told_rows(spool, told))
    folded = frozenset(passes.folded)
    arms = [
        Arm(told.run, told.plan, core.get("model"), cell, rows[cell], passes.asked[cell],
            passes.distinct[cell], folded)
        for cell in sorted(cells, key=lambda one: cells[one])
    ]  # fmt: skip
    items: dict[str, Item] = {}
    for record in read_items(spool, told.plan):
        if record.position < told.before:
            items.setdefault(record.item, record)
    return Side(told, core, arms, items)


def arm_meant(sides: list[Side], wanted: Record) -> tuple[Arm, Side]:
    """Return the one arm that names describe."""
    found = [
        (arm, side)
        for side in sides
        for arm in side.arms
        if all(wanted.get(name) in (None, value) for name, value in arm.parts.items())
    ]
    if len(found) != 1:
        raise ValueError(f"expected one arm by what is declared, found {len(found)}")
    return found[0]


def drawn_from(sides: list[Side], group: ClaimGroup, found: Pass, spool: Spool) -> list[Drawn]:
    """Return the conclusions that the plans declare, in the order in which they are recorded."""
    names = ("comparisons", "claims", "determinism")
    core = sides[0].core
    for side in sides[1:]:
        if any((side.core.get(name) or None) != (core.get(name) or None) for name in names):
            raise ValueError("expected plans that declare the same, found others")
    declared = core.get("comparisons") or {"comparisons": []}
    compared: dict[str, Compared] = {}
    for pair in declared["comparisons"]:
        (of, side), (against, _) = (arm_meant(sides, pair[name]) for name in ("of", "against"))
        compared[pair["name"]] = Compared((of, against), side, pair, declared)
    tests = declared.get("tests") or len(compared)
    corrected = dict(pairs(compared, holm([one.p for one in compared.values()], tests)))
    drawn = [
        Drawn("comparison", name, one.arms[0].run, one.arms[0].plan,
              one.evidence(corrected[name], tests), None)
        for name, one in compared.items()
    ]  # fmt: skip
    agreements = [("annotators", sides[0], among_annotators(sides))]
    agreements += [("passes", side, among_passes(side)) for side in sides]
    agreements += [("models", sides[0], among_models(sides))]
    for among, side, said in agreements:
        if said is not None:
            name = f"agreement/{among}"
            drawn.append(Drawn("comparison", name, side.told.run, side.told.plan, said, None))
    for side in sides if core.get("determinism") else ():
        parts = [part.repeated[side.told.run] for part in group.parts]
        said = determinism(core, side.told, parts, spool)
        drawn.append(Drawn("comparison", "determinism", side.told.run, side.told.plan, said, None))
    for claim in core.get("claims") or []:
        if claim.get("comparison") is not None:
            named = claim["comparison"]
            drawn.append(comparison_claim(claim, compared[named], corrected[named]))
        else:
            arm, _ = arm_meant(sides, claim.get("of") or {})
            drawn.append(value_claim(claim, arm, group, found))
    return drawn


def withheld_of(sides: list[Side], group: ClaimGroup) -> list[str]:
    """Return what of the texts that conclusions need is withheld."""
    runs = {side.told.run for side in sides}
    parts = [part for part in group.parts]
    found = set()
    if any(part.taken[run].closed for part in parts for run in runs if run in part.taken):
        found.add("answers, references or sources")
    if any(record.labels is WITHHELD for side in sides for record in side.items.values()):
        found.add("annotations")
    if any(one.withheld for part in parts for run, one in part.repeated.items() if run in runs):
        found.add("token ids or log-probabilities")
    return sorted(found)


def check_claims(groups: list[ClaimGroup], found: Pass, spool: Spool, report: Report) -> None:
    """Hold the comparisons and claims of every shard against what the log before them gives."""
    same = 0
    last = {group.records[0]["run"]: group for group in groups}
    for group in groups:
        verdicts, wrong = _judge_claims(group, found, spool, report)
        same += verdicts.count("same")
        shown = last[group.records[0]["run"]] is group
        for record, verdict in pairs(group.records, verdicts) if shown else ():
            report.conclusion(record, verdict)
        for sentence in wrong[:5]:
            report.fail(NUMBERS, "ConclusionMismatch", f"{group.where()}: {sentence}")
        if len(wrong) > 5:
            said = f"{group.where()}: and {len(wrong) - 5} more are wrong"
            report.fail(NUMBERS, "ConclusionMismatch", said)
    if same:
        report.checked(
            NUMBERS, f"{same:,} comparisons and claims drawn again from the log: the same"
        )
    if not groups:
        plans = {record["plan"] for _, record in found.of_kind("start")}
        silent = [name for plan in plans for name in ("comparisons", "claims", "determinism")
                  if found.plans.cores.get(plan, {}).get(name)]  # fmt: skip
        if silent:
            said = f"{' and '.join(sorted(set(silent)))} declared, but nothing is concluded"
            report.unchecked(NUMBERS, said)


_BROKEN = (
    ArithmeticError, AttributeError, Defect, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def _judge_claims(
    group: ClaimGroup, found: Pass, spool: Spool, report: Report
) -> tuple[list[str], list[str]]:
    """Return the verdict on each record of a shard, and what is wrong in words."""
    wrong = group.wrong or next((part.wrong for part in group.parts if part.wrong), "")
    expected: list[Drawn] = []
    withheld: list[str] = []
    if not wrong:
        try:
            sides = _standing_sides(group, found, spool)
            withheld = withheld_of(sides, group)
            expected = drawn_from(sides, group, found, spool) if sides else []
        except _BROKEN as error:
            wrong = f"expected declarations to conclude from, found {safe(repr(error), 200)}"
    if wrong:
        return ["WRONG"] * len(group.records), [wrong]
    return _held_against(group, expected, withheld, report)


def _held_against(
    group: ClaimGroup, expected: list[Drawn], withheld: list[str], report: Report
) -> tuple[list[str], list[str]]:
    said = [drawn_of(record) for record in group.records]
    verdicts, wrong, unknown = [], [], 0
    # Without a label of theirs, what annotators agree on is not expected, and may yet be true.
    alone = [("comparison", "agreement/annotators")] if "annotations" in withheld else []
    if [one[:3] for one in said if one[:2] not in alone] != [
        one[:3] for one in expected if one[:2] not in alone
    ]:
        names = ", ".join(one.name for one in expected) or "none"
        found = ", ".join(one.name for one in said)
        wrong.append(safe(f"expected just the conclusions {names}, found {found}", 300))
    right = {one[:3]: one for one in expected}
    for one in said:
        true = right.get(one[:3])
        sentence = _unlike(one, true)
        valued = one.kind == "claim" and one.evidence.get("kind") == "value"
        known = true is not None or one[:2] in alone
        if sentence and known and withheld and not valued:
            verdicts.append("not recomputed")
            unknown += 1
            continue
        verdicts.append("WRONG" if sentence else "same")
        wrong += [sentence] if sentence else []
    if unknown:
        told = f"{group.where()}: {unknown} not recomputed: {', '.join(withheld)} withheld"
        report.unchecked(NUMBERS, told)
    return verdicts, wrong


def drawn_of(record: Record) -> Drawn:
    """Return what a record concludes."""
    kind = record["kind"]
    return Drawn(kind, record[kind], record["run"], record["plan"], record["evidence"],
                 record.get("verdict"))  # fmt: skip


def _unlike(one: Drawn, true: Drawn | None) -> str:
    """Return in words what a record says otherwise than the log; empty where nothing."""
    called = safe(f"the {one.kind} {one.name}", 120)
    if true is None:
        return f"{called} of run {one.run[:16]} is recorded, none is declared"
    if one.verdict != true.verdict:
        return f"{called}: expected {true.verdict}, found {one.verdict}"
    for name in sorted(one.evidence.keys() | true.evidence.keys()):
        was, is_ = one.evidence.get(name), true.evidence.get(name)
        if dumps(was) != dumps(is_):
            return f"{called}: expected {name} {safe(is_, 200)}, found {safe(was, 200)}"
    return "" if one == true else f"{called}: expected plan {true.plan[:16]}, found {one.plan[:16]}"


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
    settings: Settings


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
    for position, owner, request, _, _, output, *_ in rows["answers"]:
        if position < view.before and owner.decode() in final:
            final[owner.decode()].setdefault(request, output)
    scorer = Scorer(view.settings)
    for (position, owner, request, index, sampling, _, reference, item, *_,
         source) in rows["requests"]:  # fmt: skip
        if owner != plan or position >= view.before or index in indices:
            continue
        indices.add(index)
        name = json.loads(item)
        seen.items[name] = min(index, seen.items.get(name, index))
        gold = gold or reference is not None
        for run, answers in final.items():
            if request in answers:
                seen.answers[run] += 1
                texts = (answers[request], reference, source)
                _rate(seen, scorer, run, (sampling, name), texts)
    return seen._replace(gold=gold, requests=len(indices))


def _rate(
    seen: Seen, scorer: Scorer, run: str, of: tuple[str, str], texts: tuple[Any, ...]
) -> None:
    """Add the values of one answer's scores."""
    if texts[0] is None or texts[1] is None:
        return
    if scorer.hides(*texts):
        seen.withheld[run] += 1
        return
    try:
        _, made = scorer.counts(*texts)
    except Defect:
        seen.withheld[run] += 1
        return
    for name, score, counts in zip(scorer.names, scorer.scores, made):  # noqa: B905
        value = quotient(score.item(counts)) if score.item else None
        if value is not None:
            seen.ratios[run].setdefault((name, *of), []).append(value)


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
    settings = settings_of(found.plans.cores.get(plan, {}))
    try:
        settings.check()
    except Defect:
        settings = Settings(())
    return View(number, plan, before, tuple(latest), settings)


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


def describe(found: Pass, report: Report) -> None:
    """Collect what a reader wants to know first: which experiment, models, runs."""
    cores = found.plans.cores
    plans = {record["plan"]: record for _, record in reversed([*found.of_kind("plan")])}
    attempts = Attempts(found)
    examined = [record for _, record in found.of_kind("examination")]
    owners = {**attempts.runs, **{one["examination"]: one["plan"] for one in examined}}
    for owner, name in owners.items():
        model = cores.get(name, {}).get("model")
        if model is not None:
            report.models[owner] = safe(model, 24)
    family = standing(cores, report.runs) or [(name, None) for name in list(cores)[:1]]
    for number, (name, run) in enumerate(family):
        plan, core = plans[name], cores[name]
        if not number:
            experiment = f"{core.get('title', '')} ({plan['experiment']})"
            report.facts.append(("Experiment", experiment))
        own = core.get("model")
        report.facts += [
            ("Model", ("" if own is None else f"{own}: ") + _model(found, core)),
            ("Asked", f"{plan['requests']:,} requests; {_samplings(core)}"),
            ("Planned", f"{plan['created']}, plan {plan['plan'][:16]}"),
        ]
        if run is not None:
            _describe_run(found, run["run"], attempts, report)
    for _, record in found.of_kind("import"):
        report.facts.append(("Import", f"from {record['tool']}, {record['samples']:,} samples"))


def _describe_run(found: Pass, run: str, attempts: Attempts, report: Report) -> None:
    starts = [record for _, record in found.of_kind("start") if record["run"] == run]
    ends = [record["ended"] for _, record in found.of_kind("end") if record["run"] == run]
    times = sorted([record["started"] for record in starts] + ends)
    engine = starts[0]["engine"]
    by = " ".join(str(engine[name]) for name in ("family", "dtype", "device") if name in engine)
    report.facts.append(("Run", f"{times[0]} to {times[-1]}, run {run[:16]}, by {by}"))
    trust = attempts.trust(run)
    report.facts.append(("Trust", f"{trust}: {TRUST_WORDS[trust]}"))


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
    lines += [*_score_table(report), *_compared(report), *_claimed(report)]
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


def _score_table(report: Report) -> list[str]:
    scores = report.scores
    if not scores:
        return []
    rows = [
        ("of", "score", "sampling", "aggregation", "value", "interval", "answers", "recomputed")
    ]
    whole = [row for row in scores if row[0]["level"] == "all"]
    for record, verdict in [row for row in whole if row[0].get("label") is None][:60]:
        rows.append((
            report.models.get(record["run"], record["run"][:8]), safe(record["score"], 27),
            safe(record["sampling"], 24),
            safe(record["aggregation"], 16), safe(record["value"] or "undefined"),
            f"{safe(record['low'])}…{safe(record['high'])}" if record.get("low") else "",
            f"{record['n']:,}", verdict,
        ))  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["", "Scores over all answers"]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in pairs(row, widths)]
        lines.append(("    " + "  ".join(cells)).rstrip())
    for level, words in (("stratum", "strata"), ("split", "splits"), ("all", "labels")):
        found = Counter(
            verdict
            for record, verdict in scores
            if record["level"] == level and (level != "all" or record.get("label") is not None)
        )
        if found:
            said = ", ".join(f"{number} {verdict}" for verdict, number in sorted(found.items()))
            lines += _wrapped("    ", f"and of single {words}: {said}")
    warned = Counter(code for record, _ in scores for code in record.get("warnings", ()))
    if warned:
        said = ", ".join(f"{code} ({number})" for code, number in sorted(warned.items()))
        lines += _wrapped("    ", f"warnings on these rows: {said}")
    return lines


def _compared(report: Report) -> list[str]:
    """Return what was compared, how far labels agree, and what repetitions keep."""
    lines = ["", "Comparisons"]
    for record, verdict in list(report.conclusions.values())[:200]:
        if record["kind"] == "comparison":
            alone = record["comparison"] in ("agreement/passes", "determinism")
            of = _of(record["run"], report) if alone else ""
            text = f"{record['comparison']}{of}: {_in_words(record['evidence'])}; {verdict}"
            lines += _wrapped("    ", text)
    return lines if len(lines) > 2 else []


def _of(owner: str, report: Report) -> str:
    """Return in words which model a run or an examination is of, where there are several."""
    return f" of {report.models[owner]}" if owner in report.models else ""


def _in_words(said: Record) -> str:
    """Return in words what a comparison found; hostile ones may say anything."""
    if said.get("kind") == "pair":
        effect, test = said.get("effect"), said.get("test")
        effect = effect if isinstance(effect, dict) else {}
        test = test if isinstance(test, dict) else {}
        return (
            f"{said.get('score')} differs by {effect.get('difference')} "
            f"({effect.get('low')} to {effect.get('high')}), p = {test.get('p')}, "
            f"{test.get('p_adjusted')} in its family; favours {said.get('favours')}"
        )
    if said.get("kind") == "determinism":
        return (
            f"{said.get('class')} {said.get('verdict')}: {said.get('kept')} of "
            f"{said.get('compared')} repetitions keep it"
        )
    cells = said.get("cells")
    alphas = [said.get("alpha")] if "alpha" in said else [
        f"{cell.get('cell')} {cell.get('alpha')}" for cell in cells if isinstance(cell, dict)
    ] if isinstance(cells, list) else []  # fmt: skip
    return f"Krippendorff's alpha {', '.join(map(str, alphas))}"


def _claimed(report: Report) -> list[str]:
    """Return what the experiment claims, and whether its numbers bear it out."""
    lines = ["", "Claims of the experiment"]
    for record, verdict in list(report.conclusions.values())[:200]:
        if record["kind"] == "claim":
            said = record["evidence"]
            text = f"{record['verdict'].upper()}: {said.get('says')} ({record['claim']}: "
            lines += _wrapped("    ", f"{text}{_claim_found(said)}); {verdict}")
    return lines if len(lines) > 2 else []


def _claim_found(said: Record) -> str:
    if said.get("kind") == "comparison":
        return f"difference {said.get('difference')}, p = {said.get('p_adjusted')}"
    if said.get("value") is None:
        return f"found nothing: {said.get('because')}"
    interval = "" if said.get("low") is None else f", {said['low']} to {said.get('high')}"
    return f"found {said['value']}{interval}"


_CLAIMS = (
    ("fact", "facts about texts"),
    ("test", "tests, valid by the data set's own randomisation"),
    ("screening", "screening, which proves nothing"),
    ("decision", "what is decided on it"),
)


def _claims(report: Report) -> list[str]:
    """Return what the checks of contamination found, claim by claim."""
    lines = []
    found = [(key[0], *row) for key, row in report.contamination.items()]
    for claim, words in _CLAIMS:
        of = [row for row in found if row[1].evidence.get("claim") == claim]
        lines += ["", f"Contamination: {words}"] if of else []
        for examination, one, verdict in of[:60]:
            said = one.evidence
            about = [part for part in (scan_of(one), one.subject.rstrip("*")) if part]
            name = one.method + (f" ({', '.join(about)})" if about else "")
            name += _of(examination, report)
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
    check_completeness(log, found, spool, processes, report)
    describe(found, report)
    cores = found.plans.cores
    if source.ledger and cores:
        plans = [plan for plan, _ in standing(cores, report.runs)] or [list(cores)[-1]]
        check_experiment(source, digests, [cores[plan] for plan in plans], redaction, report)


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
