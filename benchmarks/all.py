"""Every benchmark in turn, as one table of ratios against peers and limits.

    python benchmarks/all.py [--lm-eval PYTHON] [--peers PYTHON] [--quick]

Each benchmark runs as a process of its own; a ratio compares two measurements of one run on one
machine. PYTHON is that of an environment with lm-eval, or with the scan's peers, as `make bench`
sets them up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from reprollm.cli.terminal import table

HERE = Path(__file__).parent
MILLION = 1_000_000
ANSWERS = 100_000


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured against what, the ratio, and the goal for it."""

    what: str
    ratio: str
    goal: str
    holds: bool | None


def main() -> None:
    """Run all benchmarks and print the table."""
    parser = argparse.ArgumentParser(description="All benchmarks as one table of ratios.")
    parser.add_argument("--lm-eval", metavar="PYTHON", help="interpreter that has lm-eval")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter that has the scan's peers")
    parser.add_argument("--quick", action="store_true", help="smaller inputs, one round")
    arguments = parser.parse_args()
    rows = [*startup(), *pinning(arguments.quick), *ledger(arguments.quick)]
    rows += verifying(arguments.quick)
    rows += generation(arguments.lm_eval, arguments.quick)
    rows += engines(arguments.quick)
    rows += policies(arguments.quick)
    rows += footprints(arguments.quick)
    rows += scans(arguments.peers, arguments.quick)
    rows += reports(arguments.quick)
    rows += intervals(arguments.quick)
    verdicts = {True: "holds", False: "missed", None: ""}
    cells = [(row.what, row.ratio, row.goal, verdicts[row.holds]) for row in rows]
    Console(width=110).print(table("Ratios", ("measured", ">ratio", "goal", ""), cells))


def startup() -> Iterator[Row]:
    """Yield how many times longer than bare Python each command takes to start."""
    for found in _lines("startup.py"):
        yield Row(
            f"start of {found['command']} / python -c pass", f"{found['ratio']:.1f}", "", None
        )


def pinning(quick: bool) -> Iterator[Row]:
    """Yield pinning's speed as a part of the machine's limit and against one thread."""
    size = ["--bytes", "400000000", "--rounds", "1"] if quick else []
    [results] = _lines("pinning.py", *size)
    for found in results:
        what = f"pinning {found['gigabytes']:.1f} GB in {found['files']} file(s)"
        yield Row(
            f"{what} / all cores hashing memory",
            f"{found['of_limit']:.2f}",
            ">= 0.90",
            found["of_limit"] >= 0.9,
        )
        yield Row(f"{what} / hashlib in one thread", f"{found['faster']:.2f}", "", None)


def ledger(quick: bool) -> Iterator[Row]:
    """Yield commit and verify against plain SHA-256, a million records against their goal."""
    found = list(_lines("ledger.py", *([] if quick else ["--full"])))
    for step in found:
        what = f"{step['step']} of {step['records']:,} records, {step['peak_mib']:,.0f} MiB"
        late = step["step"] == "verify" and step["records"] == MILLION
        yield Row(
            f"{what}, {step['records'] / step['seconds']:,.0f}/s, CPU / SHA-256 of the bytes",
            f"{step['ratio']:.1f}",
            "a million in < 60 s" if late else "",
            step["seconds"] < 60 if late else None,
        )


def verifying(quick: bool) -> Iterator[Row]:
    """Yield how many times longer than plain SHA-256 a reviewer waits for each verifier."""
    for found in _lines("verifying.py", *(["--rounds", "1", "10000"] if quick else [])):
        goal = 6 if "verify.py" in found["command"] else 3
        what = f"{found['command']}, {found['generations']:,} answers, {found['peak_mib']:,.0f} MiB"
        ratio = f"{found['ratio']:.1f} (CPU {found['cpu_ratio']:.1f})"
        large = found["generations"] == ANSWERS
        yield Row(
            f"{what} / SHA-256 of the same bytes",
            ratio,
            f"<= {goal}" if large else "",
            found["ratio"] <= goal if large else None,
        )


