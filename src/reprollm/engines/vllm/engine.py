"""The vLLM engine: every choice said, strict by one thread or by batch-invariant kernels."""

from __future__ import annotations

import gc
import importlib.metadata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reprollm.canon import Json
from reprollm.engines.adapting import Applied
from reprollm.engines.likelihood import Likelihood
from reprollm.engines.protocol import Capabilities, Failure, Generation
from reprollm.engines.stopping import StopTexts
from reprollm.engines.vllm.core import VllmCore
from reprollm.engines.vllm.description import (
    attention,
    distribution,
    loaded_libraries,
    quantization,
)
from reprollm.engines.vllm.foreseen import foreseen
from reprollm.engines.vllm.invariance import (
    COMPANIONS,
    Invariance,
    routes,
    rule,
    trial,
    trial_requests,
)
from reprollm.engines.vllm.loading import Loaded, load
from reprollm.engines.vllm.stream import Stream
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS


class VllmEngine:
    """A model in this process's memory that answers requests through vLLM's scheduler."""

    capabilities = Capabilities(
        token_ids=True,
        prompt_ids=True,
        logprobs=True,
        margins=True,
        seed="request",
        policies=("strict", "fast"),
        likelihoods=True,
    )

    def __init__(
        self, folder: Path, settings: EngineSettings, adapters: Sequence[Applied] = ()
    ) -> None:
        """Load the model; under the strict policy also ask the host whether it keeps every bit.

        Args:
            folder: the base's folder.
            settings: the engine that the plan demands, with its `context`.
            adapters: what is applied to the base.

        Raises:
            EngineUnavailable: see `reprollm.engines.vllm.loading.load`.
        """
        self._settings = settings
        self._adapters = tuple(adapters)
        self._invariance: Invariance | None = None
        policy = settings.batch_policy
        with _threads(self._threads_under(policy)):
            self._loaded: Loaded = load(folder, settings, adapters)
        self._core = VllmCore(self._loaded)
        anchor = self._loaded.tokenizer.encode("a", add_special_tokens=False)
        self._stop_texts = StopTexts(self._decode, anchor)
        with _threads(self._threads_under(policy)):
            self._expect_an_answer(folder)
            if policy == "strict":
                self._invariance = self._ask_host()

    def describe(self) -> dict[str, Json]:
        """Return versions, numerics and policy; torch's build is in the environment record."""
        import torch

        config = self._loaded.engine.vllm_config
        runner = self._runner()
        with _threads(self._threads_under(self._settings.batch_policy)):
            threads = torch.get_num_threads()
        return {
            "family": "vllm",
            "trust": "owned",
            "vllm": str(self._loaded.vllm.__version__),
            "distribution": distribution("vllm"),
            "torch": torch.__version__,
            "transformers": importlib.metadata.version("transformers"),
            "libraries": loaded_libraries(),
            "threads": threads,
            "architecture": type(runner.model).__name__,
            "attention": attention(runner),
            "dtype": self._settings.dtype,
            "parameter_dtypes": sorted({str(p.dtype)[6:] for p in runner.model.parameters()}),
            "quantization": quantization(config.model_config.quantization, self._settings),
            "kv_cache": str(runner.kv_cache_dtype).removeprefix("torch."),
            "device": self._settings.device,
            "context": config.model_config.max_model_len,
            "block": config.cache_config.block_size,
            "prefix_caching": bool(config.cache_config.enable_prefix_caching),
            "chunked_prefill": bool(config.scheduler_config.enable_chunked_prefill),
            "batched_tokens": config.scheduler_config.max_num_batched_tokens,
            "eager": bool(config.model_config.enforce_eager),
            "compilation": config.compilation_config.mode.name,
            "batch_invariant": self._loaded.invariant,
            "together": self._invariance.together if self._invariance else None,
            "companions": self._invariance.companions if self._invariance else None,
            "probe": self._invariance.to_json() if self._invariance else None,
            "policy": self._settings.batch_policy,
            "batch_size": self._settings.batch_size,
            **self._adapted(),
            "sampler": SAMPLERS["vllm"],
            "seeds": "request",
            "logprobs": "raw",
            "capabilities": self.capabilities.to_json(),
        }

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        """Yield answers as they end; see `Engine.generate`.

        An engine that was opened under the fast policy answers under the strict one with one
        thread, without what other prompts have left in its cache, and, on a CUDA device, whose
        kernels are chosen already, request by request.
        """
        policy = policy or self._settings.batch_policy
        width, companions = self._settings.batch_size, 0
        with _threads(self._threads_under(policy)):
            if policy == "strict":
                self._invariance = kept = self._invariance or self._ask_host()
                width, companions = (width if kept.together else 1), kept.companions
            yield from self._stream(requests, width, policy, companions).answers()

    def likelihoods(self, texts: Sequence[Sequence[int]]) -> Iterator[list[Likelihood]]:
        """Yield the texts' likelihoods; see `reprollm.engines.likelihood.Measuring`."""
        policy = self._settings.batch_policy
        with _threads(self._threads_under(policy)):
            yield from foreseen(self._core, texts, policy, self._settings.batch_size)

    def canary(self) -> None:
        """Return None: nobody but this process can swap the weights in its memory."""

    def exposure(self) -> None:
        """Return None: requests stay in this process."""

    def close(self) -> None:
        """Release the model's memory."""
        self._core.close()
        del self._core, self._loaded
        gc.collect()

    def _adapted(self) -> dict[str, Json]:
        """Return the adapter as a description holds it, nothing where there is none."""
        adapters: list[Json] = [
            {
                "name": adapter.lock.name,
                "snapshot": adapter.lock.snapshot,
                "scale": adapter.scale,
                "base": adapter.base,
                "room": self._loaded.adapter_rank,
            }
            for adapter in self._adapters
        ]
        return {"adapters": adapters} if adapters else {}

    def _runner(self) -> Any:
        return self._loaded.engine.model_executor.driver_worker.worker.model_runner

    def _threads_under(self, policy: str) -> int | None:
        """Return how many threads compute under a policy; None for as many as there are."""
        if self._settings.device != "cpu":
            return self._settings.threads
        chosen = self._settings.threads if policy == self._settings.batch_policy else None
        return chosen or (1 if policy == "strict" else None)

    def _stream(
        self, requests: Sequence[Request], width: int, policy: str, companions: int
    ) -> Stream:
        return Stream(
            self._core,
            self._stop_texts,
            requests,
            width=width,
            policy=policy,
            companions=companions,
        )

    def _expect_an_answer(self, folder: Path) -> None:
        """Raise `EngineUnavailable` where the model was loaded and cannot be computed."""
        asked = trial_requests(self._core.vocabulary, self._core.context, 1)
        [[answer]] = self._stream(asked, 1, "strict", 0).answers()
        if isinstance(answer, Failure) and answer.reason != "not_finite":
            self.close()
            raise EngineUnavailable(
                f"expected a model that vLLM can compute on {self._settings.device}, found that it "
                f"loads {folder} and then fails with {answer.reason}, {answer.message}"
            )

    def _ask_host(self) -> Invariance:
        cpu = self._settings.device == "cpu"
        config = self._loaded.engine.vllm_config.model_config
        refused = rule(
            cpu=cpu,
            threads=self._threads_under("strict") or 1,
            invariant=self._loaded.invariant,
            routed=routes(config.hf_text_config),
        )
        if refused:
            return Invariance(False, 0, "", f"{refused}: every request is answered alone")
        core, size = self._core, self._settings.batch_size
        return trial(self._bits, core.vocabulary, core.context, size, COMPANIONS if cpu else (0,))

    def _bits(self, requests: Sequence[Request], width: int, companions: int) -> dict[str, bytes]:
        """Return each answer's ids and log-probabilities as bytes, by request id."""
        return {
            answer.request: answer.logprobs.tobytes() + bytes(str(answer.output_ids), "ascii")
            if isinstance(answer, Generation)
            else answer.reason.encode()
            for answers in self._stream(requests, width, "strict", companions).answers()
            for answer in answers
        }

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self._loaded.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Compute with `count` threads; None leaves them as they are."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
