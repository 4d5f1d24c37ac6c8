"""Small ledgers made of real records.

No model is needed to test a log: its records are made here with the package's own functions from
a few made-up token ids, and are published as an engine would.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import digest, dumps
from reprollm.ledger.segments import Segment, checkpoint_path
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.identity import plan_id, request_id, result_id, run_id
from reprollm.records.kinds import new
from reprollm.records.merkle import Frontier, leaf_hash, root
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import ShardReference, publish, write_once

TIME = "2026-01-01T00:00:{:02d}.000Z"
SETTINGS: dict[str, Any] = {
    "temperature": "0",
    "top_k": 0,
    "top_p": "1",
    "max_tokens": 96,
    "stop": ["\n"],
    "stop_ids": [2],
    "sampler": "gumbel-philox/1",
}


def fake(name: str) -> str:
    """Return a hash of `name`, in the place of a digest whose input matters to no test here."""
    return hashlib.sha256(name.encode()).hexdigest()


FACTS: dict[str, Any] = {"cpu": "x"}
ENVIRONMENT = digest("reprollm/environment/v1", dumps(FACTS))
SNAPSHOT = digest("reprollm/snapshot/v1", dumps({"files": []}))


@dataclass(frozen=True)
class Plan:
    """A plan with its records, ready to publish."""

    plan: str
    requests: tuple[str, ...]
    sealed: tuple[Sealed, ...]
    nonce: str = "nonce"

    @property
    def run(self) -> str:
        return run_id(self.plan, fake("code"), self.nonce)

    def publish(self, ledger: Path) -> ShardReference:
        return publish(ledger, f"plan-{self.plan[:16]}", self.sealed)

    def seal(self, ledger: Path) -> None:
        """Give the plan its checkpoint as the first of its log, where there is no log yet."""
        if not (ledger / "log").exists():
            segment = self._segment(self.publish(ledger))
            write_once(segment.path(ledger), segment.content())
            body = segment.checkpoint().body()
            write_once(checkpoint_path(ledger, segment.size), body.encode())

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint over this plan as the first of its log."""
        return self._segment(ShardReference("plan", fake("shard"), len(self.sealed))).checkpoint()

    def _segment(self, shard: ShardReference) -> Segment:
        leaves = [leaf_hash(dumps(item.record)) for item in self.sealed]
        tree = Frontier()
        for leaf in leaves:
            tree.append(leaf)
        origin = f"reprollm/{self.sealed[0].record['experiment']}/{leaves[0].hex()[:16]}"
        frontier = tuple(item.hex() for item in tree.roots)
        return Segment(0, origin, 0, (shard,), tree.size, tree.root().hex(), frontier)


def plan(count: int = 6, experiment: str = "normalisation", **further: Any) -> Plan:
    """Return a plan of `count` requests; `further` fields go into its core."""
    asked = [_request(index) for index in range(count)]
    core: dict[str, Any] = {"experiment_sha256": fake(experiment), "scores": ["exact_match"]}
    core |= further
    identity = plan_id(core, [record["request"] for record, _ in asked])
    sealed = [
        seal_record(new("request", plan=identity, **record), values) for record, values in asked
    ]
    head = new(
        "plan",
        plan=identity,
        experiment=experiment,
        core=core,
        requests=count,
        requests_root=root(leaf_hash(dumps(item.record)) for item in sealed).hex(),
        created=TIME.format(0),
    )
    snapshot = new(
        "snapshot", snapshot=SNAPSHOT, weights=fake("weights"), name="m", files=[], facts={}
    )
    requests = tuple(record["request"] for record, _ in asked)
    return Plan(identity, requests, (Sealed(head), *sealed, Sealed(snapshot)))


def _request(index: int) -> tuple[dict[str, Any], dict[str, bytes | None]]:
    prompt_ids = [1, 70 + index, 71, 72]
    record = {
        "index": index,
        "item": f"item-{index}",
        "stratum": "umlaut" if index % 2 else None,
        "sampling": "greedy",
        "settings": SETTINGS,
        "seed": "0",
        "repetition": 0,
        "snapshot": SNAPSHOT,
        "tokenizer": fake("tokenizer"),
        "engine": "transformers",
        "dtype": "float32",
        "few_shot": [],
    }
    identity = request_id(
        **{key: record[key] for key in _IDENTITY},  # type: ignore[arg-type]
        prompt_ids=prompt_ids,
    )
    values = {
        "prompt": f"ſprach {index} →".encode(),
        "prompt_ids": ids_to_bytes(prompt_ids),
        "source": b"vnd er \xc5\xbfprach",
        "reference": b"und er sprach" if index != 3 else None,
    }
    return {**record, "request": identity}, values


