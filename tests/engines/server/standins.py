"""Stand-ins on loopback that speak the documented replies of servers that cannot run here.

Ollama, LM Studio, koboldcpp, text-generation-webui, tabbyAPI, TGI, SGLang, mistral.rs, Open WebUI
need an accelerator or are not installable from the package index. The shapes of their replies are
written down from their documentation and source as of 2026; the servers that do run on this kind of
machine (llama.cpp's, `vllm serve`, `transformers serve`) are asked really in tests/engine_suite.

The "model" is a hash: the next letter follows from weights, prompt, position and, where it is
drawn, the seed; its log-probability follows from the same hash.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tiny_models import VOCABULARY

FIRST_BYTE = 3
"""Of the tiny models' tokenizer: the token of byte b is 3 + b."""

KEY = "sk-stand-in-0123456789"
DIGEST_OF_ANOTHER = "b5dc5e784f2a3ee1582373093acf69a2f4e2ac1710b253a001712b86a61f88bb"
"""What koboldcpp's `/api/tags` gives for any model: a constant."""


@dataclass
class StandIn:
    """One server.

    Attributes:
        kind: which server's replies it gives.
        model: the name of its model.
        folder: tokenizer files, by which it counts prompts; None counts bytes.
        weights: what its answers follow from; changed in mid-run, the weights were swapped.
        flaws: what is wrong with it, see `_flawed`.
        path: the file that it says it loaded.
        digest: the manifest digest that Ollama reports.
        swap_after: the weights change after so many answers.
        asked: bodies of the requests for answers, in order.
    """

    kind: str
    model: str = "tiny"
    folder: Path | None = None
    weights: str = "one"
    flaws: frozenset[str] = frozenset()
    path: str = "/nowhere/tiny"
    digest: str = "0" * 64
    swap_after: int | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    seen: list[tuple[str, str | None]] = field(default_factory=list)

    def route(self, method: str, path: str, body: Any, key: str | None) -> tuple[int, Any]:
        """Return status and value of the reply."""
        self.seen.append((path, key))
        get: dict[str, Any] = _GETS[self.kind](self)
        if method == "GET":
            return (200, get[path]) if path in get else self._unknown(method, path)
        posts = _POSTS[self.kind]
        if path not in posts:
            return self._unknown(method, path)
        if self.kind in ("tabbyapi", "openwebui") and key != f"Bearer {KEY}":
            return 401, {"detail": "no key"}
        if path == "/api/show":
            return 200, self._shown()
        if not body:
            return 422, {"error": "nothing asked"}
        self.asked.append(body)
        if max(body.get("input_ids", [0])) >= VOCABULARY:
            return 400, {"error": {"message": "input_ids are out of the vocabulary"}}
        if "fails" in self.flaws:
            return 500, {"error": f"secret words and {key}"}
        if self.swap_after is not None and len(self.asked) > self.swap_after:
            self.weights = "two"
        return 200, posts[path](self, body)

    def _unknown(self, method: str, path: str) -> tuple[int, Any]:
        if self.kind == "lmstudio":
            return 200, {"error": f"Unexpected endpoint or method. ({method} {path})"}
        return 404, {"detail": "Not Found"}

    def _shown(self) -> dict[str, Any]:
        cloud = {"remote_model": "big", "remote_host": "https://ollama.com"}
        return {
            "modelfile": f"# made by Ollama\nFROM {self.path}\nTEMPLATE x\n",
            "parameters": 'stop                           "<|end|>"',
            "template": "{{ .Prompt }}",
            "details": {"format": "gguf", "family": "llama", "quantization_level": "F32"},
            **(cloud if "cloud" in self.flaws else {}),
        }

    def answer(
        self,
        prompt: str | list[int],
        limit: int,
        temperature: float,
        seed: int | None,
        stop: Sequence[str] = (),
    ) -> Made:
        """Return the tokens that follow a prompt, up to the one that completes a stop text."""
        drawn = temperature > 0 and "greedy" not in self.flaws
        seeded = seed if "no_seed" not in self.flaws else len(self.asked)
        tokens = []
        for step in range(limit):
            told = (self.weights, prompt, step, seeded if drawn else None)
            word = hashlib.sha256(repr(told).encode()).digest()
            tokens.append((97 + word[0] % 26, -0.01 - word[1] / 256))
        if "wobbly" in self.flaws:
            tokens = [(byte, value - len(self.asked) / 1000) for byte, value in tokens]
        text = "".join(chr(byte) for byte, _ in tokens)
        ends = [text.index(each) + len(each) for each in stop if each in text]
        end = min(ends, default=limit)
        return Made(self, tuple(tokens[:end]), self._count(prompt), "stop" if ends else "length")

    def _count(self, prompt: str | list[int]) -> int:
        extra = 7 if "template" in self.flaws else 0
        if isinstance(prompt, list):
            return len(prompt) + extra
        if self.folder is None:
            return len(prompt.encode()) + extra
        return len(_tokenizer(self.folder).encode(prompt).ids) + extra


