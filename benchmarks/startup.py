"""Start-up of the command line, as multiples of starting Python itself.

python benchmarks/startup.py [--json]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from reprollm.canon import digest
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish

REPEATS = 7
CALL = "from reprollm.cli import main; main()"


class Started(NamedTuple):
    """The fastest of several starts: wall and CPU seconds, and the ratio to bare Python's CPU."""

    command: str
    seconds: float
    cpu_seconds: float
    ratio: float


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reprollm-bench-") as folder:
        ledger = Path(folder)
        publish(ledger, f"note-{digest('note')[:16]}", [Sealed(_NOTE)])
        _time(["-c", CALL, "ledger", "commit", str(ledger)])
        bare = _time(["-c", "pass"])
        for name, command in (
            ("python -c pass", ["-c", "pass"]),
            ("reprollm --help", ["-c", CALL, "--help"]),
            ("reprollm ledger verify --help", ["-c", CALL, "ledger", "verify", "--help"]),
            ("reprollm ledger verify LEDGER", ["-c", CALL, "ledger", "verify", str(ledger)]),
        ):
            seconds, cpu = _time(command)
            started = Started(name, seconds, cpu, cpu / bare[1])
            if arguments.json:
                print(json.dumps(started._asdict()))
            else:
                print(f"{name:32}{seconds:7.3f} s{cpu:7.3f} CPU s{started.ratio:7.1f} x Python")


def _time(arguments: list[str]) -> tuple[float, float]:
    """Return the least wall and CPU seconds of several starts of Python."""
    return min(_once(arguments) for _ in range(REPEATS))


def _once(arguments: list[str]) -> tuple[float, float]:
    before, cpu = time.perf_counter(), _children()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - before, _children() - cpu


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


_NOTE = new("note", text="benchmark", created="2026-01-01T00:00:00.000Z")

if __name__ == "__main__":
    main()
