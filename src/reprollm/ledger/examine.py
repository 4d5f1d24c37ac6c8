"""What one shard is found to hold: the work that commit and verify give to each process."""

from __future__ import annotations

import errno
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from reprollm.errors import ReprollmError
from reprollm.ledger.blocks import Block, BlockBuilder
from reprollm.ledger.identities import untrue
from reprollm.ledger.items import ItemRow, item_row
from reprollm.ledger.measured import MEASURES, measured_row
from reprollm.ledger.spool import Spool
from reprollm.records.entries import Entry, checked_entries
from reprollm.records.evidence import PREFIX
from reprollm.records.kinds import COMMITTED
from reprollm.records.shard import ShardReference

_EXAMPLES = 5
_TIMES = ("started", "created", "finished", "failed", "ended")
_HEADS = frozenset(
    {"plan", "deviation", "import", "start", "end", "exposure", "examination", "measurement"}
)
_CLAIMING = frozenset({"generation", "failure", "end", "exposure", "exposed"})

_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP})

Claim: TypeAlias = tuple[str, str, str]


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
        heads: position and value of its plan, deviation, import, start, end, exposure, examination
            and measurement records.
        claims: for each (attempt, run, plan) that its generations, failures and ends name, the
            position of the first that does.
        reused: for each pair of attempts of which the first took answers over from the second, the
            position of the first such record.
        exposed: for each attempt that its exposed records name, the position of the first.
        concluded: for each (run, plan) that its findings of contamination checks name, the position
            of the first.
        items: the item records of each plan that they name.
        asked: the items of the requests of each plan that commits to item records, in order.
        samples: for each import that its imported records name, their stretches of indices that
            follow one another: position of the first, its index, the index behind the last.
        blocks: stretches to compare with the projection.
        commitments: number of commitments in its records.
        opened: number of those that are opened and right.
        salted: number of those that are withheld while their salt is given.
        damage: the first thing wrong, if any; all else then counts up to it.
        untrue: in words, the first few records that carry another id than they should.
    """

    shard: ShardReference
    first: int
    time: str
    kinds: dict[str, int]
    heads: tuple[tuple[int, dict[str, Any]], ...]
    claims: dict[Claim, int]
    reused: dict[tuple[str, str], int]
    exposed: dict[str, int]
    concluded: dict[tuple[str, str], int]
    items: dict[str, list[ItemRow]]
    asked: dict[str, dict[str, None]]
    samples: dict[str, list[tuple[int, int, int]]]
    blocks: tuple[Block, ...]
    commitments: int
    opened: int
    salted: int
    damage: Damage | None = None
    untrue: tuple[str, ...] = ()


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
            if entry.record["kind"] in MEASURES:
                writer.measure(measured_row(entry, counts.position))
            counts.add(entry)
    except ReprollmError as error:
        damage = Damage(type(error).__name__, str(error))
    except OSError as error:
        damage = _unreadable(shard.path(ledger), error)
    writer.flush()
    counts.close_block()
    return Examined(
        shard,
        first,
        counts.time,
        dict(counts.kinds),
        tuple(counts.heads),
        counts.claims,
        counts.reused,
        counts.exposed,
        counts.concluded,
        counts.items,
        counts.asked,
        counts.samples,
        tuple(counts.blocks),
        counts.commitments,
        counts.opened,
        counts.salted,
        damage,
        tuple(counts.untrue),
    )


def _unreadable(path: Path, error: OSError) -> Damage:
    """Tell a shard that is no file from a machine that could not read one or write to its disk."""
    if error.errno in _NO_FILE:
        return Damage("LeafMismatch", f"could not read {path}: {error.strerror}")
    where = f" at {error.filename}" if error.filename else ""
    return Damage(
        "StorageFailed",
        f"the operating system refused while {path} was read: {error.strerror}{where}; "
        "mend that and start again",
    )


@dataclass
class _Counts:
    """The running counts over a shard's records."""

    position: int
    time: str = ""
    kinds: Counter[str] = field(default_factory=Counter)
    heads: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    claims: dict[Claim, int] = field(default_factory=dict)
    reused: dict[tuple[str, str], int] = field(default_factory=dict)
    exposed: dict[str, int] = field(default_factory=dict)
    concluded: dict[tuple[str, str], int] = field(default_factory=dict)
    items: dict[str, list[ItemRow]] = field(default_factory=dict)
    asked: dict[str, dict[str, None]] = field(default_factory=dict)
    samples: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    commitments: int = 0
    opened: int = 0
    salted: int = 0
    untrue: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._block = BlockBuilder(self.position)

    def add(self, entry: Entry) -> None:
        line, _, record, openings, salts = entry
        kind = record["kind"]
        self.kinds[kind] += 1
        if not self.time:
            self.time = next((record[name] for name in _TIMES if name in record), "")
        if kind in _HEADS:
            self.heads.append((self.position, record))
        if kind in _CLAIMING:
            claim = record["attempt"], record["run"], record["plan"]
            if claim not in self.claims:
                self.claims[claim] = self.position
        if kind == "generation" and "reused" in record["batch"]:
            self.reused.setdefault((record["attempt"], record["batch"]["reused"]), self.position)
        if kind == "exposed":
            self.exposed.setdefault(record["attempt"], self.position)
        if kind == "finding" and record["finding"].startswith(PREFIX):
            self.concluded.setdefault((record["run"], record["plan"]), self.position)
        if kind == "plan" and "items" in record["core"]:
            self.asked.setdefault(record["plan"], {})
        elif kind == "request" and record["plan"] in self.asked:
            self.asked[record["plan"]].setdefault(record["item"])
        elif kind == "item":
            self.items.setdefault(record["plan"], []).append(item_row(self.position, record))
        if kind == "imported":
            self._sample(record["import"], record["index"])
        for name in COMMITTED.get(kind, ()):
            if record[name] is not None:
                self.commitments += 1
        self.opened += len(openings)
        self.salted += len(salts)
        if (wrong := untrue(record, openings)) and len(self.untrue) < _EXAMPLES:
            self.untrue.append(f"record {self.position}: {wrong}")
        self._block.add(line, openings)
        self.position += 1
        if self._block.is_full():
            self.close_block()

    def _sample(self, name: str, index: int) -> None:
        stretches = self.samples.setdefault(name, [])
        if stretches and stretches[-1][2] == index:
            position, first, _ = stretches.pop()
            stretches.append((position, first, index + 1))
        else:
            stretches.append((self.position, index, index + 1))

    def close_block(self) -> None:
        """End the block that is open, unless it is empty."""
        block = self._block.build()
        if block:
            self.blocks.append(block)
        self._block = BlockBuilder(self.position)
