"""vLLM's server: the protocol with token ids on both sides.

`return_token_ids` gives the prompt's and the answer's ids; `root` of the model list is the path
that was loaded. Its `system_fingerprint` stays the same when the weights behind a path change, so
nothing here relies on it. `generation_config.json` of the model would supply what is not sent.
Source: docs.vllm.ai (online serving), and replies of 0.32.
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialect import (
    Answer,
    Asked,
    Dialect,
    Identity,
    finish,
    likeliest,
    listed_model,
    said,
    usage,
)

ALL = -1
"""The `top_k` that keeps every token."""


class Vllm(Dialect):
    """Requests to `/v1/completions` with vLLM's own fields."""

    kind: ClassVar[str] = "vllm"

    def recognise(self, client: Client) -> bool:
        """Return whether the model list names vLLM as owner."""
        listed = reading.items(client.get("/v1/models").value, "data")
        return any(reading.text(one, "owned_by") == "vllm" for one in listed)

    def identify(self, client: Client, model: str) -> Identity:
        """Return the version and the path that was loaded."""
        listed = listed_model(client, model)
        root = reading.text(listed, "root")
        return Identity(
            version=reading.text(client.get("/version").value, "version"),
            model=reading.text(listed, "id"),
            paths=(root,) if root else (),
            context=reading.count(listed, "max_model_len"),
            facts=said(listed, "owned_by"),
        )

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the protocol's body with the fields that vLLM adds."""
        return super().body(asked) | {
            "top_k": asked.settings.top_k or ALL,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "min_tokens": 0,
            "ignore_eos": False,
            "stop_token_ids": list(asked.settings.stop_ids),
            "include_stop_str_in_output": False,
            "skip_special_tokens": True,
            "spaces_between_special_tokens": False,
            "return_token_ids": True,
            "add_special_tokens": True,
        }

    def read(self, value: Any) -> Answer:
        """Return the answer with its ids."""
        choice = reading.at(value, "choices", 0)
        prompt = reading.ids(choice, "prompt_token_ids") or reading.ids(value, "prompt_token_ids")
        return Answer(
            text=reading.needed_text(choice, "text"),
            finish=finish(reading.text(choice, "finish_reason")),
            ids=reading.ids(choice, "token_ids"),
            logprobs=reading.numbers(choice, "logprobs", "token_logprobs"),
            prompt_ids=prompt,
            likeliest=likeliest(choice),
            **usage(value),
        )
