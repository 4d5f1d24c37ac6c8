"""What an experiment demands of its engine."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from reprollm.canon import Json
from reprollm.errors import InvalidInput

FAMILIES = ("transformers",)
DTYPES = ("float32", "bfloat16", "float16")
BATCH_POLICIES = ("strict", "fast")


@dataclass(frozen=True)
class EngineSettings:
    """The engine of an experiment.

    Attributes:
        family: which engine, one of `FAMILIES`; part of every request's identity.
        dtype: in what the model computes, one of `DTYPES`; part of every request's identity.
        device: `cpu`, `cuda` or `cuda:<number>`.
        batch_policy: one of `BATCH_POLICIES`: `strict` keeps every bit whatever the batch.
        batch_size: at most so many requests are answered at once.
    """

    family: str
    dtype: str
    device: str
    batch_policy: str
    batch_size: int

    def to_json(self) -> dict[str, Json]:
        """Return the settings as a plan's core holds them."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> EngineSettings:
        """Return the settings that `to_json` wrote; raise `InvalidInput` for other keys."""
        names = [field.name for field in fields(cls)]
        if sorted(value) != sorted(names):
            raise InvalidInput(
                f"expected engine settings with {', '.join(names)}; found {', '.join(value)}"
            )
        return cls(**value)
