"""Segments: which shards the log consists of, and in which order.

Each commit adds one file `log/<number>.segment.json` in canonical JSON, naming the shards that it
appended, the log's size and root after them, and the frontier from which the next commit goes on.
Segments and checkpoints are never changed or removed. A segment counts once the checkpoint of its
size exists; a last segment without one is a commit that was cut short, and the next one finishes
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import Json, dumps, loads_object
from reprollm.errors import CheckpointMismatch, NotCanonical, PlanNotCommitted
from reprollm.records.checkpoint import Checkpoint, parse
from reprollm.records.merkle import Frontier
from reprollm.records.shard import ShardReference

SCHEMA = "reprollm/segment/1"
_GROUP = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_SEGMENT_FILE = re.compile(r"(\d{8})\.segment\.json\Z")
_CHECKPOINT_FILE = re.compile(r"(\d{12})\.checkpoint\Z")


@dataclass(frozen=True)
class Segment:
    """What one commit appended.

    Attributes:
        number: 0 for the log's first segment.
        origin: the log's own name.
        first: position of the segment's first record.
        shards: the appended shards, in log order.
        size: number of records in the log after this segment.
        root: RFC 6962 root over them, hex.
        frontier: the roots of the tree's perfect subtrees, largest first, hex.
    """

    number: int
    origin: str
    first: int
    shards: tuple[ShardReference, ...]
    size: int
    root: str
    frontier: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """Return the segment as its file holds it."""
        return {
            "schema": SCHEMA,
            "number": self.number,
            "origin": self.origin,
            "first": self.first,
            "shards": [dict(shard.to_json()) for shard in self.shards],
            "size": self.size,
            "root": self.root,
            "frontier": list(self.frontier),
        }

    def content(self) -> bytes:
        """Return the bytes of the segment's file."""
        return dumps(self.to_json()) + b"\n"

    def path(self, ledger: Path) -> Path:
        """Return where the segment lies in `ledger`."""
        return ledger / "log" / f"{self.number:08d}.segment.json"

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint over the log after this segment."""
        return Checkpoint(self.origin, self.size, bytes.fromhex(self.root))

    def tree(self) -> Frontier:
        """Return the tree after this segment, ready to grow.

        Raises:
            CheckpointMismatch: the frontier does not have the segment's root.
        """
        try:
            tree = Frontier(self.size, [bytes.fromhex(item) for item in self.frontier])
        except ValueError as error:
            raise CheckpointMismatch(f"segment {self.number}: {error}") from None
        if tree.root().hex() != self.root:
            raise CheckpointMismatch(
                f"segment {self.number}: expected a frontier with the root {self.root}, "
                f"found one with {tree.root().hex()}; the segment file was changed"
            )
        return tree


def checkpoint_path(ledger: Path, size: int) -> Path:
    """Return where the checkpoint over the first `size` records lies."""
    return ledger / "log" / f"{size:012d}.checkpoint"


def read_segments(ledger: Path) -> list[Segment]:
    """Return the log's segments in order.

    Raises:
        CheckpointMismatch: a segment is malformed or missing, does not go on where the one before
            ended, or names a shard that the log holds already.
    """
    segments: list[Segment] = []
    seen: set[str] = set()
    for number, path in _numbered(ledger, _SEGMENT_FILE):
        segment = _read(path)
        before = segments[-1] if segments else None
        if number != len(segments) or segment.number != number:
            raise CheckpointMismatch(
                f"expected segment {len(segments)} of the log, found {path.name} holding "
                f"segment {segment.number}; a segment is missing or was moved"
            )
        if segment.first != (before.size if before else 0):
            raise CheckpointMismatch(
                f"{path.name}: expected it to start at {before.size if before else 0}, where the "
                f"segment before it ends, found {segment.first}"
            )
        if before and segment.origin != before.origin:
            raise CheckpointMismatch(
                f"{path.name}: expected the origin {before.origin!r}, found {segment.origin!r}"
            )
        _refuse_duplicates(path, segment, seen)
        segments.append(segment)
    return segments


def read_checkpoints(ledger: Path) -> list[Checkpoint]:
    """Return the log's checkpoints by size; raise `CheckpointMismatch` for a malformed one."""
    checkpoints = []
    for size, path in _numbered(ledger, _CHECKPOINT_FILE):
        try:
            checkpoint = parse(path.read_bytes().decode("utf-8"))
        except UnicodeDecodeError:
            raise CheckpointMismatch(f"expected UTF-8 text in {path}") from None
        except CheckpointMismatch as error:
            raise CheckpointMismatch(f"{path.name}: {error}") from None
        if checkpoint.size != size:
            raise CheckpointMismatch(
                f"{path.name}: expected the size {size} of its file name, found {checkpoint.size}"
            )
        checkpoints.append(checkpoint)
    return checkpoints


