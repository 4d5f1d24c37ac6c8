"""The one step that makes the log grow; it may be cut short anywhere and be started again.

    new shards -> checked -> ordered -> segment -> checkpoint -> ledger.duckdb -> own records

A segment is written in one piece and never replaced, then the checkpoint of its size. A commit
that finds a segment without a checkpoint, or a projection that is not of the last checkpoint,
first finishes what was begun. New shards are ordered by what they are (plans, then items, runs,
scores, findings, others), by the run or plan they belong to, by the first time they name (so that
of two attempts at a request the one that began first gives the final answer), by their range of
requests, and by their hash.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import reprollm.errors
from reprollm.errors import (
    Busy,
    CheckpointMismatch,
    InvalidInput,
    LeafMismatch,
    ReprollmError,
)
from reprollm.ledger import deviations, findings, projection
from reprollm.ledger.examine import Damage, Examined, examine
from reprollm.ledger.lock import writing
from reprollm.ledger.segments import (
    Segment,
    acknowledged,
    checkpoint_path,
    is_group,
    positions,
    read_checkpoints,
    read_segments,
)
from reprollm.ledger.spool import Spool
from reprollm.ledger.workers import in_order, processes_for
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.entries import discover
from reprollm.records.merkle import Frontier
from reprollm.records.shard import ShardReference, read_lines, write_once

_RANKS = (
    "derivation",
    "plan",
    "items",
    "examination",
    "deviation",
    "import",
    "declaration",
    "run",
    "measure",
    "scan",
    "score",
    "finding",
)
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Committed:
    """What a commit did.

    Attributes:
        origin: the log's name.
        size: number of records in the log now.
        root: RFC 6962 root over them, hex.
        shards: number of shards appended.
        records: number of records appended.
        deviations: number of deviation records among them, which this commit made itself.
        findings: number of finding records among them, which this commit made itself.
    """

    origin: str
    size: int
    root: str
    shards: int
    records: int
    deviations: int
    findings: int


@dataclass(frozen=True)
class Progress:
    """Whom to tell how many records were checked and loaded into DuckDB, and will be."""

    checked: Callable[[int], None] = lambda records: None
    loaded: Callable[[int], None] = lambda records: None
    to_check: Callable[[int], None] = lambda records: None
    to_load: Callable[[int], None] = lambda records: None


def commit(
    ledger: Path,
    receipts: Sequence[Path] = (),
    *,
    wait: bool = False,
    progress: Progress | None = None,
) -> Committed:
    """Append all new shards of `ledger` to its log, and bring checkpoint and projection up to it.

    Args:
        ledger: the ledger folder.
        receipts: files that name shards which must be among those present.
        wait: wait for another commit to end, instead of refusing.
        progress: whom to tell how far the work is.

    Raises:
        Busy: another process holds the log.
        LeafMismatch: a shard is damaged, or one that a receipt names is missing.
        CommitmentMismatch: an opening opens something else than its record committed to.
        CheckpointMismatch: the log itself is damaged.
        StorageFailed: the file system refused; the log is as it was, or a step further.
    """
    if not ledger.is_dir():
        raise InvalidInput(f"expected a ledger folder at {ledger}, found none")
    progress = progress or Progress()
    with writing(ledger, wait=wait):
        for receipt in receipts:
            check_receipt(ledger, receipt)
        before = _size(ledger)
        shards, deviating, differing = _append(ledger, progress), 0, 0
        checkpoints = _finish(ledger, progress)
        if checkpoints:
            deviating = sum(shard.records for shard in deviations.publish_new(ledger))
            differing = sum(shard.records for shard in findings.publish_new(ledger))
        if deviating or differing:
            shards += _append(ledger, progress)
            checkpoints = _finish(ledger, progress)
    if not checkpoints:
        raise InvalidInput(
            f"expected shards below {ledger / 'shards'}, found none; plan an experiment first"
        )
    last = checkpoints[-1]
    records = last.size - before
    root = last.root.hex()
    return Committed(last.origin, last.size, root, shards, records, deviating, differing)


def check_receipt(ledger: Path, receipt: Path) -> None:
    """Raise `LeafMismatch` unless every shard that the receipt names lies in the ledger."""
    try:
        value = json.loads(receipt.read_bytes())
        named = [
            ShardReference(entry["group"], entry["sha256"], entry["records"])
            for entry in value.get("shards", [])
        ]
    except FileNotFoundError:
        raise InvalidInput(f"expected a receipt at {receipt}, found no such file") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{receipt} is no receipt: {error!r}") from None
    for shard in named:
        if not is_group(shard.group) or not shard.path(ledger).is_file():
            raise LeafMismatch(
                f"{receipt} names the shard {shard.sha256} of {shard.group}, which is not below "
                f"{ledger / 'shards'}; it was moved or deleted"
            )


def _size(ledger: Path) -> int:
    checkpoints = read_checkpoints(ledger)
    return checkpoints[-1].size if checkpoints else 0


def _append(ledger: Path, progress: Progress) -> int:
    """Write one segment for the shards that no segment names; return their number."""
    _sweep(ledger)
    segments = read_segments(ledger)
    acknowledged(segments, read_checkpoints(ledger))
    if segments:
        # Killed after the last segment was written: every segment needs a checkpoint of its own.
        _write_checkpoint(ledger, segments[-1].checkpoint())
    new = _new_shards(ledger, {shard.sha256: shard for _, shard in positions(segments)})
    if not new:
        return 0
    size = sum(shard.path(ledger).stat().st_size for shard in new)
    progress.to_check(sum(shard.records for shard in new))
    with tempfile.TemporaryDirectory(prefix="reprollm-commit-") as folder:
        spool = Spool(Path(folder), 1)
        work = partial(_examine_new, ledger, spool)
        examined = []
        for found in in_order(work, new, processes_for(size, len(new))):
            _raise(found)
            examined.append(found)
            progress.checked(found.shard.records)
        segment = _segment(segments, sorted(examined, key=_order), spool)
    if not write_once(segment.path(ledger), segment.content()):
        raise Busy(f"another commit wrote {segment.path(ledger)} at the same time; commit again")
    return len(new)


def _examine_new(ledger: Path, spool: Spool, shard: ShardReference) -> Examined:
    return examine(ledger, spool, 0, shard)


def _raise(found: Examined) -> None:
    damage = found.damage
    if not damage and found.untrue:
        where = found.shard.group
        damage = Damage("LeafMismatch", f"shard {found.shard.sha256} of {where}: {found.untrue[0]}")
    if damage:
        error: type[ReprollmError] = getattr(reprollm.errors, damage.defect)
        raise error(f"{damage.sentence}; nothing was committed")


def _new_shards(ledger: Path, known: dict[str, ShardReference]) -> list[ShardReference]:
    new: dict[str, ShardReference] = {}
    for group, path in sorted(discover(ledger)):
        before = known.get(path.stem) or new.get(path.stem)
        if before and before.group == group:
            continue
        if before:
            raise LeafMismatch(
                f"expected each shard once, found {path} although the same shard lies in "
                f"{before.group}; remove the copy"
            )
        if not is_group(group):
            raise LeafMismatch(f"expected shards in folders of one or two names, found {path}")
        new[path.stem] = ShardReference(group, path.stem, _count(path))
    return list(new.values())


def _count(path: Path) -> int:
    try:
        records = sum(1 for _ in read_lines(path))
    except InvalidInput as error:
        raise LeafMismatch(f"{error}; nothing was committed") from None
    if not records:
        raise LeafMismatch(f"expected records in {path}, found an empty file")
    return records


def _order(examined: Examined) -> tuple[int, str, str, str, str]:
    shard = examined.shard
    owner, _, requests = shard.group.partition("/")
    name = owner.partition("-")[0]
    rank = _RANKS.index(name) if name in _RANKS else len(_RANKS)
    if name == "plan":
        owner = ""  # Plans of several models stand in the order in which they were made.
    return rank, owner, examined.time, requests, shard.sha256


def _segment(segments: list[Segment], examined: Sequence[Examined], spool: Spool) -> Segment:
    tree = segments[-1].tree() if segments else Frontier()
    first = tree.size
    for found in examined:
        for leaf in spool.leaves(found.shard.sha256):
            tree.append(leaf)
    return Segment(
        number=len(segments),
        origin=segments[-1].origin if segments else _origin(examined, spool),
        first=first,
        shards=tuple(found.shard for found in examined),
        size=tree.size,
        root=tree.root().hex(),
        frontier=tuple(item.hex() for item in tree.roots),
    )


def _origin(examined: Sequence[Examined], spool: Spool) -> str:
    """Return the new log's name: for people the experiment, for machines its first leaf."""
    heads = (record for found in examined for _, record in found.heads)
    plan = next((record for record in heads if record["kind"] == "plan"), None)
    name = _PLAIN.sub("-", plan["experiment"]).strip("-") if plan else ""
    leaf = next(spool.leaves(examined[0].shard.sha256))
    return f"reprollm/{name or 'ledger'}/{leaf.hex()[:16]}"


