"""A job of a run, from rescue to commit, in a process that may die at any moment.

Salvage, journal, publication and commit are the package's own. Only the model is none: what it
would say is decided by the request's id, since nothing here asks how long an answer takes to
compute. The process says in the file `acknowledged` which stage it is in and what it has promised:
an answer that the journal took, a shard that was published, a checkpoint that was written.
"""

from __future__ import annotations

import os
import resource
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ledger.building import SETTINGS, SNAPSHOT, Plan, fake
from reprollm.canon import Json
from reprollm.engines.attempt import answer_slice
from reprollm.engines.protocol import BatchFacts, Capabilities, Failure, Generation
from reprollm.engines.slices import Opened, Slice
from reprollm.experiment.engine import EngineSettings
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import covering
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.prompts.stored import StoredPlan
from reprollm.records.identity import result_id
from reprollm.records.shard import ShardReference

BATCH = 1
Bounds: TypeAlias = Sequence[tuple[int, int]]
STAGES = ("rescue", "begin", "answer", "publish", "commit")


@dataclass(frozen=True)
class World:
    """A ledger with a plan in its log, and where its jobs say what they did."""

    folder: Path
    plan: Plan
    shard: ShardReference

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def acknowledged(self) -> Path:
        return self.folder / "acknowledged"

    def length(self) -> int:
        """Return how many bytes the jobs have written so far."""
        return self.acknowledged.stat().st_size if self.acknowledged.exists() else 0

    def said(self, since: int = 0) -> list[list[str]]:
        """Return the words of each line that the jobs have written so far, from a byte on."""
        if self.length() <= since:
            return []
        with self.acknowledged.open("rb") as file:
            file.seek(since)
            return [line.split() for line in file.read().decode("ascii").splitlines()]


def answer(world: World, slices: Bounds) -> None:
    """Answer the requests of some slices, as a job does."""
    _answer(world, slices, _Voice(world.acknowledged))


def answer_and_commit(
    world: World, slices: Bounds, largest_file: int = resource.RLIM_INFINITY
) -> None:
    """Answer the requests of some slices and commit, as the head node does after the jobs.

    No file can grow beyond `largest_file` bytes but the list of what was promised.
    """
    say = _Voice(world.acknowledged, largest_file)
    _answer(world, slices, say)
    say.stage("commit")
    done = commit(world.ledger)
    say("checkpoint", done.size, done.root)
    say.stage("over")


def _answer(world: World, slices: Bounds, say: _Voice) -> None:
    for first, last in slices:
        say.stage("rescue")
        engine = _Engine(say)
        seen = covering(world.ledger, world.shard)
        journals = world.ledger / "journals"
        work = Slice(
            world.ledger, _plan(world), world.plan.run, fake("code"), seen, first, last, journals
        )
        outcome = answer_slice(work, engine.opened, engine.acknowledge)
        for shard in outcome.shards:
            say("shard", shard.group, shard.sha256)


def limit_files(size: int) -> None:
    """Let no file of this process grow beyond `size` bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class _Voice:
    """Writes lines that outlive the process: each is in the kernel's hands when it is said."""

    def __init__(self, path: Path, largest_file: int = resource.RLIM_INFINITY) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._largest_file = largest_file

    def __call__(self, *words: object) -> None:
        limit_files(resource.RLIM_INFINITY)
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode("ascii"))
        limit_files(self._largest_file)

    def stage(self, name: str) -> None:
        self("stage", name, os.getpid(), time.monotonic())


class _Engine:
    """Answers without a model, one request at a time."""

    def __init__(self, say: _Voice) -> None:
        self._say = say
        self._given: list[Generation] = []

    capabilities = Capabilities(True, True, True, True, "request", ("strict",))

    def opened(self) -> Opened:
        self._say.stage("begin")
        return Opened(self, "full")

    def describe(self) -> dict[str, Json]:
        return {"family": "transformers"}

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        self._say.stage("answer")
        for at in range(0, len(requests), BATCH):
            self._given = [_answered(asked) for asked in requests[at : at + BATCH]]
            yield [*self._given]
        self._say.stage("publish")

    def canary(self) -> None:
        """Nobody can swap what is not there."""

    def exposure(self) -> None:
        """Nothing leaves this machine."""

    def acknowledge(self, requests: int, tokens: int) -> None:
        """Say which answers are safe: called when the journal has taken the last batch."""
        for given in self._given:
            result = result_id(given.request, given.output_ids, given.finish)
            self._say("answer", given.request, result)
        self._given = []

    def close(self) -> None:
        """There is nothing to release."""


def _answered(asked: Request) -> Generation:
    ids = tuple(bytes.fromhex(asked.request)[:8])
    values = np.frombuffer(array("f", ids), dtype=np.float32)
    batch = BatchFacts("b", 0, BATCH, "strict")
    return Generation(asked.request, ids, str(ids), "stop", -values, values, batch)


@dataclass(frozen=True)
class _Plan(StoredPlan):
    """A plan whose requests were never written to a table."""

    made: Plan | None = None

    def asked(self, first: int, last: int) -> list[Request]:
        assert self.made
        settings = Settings(**{key: _fixed(value) for key, value in SETTINGS.items()})
        return [Request(id, (1,), settings, "0") for id in self.made.requests[first:last]]


def _fixed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _plan(world: World) -> StoredPlan:
    head = world.plan.sealed[0].record
    engine = EngineSettings("transformers", "float32", "cpu", "strict", BATCH).to_json()
    return _Plan(
        folder=world.folder,
        plan=world.plan.plan,
        experiment=head["experiment"],
        core={**head["core"], "snapshot": SNAPSHOT, "engine": engine},
        requests=head["requests"],
        requests_root=head["requests_root"],
        slices=1,
        shard=world.shard,
        created=head["created"],
        made=world.plan,
    )
