"""text-generation-webui through the protocol, with its own samplers switched off one by one.

What a preset would add is sent explicitly; the loader is not told over HTTP, nor is a path. The
log-probabilities of its completions are keyed by text, so that the chosen token's cannot be told
apart. Source: modules/api/typing.py (2026-05).
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import Asked, Dialect, Identity


class TextGenerationWebui(Dialect):
    """Requests to `/v1/completions` with the fields that it adds."""

    kind: ClassVar[str] = "text-generation-webui"

    def recognise(self, client: Client) -> bool:
        """Return whether the server tells its model as this one does."""
        info = client.get("/v1/internal/model/info").value
        return isinstance(reading.at(info, "lora_names"), list)

    def identify(self, client: Client, model: str) -> Identity:
        """Return the model's name and the adapters that are on it."""
        info = client.get("/v1/internal/model/info").value
        loras = [str(name)[:100] for name in reading.items(info, "lora_names")]
        return Identity(model=reading.text(info, "model_name"), facts={"lora_names": [*loras]})

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the protocol's body and every sampler that a preset could set."""
        settings = asked.settings
        return super().body(asked) | {
            "preset": None,
            "do_sample": not settings.greedy,
            "top_k": 1 if settings.greedy else settings.top_k,
            "min_p": 0.0,
            "top_n_sigma": 0.0,
            "typical_p": 1.0,
            "tfs": 1.0,
            "top_a": 0.0,
            "epsilon_cutoff": 0.0,
            "eta_cutoff": 0.0,
            "dynamic_temperature": False,
            "smoothing_factor": 0.0,
            "temperature_last": False,
            "repetition_penalty": 1.0,
            "repetition_penalty_range": 0,
            "encoder_repetition_penalty": 1.0,
            "no_repeat_ngram_size": 0,
            "penalty_alpha": 0.0,
            "guidance_scale": 1.0,
            "mirostat_mode": 0,
            "dry_multiplier": 0.0,
            "xtc_probability": 0.0,
            "add_bos_token": True,
            "ban_eos_token": False,
            "skip_special_tokens": True,
            "auto_max_new_tokens": False,
        }
