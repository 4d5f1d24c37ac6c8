"""The llama.cpp engine: GGUF models, answered by llama.cpp's own server in this process.

Under the strict policy one request is computed at a time, in one slot, with one thread unless the
plan says otherwise, and without any reuse of what was computed before: then every bit of an answer
follows from the request alone. Under the fast policy as many are computed together as the plan's
batch size says.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from reprollm.canon import Json
from reprollm.engines.batches import Batch
from reprollm.engines.llamacpp_adapters import Applied, apply
from reprollm.engines.llamacpp_answers import Asker, NotFinite, SettingsIgnored
from reprollm.engines.llamacpp_build import build
from reprollm.engines.protocol import BatchFacts, Capabilities, Failure, Generation
from reprollm.engines.stopping import StopTexts
from reprollm.engines.unanswered import failure_message
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.llamacpp.loadable import loadable
from reprollm.llamacpp.options import KV_TYPES, Options
from reprollm.llamacpp.server import LlamaServer, RequestRefused
from reprollm.llamacpp.vocabulary import read_vocabulary
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS
from reprollm.snapshot.gguf import GgufHeader
from reprollm.snapshot.model import LocatedModel, Model

_LOG = logging.getLogger(__name__)
_LOGGED_CHARACTERS = 2000
_KV_OF_DTYPE = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
_CONTEXT = 4096
"""Tokens of context where the plan does not say, as for a plan made by hand."""


def open_engine(located: LocatedModel, model: Model, settings: EngineSettings) -> LlamaCppEngine:
    """Load a GGUF model; see `reprollm.engines.registry.open_engine`."""
    if located.gguf is None:
        raise EngineUnavailable(
            f"expected a GGUF model for llama.cpp, found none in {model.base.lock.name}; make one "
            "with 'reprollm model convert', or plan with another engine"
        )
    if settings.quantization is not None:
        raise EngineUnavailable(
            f"expected no quantization to apply at load with llama.cpp, found "
            f"{settings.quantization!r}; its weights are quantized in the file"
        )
    return LlamaCppEngine(located, model, settings)


class LlamaCppEngine:
    """A GGUF model in memory that answers requests through llama.cpp's server."""

    capabilities = Capabilities(
        token_ids=True,
        prompt_ids=True,
        logprobs=True,
        margins=True,
        seed="request",
        policies=("strict", "fast"),
    )

    def __init__(self, located: LocatedModel, model: Model, settings: EngineSettings) -> None:
        """Load the base and its adapters.

        Raises:
            EngineUnavailable: xllamacpp is missing, or refuses the model or a setting.
            SnapshotRefused: the file holds a number at which llama.cpp would abort.
        """
        assert located.gguf is not None, "a GGUF model has a file"
        self._settings, self._model = settings, model
        header = loadable(located.gguf)
        self._vocabulary = read_vocabulary(header)
        plain = self._vocabulary.plain()
        with apply(located, model, header) as applied:
            self._options = _options(located, model, settings, applied)
            self._applied = applied
            self._server = LlamaServer(self._options)
        self._context_check(header)
        anchor = self._vocabulary.piece_id(b"a")
        stop_texts = StopTexts(self._vocabulary.decode, [] if anchor is None else [anchor])
        self._asker = Asker(self._server, stop_texts, plain, len(self._vocabulary.pieces))

    def describe(self) -> dict[str, Json]:
        """Return build, numerics and policy, and what the file really stores."""
        gguf = self._model.base.lock.gguf
        return {
            "family": "llamacpp",
            "trust": "owned",
            **build(),
            **self._options.to_json(),
            "dtype": self._settings.dtype,
            "device": self._settings.device,
            "tensor_types": [share.to_record() for share in gguf.types] if gguf else [],
            "file_type": gguf.file_type if gguf else None,
            "policy": self._settings.batch_policy,
            "batch_size": self._settings.batch_size,
            "adapters": [adapter.to_json() for adapter in self._applied],
            "sampler": SAMPLERS["llamacpp"],
            "sampler_order": ["temperature", "top_k", "top_p"],
            "logprobs": "raw",
            "margins": "greedy",
            "prompt_reuse": False,
            "capabilities": self.capabilities.to_json(),
        }

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        """Yield lists of answers; see `Engine.generate`."""
        policy = policy or self._settings.batch_policy
        size = self._settings.batch_size
        parts = [tuple(requests[at : at + size]) for at in range(0, len(requests), size)]
        if policy == "strict":
            for part in parts:
                yield [self._alone(request, 0, _facts((request,), 0, policy)) for request in part]
            return
        with ThreadPoolExecutor(self._options.slots, "llama") as pool:
            for part in parts:
                facts = [_facts(part, row, policy) for row in range(len(part))]
                yield list(pool.map(self._alone, part, range(len(part)), facts))

    def canary(self) -> dict[str, Json] | None:
        """Return None: nobody else can reach this server or its weights."""
        return None

    def exposure(self) -> dict[str, Json] | None:
        """Return None: requests stay in this process."""
        return None

    def close(self) -> None:
        """End the server."""
        self._server.close()

    def _alone(self, request: Request, slot: int, batch: BatchFacts) -> Generation | Failure:
        """Return a request's answer; what the server refuses is asked once more."""
        for last in (False, True):
            try:
                return self._asker.answer(request, slot, batch)
            except (NotFinite, SettingsIgnored) as error:
                return Failure(request.request, error.reason, str(error))
            except RequestRefused as error:
                if last:
                    words = ascii(str(error))[:_LOGGED_CHARACTERS]
                    _LOG.warning("request %s: %s: %s", request.request[:16], error.status, words)
                    return Failure(request.request, "RequestRefused", failure_message(error))
        raise AssertionError("the second try returns")

    def _context_check(self, header: GgufHeader) -> None:
        """Refuse a server that allotted less context than it was asked for."""
        found = self._server.ask("/props")["default_generation_settings"]["n_ctx"]
        if found < self._options.context:
            self._server.close()
            raise EngineUnavailable(
                f"expected {self._options.context} tokens of context, found that llama.cpp allots "
                f"{found}; plan with a smaller context"
            )


