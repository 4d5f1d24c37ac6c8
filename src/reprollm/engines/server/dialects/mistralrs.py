"""mistral.rs through the protocol: a request's seed is accepted and ignored, so none is sent.

Quantization in place (ISQ) changes the weights as they are loaded and is not told over HTTP.
Source: mistralrs-server-core (2026-08).
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import Asked, Dialect, Identity, listed_model, said


class MistralRs(Dialect):
    """Requests to `/v1/completions` with the fields that mistral.rs adds."""

    kind: ClassVar[str] = "mistralrs"

    def recognise(self, client: Client) -> bool:
        """Return whether every listed model is owned by `local`, as no other server writes."""
        listed = reading.items(client.get("/v1/models").value, "data")
        return bool(listed) and all(reading.text(one, "owned_by") == "local" for one in listed)

    def identify(self, client: Client, model: str) -> Identity:
        """Return the model's name, which is the path or repository that was loaded."""
        listed = listed_model(client, model)
        name = reading.text(listed, "root") or reading.text(listed, "id") or ""
        return Identity(
            model=reading.text(listed, "id"),
            paths=(name,) if name.startswith("/") else (),
            facts=said(listed, "owned_by", "status"),
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the protocol's body with the fields that mistral.rs adds."""
        settings = asked.settings
        body = super().body(asked) | {
            "best_of": 1,
            "echo": False,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "dry_multiplier": 0.0,
        }
        if settings.top_k:
            body["top_k"] = settings.top_k
        return body
