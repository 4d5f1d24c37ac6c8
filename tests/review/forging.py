"""Bundles whose author lies consistently.

A changed byte is the easiest attack, and every hash shows it. Here the whole ledger is written anew
around the lie: shards are named by their bytes, leaves, roots, segments, checkpoints, SHA256SUMS
and note all fit. What is wrong is only what the records say.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ledger.building import Plan, attempt, fake, plan
from reprollm.bundles.statement import body
from reprollm.canon import dumps
from reprollm.ledger.segments import Segment, checkpoint_path
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.kinds import new
from reprollm.records.merkle import Frontier, leaf_hash
from reprollm.records.sealed import Sealed, openings_line
from reprollm.records.shard import ShardReference
from reprollm.scores.answers import Scorable
from reprollm.scores.earlier.fields import score_fields
from reprollm.scores.earlier.summary import Summary

VERIFIER = Path(__file__).parents[2] / "src" / "reprollm" / "review" / "verify.py"
CREATED = "2026-01-01T00:01:00.000Z"
REQUESTS = 6


@dataclass(frozen=True)
class Shard:
    """Records of one shard; a line that is given stands as it is, in the place of a record."""

    group: str
    sealed: tuple[Sealed | bytes, ...]

    def lines(self) -> list[bytes]:
        return [item if isinstance(item, bytes) else dumps(item.record) for item in self.sealed]

    def openings(self) -> list[bytes]:
        pairs = zip(self.lines(), self.sealed, strict=True)
        return [
            openings_line(leaf_hash(line).hex(), item.openings)
            for line, item in pairs
            if isinstance(item, Sealed) and item.openings
        ]


@dataclass
class Log:
    """A ledger as its author wants it, segment by segment."""

    plan: Plan
    segments: list[list[Shard]] = field(default_factory=list)
    written: list[Segment] = field(default_factory=list)

    def change(
        self, kind: str, edit: Callable[[dict[str, Any]], dict[str, Any]], at: int = 0
    ) -> None:
        """Replace the record `at` of a kind by what `edit` makes of it; openings stay."""
        seen = 0
        for shards in self.segments:
            for place, shard in enumerate(shards):
                for index, item in enumerate(shard.sealed):
                    if isinstance(item, Sealed) and item.record["kind"] == kind:
                        if seen == at:
                            fresh = replace(item, record=edit(dict(item.record)))
                            sealed = (*shard.sealed[:index], fresh, *shard.sealed[index + 1 :])
                            shards[place] = replace(shard, sealed=sealed)
                            return
                        seen += 1
        raise AssertionError(f"no {kind} record {at}")

    def drop(self, kind: str, at: int = 0) -> None:
        """Leave out the record `at` of a kind."""
        marked = f"drop {kind}"
        self.change(kind, lambda record: {"kind": marked}, at)
        for shards in self.segments:
            shards[:] = [
                replace(shard, sealed=tuple(i for i in shard.sealed if not _is(i, marked)))
                for shard in shards
            ]

    def write(self, ledger: Path) -> Path:
        """Write the ledger, everything in it fitting together."""
        tree, origin = Frontier(), ""
        self.written = []
        for number, shards in enumerate(self.segments):
            first, references = tree.size, []
            for shard in shards:
                lines = shard.lines()
                origin = origin or f"reprollm/forged/{leaf_hash(lines[0]).hex()[:16]}"
                for line in lines:
                    tree.append(leaf_hash(line))
                content = b"".join(line + b"\n" for line in lines)
                name = hashlib.sha256(content).hexdigest()
                references.append(ShardReference(shard.group, name, len(lines)))
                _write(references[-1].path(ledger), content)
                if shard.openings():
                    opened = b"".join(line + b"\n" for line in shard.openings())
                    _write(references[-1].openings_path(ledger), opened)
            frontier = tuple(item.hex() for item in tree.roots)
            root = tree.root().hex()
            segment = Segment(number, origin, first, tuple(references), tree.size, root, frontier)
            _write(segment.path(ledger), segment.content())
            _write(checkpoint_path(ledger, tree.size), segment.checkpoint().body().encode())
            self.written.append(segment)
        return ledger


def honest(requests: int = REQUESTS, **facts: Any) -> Log:
    """Return a log of a plan, one attempt that answers it, and its scores."""
    log = planned(requests)
    made = log.plan
    answered = attempt(made, 0, requests, **facts)
    log.segments.append([Shard(f"run-{made.run[:16]}/0-{requests}", tuple(answered))])
    log.segments.append([Shard(f"score-{made.run[:16]}", tuple(scores(made.run, log)))])
    return log


def planned(requests: int = REQUESTS) -> Log:
    """Return a log of a plan alone."""
    made = plan(requests)
    return Log(made, [[Shard(f"plan-{made.plan[:16]}", made.sealed)]])


def scores(run: str, log: Log) -> list[Sealed]:
    """Return the true score records of the run in a log of one plan and one attempt."""
    sealed = [item for shards in log.segments for shard in shards for item in shard.sealed]
    records = [item for item in sealed if isinstance(item, Sealed)]
    outputs = {
        item.record["request"]: _text(item, "output")
        for item in reversed(records)
        if item.record["kind"] == "generation"
    }
    summary = Summary(["exact_match"])
    asked = [item for item in records if item.record["kind"] == "request"]
    list(summary.take(_answers(asked, outputs)))
    plan_id = next(item.record["plan"] for item in records if item.record["kind"] == "plan")
    return [
        Sealed(new("score", **score_fields(run, plan_id, row, table), created=CREATED))
        for row, table in summary.rows()
    ]


def _answers(asked: Sequence[Sealed], outputs: dict[str, str]) -> Iterator[Scorable]:
    names = ("index", "request", "item", "stratum", "sampling", "seed", "repetition")
    for item in asked:
        output, reference = outputs.get(item.record["request"]), _text(item, "reference")
        if output is not None:
            values = [item.record[name] for name in names]
            facts = ("stop", output, reference, True, reference is not None)
            yield Scorable(*values, *facts)


def _text(item: Sealed, name: str) -> Any:
    return next((o.value.decode() for o in item.openings if o.field == name), None)


def _is(item: Sealed | bytes, kind: str) -> bool:
    return isinstance(item, Sealed) and item.record["kind"] == kind


def bundle(folder: Path, log: Log) -> Path:
    """Write a bundle of a forged log, with an experiment that fits it."""
    log.write(folder / "ledger")
    _write(folder / "experiment" / "experiment.yaml", b"normalisation")
    assert hashlib.sha256(b"normalisation").hexdigest() == fake("normalisation")
    for name in ("verify.py", "verify.sql"):
        shutil.copy(VERIFIER.with_name(name), folder / name)
    return seal(folder, log.written[-1].checkpoint())


def seal(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write SHA256SUMS and bundle.note anew over what lies in a folder."""
    listed = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in ("SHA256SUMS", "bundle.note", "bundle.sshsig"):
            listed[name.encode()] = hashlib.sha256(path.read_bytes()).hexdigest().encode()
    sums = b"".join(listed[name] + b"  " + name + b"\n" for name in sorted(listed))
    _write(folder / "SHA256SUMS", sums)
    _write(folder / "bundle.note", body(checkpoint, sums).encode())
    return folder


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
