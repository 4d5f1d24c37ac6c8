"""Units in the last place: how large a difference is for the type in which a model computed.

A logit is stored, at best, to the nearest number of its type. Near x such numbers lie
2^(floor(log2 |x|) + 1 - p) apart, p being the type's significant bits (IEEE 754-2019, table 3.5;
bfloat16 has 8). How large the logits were is not recorded. They are taken to lie between 8 and 16,
where the best logits of language models begin: were they larger, the true unit would be larger and
a difference would be fewer units, so that a difference is called small only where it surely is.

How many units rounding can move a logit depends on the type. The 16-bit types keep sums in float32
and round what they store, the logits last: another order of summation moves a logit by a unit or
two. Logits in float32 are the sums themselves, whose error grows with the square root of the
number of summands (Ipsen and Zhou 2019, arXiv 1906.10465): 64 units for 4096 of them. A margin is
the difference of two logits, and a log-probability that of a logit and a mean of logits, so that
both move by twice as much at most. Scores of sampled tokens are logits over the temperature; their
unit is taken to be the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

SIGNIFICANT_BITS: Mapping[str, int] = {"float32": 24, "float16": 11, "bfloat16": 8}
"""Significant bits of each type, the leading one included."""

_STORED: Mapping[str, str] = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}

ASSUMED_LOGIT = 8.0
"""The magnitude at which units are taken; it stands for all from here to twice as much."""

FEW: Mapping[str, int] = {"float32": 128, "float16": 4, "bfloat16": 4}
"""By so many units rounding can plausibly change a margin or a log-probability."""

_LEAST_BITS = "bfloat16"


def coarsest(dtype: str, engine: Mapping[str, Any]) -> str:
    """Return the coarsest type in which an engine computed, of those that it tells.

    llama.cpp computes as its file stores the weights, and `dtype` is that of its KV cache. It
    rounds what quantized weights are multiplied with to 8 bits a number, as coarsely as bfloat16.

    Args:
        dtype: what the plan says.
        engine: what the engine said of itself.
    """
    stored = [str(share.get("type")) for share in engine.get("tensor_types") or ()]
    stored += [str(engine["kv_type"]).upper()] if "kv_type" in engine else []
    kinds = [dtype, *(_STORED.get(kind, _LEAST_BITS) for kind in stored)]
    if any(kind not in SIGNIFICANT_BITS for kind in kinds):
        return dtype
    return min(kinds, key=lambda kind: SIGNIFICANT_BITS[kind])


def unit(dtype: str, magnitude: float = ASSUMED_LOGIT) -> float | None:
    """Return the distance of neighbouring numbers of a type near `magnitude`.

    None where the type is not known, as that of a server that decides itself.
    """
    bits = SIGNIFICANT_BITS.get(dtype)
    if bits is None:
        return None
    _, exponent = math.frexp(magnitude)
    return 2.0 ** (exponent - bits)


def units(difference: float, dtype: str) -> float | None:
    """Return a difference of logits or log-probabilities in units in the last place of a type."""
    one = unit(dtype)
    return None if one is None else abs(difference) / one


def tolerance(dtype: str) -> float:
    """Return the largest difference that rounding plausibly makes; 0 for unknown types."""
    one = unit(dtype)
    return 0.0 if one is None else FEW[dtype] * one


def within_few(difference: float, dtype: str) -> bool:
    """Return whether rounding plausibly makes such a difference."""
    return abs(difference) <= tolerance(dtype)
