"""Answers as they would come from a worker, made by hand."""

from __future__ import annotations

from collections.abc import Sequence

from reprollm.compare.levels import Tokens
from reprollm.determinism.findings import Finding, find
from reprollm.determinism.job import Answered
from reprollm.determinism.measure import Measured
from reprollm.determinism.variation import Variation
from reprollm.experiment.engine import EngineSettings

AGAIN = Variation("again", "same process, warm caches", True)
THREADS = Variation("2 threads", "other settings: threads", False)
IDS = (5, 6, 7, 8)
LOGPROBS = (-0.5, -0.25, -1.0, -2.0)
MARGINS = (3.0, 2.0, 0.5, 0.125)
MACHINE = {"architecture": "x86_64", "processor": {"vendor": "a"}, "accelerators": []}


def answered(
    request: str,
    ids: Sequence[int] = IDS,
    logprobs: Sequence[float] = LOGPROBS,
    margins: Sequence[float] = MARGINS,
    finish: str = "length",
) -> Answered:
    return Answered(request, finish, Tokens(list(ids), list(logprobs), list(margins)))


def answers(*given: Answered) -> dict[str, Answered]:
    return {each.request: each for each in given}


def same(count: int, variation: Variation = AGAIN) -> Finding:
    """A finding of so many bit-identical answers."""
    once = answers(*(answered(f"r{number}") for number in range(count)))
    return find(variation, once, once, "float32")


def other_tokens(variation: Variation = AGAIN, dtype: str = "bfloat16") -> Finding:
    """A finding of one answer with another last token, of a small margin there."""
    once = answers(answered("r0"))
    again = answers(answered("r0", ids=(5, 6, 7, 9)))
    return find(variation, once, again, dtype)


def measured(
    *findings: Finding, dtype: str = "float32", policy: str = "strict", size: int = 8
) -> Measured:
    settings = EngineSettings("transformers", dtype, "cpu", policy, size)
    engine = {"family": "transformers", "dtype": dtype, "policy": policy, "batch_size": size}
    return Measured(
        snapshot="ab" * 32,
        settings=settings,
        engine={**engine, "threads": 1, "torch": "2.13.0"},
        machine=MACHINE,
        batch_sizes=(1, size, 32),
        requests=4,
        tokens=16,
        findings=findings,
        created="2026-11-21T12:00:00.000Z",
    )
