"""Reading one shard and its openings, trusting nothing.

A shard's lines and the lines of its openings file are read in step: the openings of a record, where
they were not withheld, stand in the order of the records. Nothing is kept, so that a shard may be
larger than the memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from reprollm.canon import loads_object
from reprollm.errors import CommitmentMismatch, InvalidInput, LeafMismatch, ReprollmError
from reprollm.records.commitment import Opening, Withheld, check_opening, commit
from reprollm.records.kinds import COMMITTED, check
from reprollm.records.merkle import leaf_hash
from reprollm.records.regular import regular_record
from reprollm.records.sealed import parse_openings_line
from reprollm.records.shard import ShardReference, read_lines

Opened: TypeAlias = tuple[dict[str, Opening], dict[str, Withheld]]

_NOTHING: Opened = {}, {}


class Entry(NamedTuple):
    """One record as it lies in a shard.

    Attributes:
        line: the canonical bytes, without the line end.
        leaf: its leaf hash, 32 bytes.
        record: its value.
        openings: those that are present, by field.
        salts: those of withheld values whose salt is given, by field.
    """

    line: bytes
    leaf: bytes
    record: dict[str, Any]
    openings: dict[str, Opening]
    salts: dict[str, Withheld]


def discover(ledger: Path) -> Iterator[tuple[str, Path]]:
    """Yield group and path of every shard file below `ledger`, in no particular order."""
    top = ledger / "shards"
    if not top.is_dir():
        return
    for folder, folders, files in os.walk(top, onerror=_refuse):
        for name in (*folders, *files):
            if name.endswith(".jsonl") and not name.startswith("."):
                yield Path(folder).relative_to(top).as_posix(), Path(folder) / name


def _refuse(error: OSError) -> None:
    """Let no folder that cannot be read pass for an empty one."""
    raise error


def checked_entries(ledger: Path, shard: ShardReference) -> Iterator[Entry]:
    """Yield a shard's records in order, everything about each of them checked.

    The file's own hash and its number of records are known, and checked, after the last line.

    Raises:
        LeafMismatch: the shard is missing, or a line, the count or the hash is not as claimed.
        CommitmentMismatch: an opening does not open its commitment, or belongs to no record.
    """
    path, openings_path = shard.path(ledger), shard.openings_path(ledger)
    openings = _Openings(openings_path)
    state = hashlib.sha256()
    number, suspect = 0, 0
    for number, line in _numbered_lines(path, state):
        record = regular_record(line) or _odd_record(path, number, line)
        leaf = leaf_hash(line)
        entry = Entry(line, leaf, record, *openings.of(leaf.hex()))
        if not suspect and openings.more and record["kind"] in COMMITTED:
            suspect = 0 if entry.openings or entry.salts else number
        try:
            check_entry(entry)
        except (CommitmentMismatch, InvalidInput) as error:
            raise CommitmentMismatch(f"{openings_path}, record {number}: {error}") from None
        yield entry
    if state.hexdigest() != shard.sha256:
        hint = f"; the openings do not know line {suspect}" if suspect and openings.more else ""
        raise LeafMismatch(
            f"expected {path} to hold the bytes with the SHA-256 in its name, found "
            f"{state.hexdigest()}; a record was changed, dropped, added or moved{hint}"
        )
    if number != shard.records:
        raise LeafMismatch(f"expected {shard.records} records in {path}, found {number}")
    openings.finish()


def _odd_record(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = loads_object(line)
        check(record)
    except InvalidInput as error:
        raise LeafMismatch(f"{path}, line {number}: {error}") from None
    return record


def entries(ledger: Path, shard: ShardReference) -> Iterator[tuple[bytes, dict[str, Opening]]]:
    """Yield line and openings of a shard that was checked before, without checking again."""
    openings = _Openings(shard.openings_path(ledger))
    for _, line in _numbered_lines(shard.path(ledger)):
        yield line, openings.of(leaf_hash(line).hex())[0] if openings.more else {}


def check_entry(entry: Entry) -> None:
    """Check a record against its openings.

    Raises:
        CommitmentMismatch: an opening opens no commitment of the record, or a salt is given where
            there is none.
    """
    record, openings = entry.record, entry.openings
    committed = COMMITTED.get(record["kind"], ())
    for field, opening in openings.items():
        commitment = record[field] if field in committed else None
        if commitment is None:
            raise CommitmentMismatch(f"expected openings of {committed}, found one of {field!r}")
        if commit(*opening) != commitment:
            check_opening(commitment, opening)
    for field in entry.salts:
        if field not in committed or record[field] is None:
            raise CommitmentMismatch(f"expected salts of {committed}, found one of {field!r}")


class _Openings:
    """The lines of an openings file, taken one by one as their records come past."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = _numbered_lines(path) if path.exists() else iter(())
        self._number = 0
        self._leaf: str | None = None
        self._found: Opened = _NOTHING
        self._advance()

    @property
    def more(self) -> bool:
        """Whether openings are left."""
        return self._leaf is not None

    def of(self, leaf: str) -> Opened:
        """Return openings and given salts of the record with this leaf hash."""
        if leaf != self._leaf:
            return _NOTHING
        found = self._found
        self._advance()
        return found

    def finish(self) -> None:
        """Raise `CommitmentMismatch` when openings are left that belong to no record."""
        if self._leaf is not None:
            raise CommitmentMismatch(
                f"{self._path}, line {self._number}: expected the openings of a record of the "
                f"shard, in its order, found some of leaf {self._leaf[:16]}…; a record or an "
                "opening was changed, dropped or moved"
            )

    def _advance(self) -> None:
        self._leaf = None
        try:
            number, line = next(self._lines, (0, b""))
        except LeafMismatch as error:
            raise CommitmentMismatch(str(error)) from None
        self._number = number
        if not line:
            return
        try:
            leaf, found = parse_openings_line(line)
        except InvalidInput as error:
            raise CommitmentMismatch(f"{self._path}, line {number}: {error}") from None
        opened: dict[str, Opening] = {}
        salts: dict[str, Withheld] = {}
        for item in found:
            if isinstance(item, Opening):
                opened[item.field] = item
            else:
                salts[item.field] = item
        if len(opened) + len(salts) != len(found) or not found or opened.keys() & salts:
            raise CommitmentMismatch(
                f"{self._path}, line {number}: expected one opening a field, found a field twice"
            )
        self._found = opened, salts
        self._leaf = leaf


def _numbered_lines(path: Path, state: hashlib._Hash | None = None) -> Iterator[tuple[int, bytes]]:
    try:
        yield from enumerate(read_lines(path, state), start=1)
    except FileNotFoundError:
        raise LeafMismatch(f"expected the shard {path}, found no such file") from None
    except ReprollmError as error:
        raise LeafMismatch(str(error)) from None
