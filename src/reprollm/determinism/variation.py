"""The circumstances under which requests are asked again, each in a worker process.

One process asks the baseline, the same once more with whatever caches are warm by then, in another
order, one request at a time, and by threes. Others are fresh processes: with the same settings,
with another batch size, with another number of threads, and, where that is asked for, with the
plainest instruction set, which to the libraries is another machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from reprollm.determinism.job import Pass
from reprollm.experiment.engine import EngineSettings

BASELINE = "baseline"
_SHUFFLE_KEY = 7
_PLAINEST = {"ATEN_CPU_CAPABILITY": "default"}


@dataclass(frozen=True)
class Variation:
    """One way of asking again.

    Attributes:
        name: short, for tables and files.
        says: what is different from the baseline, for people.
        counts: whether a run with the same settings may meet it, so that it bounds the declared
            level; what needs other settings or another machine does not.
    """

    name: str
    says: str
    counts: bool


@dataclass(frozen=True)
class Worker:
    """One process: its settings, its variables, and the variations that its passes are."""

    settings: EngineSettings
    passes: tuple[tuple[Variation, Pass], ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def first_worker(settings: EngineSettings, requests: int) -> Worker:
    """Return the process that asks the baseline and all that needs no other process."""
    order = tuple(range(requests))
    shuffled = tuple(np.random.Generator(np.random.Philox(_SHUFFLE_KEY)).permutation(requests))
    ways = [
        (Variation(BASELINE, "fresh process, cold caches", False), Pass(BASELINE, order)),
        _counting("again", "same process, warm caches", order),
        _counting("shuffled", "another order", tuple(map(int, shuffled))),
        _counting("one at a time", "handed over one by one", order, 1),
        _counting("by threes", "handed over by threes, shuffled", tuple(map(int, shuffled)), 3),
    ]
    return Worker(settings, tuple(ways), _variables(settings))


def other_workers(
    settings: EngineSettings, requests: int, threads: int, sizes: tuple[int, ...], elsewhere: bool
) -> list[Worker]:
    """Return the processes that follow the first.

    Args:
        settings: of the baseline.
        requests: how many there are.
        threads: with how many threads the baseline's engine computed.
        sizes: other batch sizes.
        elsewhere: whether to play another machine, where the engine computes with ATen's kernels.
    """
    order = tuple(range(requests))
    others = 1 if threads > 1 else 2
    found = [_worker(settings, _counting("restarted", "fresh process again", order))]
    found += [
        _worker(
            replace(settings, batch_size=size),
            _counting(f"batch size {size}", f"fresh process, at most {size} at once", order),
        )
        for size in sizes
    ]
    if settings.family != "server":
        name = f"{others} thread{'s' if others > 1 else ''}"
        changed = replace(settings, threads=others)
        found.append(_worker(changed, _foreign(name, "other settings: threads", order)))
    if elsewhere and settings.family in ("transformers", "vllm") and settings.device == "cpu":
        way = _foreign("plainest kernels", "as if on another machine", order)
        found.append(replace(_worker(settings, way), variables=_variables(settings) | _PLAINEST))
    return found


def _worker(settings: EngineSettings, *ways: tuple[Variation, Pass]) -> Worker:
    return Worker(settings, ways, _variables(settings))


def _variables(settings: EngineSettings) -> dict[str, str]:
    """Return what libraries read before any setting reaches them."""
    return {} if settings.threads is None else {"OMP_NUM_THREADS": str(settings.threads)}


def _counting(
    name: str, says: str, order: tuple[int, ...], together: int = 0
) -> tuple[Variation, Pass]:
    return Variation(name, says, True), Pass(name, order, together)


def _foreign(name: str, says: str, order: tuple[int, ...]) -> tuple[Variation, Pass]:
    return Variation(name, says, False), Pass(name, order)
