"""What servers of each kind promise, as their documentation or source says it.

An experiment that asks for more is refused when it is planned; what a server really does is asked
when a run begins (`reprollm.engines.server.probe`) and recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from reprollm.experiment.engine import EngineSettings


@dataclass(frozen=True)
class ServerKind:
    """What one kind of server promises.

    Attributes:
        prompts: how a prompt goes in: `ids`, `text` as it stands, or `chat` as one user's turn
            around which the server puts a template of its own.
        token_ids: answers carry token ids.
        logprobs: `raw` under the model's own softmax, `processed` after temperature or truncation,
            or `none`.
        seed: `request`, `process` (one generator for all requests, set by each), or `none`.
        top_k: requests can say how many of the likeliest tokens are kept.
        cache_off: a request can do without the server's prompt cache, or there is none.
        startable: it can be started on files that were hashed.
    """

    prompts: str
    token_ids: bool
    logprobs: str
    seed: str
    top_k: bool
    cache_off: bool
    startable: bool = False


KINDS: dict[str, ServerKind] = {
    "ollama": ServerKind("text", False, "raw", "request", True, False),
    "lmstudio": ServerKind("text", False, "none", "request", True, False),
    "llama-server": ServerKind("ids", True, "raw", "request", True, True, startable=True),
    "koboldcpp": ServerKind("text", False, "none", "request", True, False),
    "text-generation-webui": ServerKind("text", False, "none", "request", True, False),
    "tabbyapi": ServerKind("text", False, "processed", "none", True, False),
    "tgi": ServerKind("text", True, "processed", "request", True, False),
    "sglang": ServerKind("ids", True, "processed", "request", True, False),
    "mistralrs": ServerKind("text", False, "raw", "none", True, False),
    "vllm": ServerKind("ids", True, "raw", "request", True, False, startable=True),
    "transformers": ServerKind("text", False, "none", "process", True, True, startable=True),
    "openwebui": ServerKind("chat", False, "none", "request", False, False),
    "openai": ServerKind("text", False, "raw", "request", False, False),
}
"""By the words of `reprollm.experiment.engine.SERVER_KINDS`."""


def check_served(
    engine: EngineSettings, sampled: list[tuple[str, str, int]], adapters: bool
) -> None:
    """Raise `ValueError` where an experiment asks for what its kind of server cannot do.

    Args:
        engine: the engine; nothing is checked unless it names a server.
        sampled: name, temperature and top_k of each sampling.
        adapters: whether the model has adapters.
    """
    server = engine.server
    if server is None:
        return
    kind, promised = server.kind, KINDS[server.kind]
    if server.url is None and not promised.startable:
        startable = ", ".join(name for name, known in KINDS.items() if known.startable)
        raise ValueError(
            f"expected url for a server of kind {kind}, found none; only {startable} are started "
            "by this program"
        )
    if server.url is not None and server.trust == "owned":
        raise ValueError(
            "expected no url with trust: owned, which only a server that is started here can have, "
            "found one; remove url, or write trust: attested"
        )
    if adapters:
        raise ValueError(
            "expected no adapters on a server's model, found some; merge them into a snapshot of "
            "their own, or take the engine transformers, vllm or llamacpp"
        )
    given: dict[str, str | int | None] = {"quantization": engine.quantization}
    if server.url is not None:
        given |= {"threads": engine.threads}
    if server.url is not None or kind != "llama-server":
        given |= {"kv_cache": engine.kv_cache}
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"expected no {name} for a server of kind {kind}, which decides it itself, found "
                f"{value}; remove it and set it where the server is started"
            )
    for name, temperature, top_k in sampled:
        if promised.seed == "none" and Decimal(temperature) != 0:
            raise ValueError(
                f"expected temperature 0 for {name!r}, as servers of kind {kind} take no seeds and "
                f"no drawn answer could be repeated, found {temperature}; set temperature: 0 or "
                "take another server"
            )
        if top_k and not promised.top_k:
            raise ValueError(
                f"expected no top_k for {name!r}, as servers of kind {kind} take none, found "
                f"{top_k}; remove it or take another server"
            )
