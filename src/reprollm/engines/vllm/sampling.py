"""One request as vLLM's sampling parameters, every field of them said.

Log-probabilities of the two likeliest tokens come along with the chosen one's: their difference is
the margin of a greedy step. Of a sampled step vLLM keeps its random numbers to itself, so that how
near the draw came to being another is unknown, and no margin is given.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from reprollm.engines.seeds import seed_of
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings

LEAST_TEMPERATURE, LARGEST_TEMPERATURE = Decimal("0.01"), Decimal("2")
"""vLLM raises what lies below the first without a word, and refuses what lies above the second."""

TOP = 2
"""How many of the likeliest tokens' log-probabilities are asked for."""

SENT = (
    "allowed_token_ids", "bad_words", "detokenize", "extra_args", "flat_logprobs",
    "frequency_penalty", "ignore_eos", "include_stop_str_in_output", "logit_bias", "logprobs",
    "max_tokens", "min_p", "min_tokens", "n", "presence_penalty", "prompt_logprobs",
    "repetition_detection", "repetition_penalty", "seed", "skip_reading_prefix_cache", "stop",
    "stop_token_ids", "structured_outputs", "temperature", "thinking_token_budget", "top_k",
    "top_p", "trace_decode_token_ids", "watermarking",
)  # fmt: skip
"""The fields that `parameters` gives."""

WITHOUT_INFLUENCE = (
    "logprob_token_ids", "output_kind", "output_text_buffer_length", "prompt_logprob_start",
    "prompt_logprob_token_ids", "routed_experts_prompt_start", "skip_clone",
    "skip_special_tokens", "spaces_between_special_tokens", "stream_interval",
)  # fmt: skip
"""vLLM's other fields, none of which has a say in which tokens are chosen."""


def refusal(settings: Settings) -> str | None:
    """Return why vLLM cannot answer under these settings, or None where it can."""
    temperature = Decimal(settings.temperature)
    if settings.greedy or LEAST_TEMPERATURE <= temperature <= LARGEST_TEMPERATURE:
        return None
    return (
        f"expected the temperature 0 or one from {LEAST_TEMPERATURE} to {LARGEST_TEMPERATURE}, "
        f"which are what vLLM takes as they are; found {settings.temperature:.40}"
    )


def parameters(request: Request, *, cached: bool) -> dict[str, Any]:
    """Return the sampling parameters of one request, by field.

    Stop texts are not among them: vLLM's look at text that depends on the prompt's last tokens,
    ours at the answer's alone (`reprollm.engines.stopping`).

    Args:
        request: what is asked.
        cached: whether the answer may build on other requests' prompts (prefix caching).
    """
    settings = request.settings
    return {
        "n": 1,
        "temperature": float(settings.temperature),
        "top_k": settings.top_k,
        "top_p": float(settings.top_p),
        "min_p": 0.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "repetition_penalty": 1.0,
        "seed": None if settings.greedy else seed_of(request.request),
        "max_tokens": settings.max_tokens,
        "min_tokens": 0,
        "stop": None,
        "stop_token_ids": list(settings.stop_ids),
        "ignore_eos": True,
        "include_stop_str_in_output": False,
        "bad_words": None,
        "allowed_token_ids": None,
        "logit_bias": None,
        "structured_outputs": None,
        "repetition_detection": None,
        "thinking_token_budget": None,
        "trace_decode_token_ids": None,
        "watermarking": False,
        "extra_args": None,
        "skip_reading_prefix_cache": not cached,
        "logprobs": TOP,
        "prompt_logprobs": None,
        "flat_logprobs": True,
        "detokenize": False,
    }
