"""What an experiment demands of its engine."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from reprollm.canon import Json
from reprollm.errors import InvalidInput

FAMILIES = ("transformers", "vllm", "llamacpp", "server")
DTYPES = ("float32", "bfloat16", "float16", "native")
BATCH_POLICIES = ("strict", "fast")
TRUST = ("claimed", "attested", "owned")
"""Classes of trust in which model answers, the weakest first.

`owned`: this process loaded, or started the server on, files that it hashed. `attested`: a server
on this machine says which of its files it loaded, and these were hashed here. `claimed`: a name
over HTTP.
"""
ServerKind = Literal[
    "ollama",
    "lmstudio",
    "llama-server",
    "koboldcpp",
    "text-generation-webui",
    "tabbyapi",
    "tgi",
    "sglang",
    "mistralrs",
    "vllm",
    "transformers",
    "openwebui",
    "openai",
]
SERVER_KINDS: tuple[str, ...] = get_args(ServerKind)


@dataclass(frozen=True)
class ServerSettings:
    """The server that answers, where the engine's family is `server`.

    Attributes:
        kind: what the server is, one of `SERVER_KINDS`.
        url: its address without a path, or None for one that is started on the files themselves.
        model: the server's own name for the model.
        trust: the weakest class of trust that the experiment accepts, one of `TRUST`.
        remote: `allowed` where requests may leave this machine, else `refused`.
        key_variable: name of the environment variable that holds the key of the API, or None; the
            key itself stands in no file and no record.
    """

    kind: str
    url: str | None
    model: str
    trust: str
    remote: str
    key_variable: str | None

    def to_json(self) -> dict[str, Json]:
        """Return the settings as a plan's core holds them."""
        return asdict(self)


@dataclass(frozen=True)
class EngineSettings:
    """The engine of an experiment.

    Attributes:
        family: which engine, one of `FAMILIES`; part of every request's identity.
        dtype: in what the model computes, one of `DTYPES`; part of every request's identity.
            `native` where a server decides; of llama.cpp, which computes as its file stores the
            weights, the dtype of the KV cache.
        device: `cpu`, `cuda` or `cuda:<number>`.
        batch_policy: one of `BATCH_POLICIES`: `strict` keeps every bit whatever the batch.
        batch_size: at most so many requests are answered at once.
        threads: computing threads; None for the engine's own choice (one, under `strict`).
        context: tokens of context to allocate; None for what the longest request needs.
        quantization: a quantization to apply when the weights are loaded; None for none.
        kv_cache: dtype of the KV cache where it is not `dtype`.
        server: the server that answers; None for engines in this process.
    """

    family: str
    dtype: str
    device: str
    batch_policy: str
    batch_size: int
    threads: int | None = None
    context: int | None = None
    quantization: str | None = None
    kv_cache: str | None = None
    server: ServerSettings | None = None

    @property
    def numerics(self) -> str:
        """What a request's identity says of numbers: the dtype, and what is quantized beside it."""
        cache = f"kv:{self.kv_cache}" if self.kv_cache else None
        return "+".join(part for part in (self.dtype, self.quantization, cache) if part)

    def to_json(self) -> dict[str, Json]:
        """Return the settings as a plan's core holds them: what is None is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> EngineSettings:
        """Return the settings that `to_json` wrote; raise `InvalidInput` for other keys."""
        names = [field.name for field in fields(cls)]
        needed = names[: names.index("threads")]
        if not set(needed) <= value.keys() <= set(names):
            raise InvalidInput(
                f"expected engine settings with {', '.join(needed)}; found {', '.join(value)}"
            )
        server = value.get("server")
        if server is None:
            return cls(**value)
        known = {field.name for field in fields(ServerSettings)}
        if not isinstance(server, dict) or server.keys() != known:
            raise InvalidInput(
                f"expected server settings with {', '.join(sorted(known))}; found {server!a:.200}"
            )
        return cls(**{**value, "server": ServerSettings(**server)})
