"""Bytes of the KV cache: what each layer keeps of every token.

A layer keeps keys and values of its own number of heads (multi-query, grouped, or all). DeepSeek's
latent attention keeps one latent and one rotated key for all heads instead (DeepSeek-V2, arXiv
2405.04434, section 2.1), in transformers 5, vLLM and llama.cpp alike. A local layer keeps the
tokens of its window. Which layers are local is `layer_types`; where the files leave that to the
architecture it is said here by its type.
"""

from __future__ import annotations

from dataclasses import dataclass

from reprollm.footprint.demand import Sizes

_PATTERNS = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma3_text": 6,
    "gpt_oss": 2,
    "gpt-oss": 2,
    "cohere2": 4,
}
"""Every so many-th layer is global: transformers' configurations of these types, and the same
architectures as GGUF files spell them."""


@dataclass(frozen=True)
class Layers:
    """How many layers keep every token, and how many those of a window only."""

    everywhere: int
    local: int
    window: int


def layers(sizes: Sizes, model_type: str | None) -> Layers:
    """Return how many layers are global and how many local.

    Layers without a KV cache (linear attention, state spaces) count as neither.
    """
    shape, window = sizes.shape, sizes.shape.sliding_window
    if shape.layer_types:
        everywhere = sum(kind == "full_attention" for kind in shape.layer_types)
        local = sum(kind == "sliding_attention" for kind in shape.layer_types)
        return Layers(everywhere, local, window) if window else Layers(everywhere + local, 0, 0)
    if window is None:
        return Layers(sizes.layers, 0, 0)
    pattern = shape.sliding_window_pattern or _PATTERNS.get(model_type or "")
    everywhere = sizes.layers // pattern if pattern else 0
    return Layers(everywhere, sizes.layers - everywhere, window)


def token_elements(sizes: Sizes) -> int:
    """Return how many numbers one layer keeps of one token."""
    shape = sizes.shape
    if shape.kv_lora_rank is not None:
        return shape.kv_lora_rank + (shape.qk_rope_head_dim or 0)
    return 2 * sizes.kv_heads * sizes.head_dim


def cache_bytes(sizes: Sizes, found: Layers, tokens: int, kept: int, rows: int, number: int) -> int:
    """Return the bytes of the cache.

    Args:
        sizes: the model's.
        found: its global and local layers.
        tokens: what a global layer keeps of each row.
        kept: what a local layer keeps of each row.
        rows: how many sequences.
        number: bytes of one number.
    """
    cells = found.everywhere * tokens + found.local * min(tokens, kept)
    return rows * cells * token_elements(sizes) * number
