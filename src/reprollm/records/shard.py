"""Shards: immutable files of records, published whole or not at all.

A shard is `shards/<group>/<sha256>.jsonl`, named by the SHA-256 of its bytes, one canonical
record a line. The openings of its commitments lie at `openings/<group>/<the same name>`.
Publication writes a temporary file, flushes it to the disk, links it to its name without ever
replacing a file, and flushes the folder; a reader sees a whole shard or none. Openings are
published before their shard, so that no shard is ever without them by accident.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import dumps, loads_object
from reprollm.errors import InvalidInput, StorageFailed
from reprollm.records.commitment import Opening
from reprollm.records.kinds import check
from reprollm.records.merkle import leaf_hash
from reprollm.records.sealed import Sealed, openings_line, parse_openings_line

MAX_LINE_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, order=True)
class ShardReference:
    """Where one shard lies and what it must hash to."""

    group: str
    sha256: str
    records: int

    def path(self, ledger: Path) -> Path:
        """Return the shard's file below the ledger folder."""
        return ledger / "shards" / self.group / f"{self.sha256}.jsonl"

    def openings_path(self, ledger: Path) -> Path:
        """Return the file that holds the openings of the shard's commitments."""
        return ledger / "openings" / self.group / f"{self.sha256}.jsonl"

    def to_json(self) -> dict[str, str | int]:
        """Return the reference as receipts and segments write it."""
        return {"group": self.group, "sha256": self.sha256, "records": self.records}


def publish(ledger: Path, group: str, sealed: Iterable[Sealed]) -> ShardReference:
    """Publish records as one shard and return its reference.

    Publishing the same bytes twice is harmless: the shard that exists is kept.

    Raises:
        InvalidInput: a record is not what its kind demands.
        StorageFailed: the file system refused; nothing that is visible was changed.
    """
    lines, opened = [], []
    for item in sealed:
        check(item.record)
        line = dumps(item.record)
        lines.append(line)
        if item.openings:
            opened.append(openings_line(leaf_hash(line).hex(), item.openings))
    content = b"".join(line + b"\n" for line in lines)
    reference = ShardReference(group, hashlib.sha256(content).hexdigest(), len(lines))
    if opened:
        write_once(reference.openings_path(ledger), b"".join(line + b"\n" for line in opened))
    write_once(reference.path(ledger), content)
    return reference


def write_once(path: Path, content: bytes) -> bool:
    """Write an immutable file (mode 0444) durably; return False when it existed already.

    The existing file is left as it is. Where the file system has no hard links the file is renamed
    into place instead.

    Raises:
        StorageFailed: the file could not be written; no file, or the whole file, is at `path`.
    """
    temporary = path.parent / f".tmp-{os.getpid()}-{os.urandom(8).hex()}"
    try:
        make_folder(path.parent)
        if path.exists():
            return False
        try:
            _write_durably(temporary, content)
            created = _link(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
        return created
    except OSError as error:
        raise StorageFailed(
            f"could not write {path}: {error.strerror}; nothing there was changed, "
            "make room or allow writing and start again"
        ) from error


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents durably: each new entry is flushed in its parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_lines(path: Path, state: hashlib._Hash | None = None) -> Iterator[bytes]:
    """Yield the lines of a shard or openings file without their line ends, in order.

    Args:
        path: the file.
        state: a hash that takes in all bytes of the file; whole once the last line was yielded.

    Raises:
        InvalidInput: a line is longer than `MAX_LINE_BYTES`, or the last one has no line end.
    """
    number, rest = 0, b""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            if state is not None:
                state.update(piece)
            *lines, rest = (rest + piece).split(b"\n")
            if len(lines[0] if lines else rest) >= MAX_LINE_BYTES:
                raise _cut_off(path, number + 1)
            number += len(lines)
            yield from lines
    if rest:
        raise _cut_off(path, number + 1)


def _cut_off(path: Path, number: int) -> InvalidInput:
    return InvalidInput(
        f"expected lines that end and hold at most {MAX_LINE_BYTES} bytes, "
        f"found line {number} of {path} cut off or too long"
    )


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a shard in order; raise `NotCanonical` on a damaged line."""
    return map(loads_object, read_lines(path))


def read_openings(path: Path) -> dict[str, dict[str, Opening]]:
    """Return a shard's openings by leaf hash (hex) and field; empty where there is no file.

    What is withheld is not among them, whether or not its salt is given.
    """
    if not path.exists():
        return {}
    found: dict[str, dict[str, Opening]] = {}
    for line in read_lines(path):
        leaf, openings = parse_openings_line(line)
        found[leaf] = {item.field: item for item in openings if isinstance(item, Opening)}
    return found


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        if path.exists():
            return False
        temporary.rename(path)
    return True
