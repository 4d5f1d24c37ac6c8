"""What an experiment says of its items besides their texts: document, split, annotations.

A document joins items that are not independent of one another, a split parts the data (`dev`,
`test`), annotators are people who labelled it. Each item has one `item` record, in plan order, in a
shard of its own behind the plan's. The plan's core holds their number and a digest of documents and
splits; the annotators' labels are salted commitments to the canonical JSON of label by annotator.
An empty cell says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import digest, dumps, loads_object
from reprollm.errors import LeafMismatch
from reprollm.experiment.config import DataSettings
from reprollm.experiment.data import Row
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import ShardReference, publish, read_lines

TAG = "reprollm/items/v1"


@dataclass(frozen=True)
class Described:
    """One item: its id, its document and split, and the labels that annotators gave it."""

    item: str
    document: str | None
    split: str | None
    annotations: dict[str, str]

    def line(self) -> bytes:
        """Return the canonical line that the digest in the plan's core is over."""
        return dumps({"document": self.document, "item": self.item, "split": self.split})


def described_items(columns: DataSettings, rows: Sequence[Row]) -> tuple[Described, ...] | None:
    """Return what is said of each item, in order; None where no such column is named."""
    if not columns.described_columns():
        return None
    return tuple(
        Described(
            row.id,
            _cell(row, columns.document),
            _cell(row, columns.split),
            {
                annotator: row.cells[column]
                for annotator, column in sorted(columns.annotators.items())
                if row.cells[column]
            },
        )
        for row in rows
    )


def described_sha256(items: Sequence[Described]) -> str:
    """Return the digest over ids, documents and splits, hex."""
    return digest(TAG, *(item.line() for item in items))


def publish_items(items: Sequence[Described], plan: str, ledger: Path) -> ShardReference:
    """Publish the records of a plan's items, once; return the shard that holds them.

    Raises:
        StorageFailed: the file system refused.
    """
    found = published_items(ledger, plan)
    return found or publish(ledger, _group(plan), _records(items, plan))


def published_items(ledger: Path, plan: str) -> ShardReference | None:
    """Return the shard of a plan's items that `ledger` holds, or None."""
    group = _group(plan)
    for path in sorted((ledger / "shards" / group).glob("*.jsonl")):
        lines = list(read_lines(path))
        if lines and loads_object(lines[0]).get("plan") == plan:
            return ShardReference(group, path.stem, len(lines))
    return None


def expect_items(ledger: Path, plan: str) -> ShardReference:
    """Return the shard of a plan's items, or raise `LeafMismatch` where it is gone."""
    found = published_items(ledger, plan)
    if found is None:
        raise LeafMismatch(
            f"expected the records of the items of plan {plan[:16]} below "
            f"{ledger / 'shards' / _group(plan)}, found none; they were removed, restore them from "
            "a copy or begin a new ledger"
        )
    return found


def _group(plan: str) -> str:
    return f"items-{plan[:16]}"


def _cell(row: Row, column: str | None) -> str | None:
    return (row.cells[column] or None) if column else None


def _records(items: Sequence[Described], plan: str) -> Iterator[Sealed]:
    for item in items:
        record = new(
            "item",
            plan=plan,
            item=item.item,
            document=item.document,
            split=item.split,
            annotations=None,
        )
        labels = dumps(dict(item.annotations)) if item.annotations else None
        yield seal_record(record, {"annotations": labels})
