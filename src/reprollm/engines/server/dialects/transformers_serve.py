"""`transformers serve`: text in, text out, and the whole generation configuration in the request.

Temperature alone draws nothing there: whether it draws stands in the generation configuration,
which the model's own file supplies unless the request carries one. A seed sets the one generator of
the process, so requests must come one at a time. Log-probabilities are ignored.
Source: transformers/cli/serving (5.23).
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import Asked, Dialect, Identity

REVISION = "@main"
"""What the server puts behind a folder's path in its replies."""


class TransformersServe(Dialect):
    """Requests to `/v1/completions` that carry a generation configuration."""

    kind: ClassVar[str] = "transformers"

    def recognise(self, client: Client) -> bool:
        """Return whether the server's own description of its paths is this one's."""
        paths = reading.at(client.get("/openapi.json").value, "paths")
        return isinstance(paths, dict) and {"/load_model", "/v1/completions"} <= paths.keys()

    def identify(self, client: Client, model: str) -> Identity:
        """Return the model as it was named; the server tells nothing more."""
        path = model.removesuffix(REVISION)
        return Identity(model=model, paths=(path,) if path.startswith("/") else ())

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the request's body; the configuration in it leaves nothing to the model's file."""
        settings = asked.settings
        configuration: dict[str, Any] = {
            "max_new_tokens": settings.max_tokens,
            "do_sample": not settings.greedy,
            "num_beams": 1,
            "repetition_penalty": 1.0,
            "no_repeat_ngram_size": 0,
            "use_cache": True,
        }
        if not settings.greedy:
            configuration |= {
                "temperature": asked.temperature,
                "top_k": settings.top_k,
                "top_p": asked.top_p,
            }
        if settings.stop_ids:
            configuration["eos_token_id"] = list(settings.stop_ids)
        if settings.stop:
            configuration["stop_strings"] = list(settings.stop)
        return {
            "model": asked.model,
            "prompt": asked.text,
            "stream": False,
            "seed": asked.seed,
            "generation_config": json.dumps(configuration),
        }
