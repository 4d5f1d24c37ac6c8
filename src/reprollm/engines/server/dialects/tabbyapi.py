"""TabbyAPI (ExLlamaV2 and V3) through the protocol: no seed is known to it, so greedy answers only.

A model is told by the name of its folder. A file of sampler overrides on the server can force
values whatever is sent, which the hidden penalties of the probe would show. Source: its
endpoints/OAI (2026-08).
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import Asked, Dialect, Identity, said


class TabbyApi(Dialect):
    """Requests to `/v1/completions` with the fields that TabbyAPI adds."""

    kind: ClassVar[str] = "tabbyapi"

    def recognise(self, client: Client) -> bool:
        """Return whether the server's own description names TabbyAPI."""
        info = client.get("/.well-known/serviceinfo").value
        return reading.text(info, "software", "name") == "TabbyAPI"

    def identify(self, client: Client, model: str) -> Identity:
        """Return the loaded folder's name, its context and the mode of its cache."""
        card = client.get("/v1/model").value
        parameters = reading.at(card, "parameters")
        return Identity(
            model=reading.text(card, "id"),
            context=reading.count(parameters, "max_seq_len"),
            facts=said(parameters, "cache_mode", "chunk_size", "rope_scale", "rope_alpha"),
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the protocol's body and every sampler that an override could set."""
        settings = asked.settings
        return super().body(asked) | {
            "top_k": settings.top_k,
            "min_p": 0.0,
            "top_a": 0.0,
            "tfs": 1.0,
            "typical": 1.0,
            "nsigma": 0.0,
            "min_temp": 1.0,
            "max_temp": 1.0,
            "smoothing_factor": 0.0,
            "repetition_penalty": 1.0,
            "penalty_range": 0,
            "mirostat_mode": 0,
            "dry_multiplier": 0.0,
            "xtc_probability": 0.0,
            "token_healing": False,
            "add_bos_token": True,
            "ban_eos_token": False,
            "skip_special_tokens": True,
            "min_tokens": 0,
        }