def _finish(ledger: Path, progress: Progress) -> list[Checkpoint]:
    """Write the last segment's checkpoint and the projection, where they are missing."""
    segments = read_segments(ledger)
    if not segments:
        return []
    last = segments[-1].checkpoint()
    _write_checkpoint(ledger, last)
    checkpoints = read_checkpoints(ledger)
    if (checkpoints[-1].size, checkpoints[-1].root) != (last.size, last.root):
        raise CheckpointMismatch(
            f"expected the last checkpoint to be over {last.size} records with root "
            f"{last.root.hex()}, found {checkpoints[-1].size} with {checkpoints[-1].root.hex()}"
        )
    if not projection.is_current(ledger, checkpoints):
        progress.to_load(last.size)
        projection.build(ledger, segments, checkpoints, progress.loaded)
    return checkpoints


def _write_checkpoint(ledger: Path, checkpoint: Checkpoint) -> None:
    write_once(checkpoint_path(ledger, checkpoint.size), checkpoint.text().encode())


def _sweep(ledger: Path) -> None:
    """Remove what a killed commit left half-written; only the lock's holder may."""
    for pattern in ("log/.tmp-*", "*/finding-*/.tmp-*", "*/deviation-*/.tmp-*"):
        for path in ledger.glob(pattern):
            with suppress(OSError):
                path.unlink()
