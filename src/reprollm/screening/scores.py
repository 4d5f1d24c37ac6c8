"""Membership scores: how well a model foresees a text, in ways that larger is more member-like.

Of a text of T tokens, l_t is the logarithm of the probability of token t given all before it, m_t
and s_t the mean and standard deviation of log p over the vocabulary under p at that step.

| name | score | source |
| --- | --- | --- |
| `loss` | mean of l_t | Yeom et al. 2018, arXiv:1709.01604 |
| `zlib` | mean of l_t, over the bytes of the zlib level 6 compression of the text's UTF-8 | Carlini et al. 2021, arXiv:2012.07805; the mean, as all public code has it, not the sum |
| `min_k_20` | mean of the k smallest l_t, k = max(1, ceil(T / 5)) | Shi et al. 2023, arXiv:2310.16789 |
| `min_k_pp_20` | mean of the k smallest (l_t - m_t) / s_t, 0 where s_t is 0 | Zhang et al. 2024, arXiv:2404.02936 |

The public code of Min-K % takes floor(T / 5) tokens, which is none of a text under five tokens, and
gives NaN; here such a text has a score. A text without tokens has none. Sums are exact, rounded
once (`math.fsum`). No score proves that a text was in the training data (Zhang et al. 2024,
arXiv:2409.19798).
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Sequence

SCORES = ("loss", "zlib", "min_k_20", "min_k_pp_20")
VERSIONS = {name: "1" for name in SCORES}
NEEDS_SPREAD = frozenset({"min_k_pp_20"})
"""Scores that need the mean and standard deviation over the vocabulary."""


def score(
    name: str,
    logprobs: Sequence[float],
    means: Sequence[float] | None,
    deviations: Sequence[float] | None,
    zlib_bytes: int,
) -> float | None:
    """Return a text's score; larger is more member-like.

    Args:
        name: one of `SCORES`.
        logprobs: l_t, natural logarithms.
        means: m_t, one a token; only `min_k_pp_20` looks at them.
        deviations: s_t, likewise.
        zlib_bytes: length of the compressed text; only `zlib` looks at it.

    Returns:
        None for a text without tokens, without the values that the score needs, or with a value
        that is no number. Minus infinity where a token was impossible.
    """
    if not logprobs:
        return None
    found: float | None
    if name == "loss":
        found = _mean(logprobs)
    elif name == "zlib":
        found = _mean(logprobs) / zlib_bytes if zlib_bytes > 0 else None
    elif name == "min_k_20":
        found = _mean_of_lowest(logprobs)
    elif name == "min_k_pp_20":
        if means is None or deviations is None:
            return None
        found = _mean_of_lowest(standardised(logprobs, means, deviations))
    else:
        raise ValueError(f"expected a score among {', '.join(SCORES)}, found {name!r}")
    return None if found is None or math.isnan(found) else found


def standardised(
    logprobs: Sequence[float], means: Sequence[float], deviations: Sequence[float]
) -> list[float]:
    """Return (l_t - m_t) / s_t of each token; 0 where s_t is 0 and nothing could surprise."""
    return [
        (value - mean) / deviation if deviation > 0 else 0.0
        for value, mean, deviation in zip(logprobs, means, deviations, strict=True)
    ]


def lowest(tokens: int) -> int:
    """Return how many of so many tokens the Min-K scores look at: a fifth, rounded up."""
    return max(1, (tokens + 4) // 5)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _mean_of_lowest(values: Sequence[float]) -> float:
    if any(map(math.isnan, values)):
        return math.nan
    return _mean(sorted(values)[: lowest(len(values))])
