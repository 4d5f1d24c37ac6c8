"""Experiments of the checkout on other data, and ledgers of answers that are known beforehand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import warm
from ledger.building import ENVIRONMENT, FACTS, TIME
from reprollm.cli import reprollm
from reprollm.ledger.commit import commit
from reprollm.prompts.runs import open_run
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.checkpoint import parse
from reprollm.records.identity import result_id
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import publish, read_records
from reprollm.review import verify as standalone
from reprollm.scores.read import Estimate, estimates

CHECKOUT = Path(__file__).resolve().parents[2]
MODELS = CHECKOUT / "experiments" / "normalisation" / "models"
TEXTS = Path(__file__).parent / "texts"
CODE = "c0de" * 16

Said: TypeAlias = Mapping[tuple[str, str], str]
"""Answers by sampling and item."""


@dataclass(frozen=True)
class Workspace:
    """A folder with a copy of one experiment of the checkout.

    Attributes:
        folder: the workspace.
        name: the experiment's.
    """

    folder: Path
    name: str

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger" / self.name

    def reprollm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a user would, in a process of its own."""
        return warm.run(
            "reprollm",
            *arguments,
            folder=self.folder,
            environment={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "PYTHONPATH": str(CHECKOUT / "src"),
                "REPROLLM_MODELS": str(MODELS),
            },
        )


def workspace(folder: Path, name: str, data: str, excerpt: str | None) -> Workspace:
    """Copy what the checkout has of an experiment; put an excerpt in the place of its data.

    Args:
        folder: the workspace.
        name: the experiment's.
        data: the name of its data file.
        excerpt: a file of `texts`; None leaves the data out, as a fresh checkout does.
    """
    there = folder / "experiments" / name
    shutil.copytree(
        CHECKOUT / "experiments" / name, there, ignore=shutil.ignore_patterns("data", "published")
    )
    if excerpt is not None:
        (there / "data").mkdir()
        shutil.copyfile(TEXTS / excerpt, there / "data" / data)
    return Workspace(folder, name)


def answered(place: Workspace, said: Said) -> list[Estimate]:
    """Plan the experiment, answer it with `said`, score it, check it twice; return the estimates.

    Only the model is left out: its answers are put into the ledger as it would have put its own.
    """
    ledger = place.ledger
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.folder)
        patch.setenv("REPROLLM_MODELS", str(MODELS))
        _typed("plan", place.name)
        commit(ledger)
        made = _answer(ledger, said)
        commit(ledger)
        for command in ("score", "conclude"):
            _typed(command, str(ledger))
            commit(ledger)
    assert both(ledger) == []
    return estimates(ledger, made)


def both(ledger: Path) -> list[str]:
    """Return what either verifier says that finds something wrong, scores and conclusions too."""
    found = []
    ours = warm.run(
        "reprollm", "ledger", "verify", str(ledger), folder=ledger, environment=os.environ
    )
    alone = subprocess.run(
        [sys.executable, "-I", "-S", str(standalone.__file__), str(ledger)],
        capture_output=True,
        text=True,
        check=False,
    )
    for done in (ours, alone):
        found += [done.stdout + done.stderr] if done.returncode else []
    return found


def _typed(*arguments: str) -> None:
    reprollm.main([*arguments], standalone_mode=False)


def _answer(ledger: Path, said: Said) -> str:
    """Publish one attempt that gives the answers that are said; return its run."""
    [head, snapshot, *requests] = _plan(ledger)
    plan = head["plan"]
    run = open_run(ledger, plan, CODE)
    common = {"attempt": "a7" * 16, "run": run, "plan": plan}
    start = new(
        "start", **common, first=0, last=len(requests), requests=len(requests),
        environment=ENVIRONMENT, snapshot=snapshot["snapshot"], snapshot_check="full",
        checkpoint=_checkpoint(ledger), engine={"family": "transformers"}, code=CODE,
        host="node1", pid=1, job=None, started=TIME.format(1),
    )  # fmt: skip
    answers = [_generation(common, one, said[one["sampling"], one["item"]]) for one in requests]
    end = new(
        "end", **common, how="complete", generations=len(requests), failures=0,
        closed_by=common["attempt"], ended=TIME.format(3),
    )  # fmt: skip
    environment = new("environment", environment=ENVIRONMENT, facts=FACTS)
    group = f"run-{run[:16]}/{0:08d}-{len(requests):08d}"
    publish(ledger, group, [Sealed(environment), Sealed(start), *answers, Sealed(end)])
    assert said.keys() == {(one["sampling"], one["item"]) for one in requests}
    return run


def _plan(ledger: Path) -> list[dict[str, Any]]:
    [shard] = (ledger / "shards").glob("plan-*/*.jsonl")
    return list(read_records(shard))


def _checkpoint(ledger: Path) -> dict[str, Any]:
    newest = max((ledger / "log").glob("*.checkpoint"))
    read = parse(newest.read_text(encoding="utf-8"))
    return {"size": read.size, "root": read.root.hex()}


def _generation(common: Mapping[str, str], request: dict[str, Any], output: str) -> Sealed:
    ids = [3 + byte for byte in output.encode()]
    record = new(
        "generation", **common, request=request["request"],
        result=result_id(request["request"], ids, "stop"), finish="stop",
        batch={"id": "b", "row": request["index"], "rows": 32, "policy": "strict"},
        finished=TIME.format(2),
    )  # fmt: skip
    values = {
        "output": output.encode(),
        "output_ids": ids_to_bytes(ids),
        "logprobs": b"\0\0\0\0" * len(ids),
        "margins": b"\0\0\0\0" * len(ids),
    }
    return seal_record(record, values)


Values: TypeAlias = Callable[..., str | None]


def values(rows: Sequence[Estimate], sampling: str) -> Values:
    """Return a function from a score, an aggregation and a label to the value at level `all`."""

    def value(score: str, aggregation: str, label: str | None = None) -> str | None:
        [found] = [
            row.value
            for row in rows
            if (row.sampling, row.level, row.score, row.aggregation, row.label)
            == (sampling, "all", score, aggregation, label)
        ]
        return found

    return value
