"""What the shards of a run say already, for one range of its requests.

Shards lie in groups named by their range, `run-<run16>/<first>-<last>`, so that a job of thousands
reads only the shards that can concern it. The range is a hint for looking; the records decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import loads_object
from reprollm.records.shard import ShardReference, read_lines

_GENERATION = b'"kind":"generation"'


@dataclass(frozen=True)
class Published:
    """What is answered, and where.

    Attributes:
        requests: ids of the requests with a generation.
        shards: the shards that were read, sorted.
    """

    requests: frozenset[str]
    shards: tuple[ShardReference, ...]


def group_of(run: str, first: int, last: int) -> str:
    """Return the group of the attempts of `run` over requests first..last-1."""
    return f"run-{run[:16]}/{first:08d}-{last:08d}"


def published(ledger: Path, run: str, first: int, last: int) -> Published:
    """Return what the shards of `run` whose range overlaps first..last-1 answer."""
    requests: set[str] = set()
    shards: list[ShardReference] = []
    for path in _shards(ledger / "shards" / f"run-{run[:16]}", first, last):
        count = 0
        for line in read_lines(path):
            count += 1
            # Most bytes of a shard are generations; the others need not be parsed.
            if _GENERATION in line:
                record = loads_object(line)
                if record["kind"] == "generation" and record["run"] == run:
                    requests.add(record["request"])
        group = f"{path.parent.parent.name}/{path.parent.name}"
        shards.append(ShardReference(group, path.stem, count))
    return Published(frozenset(requests), tuple(sorted(shards)))


def _shards(folder: Path, first: int, last: int) -> Iterator[Path]:
    for group in sorted(folder.glob("*-*")):
        begin, _, end = group.name.partition("-")
        if begin.isdigit() and end.isdigit() and int(begin) < last and first < int(end):
            yield from sorted(group.glob("*.jsonl"))
