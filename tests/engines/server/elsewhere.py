"""Experiments that send items to a server elsewhere: with gold, examples, a policy.

The stand-in listens on the unspecified address: it leads to this machine, but is no loopback, so
that requests to it count as leaving. A server that is really elsewhere cannot be reached here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from engines.jobs import Job
from engines.server.standins import StandIn
from model_parts import alone, at
from reprollm.experiment.load import Experiment, load
from reprollm.ledger.commit import commit
from reprollm.prompts.plan import make_plan, read_sources
from reprollm.prompts.publish import publish_plan
from reprollm.snapshot.lock import load_lock, write_lock
from reprollm.snapshot.pin import pin

ITEMS = ("vnd so", "zu jm", "sprach")
EXAMPLES = {"e1": ("auff", "auf"), "e2": ("vmb", "um")}
TEMPLATE = "{% for e in examples %}{{ e.source }}={{ e.reference }} {% endfor %}{{ source }}="
_EXPERIMENT = """\
schema: reprollm/experiment/1
name: elsewhere
title: A server elsewhere answers
model: {{lock: models/tiny.lock.json}}
engine:
  family: server
  dtype: native
  device: cpu
  batch: {{policy: {policy}, size: 2}}
  server:
    {{kind: openai, url: "{url}", model: tiny, trust: claimed, remote: allowed{named}}}
data: {{file: data/items.csv, id: id, source: source, reference: reference{more}}}
prompt: {{template: prompts/ask.jinja}}
{few_shot}sampling:
  greedy: {{temperature: 0, max_tokens: 6}}
{checks}"""
_FEW_SHOT = "few_shot: {file: data/examples.csv, count: 2, seed: 1}\n"
_POLICY = """\
schema: reprollm/policy/1
trains_on_inputs: no
retention_days: 30
url: https://example.org/terms
retrieved: 2026-10-01
evidence: {{type: page, file: terms.html, sha256: {sha256}}}
"""
TERMS = b"<p>Inputs are kept for 30 days.</p>\n"


def unspecified(server: StandIn) -> StandIn:
    """Name the stand-in by an address that is no loopback."""
    server.url = server.url.replace("127.0.0.1", "0.0.0.0")
    return server


def write_elsewhere(
    folder: Path,
    server: StandIn,
    *,
    template: str = TEMPLATE,
    few_shot: bool = True,
    with_policy: bool = False,
    batches: str = "fast",
    more: str = "",
    checks: str = "",
) -> Path:
    """Write an experiment that sends items away, but for its lock; return its folder."""
    experiment = folder / "experiment"
    for name in ("data", "prompts", "models"):
        (experiment / name).mkdir(parents=True, exist_ok=True)
    (experiment / "experiment.yaml").write_text(
        _EXPERIMENT.format(
            policy=batches,
            url=server.url,
            named=", policy: policy.yaml" if with_policy else "",
            few_shot=_FEW_SHOT if few_shot else "",
            more=more,
            checks=checks,
        ),
        encoding="utf-8",
    )
    (experiment / "prompts" / "ask.jinja").write_text(template, encoding="utf-8")
    rows = "".join(f"i{n},{text},gold of {n}\n" for n, text in enumerate(ITEMS))
    (experiment / "data" / "items.csv").write_text("id,source,reference\n" + rows)
    shown = "".join(f"{name},{text},{gold}\n" for name, (text, gold) in EXAMPLES.items())
    (experiment / "data" / "examples.csv").write_text("id,source,reference\n" + shown)
    (experiment / "terms.html").write_bytes(TERMS)
    digest = hashlib.sha256(TERMS).hexdigest()
    (experiment / "policy.yaml").write_text(_POLICY.format(sha256=digest), encoding="utf-8")
    return experiment


def described(experiment: Path, model: Path) -> Experiment:
    """Pin the model for the experiment and return it."""
    write_lock(pin(model, name="tiny"), experiment / "models" / "tiny.lock.json", replace=True)
    return load(experiment / "experiment.yaml")


def plan_elsewhere(experiment: Path, model: Path) -> Job:
    """Plan the experiment and commit the plan."""
    asked = described(experiment, model)
    lock = load_lock(asked.lock)
    plan = make_plan(read_sources(asked, alone(lock)), at(model))
    ledger = experiment.parent / "ledger"
    stored = publish_plan(plan, lock, ledger)
    commit(ledger)
    return Job(experiment.parent, stored)
