"""Asking again under every circumstance, and what an engine reached of each."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reprollm.canon import Json
from reprollm.compare.levels import Level
from reprollm.compare.precision import coarsest
from reprollm.determinism.findings import Finding, declared_level, find, refusal
from reprollm.determinism.job import Answered, Job
from reprollm.determinism.process import Advance, Worked, work
from reprollm.determinism.questions import longest
from reprollm.determinism.variation import BASELINE, Worker, first_worker, other_workers
from reprollm.engines.declared import machine_kind, measured_class
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.plan import CONTEXT_GRAIN
from reprollm.prompts.requests import Request
from reprollm.records.time import utc_now
from reprollm.snapshot.model import Model

Watch = Callable[[str], Advance]
"""Told what is asked now; gives the function that is told of each finished batch."""


@dataclass(frozen=True)
class Measured:
    """One engine with one dtype under one policy.

    Attributes:
        snapshot: id of what was asked, hex.
        settings: the engine's.
        engine: what it said of itself.
        machine: the kind of machine (`reprollm.engines.declared.machine_kind`).
        batch_sizes: those that were asked with, rising.
        requests: how many were asked, sampled ones only where the engine honours their seeds.
        tokens: of the baseline's answers together.
        findings: one for each variation.
        created: RFC 3339 time.
    """

    snapshot: str
    settings: EngineSettings
    engine: dict[str, Any]
    machine: dict[str, Any]
    batch_sizes: tuple[int, ...]
    requests: int
    tokens: int
    findings: tuple[Finding, ...]
    created: str

    @property
    def level(self) -> Level | None:
        """The level that a run with these settings may declare on such a machine."""
        return declared_level(self.findings)

    def to_json(self) -> dict[str, Json]:
        """Return the measurement as canonical JSON, whose digest is the evidence of a run."""
        return {
            "snapshot": self.snapshot,
            "settings": self.settings.to_json(),
            "engine": self.engine,
            "class": measured_class(self.engine),
            "policy": self.settings.batch_policy,
            "batch_sizes": list[Json](self.batch_sizes),
            "machine": self.machine,
            "level": self.level,
            "requests": self.requests,
            "tokens": self.tokens,
            "variations": [finding.to_json() for finding in self.findings],
            "created": self.created,
        }


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        model: what is asked.
        run: the name under which its weights were checked.
        settings: the baseline's.
        requests: what is asked, each once in every pass.
        sizes: other batch sizes than the baseline's.
        elsewhere: whether to play another machine.
    """

    model: Model
    run: str
    settings: EngineSettings
    requests: tuple[Request, ...]
    sizes: tuple[int, ...]
    elsewhere: bool


def new_run() -> str:
    """Return a name under which weights are checked once for all workers."""
    return secrets.token_hex(32)


def with_context(settings: EngineSettings, requests: Sequence[Request]) -> EngineSettings:
    """Return the settings with the context that the longest request needs."""
    if settings.context is not None or settings.family == "transformers":
        return settings
    return replace(settings, context=-(-longest(requests) // CONTEXT_GRAIN) * CONTEXT_GRAIN)


def answers_asked(plan: Plan) -> int:
    """Return how many answers a measurement asks for, all passes together."""
    count = len(plan.requests)
    others = other_workers(plan.settings, count, 1, plan.sizes, plan.elsewhere)
    workers = [first_worker(plan.settings, count), *others]
    return count * sum(len(worker.passes) for worker in workers)


def measure(plan: Plan, watch: Watch = lambda what: lambda answers, tokens: None) -> Measured:
    """Ask under every circumstance and return what the engine reached.

    Raises:
        EngineUnavailable: the engine cannot be opened with the baseline's settings.
    """
    first = first_worker(plan.settings, len(plan.requests))
    base = work(_job(plan, first), watch("baseline, again, shuffled, in portions"))
    baseline = base.answers[BASELINE]
    threads = base.engine.get("threads")
    others = other_workers(
        plan.settings,
        len(plan.requests),
        threads if isinstance(threads, int) else 1,
        plan.sizes,
        plan.elsewhere,
    )
    findings = [*_findings(plan, first, base, baseline)]
    for worker in others:
        findings += _asked(plan, worker, baseline, watch)
    return Measured(
        snapshot=plan.model.lock.snapshot,
        settings=plan.settings,
        engine=base.engine,
        machine=machine_kind(base.environment),
        batch_sizes=tuple(sorted({1, plan.settings.batch_size, *plan.sizes})),
        requests=len(baseline),
        tokens=sum(len(answer.tokens.ids) for answer in baseline.values() if answer.tokens),
        findings=tuple(findings),
        created=utc_now(),
    )


def _asked(
    plan: Plan, worker: Worker, baseline: Mapping[str, Answered], watch: Watch
) -> Iterator[Finding]:
    names = ", ".join(variation.name for variation, _ in worker.passes)
    try:
        worked = work(_job(plan, worker), watch(names))
    except EngineUnavailable as error:
        yield from (refusal(variation, str(error)) for variation, _ in worker.passes)
        return
    yield from _findings(plan, worker, worked, baseline)


def _findings(
    plan: Plan, worker: Worker, worked: Worked, baseline: Mapping[str, Answered]
) -> Iterator[Finding]:
    threads = worked.engine.get("threads")
    dtype = coarsest(plan.settings.dtype, worked.engine)
    for variation, each in worker.passes:
        if variation.name != BASELINE:
            yield find(
                variation,
                baseline,
                worked.answers[each.name],
                dtype,
                threads if isinstance(threads, int) else None,
            )


def _job(plan: Plan, worker: Worker) -> Job:
    return Job(
        lock=plan.model.base.file.absolute(),
        adapters=tuple((part.file.absolute(), part.scale) for part in plan.model.adapters),
        run=plan.run,
        settings=worker.settings,
        requests=plan.requests,
        passes=tuple(each for _, each in worker.passes),
        variables=dict(worker.variables),
    )
