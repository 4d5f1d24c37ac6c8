"""A GGUF model's inner sizes, from the keys of its architecture (ggml's `docs/gguf.md`)."""

from __future__ import annotations

from reprollm.snapshot.gguf import GgufHeader
from reprollm.snapshot.shape import MOST_SIZE, Shape


def gguf_shape(header: GgufHeader) -> Shape | None:
    """Return what the metadata says, None where it says nothing."""
    shape = Shape(
        intermediate_size=_size(header, "feed_forward_length"),
        sliding_window=_size(header, "attention.sliding_window"),
        kv_lora_rank=_size(header, "attention.kv_lora_rank"),
        qk_rope_head_dim=_size(header, "rope.dimension_count")
        if _size(header, "attention.kv_lora_rank")
        else None,
        experts=_size(header, "expert_count"),
        experts_per_token=_size(header, "expert_used_count"),
        expert_size=_size(header, "expert_feed_forward_length"),
    )
    return shape if shape != Shape() else None


def _size(header: GgufHeader, key: str) -> int | None:
    """Return the largest of a key's numbers; what is no size is not said."""
    value = header.metadata.get(f"{header.text('general.architecture')}.{key}")
    if value is None:
        return None
    found = value.numbers() or (value.scalar(),)
    return max((n for n in found if type(n) is int and 0 < n < MOST_SIZE), default=None)
