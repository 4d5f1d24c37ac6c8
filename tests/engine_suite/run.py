"""Run the suite for each engine in its own environment, and print one table.

    python tests/engine_suite/run.py [ENGINE ...] [--python PYTHON] [--set-up]

Environments are set up from `envs/` where they are missing: `.venv` (`envs/dev.txt`), `.venv-vllm`,
`.venv-llamacpp`. PYTHON is what they are made with.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine_suite.entry import Entry, entry, names
from reprollm.cli.terminal import table

CHECKOUT = Path(__file__).resolve().parents[2]
_MARKS = {"passed": "holds", "failed": "FAILS", "error": "ERROR", "skipped": "SKIPPED"}


@dataclass(frozen=True)
class Outcome:
    """What came of one engine: each test's outcome by its name, the exit code, wall seconds."""

    entry: Entry
    tests: Mapping[str, str]
    code: int
    seconds: float


def main() -> None:
    """Run what is asked for; exit with 1 where anything does not hold."""
    parser = argparse.ArgumentParser(description="The contract suite, one engine at a time.")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"of {', '.join(names())}")
    parser.add_argument("--python", default="python3", help="makes missing environments")
    parser.add_argument("--set-up", action="store_true", help="make environments, run nothing")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.engines) - set(names()))
    if unknown:
        parser.error(f"expected engines of {', '.join(names())}; found {', '.join(unknown)}")
    chosen = [entry(name) for name in arguments.engines or names()]
    set_up(chosen, arguments.python)
    if arguments.set_up:
        return
    # Each engine computes with one thread.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(run, sorted(chosen, key=_last_first)))
    show(outcomes)
    good = all(each.code == 0 and set(each.tests.values()) == {"passed"} for each in outcomes)
    sys.exit(0 if good else 1)


def set_up(entries: Sequence[Entry], python: str) -> None:
    """Make or complete the environments that the engines need."""
    for venv, environment in sorted({(each.venv, each.environment) for each in entries}):
        command = ["envs/install.sh", venv, python, environment]
        subprocess.run(command, cwd=CHECKOUT, check=True)


def run(each: Entry) -> Outcome:
    """Run the suite for one engine in its environment, and print its output when it is done."""
    with tempfile.TemporaryDirectory(prefix="reprollm-suite-") as folder:
        results = Path(folder) / "results.json"
        begun = time.monotonic()
        done = subprocess.run(
            [
                CHECKOUT / each.venv / "bin" / "python", "-m", "pytest", "tests/engine_suite",
                "--engine", each.name, "--results", results, "-p", "no:cacheprovider",
            ],
            cwd=CHECKOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        seconds = time.monotonic() - begun
        tests = json.loads(results.read_text()) if results.exists() else {}
    print(f"{each.name} (in {each.venv})\n{done.stdout}", flush=True)
    return Outcome(each, tests, done.returncode, seconds)


def _last_first(each: Entry) -> bool:
    """Put what takes longest before the others: a server of vLLM starts in half a minute."""
    return each.name != "vllm_server"


def show(outcomes: Sequence[Outcome]) -> None:
    """Print which statement holds of which engine."""
    statements = list(dict.fromkeys(name for each in outcomes for name in each.tests))
    cells = [
        (
            statement.removeprefix("test_").replace("_", " "),
            *(_MARKS.get(each.tests.get(statement, ""), "") for each in outcomes),
        )
        for statement in statements
    ]
    cells.append(("seconds", *(f"{each.seconds:.0f}" for each in outcomes)))
    headers = ("statement", *(each.entry.name for each in outcomes))
    Console(width=max(100, 70 + 14 * len(outcomes))).print(table("Engines", headers, cells))


if __name__ == "__main__":
    main()
