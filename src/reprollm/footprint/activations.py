"""Bytes of the numbers that are alive at once while a prompt is read, without weights and cache.

Counted on transformers 5.23 by following every allocation of a prefill: four tensors of the hidden
width live through a layer; at the perceptron's product three of its width beside them; with routed
experts a row for each expert of each token, of the gate and up product together, its two factors
and its input; with latent attention the expanded keys, values and queries. A norm in 16 bits holds
two tensors of the hidden width in float32. Attention itself is computed in blocks (SDPA), except
where an architecture only has the plain form, which holds all scores.
"""

from __future__ import annotations

from reprollm.footprint.demand import Sizes

_PLAIN_ATTENTION = frozenset({"bloom", "mpt"})
_LOGIT_BYTES = 76
"""Per row and token of the vocabulary: logits as computed and in float32, their log-softmax, and
what a sampled choice holds in float64 (scores, order, probabilities, sums, noise)."""


def token_elements(sizes: Sizes) -> int:
    """Return how many numbers are alive for one token at the fullest moment of a layer."""
    hidden, heads = sizes.hidden, sizes.heads * sizes.head_dim
    perceptron = 3 * sizes.width
    attention = 4 * heads + 2 * sizes.kv_heads * sizes.head_dim
    shape = sizes.shape
    if shape.experts:
        expert = shape.expert_size or sizes.width
        routed = (shape.experts_per_token or 1) * (4 * expert + hidden)
        perceptron = max(routed, perceptron if shape.expert_size else 0)
    if shape.kv_lora_rank is not None:
        attention = sizes.heads * _latent_head(sizes) + shape.kv_lora_rank
    return 4 * hidden + max(perceptron, attention)


def prefill_bytes(sizes: Sizes, model_type: str | None, rows: int, tokens: int, number: int) -> int:
    """Return the bytes alive while `rows` prompts of `tokens` tokens are read at once."""
    each = token_elements(sizes) * number
    norm = sizes.hidden * (2 * 4 + 4 * number) if number < 4 else 0
    mask = rows * tokens * tokens
    alive = rows * tokens * max(each, norm) + mask
    if model_type in _PLAIN_ATTENTION:
        alive += rows * sizes.heads * tokens * tokens * (2 * number + 4)
    return alive


def logits_bytes(sizes: Sizes, rows: int) -> int:
    """Return the bytes of one step's logits of `rows` rows, and of choosing from them."""
    return rows * sizes.vocabulary * _LOGIT_BYTES


def _latent_head(sizes: Sizes) -> int:
    """Return the numbers of one head: expanded keys and values, queries twice, its answer twice."""
    shape = sizes.shape
    rope, nope = shape.qk_rope_head_dim or 0, shape.qk_nope_head_dim or sizes.head_dim
    value = shape.v_head_dim or nope
    return (nope + value) + 3 * (nope + rope) + rope + 2 * value
