"""Commit and verify a large ledger: records per second, bytes per second, peak memory.

    python benchmarks/ledger.py [--full] [RECORDS ...]

Half of the records are requests, half their generations, each with its openings, in the sizes of
the demo. The requests are committed before, as a run demands; the commit that is measured takes in
the generations and builds the projection of all. Every step runs as the command line runs it, in a
process of its own; its time stands beside that of one thread of plain SHA-256 over the same bytes,
so that the ratio can be compared between machines.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import struct
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reprollm.canon import dumps
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.identity import plan_id, request_id, result_id
from reprollm.records.kinds import new
from reprollm.records.merkle import leaf_hash, root
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import publish

SIZES = (10_000, 100_000)
FULL = 1_000_000
REQUESTS_A_PLAN = 10_000
ANSWERS_A_SHARD = 1_000
TIME = "2026-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class Measured:
    """One step over one ledger; CPU seconds and peak memory (MiB) include its processes."""

    step: str
    records: int
    gigabytes: float
    seconds: float
    cpu_seconds: float
    sha256_seconds: float
    peak_mib: float

    @property
    def ratio(self) -> float:
        """CPU time as a multiple of SHA-256 over the same bytes."""
        return self.cpu_seconds / self.sha256_seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--full", action="store_true", help=f"also {FULL:,} records")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    arguments = parser.parse_args()
    print(f"{'step':8}{'records':>10}{'GB':>7}{'s':>8}{'CPU s':>8}{'records/s':>11}"
          f"{'GB/s':>7}{'x SHA-256':>11}{'peak MiB':>10}", file=sys.stderr)  # fmt: skip
    for size in arguments.sizes + [FULL] * arguments.full:
        for measured in measure(size):
            if arguments.json:
                print(json.dumps({**asdict(measured), "ratio": measured.ratio}))
            else:
                print(_row(measured), flush=True)


def measure(records: int) -> Iterator[Measured]:
    with tempfile.TemporaryDirectory(prefix="reprollm-bench-") as folder:
        ledger = Path(folder)
        build(ledger, records)
        files = [
            path for top in ("shards", "openings") for path in ledger.glob(f"{top}/**/*.jsonl")
        ]
        gigabytes = sum(path.stat().st_size for path in files) / 1e9
        plain = _plain_sha256(files)
        for step in ("commit", "verify"):
            arguments = ["reprollm", "ledger", step, str(ledger)]
            seconds, cpu, peak = _run([sys.executable, "-c", _CALL, *arguments[1:]])
            yield Measured(step, records, gigabytes, seconds, cpu, plain, peak)


_CALL = "from reprollm.cli import main; main()"


def _plain_sha256(files: list[Path]) -> float:
    before = time.process_time()
    for path in files:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    return time.process_time() - before


def _run(command: list[str]) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds, and peak memory in MiB of the largest process."""
    before = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    seconds = time.perf_counter() - before
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _row(m: Measured) -> str:
    rate, speed = m.records / m.seconds, m.gigabytes / m.seconds
    return (f"{m.step:8}{m.records:>10,}{m.gigabytes:>7.2f}{m.seconds:>8.2f}{m.cpu_seconds:>8.2f}"
            f"{rate:>11,.0f}{speed:>7.3f}{m.ratio:>11.1f}{m.peak_mib:>10.0f}")  # fmt: skip


def build(ledger: Path, records: int) -> None:
    """Commit plans of at most `REQUESTS_A_PLAN` requests; publish their answers in small shards."""
    count = records // 2
    bounds = [
        (first, min(first + REQUESTS_A_PLAN, count)) for first in range(0, count, REQUESTS_A_PLAN)
    ]
    plans = [
        _publish_plan(ledger, f"benchmark-{number}", first, _requests(first, last))
        for number, (first, last) in enumerate(bounds)
    ]
    commit(ledger)
    seen = read_checkpoints(ledger)[-1]
    for number, (plan, (first, last)) in enumerate(zip(plans, bounds, strict=True)):
        requests = _requests(first, last)
        run = _fake(f"run {number}")
        for start in range(0, len(requests), ANSWERS_A_SHARD):
            part = requests[start : start + ANSWERS_A_SHARD]
            group = f"run-{run[:16]}/{start:08d}-{start + len(part):08d}"
            publish(ledger, group, _answers(plan, run, start, part, seen))


