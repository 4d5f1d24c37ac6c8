"""Publishing what killed attempts had finished, and closing them in the ledger.

An attempt's journal begins with its environment and start records, which are also published before
the first token; publishing the same shard twice changes nothing. So whatever a kill interrupted,
the journal is enough: first its start, then its answers and an `end` that says `killed`.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from reprollm.engines.evidence import AttemptNames, end_record
from reprollm.engines.exposure import KINDS as EXPOSURES
from reprollm.engines.published import group_of
from reprollm.records.journal import JournalName, abandoned, read_journal
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish
from reprollm.records.time import utc_now

QUIET_SECONDS = 3600
"""A journal from another host counts as abandoned after so long, lest locks are local there."""

HEAD = ("environment", "start")
"""The kinds of the records with which a journal begins, in order; exposures may follow."""


@dataclass(frozen=True)
class Salvaged:
    """One attempt that was killed: its id and the shards that close it."""

    attempt: str
    shards: tuple[ShardReference, ...]


def salvage(
    ledger: Path, journals: Path, run: str, first: int, last: int, by: str
) -> list[Salvaged]:
    """Publish and remove the abandoned journals of `run` that overlap requests first..last-1.

    Args:
        ledger: the ledger folder.
        journals: the folder of the journals.
        run: the run's id.
        first: the range's first request.
        last: the request after the range's last.
        by: the attempt that does this.

    Raises:
        StorageFailed: the file system refused; the journals that were not published are kept.
    """
    return [
        _publish(ledger, run, name, path, by)
        for name, path in _dead(journals, run)
        if name.first < last and first < name.last
    ]


def _dead(journals: Path, run: str) -> Iterator[tuple[JournalName, Path]]:
    for name, path in abandoned(journals, run[:16]):
        sealed = read_journal(path)
        if _is_ours(sealed) or time.time() - path.stat().st_mtime > QUIET_SECONDS:
            yield name, path


def _is_ours(sealed: list[Sealed]) -> bool:
    """Return whether a journal was begun on this host, or so early that it does not say where."""
    hosts = [item.record["host"] for item in sealed if item.record["kind"] == "start"]
    return not hosts or hosts[0] == platform.node()


def _publish(ledger: Path, run: str, name: JournalName, path: Path, by: str) -> Salvaged:
    sealed = read_journal(path)
    group = group_of(run, name.first, name.last)
    shards: list[ShardReference] = []
    if [item.record["kind"] for item in sealed[: len(HEAD)]] == list(HEAD):
        rest = (item.record["kind"] for item in sealed[len(HEAD) :])
        count = len(HEAD) + sum(1 for _ in takewhile(EXPOSURES.__contains__, rest))
        head, answers = sealed[:count], sealed[count:]
        start = head[1].record
        names = AttemptNames(start["attempt"], start["run"], start["plan"])
        generations = sum(item.record["kind"] == "generation" for item in answers)
        end = end_record(names, "killed", generations, len(answers) - generations, by, utc_now())
        shards = [publish(ledger, group, head), publish(ledger, group, [*answers, end])]
    path.unlink(missing_ok=True)
    return Salvaged(name.attempt, tuple(shards))
