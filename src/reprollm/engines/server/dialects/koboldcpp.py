"""koboldcpp's own `/api/v1/generate`.

It answers for other servers too: `/api/tags` gives the constant digest of a model that it has not
loaded, `/api/version` a version of Ollama, `/props` llama.cpp's shape. What tells it apart is
`/.well-known/serviceinfo`. Source: its API description and koboldcpp.py.
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import Answer, Asked, Dialect, Identity, finish

ORDER = [6, 0, 1, 3, 4, 2, 5]
"""Its samplers by number, in the order that it recommends: penalties first, temperature last."""


class Koboldcpp(Dialect):
    """Requests to `/api/v1/generate`."""

    kind: ClassVar[str] = "koboldcpp"
    endpoint: ClassVar[str] = "/api/v1/generate"

    def recognise(self, client: Client) -> bool:
        """Return whether the server's own description names koboldcpp."""
        info = client.get("/.well-known/serviceinfo").value
        return (reading.text(info, "software", "name") or "").lower() == "koboldcpp"

    def identify(self, client: Client, model: str) -> Identity:
        """Return version, model name and context; it tells no path."""
        return Identity(
            version=reading.text(client.get("/api/extra/version").value, "version"),
            model=reading.text(client.get("/api/v1/model").value, "result"),
            context=reading.count(client.get("/api/extra/true_max_context_length").value, "value"),
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the request's body; `sampler_seed` 0 would mean the time of day."""
        settings = asked.settings
        return {
            "prompt": asked.text,
            "max_length": settings.max_tokens,
            "max_context_length": asked.context,
            "temperature": asked.temperature,
            "top_k": 1 if settings.greedy else settings.top_k,
            "top_p": asked.top_p,
            "sampler_seed": max(1, asked.seed),
            "sampler_order": ORDER,
            "stop_sequence": list(settings.stop),
            "trim_stop": True,
            "min_p": 0.0,
            "top_a": 0.0,
            "typical": 1.0,
            "tfs": 1.0,
            "rep_pen": 1.0,
            "rep_pen_range": 0,
            "rep_pen_slope": 1.0,
            "presence_penalty": 0.0,
            "mirostat": 0,
            "dynatemp_range": 0.0,
            "smoothing_factor": 0.0,
            "dry_multiplier": 0.0,
            "xtc_probability": 0.0,
            "nsigma": 0.0,
            "use_default_badwordsids": False,
            "bypass_eos": False,
            "memory": "",
            "grammar": "",
            "quiet": True,
        }

    def read(self, value: Any) -> Answer:
        """Return the answer; its token counts come with it in newer versions."""
        result = reading.at(value, "results", 0)
        return Answer(
            text=reading.needed_text(result, "text"),
            finish=finish(reading.text(result, "finish_reason")),
            tokens=reading.count(result, "completion_tokens"),
            prompt_tokens=reading.count(result, "prompt_tokens"),
        )
