"""What one pass over the shards leaves on the disk for the passes after it.

A log does not fit into memory; what later checks need of each record is written as fixed-width
rows into files of a temporary folder. Rows about one request always fall into the same *part*, so
that each part can be judged alone.
"""

from __future__ import annotations

import json
import os
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from reprollm.canon import Json
from reprollm.records.merkle import HASH_BYTES

ROWS_A_PART = 65_536
_EVENT = struct.Struct("<c32s32s32s16sQ")
_PLANNED = struct.Struct("<Q32sQ32s32s")
_NONE = bytes(HASH_BYTES)
_NO_ATTEMPT = bytes(16)
_BUFFER_BYTES = 1 << 18


class Event(NamedTuple):
    """One record about one request.

    Attributes:
        kind: `r` a request, `g` a generation, `f` a failure; `u` says of the generation at the
            same position, whose row follows, that it was taken over.
        owner: the plan's id for a request, the run's id otherwise, 32 bytes.
        request: 32 bytes.
        result: 32 bytes; zeros unless a generation.
        attempt: 16 bytes; zeros for a request; of `u` the attempt that gave the answer first.
        position: the record's place in the log.
    """

    kind: bytes
    owner: bytes
    request: bytes
    result: bytes
    attempt: bytes
    position: int


class Planned(NamedTuple):
    """One request record as its plan's root counts it.

    Attributes:
        position: the record's place in the log.
        plan: 32 bytes.
        place: the request's index in its plan.
        leaf: leaf hash, 32 bytes.
        request: 32 bytes.
    """

    position: int
    plan: bytes
    place: int
    leaf: bytes
    request: bytes


@dataclass(frozen=True)
class Spool:
    """A temporary folder of rows, shared by the processes of one verification."""

    folder: Path
    parts: int

    @classmethod
    def for_log(cls, folder: Path, size: int) -> Spool:
        """Return a spool with as many parts as a log of `size` records needs."""
        return cls(folder, size // ROWS_A_PART + 1)

    def writer(self, shard: str) -> SpoolWriter:
        """Return what writes the rows of the shard with this hash."""
        return SpoolWriter(self, shard)

    def leaves(self, shard: str) -> Iterator[bytes]:
        """Yield the leaf hashes of a shard in order."""
        with (self.folder / f"{shard}.leaves").open("rb") as file:
            while leaf := file.read(HASH_BYTES):
                yield leaf

    def planned(self, shard: str) -> Iterator[Planned]:
        """Yield the request records of a shard in order."""
        path = self.folder / f"{shard}.planned"
        if not path.exists():
            return
        with path.open("rb") as file:
            while row := file.read(_PLANNED.size):
                yield Planned._make(_PLANNED.unpack(row))

    def events(self, part: int) -> list[Event]:
        """Return the rows of one part, in log order."""
        rows: list[Event] = []
        for path in self.folder.glob(f"{part}.*.events"):
            rows.extend(map(Event._make, _EVENT.iter_unpack(path.read_bytes())))
        return sorted(rows, key=lambda event: event.position)

    def measured(self, part: int) -> list[dict[str, Any]]:
        """Return the rows about measurements of one part of the examinations, in log order."""
        rows: list[dict[str, Any]] = []
        for path in self.folder.glob(f"{part}.*.measured"):
            rows.extend(map(json.loads, path.read_bytes().splitlines()))
        return sorted(rows, key=lambda row: row["position"])

    def part_of(self, examination: str) -> int:
        """Return the part of all rows about one examination."""
        return int(examination[:8], 16) % self.parts

    def drop(self, shard: str) -> None:
        """Remove a shard's own rows, once they were read."""
        for suffix in ("leaves", "planned"):
            (self.folder / f"{shard}.{suffix}").unlink(missing_ok=True)


class SpoolWriter:
    """Rows of one shard on their way to the disk."""

    def __init__(self, spool: Spool, shard: str) -> None:
        self._spool = spool
        self._shard = shard
        self._leaves = bytearray()
        self._planned = bytearray()
        self._events: defaultdict[int, bytearray] = defaultdict(bytearray)
        self._measured: defaultdict[int, bytearray] = defaultdict(bytearray)

    def add(self, leaf: bytes, record: dict[str, Any], position: int) -> None:
        """Add what later passes need of the record at `position`."""
        self._leaves += leaf
        kind = record["kind"]
        if kind == "request":
            plan, request = bytes.fromhex(record["plan"]), bytes.fromhex(record["request"])
            self._event(b"r", plan, request, _NONE, _NO_ATTEMPT, position)
            self._planned += _PLANNED.pack(position, plan, record["index"], leaf, request)
        elif kind == "generation":
            result, source = bytes.fromhex(record["result"]), record["batch"].get("reused")
            if source is not None:
                self._answer(b"u", {**record, "attempt": source}, result, position)
            self._answer(b"g", record, result, position)
        elif kind == "failure":
            self._answer(b"f", record, _NONE, position)
        if len(self._leaves) > _BUFFER_BYTES:
            self.flush()

    def measure(self, row: Mapping[str, Json]) -> None:
        """Add what later passes need of a likelihood or continuation."""
        part = self._spool.part_of(str(row["examination"]))
        # ASCII alone, so that no text of a record ends a line.
        self._measured[part] += json.dumps(row).encode("ascii") + b"\n"

    def flush(self) -> None:
        """Write out what is still held."""
        process = os.getpid()
        self._append(f"{self._shard}.leaves", self._leaves)
        self._append(f"{self._shard}.planned", self._planned)
        for part, rows in self._events.items():
            self._append(f"{part}.{process}.events", rows)
        for part, rows in self._measured.items():
            self._append(f"{part}.{process}.measured", rows)

    def _answer(self, kind: bytes, record: dict[str, Any], result: bytes, position: int) -> None:
        run, request = bytes.fromhex(record["run"]), bytes.fromhex(record["request"])
        self._event(kind, run, request, result, bytes.fromhex(record["attempt"]), position)

    def _event(
        self,
        kind: bytes,
        owner: bytes,
        request: bytes,
        result: bytes,
        attempt: bytes,
        position: int,
    ) -> None:
        part = int.from_bytes(request[:4], "big") % self._spool.parts
        self._events[part] += _EVENT.pack(kind, owner, request, result, attempt, position)

    def _append(self, name: str, rows: bytearray) -> None:
        if rows:
            with (self._spool.folder / name).open("ab") as file:
                file.write(rows)
            rows.clear()