_IDENTITY = ("snapshot", "tokenizer", "settings", "seed", "repetition", "engine", "dtype")


def attempt(
    made: Plan,
    first: int,
    last: int,
    *,
    name: str = "a",
    answers: str = "sprach",
    how: str | None = "complete",
    failing: Sequence[int] = (),
    second: int = 1,
    checkpoint: Checkpoint | None = None,
) -> list[Sealed]:
    """Return the records of one attempt at requests `first` to `last - 1`.

    Args:
        made: the plan that is run.
        first: index of the first request.
        last: index behind the last request.
        name: tells attempts apart.
        answers: the text whose characters become the output's token ids.
        how: how the attempt ended; None leaves the end record out, as after a kill.
        failing: indexes of requests that fail.
        second: second of the minute at which the attempt started.
        checkpoint: what the attempt saw of the log; the plan alone by default.
    """
    identity = digest("test/attempt", made.run.encode(), name.encode(), bytes([first]))[:32]
    common = {"attempt": identity, "run": made.run, "plan": made.plan}
    sealed = [
        Sealed(new("environment", environment=ENVIRONMENT, facts=FACTS)),
        Sealed(_start(common, first, last, second, checkpoint or made.checkpoint())),
    ]
    for index in range(first, last):
        request = made.requests[index]
        if index in failing:
            failure = new(
                "failure", **common, request=request, reason="memory", message="out of memory",
                failed=TIME.format(second + 1),
            )  # fmt: skip
            sealed.append(Sealed(failure))
        else:
            sealed.append(_generation(common, request, answers, index, second))
    if how is not None:
        end = new(
            "end", **common, how=how, generations=last - first - len(failing),
            failures=len(failing), closed_by=identity, ended=TIME.format(second + 2),
        )  # fmt: skip
        sealed.append(Sealed(end))
    return sealed


def _start(
    common: dict[str, str], first: int, last: int, second: int, checkpoint: Checkpoint
) -> dict[str, Any]:
    return new(
        "start",
        **common,
        first=first,
        last=last,
        requests=last - first,
        environment=ENVIRONMENT,
        snapshot=SNAPSHOT,
        snapshot_check="full",
        checkpoint={"size": checkpoint.size, "root": checkpoint.root.hex()},
        engine={"family": "transformers"},
        code=fake("code"),
        host="node1",
        pid=1,
        job=None,
        started=TIME.format(second),
    )


def _generation(common: dict[str, str], request: str, text: str, index: int, second: int) -> Sealed:
    ids = [ord(character) for character in text] + [index]
    record = new(
        "generation",
        **common,
        request=request,
        result=result_id(request, ids, "stop"),
        finish="stop",
        batch={"id": "b", "row": index, "rows": 32, "policy": "strict"},
        finished=TIME.format(second + 1),
    )
    values = {
        "output": f"{text} {index}".encode(),
        "output_ids": ids_to_bytes(ids),
        "logprobs": array("f", [-0.5] * len(ids)).tobytes(),
        "margins": struct.pack("<2f", 0.5, 0.25),
    }
    return seal_record(record, values)


def publish_attempt(
    ledger: Path, made: Plan, first: int, last: int, **facts: Any
) -> ShardReference:
    """Publish one attempt as an engine does, and return its shard."""
    made.seal(ledger)
    group = f"run-{made.run[:16]}/{first:08d}-{last:08d}"
    return publish(ledger, group, attempt(made, first, last, **facts))


def whole(ledger: Path, count: int = 6) -> Plan:
    """Publish a plan of `count` requests and two complete attempts that answer them all."""
    made = plan(count)
    made.publish(ledger)
    publish_attempt(ledger, made, 0, count // 2)
    publish_attempt(ledger, made, count // 2, count)
    return made
