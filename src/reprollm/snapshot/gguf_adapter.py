"""A LoRA adapter in a GGUF file, as llama.cpp's `convert_lora_to_gguf.py` writes one.

`general.type` is `adapter` and `adapter.type` `lora`; each module has two tensors whose names end
in `.lora_a` and `.lora_b`. The rank is the second dimension of the first, the factor `alpha` stands
in the metadata; the base is named where the converter knew it.
"""

from __future__ import annotations

import json

from reprollm.snapshot.adapter import Adapter
from reprollm.snapshot.gguf import GgufHeader

_FIRST = ".lora_a"


def gguf_adapter(header: GgufHeader) -> Adapter | None:
    """Return what a GGUF adapter says of itself, None for a whole model."""
    if header.text("general.type") != "adapter":
        return None
    first = [tensor for tensor in header.tensors if tensor.name.endswith(_FIRST)]
    ranks = {tensor.shape[-1] for tensor in first}
    alpha = header.scalar("adapter.lora.alpha")
    said = {
        key: header.scalar(key)
        for key in sorted(header.metadata)
        if key.startswith(("adapter.", "general.base_model.")) and header.scalar(key) is not None
    }
    return Adapter(
        type=header.text("adapter.type") or "unknown",
        rank=min(ranks) if len(ranks) == 1 else None,
        alpha=None if isinstance(alpha, str | bool | None) else f"{alpha:g}",
        targets=tuple(sorted(tensor.name.removesuffix(_FIRST) for tensor in first)),
        base_model=header.text("general.base_model.0.repo_url")
        or header.text("general.base_model.0.name"),
        base_revision=header.text("general.base_model.0.version"),
        variants=("rank_pattern",) if len(ranks) > 1 else (),
        saved_modules=(),
        tool_version=None,
        declared=json.dumps(said, sort_keys=True, ensure_ascii=False),
    )
