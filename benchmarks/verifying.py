"""Verify a bundle: the stand-alone verifier and `reprollm verify`, against plain SHA-256.

    python benchmarks/verifying.py [--full] [--json] [GENERATIONS ...]

A bundle is made of one plan and its answers, in the sizes of the demo: one in three answers has an
error or two, every text is opened, and two scores are recorded. Each verifier runs in a process of
its own, as a reviewer would run it; its time stands beside that of one thread of plain SHA-256 over
the same bytes, all files of the bundle. So both ratios can be compared between machines; that of
wall time says what a reviewer waits, that of CPU time what it costs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reprollm.bundles.members import Member, measure
from reprollm.bundles.statement import body, sums
from reprollm.canon import dumps
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import read_checkpoints
from reprollm.publish.archive import write_archive
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.identity import plan_id, request_id, result_id
from reprollm.records.kinds import new
from reprollm.records.merkle import Frontier, leaf_hash
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import publish
from reprollm.scores.stage import score

SIZES = (10_000, 100_000)
ANSWERS_A_SHARD = 2_000
TIME = "2026-01-01T00:00:00.000Z"
PUBLISH = Path(__file__).parents[1] / "src" / "reprollm" / "review"
COMMANDS = {
    "python -I -S verify.py": ["-I", "-S", str(PUBLISH / "verify.py")],
    "reprollm ledger verify": ["-c", "from reprollm.cli import main; main()", "ledger", "verify"],
}


@dataclass(frozen=True)
class Measured:
    """One verification of one bundle; CPU seconds and peak memory include its processes."""

    command: str
    generations: int
    gigabytes: float
    seconds: float
    cpu_seconds: float
    sha256_seconds: float
    peak_mib: float

    @property
    def ratio(self) -> float:
        """Wall time as a multiple of SHA-256 over the same bytes in one thread."""
        return self.seconds / self.sha256_seconds

    @property
    def cpu_ratio(self) -> float:
        """CPU time as a multiple of the same."""
        return self.cpu_seconds / self.sha256_seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument("--rounds", type=int, default=3, help="take the fastest of so many")
    arguments = parser.parse_args()
    print(f"{'command':24}{'answers':>9}{'GB':>7}{'s':>8}{'CPU s':>8}{'SHA-256 s':>11}"
          f"{'x':>7}{'CPU x':>7}{'peak MiB':>10}", file=sys.stderr)  # fmt: skip
    for size in arguments.sizes:
        for found in measured(size, arguments.rounds):
            if arguments.json:
                ratios = {"ratio": found.ratio, "cpu_ratio": found.cpu_ratio}
                print(json.dumps({**asdict(found), **ratios}), flush=True)
            else:
                print(_row(found), flush=True)


def measured(generations: int, rounds: int) -> Iterator[Measured]:
    with tempfile.TemporaryDirectory(prefix="reprollm-bench-") as folder:
        ledger, bundle = Path(folder) / "ledger", Path(folder) / "bundle.zip"
        build(ledger, generations)
        pack(ledger, bundle)
        gigabytes = bundle.stat().st_size / 1e9
        plain = min(_sha256_seconds(bundle) for _ in range(5 * rounds))
        for command, options in COMMANDS.items():
            path = bundle if "verify.py" in command else ledger
            runs = [_run([sys.executable, *options, str(path)]) for _ in range(rounds)]
            seconds, cpu, peak = (min(values) for values in zip(*runs, strict=True))
            yield Measured(command, generations, gigabytes, seconds, cpu, plain, peak)


def build(ledger: Path, generations: int) -> None:
    """Make a ledger of one plan, one complete run of it, and its scores."""
    asked = [_facts(index) for index in range(generations)]
    names = ["exact_match", "character_error_rate"]
    core: dict[str, Any] = {"title": "A benchmark", "scores": names}
    plan = plan_id(core, (request["request"] for request in asked))
    tree = Frontier()
    sealed = []
    for facts in asked:
        sealed.append(seal_record(new("request", plan=plan, **facts), _prompt(facts["index"])))
        tree.append(leaf_hash(dumps(sealed[-1].record)))
    head = new("plan", plan=plan, experiment="benchmark", core=core, requests=generations,
               requests_root=tree.root().hex(), created=TIME)  # fmt: skip
    publish(ledger, f"plan-{plan[:16]}", [Sealed(head), *sealed])
    del sealed
    commit(ledger)
    seen = read_checkpoints(ledger)[-1]
    run = _fake("run")
    for first in range(0, generations, ANSWERS_A_SHARD):
        part = asked[first : first + ANSWERS_A_SHARD]
        group = f"run-{run[:16]}/{first:08d}-{first + len(part):08d}"
        publish(ledger, group, _answers(plan, run, first, part, seen))
    commit(ledger)
    score(ledger, run)
    commit(ledger)


def pack(ledger: Path, bundle: Path) -> None:
    """Write a bundle of the ledger and the verifiers, without an experiment's folder."""
    paths = [path for path in ledger.rglob("*") if path.is_file() and path.suffix != ".lock"]
    members = [Member(f"ledger/{path.relative_to(ledger).as_posix()}", path) for path in paths]
    members += [Member(name, PUBLISH / name) for name in ("verify.py", "verify.sql")]
    found = [measure(member) for member in members]
    listed = sums(found)
    note = body(read_checkpoints(ledger)[-1], listed).encode()
    found += [measure(Member(*pair)) for pair in (("SHA256SUMS", listed), ("bundle.note", note))]
    write_archive(bundle, found, replace=True)


