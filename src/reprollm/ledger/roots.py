"""The log as its own files tell it, and whether its records have the roots that these state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import InvalidInput
from reprollm.ledger.report import Problem
from reprollm.ledger.segments import (
    Segment,
    acknowledged,
    positions,
    read_checkpoints,
    read_segments,
)
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.merkle import Frontier
from reprollm.records.shard import ShardReference


@dataclass(frozen=True)
class Log:
    """What segments and checkpoints say; `pending` is a last segment without its checkpoint."""

    segments: list[Segment]
    checkpoints: list[Checkpoint]
    pending: Segment | None

    @property
    def size(self) -> int:
        """Number of records that the last checkpoint covers."""
        return self.segments[-1].size

    def shards(self) -> list[tuple[int, ShardReference]]:
        """Return each shard with the position of its first record."""
        return list(positions(self.segments))


def read_log(ledger: Path) -> Log:
    """Return the log of `ledger`.

    Raises:
        InvalidInput: there is none.
        CheckpointMismatch: segments or checkpoints are damaged.
    """
    segments, checkpoints = read_segments(ledger), read_checkpoints(ledger)
    covered = acknowledged(segments, checkpoints)
    if not covered:
        raise InvalidInput(
            f"expected a log in {ledger / 'log'}, found none; run: reprollm ledger commit {ledger}"
        )
    return Log(covered, checkpoints, None if covered == segments else segments[-1])


class RootAudit:
    """Compares the tree, as it grows, with what segments and checkpoints say of it."""

    def __init__(self, log: Log) -> None:
        self._tree = Frontier()
        self._segments = {segment.size: segment for segment in log.segments}
        self._checkpoints = {checkpoint.size: checkpoint for checkpoint in log.checkpoints}
        self._origin = log.segments[0].origin
        self._problems: list[Problem] = []

    def append(self, leaf: bytes) -> None:
        """Take up the next leaf of the log."""
        if not self._tree.size and not self._origin.endswith(f"/{leaf.hex()[:16]}"):
            self._report(f"the log's name {self._origin!r} does not end in its first leaf's hash")
        self._tree.append(leaf)
        segment = self._segments.get(self._tree.size)
        if segment:
            self._compare(segment)

    def finish(self) -> list[Problem]:
        """Return what was wrong with any root."""
        return self._problems

    def _compare(self, segment: Segment) -> None:
        root = self._tree.root().hex()
        if segment.root != root:
            self._report(
                f"segment {segment.number}: expected the root {root}, found "
                f"{segment.root}; records were changed, dropped, added or moved"
            )
        elif segment.frontier != tuple(item.hex() for item in self._tree.roots):
            self._report(f"segment {segment.number}: its frontier is not that of its root")
        checkpoint = self._checkpoints[segment.size]
        if (checkpoint.root.hex(), checkpoint.origin) != (root, self._origin):
            self._report(
                f"checkpoint over {checkpoint.size} records: expected {self._origin} with root "
                f"{root}, found {checkpoint.origin} with {checkpoint.root.hex()}"
            )

    def _report(self, sentence: str) -> None:
        self._problems.append(Problem("CheckpointMismatch", sentence))
