"""SGLang's native `/generate`: token ids in, ids and log-probabilities out.

A seed is honoured only where the server was started with `--enable-deterministic-inference`; the
log-probabilities are those after temperature. Weights can be swapped while it runs, so that the
canary is all that tells. Sources: docs.sglang.io (native API, sampling parameters), io_struct.py.
"""

from __future__ import annotations

from typing import Any, ClassVar

from reprollm.engines.server import reading
from reprollm.engines.server.client import BadReplyError, Client
from reprollm.engines.server.dialect import Answer, Asked, Dialect, Identity, finish, said

ALL = -1
"""The `top_k` that keeps every token."""


class Sglang(Dialect):
    """Requests to `/generate`."""

    kind: ClassVar[str] = "sglang"
    endpoint: ClassVar[str] = "/generate"

    def recognise(self, client: Client) -> bool:
        """Return whether the server tells a model's path and whether it generates."""
        info = _model_info(client)
        return reading.text(info, "model_path") is not None and isinstance(
            reading.at(info, "is_generation"), bool
        )

    def identify(self, client: Client, model: str) -> Identity:
        """Return path, version, label of the weights, and whether it is deterministic."""
        info = _model_info(client)
        server = client.get("/server_info").value
        if not isinstance(server, dict):
            server = client.get("/get_server_info").value
        path = reading.text(info, "model_path")
        deterministic = reading.at(server, "enable_deterministic_inference") is True
        return Identity(
            version=reading.text(server, "version"),
            model=reading.text(server, "served_model_name") or path,
            paths=(path,) if path else (),
            context=reading.count(server, "context_length"),
            facts={
                "deterministic": deterministic,
                **said(info, "weight_version"),
                **said(server, "attention_backend", "dtype", "quantization", "random_seed"),
                **said(server, "kv_cache_dtype", "disable_radix_cache", "load_format"),
            },
        )

    def seed(self, identity: Identity) -> str:
        """Return `request` for a deterministic server, `none` for any other."""
        return "request" if identity.facts.get("deterministic") is True else "none"

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the request's body."""
        settings = asked.settings
        prompt: dict[str, Any] = (
            {"input_ids": list(asked.ids or ())} if asked.text is None else {"text": asked.text}
        )
        return prompt | {
            "sampling_params": {
                "max_new_tokens": settings.max_tokens,
                "min_new_tokens": 0,
                "temperature": asked.temperature,
                "top_k": settings.top_k or ALL,
                "top_p": asked.top_p,
                "min_p": 0.0,
                "repetition_penalty": 1.0,
                "presence_penalty": 0.0,
                "frequency_penalty": 0.0,
                "stop": list(settings.stop),
                "stop_token_ids": list(settings.stop_ids),
                "ignore_eos": False,
                "skip_special_tokens": True,
                "spaces_between_special_tokens": False,
                "no_stop_trim": False,
                "n": 1,
                "sampling_seed": asked.seed,
            },
            "return_logprob": asked.logprobs,
            "logprob_start_len": -1,
            "top_logprobs_num": 0,
            "return_text_in_logprobs": False,
            "stream": False,
        }

    def read(self, value: Any) -> Answer:
        """Return the answer with its ids and log-probabilities."""
        meta = reading.at(value, "meta_info")
        pairs = reading.items(meta, "output_token_logprobs")
        ids = reading.ids(value, "output_ids")
        if ids is None and pairs:
            ids = reading.ids([reading.at(pair, 1) for pair in pairs])
        if ids is None:
            raise BadReplyError("malformed", "its reply lacks the answer's token ids")
        logprobs = [reading.number(pair, 0) for pair in pairs]
        return Answer(
            text=reading.needed_text(value, "text"),
            finish=finish(reading.text(meta, "finish_reason", "type")),
            ids=ids,
            logprobs=tuple(logprobs) if len(logprobs) == len(ids) else None,
            tokens=reading.count(meta, "completion_tokens"),
            prompt_tokens=reading.count(meta, "prompt_tokens"),
            cached=reading.count(meta, "cached_tokens"),
        )


def _model_info(client: Client) -> Any:
    """Return what is said of the model, under its present or its former path."""
    value = client.get("/model_info").value
    return value if isinstance(value, dict) else client.get("/get_model_info").value