@cache
def _tokenizer(folder: Path) -> Any:
    # Here, because the environments of some engines that the suite asks have no such library.
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@dataclass(frozen=True)
class Made:
    """An answer, and its parts as replies hold them."""

    server: StandIn
    tokens: tuple[tuple[int, float], ...]
    prompt_tokens: int
    finish: str

    @property
    def text(self) -> str:
        return "".join(chr(byte) for byte, _ in self.tokens)

    @property
    def ids(self) -> list[int]:
        return [FIRST_BYTE + byte for byte, _ in self.tokens]

    @property
    def logprobs(self) -> list[float]:
        return [value for _, value in self.tokens]

    @property
    def usage(self) -> dict[str, int]:
        count = len(self.tokens)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": count,
            "total_tokens": self.prompt_tokens + count,
        }


def _listed(server: StandIn, owner: str, **more: Any) -> dict[str, Any]:
    entry = {"id": server.model, "object": "model", "created": 1, "owned_by": owner, **more}
    return {"object": "list", "data": [entry]}


def _ollama(server: StandIn) -> dict[str, Any]:
    details = {"format": "gguf", "family": "llama", "quantization_level": "F32"}
    entry = {
        "name": f"{server.model}:latest",
        "model": f"{server.model}:latest",
        "size": 1,
        "digest": server.digest,
        "details": details,
    }
    return {
        "/api/version": {"version": "0.12.6"},
        "/api/tags": {"models": [entry]},
        "/v1/models": _listed(server, "library"),
    }


def _koboldcpp(server: StandIn) -> dict[str, Any]:
    props = {
        "default_generation_settings": {"n_ctx": 4096},
        "model_path": server.model,
        "total_slots": 1,
        "chat_template": "",
    }
    return {
        "/.well-known/serviceinfo": {"version": "0.2", "software": {"name": "KoboldCpp"}},
        "/api/v1/model": {"result": f"koboldcpp/{server.model}"},
        "/api/extra/version": {"result": "KoboldCpp", "version": "1.99"},
        "/api/extra/true_max_context_length": {"value": 4096},
        "/api/version": {"version": "0.7.0"},
        "/api/tags": {"models": [{"name": "koboldcpp", "digest": DIGEST_OF_ANOTHER}]},
        "/props": props,
        "/v1/models": _listed(server, "koboldcpp"),
    }


def _tabbyapi(server: StandIn) -> dict[str, Any]:
    parameters = {"max_seq_len": 4096, "cache_mode": "FP16", "chunk_size": 2048}
    return {
        "/.well-known/serviceinfo": {"version": 0.1, "software": {"name": "TabbyAPI"}},
        "/v1/model": {"id": server.model, "owned_by": "tabbyAPI", "parameters": parameters},
        "/v1/models": _listed(server, "tabbyAPI"),
        "/props": {"default_generation_settings": {"n_ctx": 4096}, "total_slots": 1},
    }


