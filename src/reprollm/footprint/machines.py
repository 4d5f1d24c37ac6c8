"""The usual machines, and which of them a model fits.

A size in GB counts as so many times 10^9 bytes: cards and memory bars hold some percent more than
their name says, which is what drivers, screens and the operating system take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.footprint.demand import Demand, sizes
from reprollm.footprint.estimate import Engine, Estimate, Model
from reprollm.footprint.llamacpp import llamacpp
from reprollm.footprint.transformers import transformers
from reprollm.footprint.vllm import vllm
from reprollm.snapshot.lock import Lock

GB = 10**9
SIZES = {"gpu": (8, 16, 24, 48, 80, 141), "cpu": (16, 32, 64, 128)}
"""GB of the usual machines by place."""

_SAFETENSORS: tuple[Engine, ...] = (transformers, vllm, llamacpp)


@dataclass(frozen=True)
class Fit:
    """An estimate, and the smallest of the usual machines that it fits, None for none."""

    estimate: Estimate
    machine: int | None


def footprint(lock: Lock, demand: Demand) -> list[Fit]:
    """Return what each engine that can load the model needs, and where it fits.

    Raises:
        InvalidInput: the lock does not say the model's sizes.
    """
    facts = lock.facts
    gguf = any(file.path.lower().endswith(".gguf") for file in lock.files)
    model = Model(facts, sizes(facts, lock.name), gguf)
    engines: Sequence[Engine] = (llamacpp,) if gguf else _SAFETENSORS
    found = [estimate for engine in engines for estimate in engine(model, demand)]
    return [Fit(estimate, smallest(estimate)) for estimate in found]


def smallest(estimate: Estimate) -> int | None:
    """Return the smallest of the usual machines in GB that the engine runs on, None for none."""
    fitting = (size for size in SIZES[estimate.place] if estimate.fits(size * GB))
    return next(fitting, None)
