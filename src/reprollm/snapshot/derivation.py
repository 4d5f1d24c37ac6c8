"""Where derived weights come from: a conversion, a quantization or a merge that somebody ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json


@dataclass(frozen=True)
class Source:
    """A snapshot that a derivation read: its role (`source`, `base`, `adapter`, …) and ids, hex."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    role: str
    name: str
    snapshot: str
    weights: str

    def to_record(self) -> dict[str, Json]:
        """Return the source as canonical JSON."""
        return {
            "role": self.role,
            "name": self.name,
            "snapshot": self.snapshot,
            "weights": self.weights,
        }


@dataclass(frozen=True)
class Parameter:
    """A parameter of a derivation, its value as text."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    name: str
    value: str


@dataclass(frozen=True)
class Derivation:
    """How a snapshot was made from others.

    Attributes:
        sources: what was read, in order.
        tool: the program, for example `reprollm model convert`.
        tool_version: its version.
        parameters: everything that decides the result, by name.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    sources: tuple[Source, ...]
    tool: str
    tool_version: str
    parameters: tuple[Parameter, ...] = ()

    def to_record(self) -> dict[str, Json]:
        """Return the fields of a `derivation` record but the result's ids and the time."""
        return {
            "sources": [source.to_record() for source in self.sources],
            "tool": self.tool,
            "tool_version": self.tool_version,
            "parameters": {item.name: item.value for item in self.parameters},
        }