def generation(lm_eval: str | None, quick: bool) -> Iterator[Row]:
    """Yield CPU seconds of generation against a bare loop and another harness."""
    options = ["--rounds", "1" if quick else "3"]
    options += ["--lm-eval", str(Path(lm_eval).absolute())] if lm_eval else []
    for found in _lines("generation.py", *options):
        holds = found["ratio"] <= found["goal"]
        yield Row(found["what"], f"{found['ratio']:.2f}", f"<= {found['goal']:.2f}", holds)


def engines(quick: bool) -> Iterator[Row]:
    """Yield CPU seconds of each engine through reprollm against the engine alone."""
    for found in _lines("engines.py", *(["--rounds", "1"] if quick else [])):
        asked = f"{found['requests']} requests ({found['workload']})"
        what = f"{found['engine']}, {asked}, {found['policy']}"
        yield Row(
            f"{what}, through reprollm / alone",
            f"{found['ratio']:.2f}",
            f"<= {found['goal']:.2f}",
            found["ratio"] <= found["goal"],
        )


def policies(quick: bool) -> Iterator[Row]:
    """Yield the strict batch policy's CPU seconds against those of the fast one."""
    for found in _lines("policies.py", *(["--rounds", "1"] if quick else [])):
        what = f"{found['engine']} {found['dtype']}, batches of {found['size']}"
        yield Row(f"{what}, strict / fast", f"{found['ratio']:.2f}", "", None)


def footprints(quick: bool) -> Iterator[Row]:
    """Yield predicted memory against the resident set of a real process."""
    for found in _lines("footprint.py", *(["--quick"] if quick else [])):
        ratio = found["predicted"] / found["measured"]
        what = f"memory of {found['what']}, predicted / measured"
        yield Row(what, f"{ratio:.2f}", "0.90 to 1.10", 0.9 <= ratio <= 1.1)


def scans(peers: str | None, quick: bool) -> Iterator[Row]:
    """Yield the corpus scan's speed against exact peers, decompression, and over cores."""
    options = ["--quick"] if quick else []
    options += ["--peers", str(Path(peers).absolute())] if peers else []
    for found in _lines("scan.py", *options):
        speed = f", {found['speed']:,.0f} MB per CPU second" if "speed" in found else ""
        goal = found.get("goal")
        if "ratio" in found:
            yield Row(
                f"corpus scan, {found['what']}{speed}",
                f"{found['ratio']:.2f}",
                "" if goal is None else f">= {goal:g}",
                None if goal is None else found["ratio"] >= goal,
            )
        else:
            yield Row(f"corpus scan, {found['what']}{speed}", "", "", None)


def intervals(quick: bool) -> Iterator[Row]:
    """Yield how often intervals cover the true value against how often they say."""
    for found in _lines("intervals.py", *(["--quick"] if quick else [])):
        ignored = found["case"] == "documents ignored"
        few = found["clusters"] < 50
        least = found["level"] - 0.02 - 3 * found["error"]
        what = f"coverage of {found['case']}, {found['n']} answers, {found['clusters']} clusters"
        yield Row(
            f"{what} / {found['level']:.0%}",
            f"{found['coverage']:.3f} ± {found['error']:.3f}",
            "no interval that is offered" if ignored else "" if few else f">= {least:.3f}",
            None if ignored or few else found["coverage"] >= least,
        )


def reports(quick: bool) -> Iterator[Row]:
    """Yield how large the report of many items is, and how long a reader of it waits."""
    for found in _lines("report.py", *(["10000"] if quick else [])):
        what = f"report of {found['items']:,} items, {found['megabytes']:,.1f} MB"
        for step in ("paint", "ready", "filter", "search"):
            seconds = found[f"{step}_seconds"]
            yield Row(f"{what}, {_STEPS[step]}", f"{seconds:.2f} s", "", None)
        longest = found["longest_asking_ms"]
        yield Row(f"{what}, longest task", f"{longest:.0f} ms", "", None)


_STEPS = {
    "paint": "first paint in Chromium",
    "ready": "all items ready",
    "filter": "a filter",
    "search": "a search in all texts",
}


def _lines(script: str, *options: str) -> Iterator[Any]:
    print(f"benchmarks/{script}", *options, file=sys.stderr, flush=True)
    command = [sys.executable, str(HERE / script), "--json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    yield from map(json.loads, done.stdout.splitlines())


if __name__ == "__main__":
    main()
