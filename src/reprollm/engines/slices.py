"""One job's share of a run, and what is known of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from reprollm.canon import Json
from reprollm.engines.protocol import Engine
from reprollm.engines.published import group_of
from reprollm.errors import InvalidInput
from reprollm.prompts.requests import Request
from reprollm.prompts.stored import StoredPlan
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.shard import ShardReference
from reprollm.sealing.egress import Watch, refuse_egress

Check: TypeAlias = Literal["full", "stat"]


@dataclass(frozen=True)
class Slice:
    """What one job has to answer.

    Attributes:
        ledger: the ledger folder.
        plan: the plan.
        run: the run's id, hex.
        code: digest of the code that generates, hex.
        checkpoint: the log's last checkpoint, which covers the plan.
        first: the first request.
        last: the request after the last one.
        journals: the folder for unfinished records, on a disk that survives this process.
        remeasure: how many requests of a fast run are asked again under the strict policy.
        reuse: whether answers of earlier runs in the ledger may be taken over.
        watch: what must not be sent off this machine, or None.
    """

    ledger: Path
    plan: StoredPlan
    run: str
    code: str
    checkpoint: Checkpoint
    first: int
    last: int
    journals: Path
    remeasure: int = 16
    reuse: bool = False
    watch: Watch | None = None

    def refuse_denied(self) -> None:
        """Raise `EgressDenied` where a prompt that may leave this machine holds what must not."""
        server = self.plan.engine.server
        if self.watch is None or server is None or server.remote != "allowed":
            return
        refuse_egress(self.watch, self.plan.texts(self.first, self.last), str(server.url))

    @property
    def group(self) -> str:
        """The group of this slice's shards."""
        return group_of(self.run, self.first, self.last)

    def requests(self) -> dict[str, Request]:
        """Return the slice's requests by id: items with equal prompts share one answer."""
        return {asked.request: asked for asked in self.plan.asked(self.first, self.last)}


@dataclass(frozen=True)
class Opened:
    """An engine whose model was checked against its lock, and how: by hashing or by stamps.

    Attributes:
        measurements: what was measured of engines on this model before
            (`reprollm.engines.declared`).
    """

    engine: Engine
    check: Check
    measurements: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What is now known of a slice.

    Attributes:
        attempt: this attempt's id, or None where nothing was left to ask.
        shards: all shards of the run that concern the slice, sorted.
        requests: how many distinct requests it has.
        answered: how many of them have a generation.
        failures: how many this attempt could not answer.
        salvaged: how many killed attempts were closed.
        reused: how many answers this attempt took over from earlier ones.
        variance: how the fast policy's answers differ (`measured.compare`), where measured.
    """

    attempt: str | None
    shards: tuple[ShardReference, ...]
    requests: int
    answered: int
    failures: int = 0
    salvaged: int = 0
    variance: dict[str, Json] | None = None
    reused: int = 0


def parse_slice(text: str) -> tuple[int, int]:
    """Return `(number, slices)` of `I/N`, 1 <= I <= N; raise `InvalidInput` for anything else."""
    number, slash, slices = text.partition("/")
    plain = all(part.isascii() and part.isdigit() for part in (number, slices))
    if not (slash and plain and 1 <= int(number) <= int(slices)):
        raise InvalidInput(f"expected a slice as I/N with 1 <= I <= N, found {text!r:.40}")
    return int(number), int(slices)
