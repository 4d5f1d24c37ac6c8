"""Sampling settings: complete, explicit, and the same bytes on every machine.

Nothing here is a default of a model or a server: each field is decided when the experiment is
planned, is part of the request's identity, and is sent to the engine as it stands.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from reprollm.canon import Json, dumps, loads_object
from reprollm.errors import InvalidInput

SAMPLER = "gumbel-philox/1"
"""Gumbel-max over Philox noise keyed by request id and token position."""

SAMPLERS = {
    "transformers": SAMPLER,
    "vllm": "vllm/1",
    "llamacpp": "llama.cpp/1",
    "server": "server/1",
}
"""The sampling algorithm by engine family; all but our own draw with `engines.seeds.seed_of`."""

GREEDY_SEED = "0"
"""The one seed of greedy requests, for which no noise is drawn."""

_TYPES: dict[str, type] = {
    "temperature": str,
    "top_k": int,
    "top_p": str,
    "max_tokens": int,
    "stop": list,
    "stop_ids": list,
    "sampler": str,
}


@dataclass(frozen=True)
class Settings:
    """How tokens are chosen for one request.

    Attributes:
        temperature: decimal, as the experiment writes it; zero is greedy.
        top_k: how many of the likeliest tokens are kept; 0 keeps all.
        top_p: decimal in (0, 1]; the probability mass that is kept.
        max_tokens: at most this many tokens are generated.
        stop: texts that end the answer.
        stop_ids: token ids that end the answer, the snapshot's end-of-sequence ids.
        sampler: name and version of the sampling algorithm.
    """

    temperature: str
    top_k: int
    top_p: str
    max_tokens: int
    stop: tuple[str, ...]
    stop_ids: tuple[int, ...]
    sampler: str = SAMPLER

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return Decimal(self.temperature) == 0

    def to_json(self) -> dict[str, Json]:
        """Return the settings as records and `request_id` hold them."""
        return {**asdict(self), "stop": list(self.stop), "stop_ids": list(self.stop_ids)}

    def to_text(self) -> str:
        """Return the canonical JSON text, the `settings` column of `requests.parquet`."""
        return dumps(self.to_json()).decode("utf-8")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Settings:
        """Return the settings that `to_json` wrote.

        Raises:
            InvalidInput: a field is missing, unknown or of another type.
        """
        if value.keys() != _TYPES.keys():
            raise InvalidInput(
                f"expected sampling settings with {', '.join(_TYPES)}; found {', '.join(value)}"
            )
        for name, kind in _TYPES.items():
            if type(value[name]) is not kind:
                raise InvalidInput(
                    f"expected {kind.__name__} for sampling setting {name!r}, found {value[name]!r}"
                )
        return cls(**{**value, "stop": tuple(value["stop"]), "stop_ids": tuple(value["stop_ids"])})

    @classmethod
    def from_text(cls, text: str) -> Settings:
        """Return the settings that `to_text` wrote; raise `InvalidInput` for anything else."""
        return cls.from_json(loads_object(text.encode("utf-8")))