def acknowledged(segments: list[Segment], checkpoints: list[Checkpoint]) -> list[Segment]:
    """Return the segments that checkpoints cover: all, or all but a last one cut short.

    Raises:
        CheckpointMismatch: a segment has no checkpoint, or a checkpoint none of the segments.
    """
    ends = {segment.size for segment in segments}
    sizes = {checkpoint.size for checkpoint in checkpoints}
    for size in sorted(sizes - ends):
        raise CheckpointMismatch(
            f"expected every checkpoint at the end of a segment, found one over {size} records; "
            "a segment was removed or the checkpoint is of another log"
        )
    for segment in segments[:-1]:
        if segment.size not in sizes:
            raise CheckpointMismatch(
                f"expected a checkpoint over {segment.size} records at the end of segment "
                f"{segment.number}, found none; it was removed"
            )
    return segments if not segments or segments[-1].size in sizes else segments[:-1]


def covering(ledger: Path, shard: ShardReference) -> Checkpoint:
    """Return the log's last checkpoint, which must cover `shard`.

    Raises:
        PlanNotCommitted: no checkpoint covers it yet.
        CheckpointMismatch: the log is damaged.
    """
    segments, checkpoints = read_segments(ledger), read_checkpoints(ledger)
    covered = acknowledged(segments, checkpoints)
    if not any(shard == entry for segment in covered for entry in segment.shards):
        raise PlanNotCommitted(
            f"expected the plan in a checkpoint of {ledger} before the first token, found none "
            f"that covers it; run: reprollm ledger commit {ledger}"
        )
    return checkpoints[-1]


def positions(segments: list[Segment]) -> Iterator[tuple[int, ShardReference]]:
    """Yield each shard of the log with the position of its first record."""
    first = 0
    for segment in segments:
        for shard in segment.shards:
            yield first, shard
            first += shard.records


def is_group(group: str) -> bool:
    """Return whether `group` is a folder of shards: one or two plain names."""
    return _GROUP.match(group) is not None


def _numbered(ledger: Path, pattern: re.Pattern[str]) -> list[tuple[int, Path]]:
    folder = ledger / "log"
    if not folder.is_dir():
        return []
    found = ((pattern.match(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in found if match)


def _read(path: Path) -> Segment:
    try:
        value = loads_object(path.read_bytes().removesuffix(b"\n"))
        segment = _from_json(value)
    except (NotCanonical, KeyError, TypeError, ValueError) as error:
        raise CheckpointMismatch(f"{path.name} is no segment of the log: {error}") from None
    if sum(shard.records for shard in segment.shards) != segment.size - segment.first:
        raise CheckpointMismatch(
            f"{path.name}: expected the records of its shards to reach from {segment.first} to "
            f"{segment.size}"
        )
    return segment


def _from_json(value: dict[str, Any]) -> Segment:
    if value["schema"] != SCHEMA or len(value) != len(Segment.__dataclass_fields__) + 1:
        raise ValueError(f"expected the fields of {SCHEMA}, found {sorted(value)}")
    shards = tuple(_shard(entry) for entry in value["shards"])
    numbers = [value[name] for name in ("number", "first", "size")]
    hashes = [value["root"], *value["frontier"]]
    if not all(type(number) is int and number >= 0 for number in numbers) or not shards:
        raise ValueError("expected counts and at least one shard")
    if not all(isinstance(item, str) and _HASH.match(item) for item in hashes):
        raise ValueError("expected hashes in hex")
    if not isinstance(value["origin"], str):
        raise ValueError("expected an origin")
    number, first, size = numbers
    return Segment(
        number, value["origin"], first, shards, size, value["root"], tuple(value["frontier"])
    )


def _shard(entry: dict[str, Any]) -> ShardReference:
    shard = ShardReference(entry["group"], entry["sha256"], entry["records"])
    plain = isinstance(shard.group, str) and isinstance(shard.sha256, str)
    if len(entry) != 3 or not plain or type(shard.records) is not int or shard.records < 1:
        raise ValueError(f"expected group, sha256 and records of a shard, found {entry}")
    if not is_group(shard.group) or not _HASH.match(shard.sha256):
        raise ValueError(f"expected a shard's group and hash, found {shard.group}/{shard.sha256}")
    return shard


def _refuse_duplicates(path: Path, segment: Segment, seen: set[str]) -> None:
    for shard in segment.shards:
        if shard.sha256 in seen:
            raise CheckpointMismatch(
                f"{path.name}: expected every shard once in the log, found {shard.sha256} again"
            )
        seen.add(shard.sha256)
