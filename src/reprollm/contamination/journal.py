"""What killed attempts at measuring had finished, published as what it is.

An attempt's journal begins with its environment and measurement records, which are also published
before the first text is measured. Publishing the same shard twice changes nothing, so that the
journal alone is enough after a kill at any point.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import loads_object
from reprollm.engines.salvage import QUIET_SECONDS
from reprollm.records.journal import JournalName, abandoned, read_journal
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_lines

HEAD = ("environment", "measurement")
"""The kinds of the records with which a journal and an attempt's first shard begin."""


@dataclass(frozen=True)
class Done:
    """What the shards of an examination hold already, for one range of its texts.

    Attributes:
        measured: the indices of the texts with a likelihood.
        continued: the indices of the items with a continuation.
        shards: the shards that were read, sorted.
    """

    measured: frozenset[int]
    continued: frozenset[int]
    shards: tuple[ShardReference, ...]


def group_of(examination: str, first: int, last: int) -> str:
    """Return the group of the attempts at texts first..last-1."""
    return f"measure-{examination[:16]}/{first:08d}-{last:08d}"


def done(ledger: Path, examination: str, first: int, last: int) -> Done:
    """Return what the shards whose range overlaps first..last-1 hold."""
    found: dict[str, set[int]] = {"likelihood": set(), "continuation": set()}
    shards = []
    for path in _shards(ledger / "shards" / f"measure-{examination[:16]}", first, last):
        count = 0
        for line in read_lines(path):
            count += 1
            record = loads_object(line)
            if record["kind"] in found and record["examination"] == examination:
                found[record["kind"]].add(record["index"])
        group = f"{path.parent.parent.name}/{path.parent.name}"
        shards.append(ShardReference(group, path.stem, count))
    return Done(
        frozenset(found["likelihood"]), frozenset(found["continuation"]), tuple(sorted(shards))
    )


def salvage(ledger: Path, journals: Path, examination: str, first: int, last: int) -> int:
    """Publish and remove the journals of killed attempts that overlap; return their number.

    Raises:
        StorageFailed: the file system refused; the journals that were not published are kept.
    """
    closed = 0
    for name, path in abandoned(journals, examination[:16]):
        sealed = read_journal(path)
        if name.first >= last or first >= name.last or not _is_dead(sealed, path):
            continue
        _publish(ledger, examination, name, sealed)
        path.unlink(missing_ok=True)
        closed += 1
    return closed


def _publish(ledger: Path, examination: str, name: JournalName, sealed: list[Sealed]) -> None:
    group = group_of(examination, name.first, name.last)
    head, measured = sealed[: len(HEAD)], sealed[len(HEAD) :]
    if [item.record["kind"] for item in head] != list(HEAD):
        return
    publish(ledger, group, head)
    if measured:
        publish(ledger, group, measured)


def _is_dead(sealed: list[Sealed], path: Path) -> bool:
    """Return whether a journal without a lock was begun on this host, or is quiet for long."""
    hosts = [item.record["host"] for item in sealed if item.record["kind"] == HEAD[1]]
    ours = not hosts or hosts[0] == platform.node()
    return ours or time.time() - path.stat().st_mtime > QUIET_SECONDS


def _shards(folder: Path, first: int, last: int) -> Iterator[Path]:
    for group in sorted(folder.glob("*-*")):
        begin, _, end = group.name.partition("-")
        if begin.isdigit() and end.isdigit() and int(begin) < last and first < int(end):
            yield from sorted(group.glob("*.jsonl"))
