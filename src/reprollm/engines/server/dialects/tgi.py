"""Text Generation Inference's own `/generate`: text in, token ids and log-probabilities out.

Greedy decoding has no temperature there, and neutral values of top-p, top-k and typical-p are said
by leaving them out; the server refuses them. The prompt's ids come back where the server gives
them. Sources: its OpenAPI description and router/src (2026-01, maintenance mode since).
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import Answer, Asked, Dialect, Identity, finish, said


class Tgi(Dialect):
    """Requests to `/generate`."""

    kind: ClassVar[str] = "tgi"
    endpoint: ClassVar[str] = "/generate"

    def recognise(self, client: Client) -> bool:
        """Return whether `/info` holds what this server's does."""
        info = client.get("/info").value
        limits = ("max_total_tokens", "max_concurrent_requests")
        return reading.text(info, "model_id") is not None and any(
            reading.count(info, name) is not None for name in limits
        )

    def identify(self, client: Client, model: str) -> Identity:
        """Return model id or path, the hub's commit where there is one, and the version."""
        info = client.get("/info").value
        name = reading.text(info, "model_id")
        return Identity(
            version=reading.text(info, "version"),
            model=name,
            paths=(name,) if name and name.startswith("/") else (),
            context=reading.count(info, "max_total_tokens"),
            facts=said(info, "model_sha", "sha", "docker_label", "router", "max_input_tokens"),
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the request's body."""
        settings = asked.settings
        parameters: dict[str, Any] = {
            "do_sample": not settings.greedy,
            "max_new_tokens": settings.max_tokens,
            "repetition_penalty": 1.0,
            "frequency_penalty": 0.0,
            "return_full_text": False,
            "stop": list(settings.stop),
            "watermark": False,
            "details": True,
            "decoder_input_details": True,
            "seed": asked.seed,
        }
        if not settings.greedy:
            parameters["temperature"] = asked.temperature
        if settings.top_k:
            parameters["top_k"] = settings.top_k
        if asked.top_p < 1:
            parameters["top_p"] = asked.top_p
        return {"inputs": asked.text, "parameters": parameters, "stream": False}

    def read(self, value: Any) -> Answer:
        """Return the answer with its ids and log-probabilities."""
        reply = reading.at(value, 0) if isinstance(value, list) else value
        details = reading.at(reply, "details")
        tokens = reading.items(details, "tokens")
        logprobs = [reading.number(one, "logprob") for one in tokens]
        prefill = reading.items(details, "prefill")
        prompt = reading.ids([reading.at(one, "id") for one in prefill]) if prefill else None
        return Answer(
            text=reading.needed_text(reply, "generated_text"),
            finish=finish(reading.text(details, "finish_reason")),
            ids=reading.ids([reading.at(one, "id") for one in tokens]),
            logprobs=tuple(logprobs) if None not in logprobs else None,
            tokens=reading.count(details, "generated_tokens"),
            prompt_tokens=len(prompt) if prompt is not None else None,
            prompt_ids=prompt,
        )
