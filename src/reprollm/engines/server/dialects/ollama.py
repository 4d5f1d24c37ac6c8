"""Ollama's own API: `raw` keeps the model's template away, and options carry every setting.

The digest of `/api/tags` is that of the model's manifest, so it covers weights, template and
parameters together; what that manifest names lies on this machine and is hashed here
(`reprollm.snapshot.ollama`). Models that Ollama itself sends to another machine are refused.
Sources: docs.ollama.com/api and the types of its server (2026-08).
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import BadReplyError, Client
from reprollm.engines.server.dialect import Answer, Asked, Dialect, Identity, finish, said

KEEP = "1h"
"""How long the model stays loaded after a request, so that none waits for it again."""


class Ollama(Dialect):
    """Requests to `/api/generate`."""

    kind: ClassVar[str] = "ollama"
    endpoint: ClassVar[str] = "/api/generate"

    def recognise(self, client: Client) -> bool:
        """Return whether the server tells Ollama's version and lists models as Ollama does."""
        version = reading.text(client.get("/api/version").value, "version")
        models = reading.at(client.get("/api/tags").value, "models")
        return version is not None and isinstance(models, list)

    def identify(self, client: Client, model: str) -> Identity:
        """Return version, manifest digest, template and parameters."""
        wanted = _tagged(model)
        listed = reading.items(client.get("/api/tags").value, "models")
        entry = next((one for one in listed if _named(one) == wanted), None)
        if entry is None:
            raise BadReplyError(
                "malformed",
                "its list of models lacks that name; see `ollama list`, or get it with "
                "`ollama pull` and pin it",
            )
        shown = client.post("/api/show", {"model": wanted}).value
        details = said(reading.at(shown, "details"), "format", "family", "quantization_level")
        template = reading.text(shown, "template") or ""
        return Identity(
            version=reading.text(client.get("/api/version").value, "version"),
            model=wanted,
            paths=tuple(_from_lines(reading.text(shown, "modelfile") or "")),
            digest=(reading.text(entry, "digest") or "").removeprefix("sha256:"),
            elsewhere=_elsewhere(entry) or _elsewhere(shown),
            facts={
                **details,
                "parameters": (reading.text(shown, "parameters") or "")[:500],
                "template_characters": len(template),
            },
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the request's body; the context is said too, lest a default cuts the prompt."""
        settings = asked.settings
        return {
            "model": asked.model,
            "prompt": asked.text,
            "raw": True,
            "stream": False,
            "keep_alive": KEEP,
            "logprobs": asked.logprobs,
            "top_logprobs": 0,
            "options": {
                "seed": asked.seed,
                "num_ctx": asked.context,
                "num_predict": settings.max_tokens,
                "temperature": asked.temperature,
                "top_k": settings.top_k,
                "top_p": asked.top_p,
                "min_p": 0.0,
                "typical_p": 1.0,
                "repeat_last_n": 0,
                "repeat_penalty": 1.0,
                "presence_penalty": 0.0,
                "frequency_penalty": 0.0,
                "stop": list(settings.stop),
            },
        }

    def read(self, value: Any) -> Answer:
        """Return the answer; a part that was taken out of it as thinking makes it no answer."""
        if reading.text(value, "thinking"):
            raise BadReplyError(
                "malformed", "it split the answer in two, although the raw text was asked for"
            )
        logprobs = [reading.number(one, "logprob") for one in reading.items(value, "logprobs")]
        return Answer(
            text=reading.needed_text(value, "response"),
            finish=finish(reading.text(value, "done_reason")),
            logprobs=tuple(logprobs) if logprobs and None not in logprobs else None,
            tokens=reading.count(value, "eval_count"),
            prompt_tokens=reading.count(value, "prompt_eval_count"),
            model=reading.text(value, "model"),
        )


def _tagged(model: str) -> str:
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def _named(entry: Any) -> str | None:
    name = reading.text(entry, "name") or reading.text(entry, "model")
    return _tagged(name) if name else None


def _elsewhere(value: Any) -> str | None:
    return reading.text(value, "remote_host") or reading.text(value, "remote_model") or None


def _from_lines(modelfile: str) -> list[str]:
    """Return the files that a Modelfile's FROM lines name."""
    lines = [line.removeprefix("FROM ").strip() for line in modelfile.splitlines()[:200]]
    return [line for line in lines if line.startswith("/")]