def _options(
    located: LocatedModel, model: Model, settings: EngineSettings, applied: Sequence[Applied]
) -> Options:
    assert located.gguf is not None, "a GGUF model has a file"
    strict = settings.batch_policy == "strict"
    return Options(
        model=located.gguf,
        alias=f"{model.lock.name}@{model.lock.snapshot}",
        context=settings.context or _CONTEXT,
        slots=1 if strict else settings.batch_size,
        threads=settings.threads or (1 if strict else len(os.sched_getaffinity(0))),
        kv_type=_kv_type(settings),
        gpu_layers=_gpu_layers(settings.device),
        adapters=tuple((adapter.file, float(adapter.scale)) for adapter in applied),
    )


def _kv_type(settings: EngineSettings) -> str:
    wanted = settings.kv_cache or settings.dtype
    kind = _KV_OF_DTYPE.get(wanted, wanted)
    if kind not in KV_TYPES:
        known = ", ".join((*_KV_OF_DTYPE, *KV_TYPES))
        raise EngineUnavailable(
            f"expected one of {known} as the type of llama.cpp's KV cache, found {wanted!r}"
        )
    return kind


def _gpu_layers(device: str) -> int:
    if device == "cpu":
        return 0
    import xllamacpp

    kinds = {found["type"].name for found in xllamacpp.get_device_info()}
    if not any(kind.endswith("_GPU") for kind in kinds):
        raise EngineUnavailable(
            f"expected a device that llama.cpp can compute on for {device!r}, found only the "
            "processor; install a build of xllamacpp for it, or plan with device: cpu"
        )
    return -1


def _facts(requests: tuple[Request, ...], row: int, policy: str) -> BatchFacts:
    longest = max(len(request.prompt_ids) for request in requests)
    batch = Batch(requests, longest, 0, policy)
    return BatchFacts(batch.id, row, batch.rows, policy)
