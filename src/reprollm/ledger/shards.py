"""Reading one shard and its openings, trusting nothing.

A shard's lines and the lines of its openings file are read in step: the openings of a record, where
they were not withheld, stand in the order of the records. Nothing is kept, so that a shard may be
larger than the memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import loads_object
from reprollm.errors import CommitmentMismatch, InvalidInput, LeafMismatch, ReprollmError
from reprollm.records.arrays import ids_from_bytes
from reprollm.records.commitment import Opening, check_opening
from reprollm.records.identity import request_id, result_id
from reprollm.records.kinds import COMMITTED, check
from reprollm.records.merkle import leaf_hash
from reprollm.records.sealed import parse_openings_line
from reprollm.records.shard import ShardReference, read_lines


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as it lies in a shard.

    Attributes:
        line: the canonical bytes, without the line end.
        leaf: its leaf hash, 32 bytes.
        record: its value.
        openings: those that are present, by field.
    """

    line: bytes
    leaf: bytes
    record: dict[str, Any]
    openings: dict[str, Opening]


def discover(ledger: Path) -> Iterator[tuple[str, Path]]:
    """Yield group and path of every shard file below `ledger`, in no particular order."""
    top = ledger / "shards"
    if not top.is_dir():
        return
    for path in top.rglob("*.jsonl"):
        if not path.name.startswith("."):
            yield path.parent.relative_to(top).as_posix(), path


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
    for number, line in _numbered_lines(path):
        state.update(line)
        state.update(b"\n")
        try:
            record = loads_object(line)
            check(record)
        except InvalidInput as error:
            raise LeafMismatch(f"{path}, line {number}: {error}") from None
        leaf = leaf_hash(line)
        entry = Entry(line, leaf, record, openings.of(leaf.hex()))
        if not suspect and openings.more and not entry.openings and record["kind"] in COMMITTED:
            suspect = number
        try:
            check_entry(entry)
        except (CommitmentMismatch, InvalidInput) as error:
            raise CommitmentMismatch(f"{openings_path}, record {number}: {error}") from None
        except LeafMismatch as error:
            raise LeafMismatch(f"{path}, line {number}: {error}") from None
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


def entries(ledger: Path, shard: ShardReference) -> Iterator[tuple[bytes, dict[str, Opening]]]:
    """Yield line and openings of a shard that was checked before, without checking again."""
    openings = _Openings(shard.openings_path(ledger))
    for _, line in _numbered_lines(shard.path(ledger)):
        yield line, openings.of(leaf_hash(line).hex()) if openings.more else {}


def check_entry(entry: Entry) -> None:
    """Check a record against its openings: commitments, and identities where they are opened.

    Raises:
        CommitmentMismatch: an opening opens no commitment of the record.
        LeafMismatch: the record's request or result id is not that of the opened token ids.
    """
    record, openings = entry.record, entry.openings
    committed = COMMITTED.get(record["kind"], ())
    for field, opening in openings.items():
        commitment = record[field] if field in committed else None
        if commitment is None:
            raise CommitmentMismatch(f"expected openings of {committed}, found one of {field!r}")
        check_opening(commitment, opening)
    if record["kind"] == "generation" and "output_ids" in openings:
        found = _result(record, openings["output_ids"])
        if found != record["result"]:
            raise LeafMismatch(
                f"expected the result id {found} of the opened output, found {record['result']}"
            )
    if record["kind"] == "request" and "prompt_ids" in openings:
        found = _request(record, openings["prompt_ids"])
        if found != record["request"]:
            raise LeafMismatch(
                f"expected the request id {found} of the opened prompt, found {record['request']}"
            )


def _result(record: dict[str, Any], output_ids: Opening) -> str:
    return result_id(record["request"], ids_from_bytes(output_ids.value), record["finish"])


def _request(record: dict[str, Any], prompt_ids: Opening) -> str:
    return request_id(
        snapshot=record["snapshot"],
        tokenizer=record["tokenizer"],
        settings=record["settings"],
        seed=record["seed"],
        repetition=record["repetition"],
        engine=record["engine"],
        dtype=record["dtype"],
        prompt_ids=ids_from_bytes(prompt_ids.value),
    )


class _Openings:
    """The lines of an openings file, taken one by one as their records come past."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = _numbered_lines(path) if path.exists() else iter(())
        self._number = 0
        self._leaf: str | None = None
        self._openings: dict[str, Opening] = {}
        self._advance()

    @property
    def more(self) -> bool:
        """Whether openings are left."""
        return self._leaf is not None

    def of(self, leaf: str) -> dict[str, Opening]:
        """Return the openings of the record with this leaf hash; empty where there are none."""
        if leaf != self._leaf:
            return {}
        found = self._openings
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
        self._openings = {opening.field: opening for opening in found}
        if len(self._openings) != len(found) or not found:
            raise CommitmentMismatch(
                f"{self._path}, line {number}: expected one opening a field, found a field twice"
            )
        self._leaf = leaf


def _numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        yield from enumerate(read_lines(path), start=1)
    except FileNotFoundError:
        raise LeafMismatch(f"expected the shard {path}, found no such file") from None
    except ReprollmError as error:
        raise LeafMismatch(str(error)) from None
