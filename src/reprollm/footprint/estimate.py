"""One engine's memory, part by part.

A `Part` is a number of bytes with what it is for. An engine's parts depend on where it runs: on a
CPU everything lies in the process; on a GPU the weights, the cache and the activations lie in its
memory.

On a CPU what is estimated is the largest resident set while requests are answered: anonymous
memory, which the system cannot take back, and pages of files that
are computed with (libraries; weights where an engine maps them). Pages of weight files that are
read only once, while loading, do not count. Which figures were measured, and which follow from
formulas alone, is said in each `Estimate.basis`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reprollm.canon import Json
from reprollm.footprint.demand import Demand, Sizes
from reprollm.snapshot.facts import Facts


@dataclass(frozen=True)
class Part:
    """Bytes of one part."""

    what: str
    bytes: int


@dataclass(frozen=True)
class Estimate:
    """What one engine needs in one place.

    Attributes:
        engine: its family.
        place: `cpu` or `gpu`.
        parts: what adds up.
        share: how much of the place's memory the engine may take, in percent.
        basis: `measured` where the formula was held against measurements, else `formula`.
        note: what a reader must know besides.
    """

    engine: str
    place: str
    parts: tuple[Part, ...]
    share: int
    basis: str
    note: str

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(part.bytes for part in self.parts)

    def fits(self, memory: int) -> bool:
        """Say whether the engine runs in a place of so many bytes."""
        return self.total * 100 <= memory * self.share

    def to_json(self) -> dict[str, Json]:
        """Return the estimate for programs."""
        return {
            "engine": self.engine,
            "place": self.place,
            "total": self.total,
            "parts": {part.what: part.bytes for part in self.parts},
            "basis": self.basis,
            "note": self.note,
        }


@dataclass(frozen=True)
class Model:
    """What is known of a model: its facts, and its sizes where all of them are known."""

    facts: Facts
    sizes: Sizes
    gguf: bool


Engine = Callable[[Model, Demand], list[Estimate]]
