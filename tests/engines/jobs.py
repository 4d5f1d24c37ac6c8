"""Small planned experiments on disk, and `reprollm generate` run on them in its own process."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import warm
from model_parts import alone, at
from reprollm.canon import loads_object
from reprollm.cli import main
from reprollm.environment import code_digest
from reprollm.experiment.load import load
from reprollm.ledger.commit import commit
from reprollm.prompts.plan import make_plan, read_sources
from reprollm.prompts.publish import publish_plan
from reprollm.prompts.runs import open_run
from reprollm.prompts.stored import StoredPlan
from reprollm.records.arrays import floats_from_bytes, ids_from_bytes
from reprollm.records.commitment import Opening
from reprollm.records.merkle import leaf_hash
from reprollm.records.shard import read_lines, read_openings
from reprollm.snapshot.lock import load_lock, write_lock
from reprollm.snapshot.pin import pin

EXPERIMENT = """\
schema: reprollm/experiment/1
name: tiny
title: {title}
model: {{lock: models/tiny.lock.json}}
engine:
  family: transformers
  dtype: {dtype}
  device: cpu
  batch: {{policy: {policy}, size: {size}}}
data: {{file: data/items.csv, id: id, source: source}}
prompt: {{template: prompts/ask.jinja}}
sampling:
  greedy: {{temperature: 0, max_tokens: {tokens}}}
  sampled: {{temperature: 0.8, top_p: 0.95, max_tokens: {tokens}, seeds: [1, 2]}}
slices: 2
"""


@dataclass(frozen=True)
class Job:
    """A planned experiment in a folder of its own."""

    folder: Path
    plan: StoredPlan

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def run(self) -> str:
        return open_run(self.ledger, self.plan.plan, code_digest("generate"))

    def command(self, *options: str) -> list[str]:
        experiment = str(self.folder / "experiment")
        return [
            sys.executable, "-m", "reprollm", "generate", experiment,
            "--ledger", str(self.ledger), *options,
        ]  # fmt: skip

    def generate(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `reprollm generate` to its end."""
        if not variables:
            _, _, *command = self.command(*options)
            return warm.run(*command, folder=Path.cwd(), environment=environment())
        return subprocess.run(
            self.command(*options), env=environment(**variables), capture_output=True, text=True
        )

    def start(self, *options: str, **variables: str) -> subprocess.Popen[str]:
        """Start `reprollm generate` and return the process."""
        return subprocess.Popen(
            self.command(*options), env=environment(**variables), stderr=subprocess.PIPE, text=True
        )

    def records(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the published records of the run's attempts, in order of publication."""
        found = [record for record, _ in self.opened()]
        return [record for record in found if kind in (None, record["kind"])]

    def opened(self) -> Iterator[tuple[dict[str, Any], dict[str, Opening]]]:
        """Yield the published records of the run's attempts with their openings."""
        folder = self.ledger / "shards" / f"run-{self.run[:16]}"
        for path in sorted(folder.glob("*/*.jsonl"), key=lambda path: path.stat().st_mtime_ns):
            group = path.relative_to(self.ledger / "shards").parent
            openings = read_openings(self.ledger / "openings" / group / path.name)
            for line in read_lines(path):
                yield loads_object(line), openings.get(leaf_hash(line).hex(), {})

    def results(self) -> dict[str, str]:
        """Return result ids by request id; a request that was answered differently twice fails."""
        results: dict[str, str] = {}
        for record in self.records("generation"):
            assert results.setdefault(record["request"], record["result"]) == record["result"]
        return results

    def bits(self) -> dict[str, bytes]:
        """Return the log-probabilities' bytes by request id."""
        return {
            record["request"]: openings["logprobs"].value
            for record, openings in self.opened()
            if record["kind"] == "generation"
        }

    def answers(self) -> dict[str, tuple[list[int], list[float]]]:
        """Return output ids and log-probabilities by request id."""
        return {
            record["request"]: (
                ids_from_bytes(openings["output_ids"].value),
                floats_from_bytes(openings["logprobs"].value),
            )
            for record, openings in self.opened()
            if record["kind"] == "generation"
        }

    def endings(self) -> list[str]:
        """Return how the attempts ended, in order of publication."""
        return [record["how"] for record in self.records("end")]


def fork(job: Job, *options: str, largest_file: int | None = None) -> int:
    """Run `reprollm generate` in a fork of this process, where torch is loaded; return its id.

    With `largest_file`, files cannot grow beyond so many bytes, which looks like a full disk.
    """
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        sys.stderr = (job.folder / "stderr").open("a", encoding="utf-8", buffering=1)
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        sys.argv = ["reprollm", *job.command(*options)[3:]]
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os._exit(code)


def wait(child: int) -> int:
    """Return a fork's exit code, negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", **variables}


def plan_job(
    folder: Path,
    model: Path,
    *,
    items: Sequence[str] | int = 6,
    dtype: str = "float32",
    policy: str = "strict",
    size: int = 4,
    tokens: int = 8,
    title: str = "A tiny random model goes on",
) -> Job:
    """Write an experiment over `model` into `folder` and plan it in `folder/ledger`."""
    experiment = folder / "experiment"
    for name in ("data", "prompts", "models"):
        (experiment / name).mkdir(parents=True, exist_ok=True)
    text = EXPERIMENT.format(dtype=dtype, policy=policy, size=size, tokens=tokens, title=title)
    (experiment / "experiment.yaml").write_text(text, encoding="utf-8")
    (experiment / "prompts" / "ask.jinja").write_text("{{ source }}", encoding="utf-8")
    sources = items_of(items) if isinstance(items, int) else items
    rows = [f"i{number},{source}\n" for number, source in enumerate(sources)]
    (experiment / "data" / "items.csv").write_text("id,source\n" + "".join(rows), encoding="utf-8")
    lock_file = experiment / "models" / "tiny.lock.json"
    write_lock(pin(model, name="tiny"), lock_file, replace=True)
    described, lock = load(experiment / "experiment.yaml"), load_lock(lock_file)
    plan = make_plan(read_sources(described, alone(lock)), at(model))
    stored = publish_plan(plan, lock, folder / "ledger")
    commit(folder / "ledger")
    return Job(folder, stored)


def items_of(count: int) -> list[str]:
    """Return sources of several lengths, so that prompts fall into several buckets."""
    return [f"vnd er ſprach {'zu jhm ' * (number % 9)}{number}" for number in range(count)]