def _facts(index: int) -> dict[str, Any]:
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
    identity = request_id(**facts, prompt_ids=_ids(index, 70))
    names = {"item": f"item-{index}", "stratum": "v-u", "sampling": "sampled", "few_shot": []}
    return {"index": index, "request": identity, **names, **facts}


def _prompt(index: int) -> dict[str, bytes]:
    text = _text(index)
    return {
        "prompt": f"alt: {text}\nneu:".encode(),
        "prompt_ids": ids_to_bytes(_ids(index, 70)),
        "source": text.encode(),
        "reference": text.encode(),
    }


def _answers(
    plan: str, run: str, first: int, part: list[dict[str, Any]], seen: Checkpoint
) -> Iterator[Sealed]:
    attempt = _fake(f"attempt {first}")[:32]
    common = {"attempt": attempt, "run": run, "plan": plan}
    start = new(
        "start", **common, first=first, last=first + len(part), requests=len(part),
        environment=_fake("environment"), snapshot=_fake("snapshot"), snapshot_check="stat",
        checkpoint={"size": seen.size, "root": seen.root.hex()}, engine={"family": "transformers"},
        code=_fake("code"), host="node", pid=1, job=None, started=TIME,
    )  # fmt: skip
    yield Sealed(start)
    for facts in part:
        request, ids = facts["request"], _ids(facts["index"], 60)
        record = new(
            "generation", **common, request=request, result=result_id(request, ids, "stop"),
            finish="stop", finished=TIME,
            batch={"id": "0123456789abcdef", "row": 1, "rows": 32, "policy": "strict"},
        )  # fmt: skip
        values = {
            "output": _answer(facts["index"]).encode(),
            "output_ids": ids_to_bytes(ids),
            "logprobs": array("f", [-0.25 / (step + 1) for step in range(60)]).tobytes(),
            "margins": array("f", [7.5 / (step + 1) for step in range(60)]).tobytes(),
        }
        yield seal_record(record, values)
    end = new("end", **common, how="complete", generations=len(part), failures=0,
              closed_by=attempt, ended=TIME)  # fmt: skip
    yield Sealed(end)


def _answer(index: int) -> str:
    """Return the reference, in one of three answers with an error or two."""
    text = _text(index)
    if index % 3:
        return text
    place = index % 40
    return f"{text[:place]}{text[place + 1 : place + 9]}ſ{text[place + 9 :]}"


def _ids(index: int, number: int) -> list[int]:
    return [(index * 31 + step * 17) % 50_000 for step in range(number)]


_WORDS = [random.Random(seed).randbytes(3).hex() for seed in range(512)]


def _text(index: int) -> str:
    words = (_WORDS[(index * 7 + step * 13) % len(_WORDS)] for step in range(9))
    return " ".join(words)[:56] + f" {index:x}"


def _fake(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _sha256_seconds(path: Path) -> float:
    before = time.perf_counter()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.perf_counter() - before


# A small process starts the command: a child is charged with the memory of what it is forked from.
_MEASURE = """
import json, os, sys, time
before = time.perf_counter()
pid = os.fork()
if pid == 0:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - before
print(json.dumps([status, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def _run(command: list[str]) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds, and peak memory in MiB of the largest process."""
    starter = [sys.executable, "-I", "-S", "-c", _MEASURE, *command]
    done = subprocess.run(starter, stdout=subprocess.PIPE, text=True, check=True)
    status, seconds, cpu, peak = json.loads(done.stdout)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return seconds, cpu, peak


def _row(m: Measured) -> str:
    return (f"{m.command:24}{m.generations:>9,}{m.gigabytes:>7.2f}{m.seconds:>8.2f}"
            f"{m.cpu_seconds:>8.2f}{m.sha256_seconds:>11.3f}{m.ratio:>7.1f}{m.cpu_ratio:>7.1f}"
            f"{m.peak_mib:>10.0f}")  # fmt: skip


if __name__ == "__main__":
    main()
