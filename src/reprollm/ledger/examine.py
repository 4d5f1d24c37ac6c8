"""What one shard is found to hold: the work that commit and verify give to each process."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from reprollm.errors import ReprollmError
from reprollm.ledger.shards import Entry, checked_entries
from reprollm.ledger.spool import Spool
from reprollm.records.kinds import COMMITTED
from reprollm.records.shard import ShardReference

BLOCK_RECORDS = 1024
_TIMES = ("started", "created", "finished", "failed", "ended")
_HEADS = frozenset({"plan", "start", "end"})
_CLAIMING = frozenset({"generation", "failure", "end"})

Claim: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True)
class Block:
    """A stretch of the log as `ledger.duckdb` must show it.

    Attributes:
        first: position of its first record.
        records: number of records.
        lines: SHA-256 over the canonical lines, each with its LF, hex.
        openings: SHA-256 over lines `<position> <field> <commitment>` in order, hex.
        opened: number of openings.
    """

    first: int
    records: int
    lines: str
    openings: str
    opened: int


@dataclass(frozen=True)
class Damage:
    """What is wrong with a shard: the error's class by name, and its sentence."""

    defect: str
    sentence: str


@dataclass(frozen=True)
class Examined:
    """What a shard was found to hold.

    Attributes:
        shard: the reference as claimed.
        first: position of its first record.
        time: the earliest time that its records name first, for ordering; empty without one.
        kinds: number of records by kind.
        heads: position and value of its plan, start and end records.
        claims: for each (attempt, run, plan) that its generations, failures and ends name, the
            position of the first that does.
        blocks: stretches to compare with the projection.
        commitments: number of commitments in its records.
        opened: number of those that are opened and right.
        damage: the first thing wrong, if any; all else then counts up to it.
    """

    shard: ShardReference
    first: int
    time: str
    kinds: dict[str, int]
    heads: tuple[tuple[int, dict[str, Any]], ...]
    claims: dict[Claim, int]
    blocks: tuple[Block, ...]
    commitments: int
    opened: int
    damage: Damage | None = None


def examine(ledger: Path, spool: Spool, first: int, shard: ShardReference) -> Examined:
    """Return what `shard` holds, checked line by line, and spool what later passes need.

    Args:
        ledger: the ledger folder.
        spool: where leaf hashes and rows about requests go.
        first: position of the shard's first record in the log.
        shard: where the shard lies, and what it must hash to.
    """
    counts = _Counts(first)
    writer = spool.writer(shard.sha256)
    damage = None
    try:
        for entry in checked_entries(ledger, shard):
            writer.add(entry.leaf, entry.record, counts.position)
            counts.add(entry)
    except ReprollmError as error:
        damage = Damage(type(error).__name__, str(error))
    except OSError as error:
        damage = Damage("LeafMismatch", f"could not read {shard.path(ledger)}: {error.strerror}")
    writer.flush()
    counts.close_block()
    return Examined(
        shard,
        first,
        counts.time,
        dict(counts.kinds),
        tuple(counts.heads),
        counts.claims,
        tuple(counts.blocks),
        counts.commitments,
        counts.opened,
        damage,
    )


@dataclass
class _Counts:
    """The running counts over a shard's records."""

    position: int
    time: str = ""
    kinds: Counter[str] = field(default_factory=Counter)
    heads: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    claims: dict[Claim, int] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    commitments: int = 0
    opened: int = 0

    def __post_init__(self) -> None:
        self._start_block()

    def add(self, entry: Entry) -> None:
        record, kind = entry.record, entry.record["kind"]
        self.kinds[kind] += 1
        if not self.time:
            self.time = next((record[name] for name in _TIMES if name in record), "")
        if kind in _HEADS:
            self.heads.append((self.position, record))
        if kind in _CLAIMING:
            claim = record["attempt"], record["run"], record["plan"]
            self.claims.setdefault(claim, self.position)
        if kind in COMMITTED:
            self.commitments += sum(record[name] is not None for name in COMMITTED[kind])
        self._lines.update(entry.line + b"\n")
        for name in sorted(entry.openings):
            self._openings.update(f"{self.position} {name} {record[name]}\n".encode())
        self.opened += len(entry.openings)
        self.position += 1
        if self.position - self._first == BLOCK_RECORDS:
            self.close_block()

    def close_block(self) -> None:
        """End the block that is open, unless it is empty."""
        records = self.position - self._first
        if records:
            digests = self._lines.hexdigest(), self._openings.hexdigest()
            opened = self.opened - self._opened_before
            self.blocks.append(Block(self._first, records, *digests, opened))
        self._start_block()

    def _start_block(self) -> None:
        self._first = self.position
        self._opened_before = self.opened
        self._lines = hashlib.sha256()
        self._openings = hashlib.sha256()