def _publish_plan(ledger: Path, name: str, first: int, requests: list[dict[str, Any]]) -> str:
    """Publish one plan with its requests and return its id."""
    core: dict[str, Any] = {"title": name}
    plan = plan_id(core, (request["request"] for request in requests))
    sealed = [
        seal_record(new("request", plan=plan, **facts), _prompt(first + facts["index"]))
        for facts in requests
    ]
    head = new(
        "plan",
        plan=plan,
        experiment=name,
        core=core,
        requests=len(requests),
        requests_root=root(leaf_hash(dumps(item.record)) for item in sealed).hex(),
        created=TIME,
    )
    publish(ledger, f"plan-{plan[:16]}", [Sealed(head), *sealed])
    return plan


def _requests(first: int, last: int) -> list[dict[str, Any]]:
    return [_request_facts(first, index) for index in range(first, last)]


def _request_facts(first: int, index: int) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "snapshot": _fake("snapshot"),
        "tokenizer": _fake("tokenizer"),
        "settings": {
            "temperature": "0.8", "top_k": 0, "top_p": "0.95", "max_tokens": 96, "stop": ["\n"],
            "stop_ids": [2], "sampler": "gumbel-philox/1",
        },
        "seed": "1",
        "repetition": 0,
        "engine": "transformers",
        "dtype": "float32",
    }  # fmt: skip
    identity = request_id(**facts, prompt_ids=_ids(index, 120))
    names = {"item": f"item-{index}", "stratum": "v-u", "sampling": "sampled", "few_shot": []}
    return {"index": index - first, "request": identity, **names, **facts}


def _prompt(index: int) -> dict[str, bytes]:
    text = _text(index, 60)
    return {
        "prompt": f"normalise: {text}\n".encode() + text.encode(),
        "prompt_ids": ids_to_bytes(_ids(index, 120)),
        "source": text.encode(),
        "reference": text.encode(),
    }


def _answers(
    plan: str, run: str, first: int, part: list[dict[str, Any]], seen: Checkpoint
) -> Iterator[Sealed]:
    attempt = _fake(f"attempt {run} {first}")[:32]
    common = {"attempt": attempt, "run": run, "plan": plan}
    yield Sealed(
        new(
            "start",
            **common,
            first=first,
            last=first + len(part),
            requests=len(part),
            environment=_fake("environment"),
            snapshot=_fake("snapshot"),
            snapshot_check="stat",
            checkpoint={"size": seen.size, "root": seen.root.hex()},
            engine={"family": "transformers"},
            code=_fake("code"),
            host="node",
            pid=1,
            job=None,
            started=TIME,
        )
    )
    for facts in part:
        request, ids = facts["request"], _ids(facts["index"], 60)
        record = new(
            "generation", **common, request=request, result=result_id(request, ids, "stop"),
            finish="stop", finished=TIME,
            batch={"id": "0123456789abcdef", "row": 1, "rows": 32, "policy": "strict"},
        )  # fmt: skip
        values = {
            "output": _text(facts["index"], 60).encode(),
            "output_ids": ids_to_bytes(ids),
            "logprobs": array("f", [-0.25] * len(ids)).tobytes(),
            "margins": struct.pack("<2f", 0.5, 0.25),
        }
        yield seal_record(record, values)
    yield Sealed(
        new(
            "end",
            **common,
            how="complete",
            generations=len(part),
            failures=0,
            closed_by=attempt,
            ended=TIME,
        )
    )


def _ids(index: int, count: int) -> list[int]:
    return [(index * 31 + step * 17) % 50_000 for step in range(count)]


_WORDS = [random.Random(seed).randbytes(3).hex() for seed in range(512)]


def _text(index: int, characters: int) -> str:
    words = (_WORDS[(index * 7 + step * 13) % len(_WORDS)] for step in range(characters // 7 + 1))
    return " ".join(words)[:characters]


def _fake(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


if __name__ == "__main__":
    main()
