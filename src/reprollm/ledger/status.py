"""How far an experiment is, told from what lies in its ledger's folder, while it runs or after.

Nothing is locked, changed or verified: a look, not an audit. Answers count once a request, whether
they are in the log, in a shard that is not committed yet, or in the journal of an attempt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reprollm.ledger.segments import read_checkpoints, read_segments
from reprollm.ledger.standing import are_sisters
from reprollm.prompts.stored import StoredPlan, read_plan
from reprollm.records.entries import discover
from reprollm.records.journal import JournalName, is_locked
from reprollm.records.shard import read_lines

_REQUEST = re.compile(rb'"request":"([0-9a-f]{64})"')
_STAGES = (("scores", "score"), ("conclusions", "conclude"), ("findings", "finding"))
_STARTED = re.compile(rb'"started":"([^"]{24})"')


@dataclass(frozen=True)
class Working:
    """An attempt that is at work, or was killed and left its journal.

    Attributes:
        alive: whether its process lives, as far as this host can see.
        answered: requests that it has answered or failed at so far.
        seconds: since it started.
    """

    first: int
    last: int
    alive: bool
    answered: int
    seconds: float


@dataclass(frozen=True)
class Status:
    """How far one experiment is.

    Attributes:
        experiment: its name; that of the folder where it has no plan.
        plan: id of the latest plan, hex; None without one.
        planned, answered: requests of that plan.
        records: in the log.
        uncommitted: shards that are not in the log yet.
        kinds: which stages have left records in the log: `scores`, `conclusions`, `findings`.
        working: attempts with a journal.
        verified: whether the workflow verified the ledger at its present size.
    """

    experiment: str
    plan: str | None
    planned: int
    answered: int
    records: int
    uncommitted: int
    kinds: tuple[str, ...]
    working: tuple[Working, ...]
    verified: bool

    @property
    def stage(self) -> str:
        """What it is at, in a word or two."""
        if self.plan is None:
            return "no plan"
        if any(each.alive for each in self.working):
            return "running"
        if self.answered < self.planned:
            return "interrupted" if self.answered or self.working else "planned"
        if self.verified:
            return "verified"
        return "answered" if self.uncommitted == 0 else "to be committed"

    @property
    def seconds_left(self) -> float | None:
        """How long it takes at the pace of the attempts at work; None where there is no telling."""
        at_work = (each for each in self.working if each.alive and each.seconds > 0)
        pace = sum(each.answered / each.seconds for each in at_work)
        return (self.planned - self.answered) / pace if pace else None


def status(ledger: Path, now: datetime) -> Status:
    """Return how far the experiment of a ledger folder is.

    Raises:
        InvalidInput, LeafMismatch: the folder holds what no ledger has.
    """
    plan = _latest_plan(ledger)
    segments, checkpoints = read_segments(ledger), read_checkpoints(ledger)
    committed = {shard.sha256 for segment in segments for shard in segment.shards}
    shards = list(discover(ledger))
    answered: set[bytes] = set()
    working: list[Working] = []
    plans = _with_sisters(ledger, plan) if plan else []
    for run in (run for each in plans for run in _runs(ledger, each.plan)):
        for group, path in shards:
            if group.split("/")[0] == f"run-{run}":
                answered |= set(_answers(path))
        for path in sorted((ledger / "journals").glob(f"{run}.*.jsonl")):
            done, at_work = _working(path, now)
            answered |= done
            working += at_work
    size = checkpoints[-1].size if checkpoints else 0
    return Status(
        experiment=plan.experiment if plan else ledger.name,
        plan=plan.plan if plan else None,
        planned=sum(map(_different, plans)),
        answered=len(answered),
        records=size,
        uncommitted=sum(path.stem not in committed for _, path in shards),
        kinds=_stages(group for group, path in shards if path.stem in committed),
        working=tuple(working),
        verified=_verified(ledger, size),
    )


def _latest_plan(ledger: Path) -> StoredPlan | None:
    found = [read_plan(file.parent) for file in sorted(ledger.glob("plans/*/plan.json"))]
    return max(found, key=lambda plan: plan.created, default=None)


def _different(plan: StoredPlan) -> int:
    """Return how many different requests a plan has; items with equal prompts share theirs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        column = pq.read_table(plan.folder / "requests.parquet", columns=["request"])["request"]
    except (OSError, KeyError, pa.ArrowException):
        return plan.requests
    return len(column.unique())


def _with_sisters(ledger: Path, plan: StoredPlan) -> list[StoredPlan]:
    """Return a plan with those of its experiment's other models, the last of each."""
    found = [read_plan(file.parent) for file in sorted(ledger.glob("plans/*/plan.json"))]
    sisters = [each for each in found if are_sisters(each.core, plan.core)]
    ordered = sorted(sisters, key=lambda each: each.created)
    return [plan, *{each.core["model"]: each for each in ordered}.values()]


def _runs(ledger: Path, plan: str) -> Iterator[str]:
    """Yield the beginnings of the ids of a plan's runs, as shards and journals carry them."""
    groups = {path.name for path in (ledger / "shards").glob("run-*")}
    journals = {name.run16 for path in (ledger / "journals").glob("*.jsonl")
                if (name := JournalName.parse(path))}  # fmt: skip
    known = {group.removeprefix("run-") for group in groups} | journals
    own = {
        match[1]
        for file in (ledger / "plans" / plan / "runs").glob("*.json")
        if (match := re.search(r'"run":"([0-9a-f]{16})', file.read_text(encoding="utf-8")))
    }
    yield from sorted(known & own)


def _answers(path: Path) -> Iterator[bytes]:
    for line in read_lines(path):
        match = _REQUEST.search(line)
        if match is not None and (b'"kind":"generation"' in line or b'"kind":"failure"' in line):
            yield match[1]


def _working(path: Path, now: datetime) -> tuple[set[bytes], list[Working]]:
    """Return what a journal has answered, and its attempt; nothing of one that is just gone."""
    name = JournalName.parse(path)
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return set(), []
    if name is None:
        return set(), []
    done = {
        match[1]
        for line in lines
        if (b'"kind":"generation"' in line or b'"kind":"failure"' in line)
        and (match := _REQUEST.search(line))
    }
    started = _STARTED.search(lines[0])
    seconds = (now - datetime.fromisoformat(started[1].decode())).total_seconds() if started else 0
    return done, [Working(name.first, name.last, is_locked(path), len(done), max(0.0, seconds))]


def _stages(groups: Iterator[str]) -> tuple[str, ...]:
    kinds = {group.split("-")[0] for group in groups}
    return tuple(name for name, group in _STAGES if group in kinds)


def _verified(ledger: Path, size: int) -> bool:
    """Return whether the workflow's receipt of a verification speaks of `size` records."""
    try:
        said = json.loads((ledger / "receipts" / "verify.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.get("holds") is True and said.get("size") == size


def ledgers(top: Path) -> list[Path]:
    """Return the ledger folders directly below `top`, or `top` itself where it is one."""
    if (top / "shards").is_dir():
        return [top]
    return sorted(path.parent for path in top.glob("*/shards") if path.is_dir())
