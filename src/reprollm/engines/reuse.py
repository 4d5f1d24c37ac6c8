"""Answers that stand in the ledger already, taken over instead of asked again, and marked as such.

An earlier answer serves where the request is the same, by its id, and so is the class of engine
(`reprollm.engines.engine_class`). It is not believed but read again: its shard must have the hash
in its name, its texts and arrays must open their commitments, and its result id must follow from
them. A shard of which any of this does not hold gives nothing. Answers that were themselves taken
over are passed by, so that every mark points to the attempt that gave the answer. What is withheld
cannot be read again, and is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import loads_object
from reprollm.engines.evidence import AttemptNames
from reprollm.errors import ReprollmError
from reprollm.records.entries import Entry, checked_entries
from reprollm.records.identity import result_id
from reprollm.records.kinds import COMMITTED
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import ShardReference, read_lines

_LOG = logging.getLogger(__name__)
_START = b'"kind":"start"'
_HEAD_LINES = 2
"""An attempt's first shard begins with its environment and start records."""


@dataclass(frozen=True)
class Earlier:
    """An answer that another run gave: its record and the values behind its commitments."""

    record: dict[str, Any]
    values: dict[str, bytes]

    def taken_over(self, names: AttemptNames, now: str) -> Sealed:
        """Return the record by which an attempt takes the answer over, with fresh salts.

        Args:
            names: the attempt, run and plan that do.
            now: RFC 3339 time.
        """
        marked = {**self.record["batch"], "reused": self.record["attempt"]}
        record = {**self.record, **names.to_json(), "batch": marked, "finished": now}
        return seal_record(record, self.values)


def reusable(ledger: Path, run: str, wanted: Collection[str], class_: str) -> dict[str, Earlier]:
    """Return earlier answers to some requests, each read again, by request id.

    Args:
        ledger: the ledger folder.
        run: the run that asks, hex; its own answers are no earlier ones.
        wanted: ids of the requests, hex.
        class_: the class of the engine that would be asked.
    """
    folders = [
        folder
        for folder in sorted((ledger / "shards").glob("run-*"))
        if folder.name != f"run-{run[:16]}"
    ]
    shards = [path for folder in folders for path in sorted(folder.glob("*/*.jsonl"))]
    attempts = {name for path in shards for name in _attempts_of(path, class_)}
    found: dict[str, Earlier] = {}
    if attempts:
        for path in shards:
            for earlier in _answers(ledger, path, frozenset(wanted), attempts):
                request = earlier.record["request"]
                before = found.get(request)
                if before is None or _order(earlier) < _order(before):
                    found[request] = earlier
    return found


def _order(earlier: Earlier) -> tuple[str, str]:
    return earlier.record["finished"], earlier.record["attempt"]


def _attempts_of(path: Path, class_: str) -> Iterator[str]:
    """Yield the attempts with an engine of a class that begin in a shard; they begin one."""
    with suppress(ReprollmError):
        for _, line in zip(range(_HEAD_LINES), read_lines(path), strict=False):
            if _START in line:
                record = loads_object(line)
                if record["kind"] == "start" and record["engine"].get("class") == class_:
                    yield record["attempt"]


def _answers(
    ledger: Path, path: Path, wanted: frozenset[str], attempts: set[str]
) -> Iterator[Earlier]:
    """Yield the sound answers of a shard; nothing of a shard with any damage."""
    group = path.parent.relative_to(ledger / "shards").as_posix()
    sound = []
    try:
        reference = ShardReference(group, path.stem, sum(1 for _ in read_lines(path)))
        for entry in checked_entries(ledger, reference):
            record = entry.record
            if (
                record["kind"] == "generation"
                and record["request"] in wanted
                and record["attempt"] in attempts
                and "reused" not in record["batch"]
            ):
                sound += _opened(entry)
    except ReprollmError as error:
        _LOG.warning("answers of a damaged shard are not taken over: %s", ascii(str(error))[:500])
        return
    yield from sound


def _opened(entry: Entry) -> list[Earlier]:
    """Return the answer if everything of it is opened and its result id follows from that."""
    values = {name: opening.value for name, opening in entry.openings.items()}
    if values.keys() != set(COMMITTED["generation"]):
        return []
    record = entry.record
    if result_id(record["request"], values["output_ids"], record["finish"]) != record["result"]:
        return []
    return [Earlier(record, values)]
