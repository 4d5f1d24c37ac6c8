"""Runs: one execution of a plan by one state of the code, and what it has answered so far."""

from __future__ import annotations

import os
from pathlib import Path

from reprollm.canon import dumps, loads_object
from reprollm.errors import LeafMismatch
from reprollm.records.identity import run_id
from reprollm.records.shard import read_lines, write_once


def open_run(ledger: Path, plan: str, code: str) -> str:
    """Return the run of a plan by this state of the code; begin it if there is none.

    Args:
        ledger: the ledger's folder.
        plan: the plan id, hex.
        code: digest of the code that generates, hex.

    Raises:
        StorageFailed: the file system refused.
        LeafMismatch: the run's file was changed.
    """
    path = _run_file(ledger, plan, code)
    nonce = os.urandom(32).hex()
    run = {"run": run_id(plan, code, nonce), "plan": plan, "code": code, "nonce": nonce}
    write_once(path, dumps(dict(run)))
    return _read_run(path, plan, code)


def find_run(ledger: Path, plan: str, code: str) -> str | None:
    """Return the run of a plan by this state of the code, or None if it has not begun."""
    path = _run_file(ledger, plan, code)
    return _read_run(path, plan, code) if path.exists() else None


def answered(ledger: Path, run: str) -> set[str]:
    """Return the requests that the shards of a run answer already, committed or not."""
    found = set()
    for path in sorted((ledger / "shards" / f"run-{run[:16]}").glob("**/*.jsonl")):
        for line in read_lines(path):
            record = loads_object(line)
            if record.get("kind") == "generation" and record.get("run") == run:
                found.add(str(record["request"]))
    return found


def _run_file(ledger: Path, plan: str, code: str) -> Path:
    return ledger / "plans" / plan / "runs" / f"{code[:16]}.json"


def _read_run(path: Path, plan: str, code: str) -> str:
    value = loads_object(path.read_bytes())
    run, nonce = str(value.get("run")), str(value.get("nonce"))
    if run_id(plan, code, nonce) != run:
        raise LeafMismatch(
            f"expected the run of plan {plan[:16]}… by code {code[:16]}… in {path}, found another; "
            "the file was changed, restore it from a copy"
        )
    return run