def _lmstudio(server: StandIn) -> dict[str, Any]:
    instance = {"id": server.model, "config": {"context_length": 4096, "flash_attention": False}}
    model = {
        "type": "llm",
        "publisher": "somebody",
        "key": server.model,
        "quantization": {"name": "F32", "bits_per_weight": 32},
        "size_bytes": 1,
        "loaded_instances": [instance],
        "format": "gguf",
    }
    return {
        "/lmstudio-greeting": {"lmstudio": True},
        "/api/v1/models": {"models": [model]},
        "/v1/models": _listed(server, "organization_owner"),
    }


def _tgi(server: StandIn) -> dict[str, Any]:
    info = {
        "model_id": server.path,
        "model_sha": None,
        "max_concurrent_requests": 128,
        "max_input_tokens": 4000,
        "max_total_tokens": 4096,
        "router": "text-generation-router",
        "version": "3.3.6",
        "sha": "0" * 40,
    }
    return {"/info": info, "/v1/models": _listed(server, server.path)}


def _sglang(server: StandIn) -> dict[str, Any]:
    settings = {
        "version": "0.5.23",
        "served_model_name": server.model,
        "context_length": 4096,
        "enable_deterministic_inference": "deterministic" in server.flaws,
        "attention_backend": "triton",
    }
    return {
        "/model_info": {
            "model_path": server.path,
            "tokenizer_path": server.path,
            "is_generation": True,
            "weight_version": "default",
        },
        "/server_info": settings,
        "/v1/models": _listed(server, "sglang"),
    }


def _mistralrs(server: StandIn) -> dict[str, Any]:
    return {"/v1/models": _listed(server, "local"), "/health": "OK"}


def _text_generation_webui(server: StandIn) -> dict[str, Any]:
    return {
        "/v1/internal/model/info": {"model_name": server.model, "lora_names": []},
        "/v1/models": _listed(server, "user"),
    }


def _openwebui(server: StandIn) -> dict[str, Any]:
    configuration = {"status": True, "name": "Open WebUI", "version": "0.6.30", "features": {}}
    return {"/api/config": configuration, "/api/models": _listed(server, "ollama")}


def _openai(server: StandIn) -> dict[str, Any]:
    return {"/v1/models": _listed(server, "somebody")}


def _completion(server: StandIn, body: dict[str, Any]) -> Any:
    made = server.answer(body["prompt"], body["max_tokens"], body["temperature"], body.get("seed"))
    penalised = "penalties" in server.flaws
    best = [{"other": 0.0} if penalised else {"x": value} for value in made.logprobs]
    logprobs = {
        "tokens": list(made.text),
        "token_logprobs": made.logprobs,
        "top_logprobs": best,
        "text_offset": list(range(len(made.tokens))),
    }
    told = server.kind not in ("lmstudio", "text-generation-webui")
    choice = {
        "index": 0,
        "text": made.text,
        "finish_reason": made.finish,
        "logprobs": logprobs if told and "logprobs" in body else None,
    }
    name = server.model if server.weights == "one" or "echo" not in server.flaws else "another"
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1,
        "model": name,
        "choices": [choice],
        "usage": made.usage,
    }


def _chat(server: StandIn, body: dict[str, Any]) -> Any:
    prompt = "[user]" + body["messages"][0]["content"]
    made = server.answer(prompt, body["max_tokens"], body["temperature"], body.get("seed"))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": made.text},
        "finish_reason": made.finish,
    }
    return {"object": "chat.completion", "model": server.model, "choices": [choice]}


def _ollama_generate(server: StandIn, body: dict[str, Any]) -> Any:
    options = body["options"]
    made = server.answer(
        body["prompt"], options["num_predict"], options["temperature"], options["seed"]
    )
    logprobs = [
        {"token": chr(byte), "logprob": value, "bytes": [byte]} for byte, value in made.tokens
    ]
    return {
        "model": body["model"],
        "created_at": "2026-01-01T00:00:00Z",
        "response": made.text,
        "done": True,
        "done_reason": made.finish,
        "prompt_eval_count": made.prompt_tokens,
        "eval_count": len(made.tokens),
        "logprobs": logprobs,
    }


