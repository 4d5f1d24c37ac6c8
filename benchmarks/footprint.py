"""Memory as `reprollm model footprint` predicts it, against the resident set of a real process.

    python benchmarks/footprint.py [--quick] [--only WORD] [--rounds N] [--json]

Random models (`footprint_models.py`) are made in a temporary folder, pinned, and asked through the
engines: transformers, and llama.cpp where xllamacpp and gguf are installed. Each case runs in a
process of its own with one thread, each round in a new one.

Measured is the largest resident set while requests are answered, after the model was loaded. Beside
it stand its two parts, largest each: anonymous memory, which the system can take back by swapping
only (`RssAnon` of proc(5)), and pages of files (`RssFile`): libraries, and weights that an engine
computes with as they lie in the file. The largest anonymous memory while the model was loaded is
given too; the pages of weight files that are only read count to neither, since the system takes
them back when it needs them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from footprint_models import made

ANSWER = 8


@dataclass(frozen=True)
class Case:
    """One measurement: a model, an engine, and what is asked of it."""

    model: str
    family: str
    dtype: str
    context: int
    batch: int

    @property
    def what(self) -> str:
        """The case in words."""
        return f"{self.family} {self.model} {self.dtype}, {self.context} tokens, batch {self.batch}"


CASES = (
    Case("llama", "transformers", "float32", 508, 4),
    Case("llama", "transformers", "float32", 1008, 4),
    Case("llama", "transformers", "float32", 2008, 8),
    Case("llama", "transformers", "bfloat16", 1008, 4),
    Case("gemma3_text", "transformers", "float32", 1008, 4),
    Case("mixtral", "transformers", "float32", 1008, 4),
    Case("deepseek_v3", "transformers", "float32", 1008, 4),
    Case("llama", "llamacpp", "float16", 1008, 1),
    Case("llama", "llamacpp", "float32", 4008, 1),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Predicted against measured memory.")
    parser.add_argument("--quick", action="store_true", help="two cases only")
    parser.add_argument("--only", default="", metavar="WORD", help="cases with this in their words")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        answer(Path(arguments.child[0]), Case(**json.loads(arguments.child[1])))
        return
    llama = find_spec("xllamacpp") is not None and find_spec("gguf") is not None
    cases = [case for case in CASES if case.family == "transformers" or llama]
    cases = [cases[1], cases[-1]] if arguments.quick else cases
    cases = [case for case in cases if arguments.only in case.what]
    with tempfile.TemporaryDirectory(prefix="reprollm-footprint-") as folder:
        for found in measure(Path(folder), cases * arguments.rounds):
            if arguments.json:
                print(json.dumps(found), flush=True)
            else:
                print(f"{found['what']:58}{found['predicted'] / 1e6:8.0f}"
                      f"{found['measured'] / 1e6:8.0f} MB{found['ratio']:6.2f}"
                      f"  anonymous {found['anonymous'] / 1e6:.0f}, files "
                      f"{found['file'] / 1e6:.0f}; loading {found['loading'] / 1e6:.0f}",
                      flush=True)  # fmt: skip


def measure(folder: Path, cases: list[Case]) -> Iterator[dict[str, Any]]:
    """Yield each case's predicted and measured bytes and their ratio."""
    locks: dict[tuple[str, bool], Path] = {}
    for case in cases:
        key = (case.model, case.family == "llamacpp")
        if key not in locks:
            locks[key] = made(folder, *key)
        predicted = predict(locks[key], case)
        child = [sys.executable, __file__, "--child", str(locks[key]), json.dumps(vars(case))]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "REPROLLM_MODELS": str(folder),
        }
        done = subprocess.run(child, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{case.what} failed:\n{done.stderr[-4000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        yield {
            "what": case.what,
            "predicted": predicted,
            **found,
            "ratio": predicted / found["measured"],
        }


def predict(lock: Path, case: Case) -> int:
    """Return the bytes that the command predicts for a CPU."""
    command = [sys.executable, "-m", "reprollm", "model", "footprint", str(lock), "--json"]
    command += ["--context", str(case.context), "--batch", str(case.batch), "--dtype", case.dtype]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for estimate in json.loads(done.stdout)["estimates"]:
        if (estimate["engine"], estimate["place"]) == (case.family, "cpu"):
            return int(estimate["total"])
    raise SystemExit(f"no estimate for {case.what}")


def answer(lock: Path, case: Case) -> None:
    """Answer one batch through the engine; print the largest resident sets in bytes as JSON."""
    from reprollm.engines.opening import open_checked
    from reprollm.experiment.engine import EngineSettings
    from reprollm.prompts.requests import Request
    from reprollm.prompts.settings import Settings
    from reprollm.snapshot.model import load_model

    watch = Watch()
    wanted = Settings("0", 0, "1", ANSWER, (), ())
    settings = EngineSettings(
        case.family, case.dtype, "cpu", "strict", case.batch, context=case.context
    )
    engine = open_checked(load_model(lock, ()), settings).engine
    loading = watch.largest()
    prompt = tuple(3 + 7 * step % 250 for step in range(case.context - ANSWER))
    asked = [
        Request(hashlib.sha256(bytes([row])).hexdigest(), (3 + row, *prompt[1:]), wanted, "0")
        for row in range(case.batch)
    ]
    answered = sum(len(batch) for batch in engine.generate(asked))
    answering = watch.largest()
    engine.close()
    found = {
        "measured": answering["resident"],
        "anonymous": answering["anonymous"],
        "file": answering["file"],
        "loading": loading["anonymous"],
        "answered": answered,
    }
    print(json.dumps(found), flush=True)


class Watch:
    """Looks at this process's resident set every few milliseconds."""

    def __init__(self) -> None:
        self._seen = dict.fromkeys(("resident", "anonymous", "file"), 0)
        threading.Thread(target=self._look, daemon=True).start()

    def largest(self) -> dict[str, int]:
        """Return the largest resident set, and its parts', since this was asked last, in bytes."""
        self._see()
        seen, self._seen = self._seen, dict.fromkeys(self._seen, 0)
        return seen

    def _look(self) -> None:
        while True:
            self._see()
            time.sleep(0.003)

    def _see(self) -> None:
        found = resident()
        self._seen = {part: max(most, found[part]) for part, most in self._seen.items()}


def resident() -> dict[str, int]:
    """Return this process's resident set now, in bytes, shared memory among the anonymous."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines if line.startswith("Rss"))
    sizes = {name: int(value.split()[0]) * 1024 for name, value in fields.items()}
    anonymous = sizes["RssAnon"] + sizes["RssShmem"]
    return {
        "resident": anonymous + sizes["RssFile"],
        "anonymous": anonymous,
        "file": sizes["RssFile"],
    }


if __name__ == "__main__":
    main()
