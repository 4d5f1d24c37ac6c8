"""The log's leaves, read from its shards in order: what proofs and comparisons are made of.

32 bytes a record are held. What the log's own segments and checkpoints say of these leaves is
compared with them before anything is signed or proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import CheckpointMismatch, InvalidInput, LeafMismatch
from reprollm.ledger.lock import reading
from reprollm.ledger.segments import (
    Segment,
    acknowledged,
    positions,
    read_checkpoints,
    read_segments,
)
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.merkle import Frontier, leaf_hash, root
from reprollm.records.shard import read_lines

_STEP = 10_000


@dataclass(frozen=True)
class Log:
    """A log's records by their leaf hashes, with its segments and checkpoints.

    Attributes:
        origin: the log's own name.
        leaves: the leaf hash of each record, 32 bytes, in order.
        segments: those that checkpoints cover.
        checkpoints: by size; the last one covers all leaves.
    """

    origin: str
    leaves: tuple[bytes, ...]
    segments: tuple[Segment, ...]
    checkpoints: tuple[Checkpoint, ...]

    @property
    def last(self) -> Checkpoint:
        """The checkpoint over the whole log."""
        return self.checkpoints[-1]

    def root_at(self, size: int) -> bytes:
        """Return the root over the first `size` records."""
        return root(self.leaves[:size])

    def require_roots(self) -> None:
        """Check what segments and checkpoints say against the leaves.

        Raises:
            CheckpointMismatch: one of them is of another origin or root.
        """
        tree = Frontier()
        said: dict[int, list[Checkpoint]] = {}
        for checkpoint in self.checkpoints:
            said.setdefault(checkpoint.size, []).append(checkpoint)
        for segment in self.segments:
            said.setdefault(segment.size, []).append(segment.checkpoint())
        for leaf in self.leaves:
            tree.append(leaf)
            for found in said.get(tree.size, ()):
                self._require(found, tree.root())

    def _require(self, found: Checkpoint, expected: bytes) -> None:
        if (found.origin, found.root) != (self.origin, expected):
            raise CheckpointMismatch(
                f"expected {self.origin} with the root {expected.hex()} over {found.size} "
                f"records, found {found.origin} with {found.root.hex()} in the log; the log was "
                "changed, run: reprollm ledger verify"
            )


def read_log(ledger: Path, on_records: Callable[[int], None] = lambda records: None) -> Log:
    """Return the log of a ledger folder; its roots are not judged yet.

    Args:
        ledger: the ledger folder.
        on_records: called with the number of records that were read.

    Raises:
        InvalidInput: there is no log.
        LeafMismatch: a shard is missing or holds another number of records.
        CheckpointMismatch: segments or checkpoints contradict each other.
        Busy: a commit is going on.
    """
    with reading(ledger):
        segments, checkpoints = read_segments(ledger), read_checkpoints(ledger)
        covered = acknowledged(segments, checkpoints)
        if not covered:
            raise InvalidInput(
                f"expected a log with a checkpoint in {ledger}, found none; run: reprollm ledger "
                f"commit {ledger}"
            )
        leaves = []
        for _, line in lines(ledger, covered):
            leaves.append(leaf_hash(line))
            if len(leaves) % _STEP == 0:
                on_records(_STEP)
        on_records(len(leaves) % _STEP)
    return Log(covered[0].origin, tuple(leaves), tuple(covered), tuple(checkpoints))


def lines(
    ledger: Path, segments: list[Segment] | tuple[Segment, ...]
) -> Iterator[tuple[int, bytes]]:
    """Yield each record's position and canonical line, in log order.

    Raises:
        LeafMismatch: a shard is missing or holds another number of records.
    """
    for first, shard in positions(list(segments)):
        path, number = shard.path(ledger), -1
        try:
            for number, line in enumerate(read_lines(path)):
                yield first + number, line
        except FileNotFoundError:
            raise LeafMismatch(f"expected the shard {path}, found none; it was removed") from None
        except InvalidInput as error:
            raise LeafMismatch(str(error)) from None
        if number + 1 != shard.records:
            raise LeafMismatch(f"expected {shard.records} records in {path}, found {number + 1}")