def _kobold_generate(server: StandIn, body: dict[str, Any]) -> Any:
    made = server.answer(
        body["prompt"], body["max_length"], body["temperature"], body["sampler_seed"]
    )
    result = {
        "text": made.text,
        "finish_reason": made.finish,
        "prompt_tokens": made.prompt_tokens,
        "completion_tokens": len(made.tokens),
    }
    return {"results": [result]}


def _tgi_generate(server: StandIn, body: dict[str, Any]) -> Any:
    asked = body["parameters"]
    made = server.answer(
        body["inputs"],
        asked["max_new_tokens"],
        asked.get("temperature", 0.0),
        asked["seed"],
        asked["stop"],
    )
    tokens = [
        {"id": FIRST_BYTE + byte, "text": chr(byte), "logprob": value, "special": False}
        for byte, value in made.tokens
    ]
    details = {
        "finish_reason": "stop_sequence" if made.finish == "stop" else made.finish,
        "generated_tokens": len(tokens),
        "seed": asked["seed"],
        "prefill": [],
        "tokens": tokens,
    }
    return {"generated_text": made.text, "details": details}


def _sglang_generate(server: StandIn, body: dict[str, Any]) -> Any:
    asked = body["sampling_params"]
    prompt = body["input_ids"] if "input_ids" in body else body["text"]
    made = server.answer(
        prompt,
        asked["max_new_tokens"],
        asked["temperature"],
        asked["sampling_seed"],
        asked["stop"],
    )
    meta = {
        "id": "1",
        "finish_reason": {"type": made.finish, "length": len(made.tokens)},
        "prompt_tokens": made.prompt_tokens,
        "completion_tokens": len(made.tokens),
        "cached_tokens": 0,
        "output_token_logprobs": [[value, FIRST_BYTE + byte, None] for byte, value in made.tokens],
    }
    return {"text": made.text, "output_ids": made.ids, "meta_info": meta}


_GETS: dict[str, Callable[[StandIn], dict[str, Any]]] = {
    "ollama": _ollama,
    "koboldcpp": _koboldcpp,
    "tabbyapi": _tabbyapi,
    "lmstudio": _lmstudio,
    "tgi": _tgi,
    "sglang": _sglang,
    "mistralrs": _mistralrs,
    "text-generation-webui": _text_generation_webui,
    "openwebui": _openwebui,
    "openai": _openai,
    "chat": _openai,
}
_COMPLETIONS: dict[str, Callable[[StandIn, dict[str, Any]], Any]] = {"/v1/completions": _completion}
_POSTS: dict[str, dict[str, Callable[[StandIn, dict[str, Any]], Any]]] = {
    **{
        kind: _COMPLETIONS
        for kind in ("tabbyapi", "lmstudio", "mistralrs", "text-generation-webui", "openai")
    },
    "ollama": {"/api/generate": _ollama_generate, "/api/show": _ollama_generate},
    "koboldcpp": {"/api/v1/generate": _kobold_generate},
    "tgi": {"/generate": _tgi_generate},
    "sglang": {"/generate": _sglang_generate},
    "openwebui": {"/api/chat/completions": _chat},
    "chat": {"/v1/chat/completions": _chat},
}


@contextmanager
def serving(server: StandIn) -> Iterator[StandIn]:
    """Serve until the block ends; `server.url` says where."""
    with listening(lambda handler: _reply(server, handler)) as url:
        server.url = url
        yield server


@contextmanager
def listening(reply: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Listen on loopback and let `reply` handle each request; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            reply(self)

        def do_POST(self) -> None:
            reply(self)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Keep quiet when a client goes away."""

    made = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        made.server_close()


def _reply(server: StandIn, handler: BaseHTTPRequestHandler) -> None:
    length = int(handler.headers.get("Content-Length") or 0)
    body = json.loads(handler.rfile.read(length)) if length else None
    status, value = server.route(
        handler.command, handler.path, body, handler.headers.get("Authorization")
    )
    send(handler, status, json.dumps(value).encode())


def send(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
    """Send a reply with a body."""
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
