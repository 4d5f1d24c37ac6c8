"""How much the fast policy changes: the same requests under both policies, compared bit by bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from reprollm.canon import Json
from reprollm.engines.protocol import Failure, Generation
from reprollm.prompts.requests import Request

FINDING = "batch_variance"


def sample(requests: Iterable[Request], count: int) -> list[Request]:
    """Return `count` of the requests, those with the smallest ids: as good as drawn at random."""
    return sorted(requests, key=lambda request: request.request)[:count]


def compare(
    fast: Mapping[str, Generation], strict: Sequence[Generation | Failure]
) -> dict[str, Json]:
    """Return how many of the answers measured again differ, and by how much.

    Args:
        fast: answers by request id.
        strict: answers of some of the same requests under the strict policy.

    Returns:
        `measured`, `tokens_differ`, `logprobs_differ` (other bits somewhere, other tokens
        included), `largest` (decimal: the largest difference of log-probabilities before the first
        differing token), `requests` (ids of those whose tokens differ).
    """
    pairs = [
        (fast[again.request], again)
        for again in strict
        if isinstance(again, Generation) and again.request in fast
    ]
    other = [again.request for once, again in pairs if once.output_ids != again.output_ids]
    bits = [once.logprobs.tobytes() != again.logprobs.tobytes() for once, again in pairs]
    largest = max((_largest(once, again) for once, again in pairs), default=0.0)
    return {
        "measured": len(pairs),
        "tokens_differ": len(other),
        "logprobs_differ": sum(bits),
        "largest": f"{largest:.3g}",
        "requests": list[Json](sorted(other)),
    }


def _largest(once: Generation, again: Generation) -> float:
    shared = min(len(once.output_ids), len(again.output_ids))
    same = np.equal(once.output_ids[:shared], again.output_ids[:shared])
    shared = shared if same.all() else int(same.argmin())
    if shared == 0 or min(len(once.logprobs), len(again.logprobs)) < shared:
        return 0.0
    return float(np.abs(once.logprobs[:shared] - again.logprobs[:shared]).max())
