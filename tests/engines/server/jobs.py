"""Planned experiments that ask a stand-in, and attempts at them in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engines.jobs import Job
from engines.server.standins import StandIn
from model_parts import alone, at
from reprollm.engines.attempt import answer_slice
from reprollm.engines.registry import open_engine
from reprollm.engines.slices import Opened, Outcome, Slice
from reprollm.experiment.load import load
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import covering
from reprollm.prompts.plan import make_plan, read_sources
from reprollm.prompts.publish import publish_plan
from reprollm.snapshot.lock import load_lock, write_lock
from reprollm.snapshot.model import LocatedModel, load_model
from reprollm.snapshot.pin import pin

EXPERIMENT = """\
schema: reprollm/experiment/1
name: served
title: A server answers
model: {{lock: models/tiny.lock.json}}
engine:
  family: server
  dtype: native
  device: cpu
  batch: {{policy: {policy}, size: 2}}
  server: {{kind: {kind}, url: "{url}", model: tiny, trust: {trust}, remote: {remote}}}
data: {{file: data/items.csv, id: id, source: source, private: {private}}}
prompt: {{template: prompts/ask.jinja}}
sampling:
  greedy: {{temperature: 0, max_tokens: 6}}
"""
ITEMS = ("vnd so", "zu jm", "sprach")


def write_experiment(folder: Path, server: StandIn, **changes: str) -> Path:
    """Write an experiment that asks `server`, but for its lock; return its folder."""
    experiment = folder / "experiment"
    for name in ("data", "prompts", "models"):
        (experiment / name).mkdir(parents=True, exist_ok=True)
    told = {
        "kind": server.kind,
        "url": server.url,
        "policy": "strict",
        "trust": "claimed",
        "remote": "refused",
        "private": "false",
        **changes,
    }
    (experiment / "experiment.yaml").write_text(EXPERIMENT.format(**told), encoding="utf-8")
    (experiment / "prompts" / "ask.jinja").write_text("{{ source }}", encoding="utf-8")
    rows = [f"i{number},{source}\n" for number, source in enumerate(ITEMS)]
    (experiment / "data" / "items.csv").write_text("id,source\n" + "".join(rows), encoding="utf-8")
    return experiment


def plan_served(folder: Path, model: Path, server: StandIn, **changes: str) -> Job:
    """Write and plan an experiment that asks `server` for the model in a folder."""
    experiment = write_experiment(folder, server, **changes)
    lock_file = experiment / "models" / "tiny.lock.json"
    write_lock(pin(model, name="tiny"), lock_file, replace=True)
    described, lock = load(experiment / "experiment.yaml"), load_lock(lock_file)
    plan = make_plan(read_sources(described, alone(lock)), at(model))
    stored = publish_plan(plan, lock, folder / "ledger")
    commit(folder / "ledger")
    return Job(folder, stored)


def work_of(job: Job) -> Slice:
    """Return the whole job as one slice."""
    return Slice(
        job.ledger,
        job.plan,
        job.run,
        "0" * 64,
        covering(job.ledger, job.plan.shard),
        0,
        job.plan.requests,
        job.ledger / "journals",
        2,
    )


def answer(
    job: Job, model: Path, advance: Callable[[int, int], object] = lambda requests, tokens: None
) -> Outcome:
    """Make one attempt at the job, with the model in a folder."""
    asked = load_model(job.folder / "experiment" / "models" / "tiny.lock.json")

    def opened() -> Opened:
        located = LocatedModel((model,), "full")
        return Opened(open_engine(located, asked, job.plan.engine), "full")

    return answer_slice(work_of(job), opened, advance)
