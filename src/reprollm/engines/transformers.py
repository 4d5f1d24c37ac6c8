"""The transformers engine: `model.generate` with every setting sent and every choice our own."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import torch
import transformers
from transformers import GenerationConfig

from reprollm.canon import Json
from reprollm.engines.adapting import Applied, adapters_of
from reprollm.engines.applied import describe
from reprollm.engines.batches import BUCKET, Batch, fast_batches, strict_batches
from reprollm.engines.decoding import Decoding
from reprollm.engines.foreseen import foreseen
from reprollm.engines.likelihood import Likelihood, refuse_unknown
from reprollm.engines.loading import Loaded, load
from reprollm.engines.probe import Probe, probe
from reprollm.engines.protocol import Capabilities, Failure, Generation
from reprollm.engines.stopping import StopTexts
from reprollm.engines.unanswered import failure_message
from reprollm.errors import EngineUnavailable, ReprollmError
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLER
from reprollm.snapshot.model import LocatedModel, Model

Tensor: TypeAlias = Any

_LOG = logging.getLogger(__name__)
_LOGGED_CHARACTERS = 2000
_PROBE_STEPS = 3


def open_engine(
    located: LocatedModel, model: Model, settings: EngineSettings
) -> TransformersEngine:
    """Return the engine on a located model; see `reprollm.engines.registry.open_engine`."""
    return TransformersEngine(located.folders[0], settings, adapters_of(located, model))


class TransformersEngine:
    """A model in memory that answers requests through transformers' own generation loop."""

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
        """Load the model with its adapters.

        Under the strict policy the host is also asked for its smallest batch.
        """
        self._settings = settings
        _expect_own_cache(settings)
        _set_numerics()
        self._loaded: Loaded = load(folder, settings, adapters)
        self._stop_texts = StopTexts(self._decode_text, self._anchor())
        self._probe: Probe | None = None
        if settings.batch_policy == "strict":
            torch.set_num_threads(1)
        elif settings.threads is not None:
            torch.set_num_threads(settings.threads)
        if settings.batch_policy == "strict":
            self._probe = self._ask_host()

    def describe(self) -> dict[str, Json]:
        """Return versions, numerics and policy; torch's build is in the environment record."""
        model = self._loaded.model
        return {
            "family": "transformers",
            "trust": "owned",
            "transformers": transformers.__version__,
            "torch": torch.__version__,
            "capability": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "architecture": type(model).__name__,
            "attention": self._loaded.attention,
            "dtype": self._settings.dtype,
            "parameter_dtypes": sorted({str(p.dtype)[6:] for p in model.parameters()}),
            "quantization": describe(model, self._loaded.declared, self._settings),
            **self._adapted(),
            "device": self._settings.device,
            "cache": "dynamic",
            "policy": self._settings.batch_policy,
            "batch_size": self._settings.batch_size,
            "bucket": BUCKET,
            "probe": self._probe.to_json() if self._probe else None,
            "sampler": SAMPLER,
            "logprobs": "raw",
            "capabilities": self.capabilities.to_json(),
        }

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        """Yield one list of answers for each finished batch; see `Engine.generate`."""
        policy = policy or self._settings.batch_policy
        with _threads(1 if policy == "strict" else torch.get_num_threads()):
            for batch in self._batches(requests, policy):
                yield self._answer(batch)

    def likelihoods(self, texts: Sequence[Sequence[int]]) -> Iterator[list[Likelihood]]:
        """Yield the texts' likelihoods; see `reprollm.engines.likelihood.Measuring`."""
        settings, model = self._settings, self._loaded.model
        context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        refuse_unknown(texts, self._loaded.vocabulary, context)
        policy = settings.batch_policy
        with _threads(1 if policy == "strict" else torch.get_num_threads()):
            yield from foreseen(model, texts, policy, settings.batch_size, self._loaded.padding)

    def canary(self) -> None:
        """Return None: nobody but this process can swap the weights in its memory."""

    def exposure(self) -> None:
        """Return None: requests stay in this process."""

    def close(self) -> None:
        """Release the model's memory."""
        del self._loaded
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _adapted(self) -> dict[str, Json]:
        """Return the adapters as a description holds them, nothing where there are none."""
        adapters = [adapter.to_json() for adapter in self._loaded.adapters]
        return {"adapters": list(adapters)} if adapters else {}

    def _batches(self, requests: Sequence[Request], policy: str) -> list[Batch]:
        if policy == "fast":
            return fast_batches(requests, self._settings.batch_size)
        if self._probe is None:
            self._probe = self._ask_host()
        return strict_batches(requests, self._settings.batch_size, self._probe.least_rows)

    def _answer(self, batch: Batch) -> list[Generation | Failure]:
        try:
            return self._decode(batch)
        except ReprollmError:
            raise
        except Exception:
            # One request may have exhausted the memory for all: each gets a second try alone.
            return [self._answer_alone(request, batch.policy) for request in batch.requests]

    def _answer_alone(self, request: Request, policy: str) -> Generation | Failure:
        [batch] = self._batches([request], policy)
        try:
            [answer] = self._decode(batch)
            return answer
        except ReprollmError:
            raise
        except Exception as error:
            reason, words = type(error).__name__, ascii(str(error))[:_LOGGED_CHARACTERS]
            _LOG.warning("request %s: %s: %s", request.request[:16], reason, words)
            return Failure(request.request, reason, failure_message(error))

    def _decode(self, batch: Batch) -> list[Generation | Failure]:
        decoding = Decoding(batch, self._stop_texts, self._settings.device)
        most = max(request.settings.max_tokens for request in batch.requests)
        prompts = [request.prompt_ids for request in batch.requests]
        prompts += [(self._loaded.padding,)] * batch.dummies
        self._run(
            prompts,
            batch.padded,
            _configuration(most),
            logits_processor=[decoding],
            stopping_criteria=[decoding.is_done],
        )
        return decoding.answers()

    def _run(
        self,
        prompts: Sequence[Sequence[int]],
        padded: int,
        configuration: GenerationConfig,
        logits_processor: Sequence[object] = (),
        stopping_criteria: Sequence[object] = (),
    ) -> Any:
        """Run the generation loop over prompts that are padded on the left to `padded` tokens."""
        fill = self._loaded.padding
        ids = [[fill] * (padded - len(prompt)) + list(prompt) for prompt in prompts]
        mask = [[0] * (padded - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        with torch.inference_mode():
            return self._loaded.model.generate(
                input_ids=torch.tensor(ids, device=self._settings.device),
                attention_mask=torch.tensor(mask, device=self._settings.device),
                generation_config=configuration,
                logits_processor=transformers.LogitsProcessorList(logits_processor),
                stopping_criteria=transformers.StoppingCriteriaList(stopping_criteria),
            )

    def _ask_host(self) -> Probe:
        def logits(prompts: Sequence[Sequence[int]], padded: int) -> Tensor:
            asked = _configuration(_PROBE_STEPS, output_logits=True, return_dict_in_generate=True)
            return torch.stack(self._run(prompts, padded, asked).logits, dim=1)

        return probe(self._loaded.model, logits, self._settings.batch_size, self._loaded.vocabulary)

    def _decode_text(self, ids: Sequence[int]) -> str:
        text: str = self._loaded.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def _anchor(self) -> Sequence[int]:
        ids: list[int] = self._loaded.tokenizer.encode("a", add_special_tokens=False)
        return ids


def _configuration(max_new_tokens: int, **outputs: bool) -> GenerationConfig:
    """Return a configuration in which everything that could change an answer is said.

    No end-of-sequence id is given: the rows' own stopping criterion decides. Greedy here means
    "take the largest score": the sampler has raised its choice above all others.
    """
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        min_length=0,
        do_sample=False,
        num_beams=1,
        num_return_sequences=1,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        use_cache=True,
        cache_implementation=None,
        disable_compile=True,
        renormalize_logits=False,
        remove_invalid_values=False,
        **outputs,
    )


def _expect_own_cache(settings: EngineSettings) -> None:
    if settings.kv_cache is not None:
        raise EngineUnavailable(
            "expected no dtype for the KV cache, which transformers keeps in the dtype of "
            f"computation, found {settings.kv_cache!a:.40}; leave engine.kv_cache out"
        )


def _set_numerics() -> None:
    """Forbid the reduced-precision shortcuts of matrix products; they are off by default on CPU."""
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with `count` threads; sums that are split among threads round differently."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
