"""What is sent to llama.cpp for a request, and what has to come back.

Every sampling field is sent: penalties and all samplers but temperature, top-k and top-p are off,
and these run in the order of our own sampler. The server returns the settings that it really used,
which must be those that were sent.

The server leaves log-probabilities out for tokens after which its text ends within a character (and
for the last tokens before a stop text), although all token ids are there. So the list is aligned to
the ids where that is possible in one way only, and what is missing is asked again: the same slot,
whose cache still holds prompt and answer, computes those steps once more, from the same numbers and
to the same bits. Only the sum that makes probabilities of logits runs in another order where more
than the best two tokens have to be listed, as for sampled tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reprollm.engines.seeds import seed_of
from reprollm.prompts.requests import Request

SAMPLERS = ("temperature", "top_k", "top_p")
TOP = 2
SEED_LIMIT = 2**31 - 1

NEUTRAL: Mapping[str, Any] = {
    "min_p": 0.0,
    "typical_p": 1.0,
    "top_n_sigma": -1.0,
    "xtc_probability": 0.0,
    "xtc_threshold": 0.1,
    "dynatemp_range": 0.0,
    "dynatemp_exponent": 1.0,
    "repeat_last_n": 0,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "dry_multiplier": 0.0,
    "dry_base": 1.75,
    "dry_allowed_length": 2,
    "dry_penalty_last_n": 0,
    "mirostat": 0,
    "mirostat_tau": 5.0,
    "mirostat_eta": 0.1,
    "adaptive_target": -1.0,
    "adaptive_decay": 0.9,
    "min_keep": 0,
    "ignore_eos": False,
    "grammar": "",
    "n_keep": 0,
    "n_probs": TOP,
    "post_sampling_probs": False,
    "backend_sampling": False,
    "samplers": list(SAMPLERS),
    "stream": False,
}
"""Everything that is the same for all requests; the last samplers' numbers are without effect."""

_UNREPORTED = frozenset(
    {"prompt", "n_predict", "return_tokens", "cache_prompt", "id_slot", "logit_bias"}
)


@dataclass(frozen=True)
class Step:
    """One token of an answer: its log-probability, and those of the step's best two tokens."""

    logprob: float
    best: tuple[float, ...]


def body(request: Request, done: Sequence[int], slot: int) -> dict[str, Any]:
    """Return what is sent to ask a request, or to go on behind the tokens that it has already."""
    settings = request.settings
    return {
        **NEUTRAL,
        "prompt": [*request.prompt_ids, *done],
        "n_predict": settings.max_tokens - len(done),
        "temperature": float(settings.temperature),
        "top_k": settings.top_k,
        "top_p": float(settings.top_p),
        "seed": (seed_of(request.request) + len(done)) % SEED_LIMIT,
        "stop": list(settings.stop),
        "return_tokens": True,
        "cache_prompt": False,
        "id_slot": slot,
    }


def steps_body(
    request: Request, ids: Sequence[int], places: Sequence[int], slot: int, best: int, plain: int
) -> dict[str, Any]:
    """Return what is sent to compute single steps of an answer again and see their best tokens.

    The token that is drawn is forced to be `plain`, which ends within no character; the
    log-probabilities that come back are those before that. The slot's cache is used for all steps
    but the first of the answer, which is computed from the whole prompt as it was before.

    Args:
        request: what was asked.
        ids: the answer's token ids.
        places: the output positions of the steps, all above 0 or only 0; each at most one above
            what the slot's cache still holds, so falling, or rising by one.
        slot: the slot that has just computed the answer.
        best: how many of the best tokens are wanted.
        plain: the token to force.
    """
    return {
        **body(request, (), slot),
        "prompt": [[*request.prompt_ids, *ids[:place]] for place in places],
        "n_predict": 1,
        "n_probs": best,
        "stop": [],
        "cache_prompt": places[0] > 0,
        "logit_bias": [[plain, 1e9]],
        "response_fields": ["completion_probabilities", "timings"],
    }


def ignored(sent: Mapping[str, Any], effective: Mapping[str, Any]) -> list[str]:
    """Return the settings that the server did not use as they were sent, sorted."""
    return sorted(
        name
        for name, value in sent.items()
        if name not in _UNREPORTED and not _equal(value, effective.get(name))
    )


def aligned(ids: Sequence[int], entries: Sequence[Mapping[str, Any]]) -> list[Step | None]:
    """Return the step of each token, None where the server left it out or it is unclear which.

    Args:
        ids: all token ids of the answer.
        entries: `completion_probabilities`, in the order of the ids, with some missing.
    """
    wanted = [entry["id"] for entry in entries]
    first = _positions(ids, wanted)
    last = [len(ids) - 1 - at for at in _positions(ids[::-1], wanted[::-1])][::-1]
    steps: list[Step | None] = [None] * len(ids)
    for entry, earliest, latest in zip(entries, first, last, strict=False):
        if earliest == latest:
            steps[earliest] = step_of(entry)
    return steps


def step_of(entry: Mapping[str, Any]) -> Step:
    """Return what one entry of `completion_probabilities` says."""
    best = (_number(top["logprob"]) for top in entry["top_logprobs"][:TOP])
    return Step(_number(entry["logprob"]), tuple(best))


def _positions(ids: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Return the earliest places of `wanted` within `ids`, in order."""
    places: list[int] = []
    start = 0
    for token in wanted:
        try:
            place = ids.index(token, start)
        except ValueError:
            return []
        places.append(place)
        start = place + 1
    return places


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _equal(sent: Any, effective: Any) -> bool:
    if isinstance(sent, float) and isinstance(effective, int | float):
        return bool(np.float32(sent) == np.float32(effective))
    return bool(sent == effective)
