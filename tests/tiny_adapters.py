"""Tiny LoRA adapters for the tiny Llama, written as PEFT writes them, with the same bits anywhere.

Unlike a freshly initialised adapter, whose second matrix is zero, both matrices are drawn, so that
the adapter changes what the model answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tiny_models import encode, write_safetensors

HIDDEN, INNER, HEADS_OUT, KV_OUT = 64, 128, 64, 32
SHAPES = {
    "self_attn.q_proj": (HEADS_OUT, HIDDEN),
    "self_attn.v_proj": (KV_OUT, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}
"""Outputs and inputs of the tiny Llama's modules that adapters here change."""


def make_lora(
    folder: Path,
    *,
    rank: int = 8,
    alpha: int = 16,
    seed: int = 7,
    layers: int = 2,
    targets: tuple[str, ...] = ("self_attn.q_proj", "mlp.down_proj"),
    base: str | None = "org/tiny-llama",
    scale: float = 0.5,
    **config: Any,
) -> Path:
    """Write an adapter and return its folder; `config` overrides entries of its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.Philox(key=seed)
    tensors = {}
    for layer in range(layers):
        for target in targets:
            outputs, inputs = SHAPES[target]
            begin = f"base_model.model.model.layers.{layer}.{target}"
            for name, shape in (("lora_A", (rank, inputs)), ("lora_B", (outputs, rank))):
                raw = generator.random_raw(shape[0] * shape[1]) >> np.uint64(40)
                drawn = raw.astype(np.float32) * np.float32(2.0**-24) - np.float32(0.5)
                values = (drawn * np.float32(scale)).reshape(shape)
                tensors[f"{begin}.{name}.weight"] = ("F32", list(shape), encode(values, "F32"))
    write_safetensors(folder / "adapter_model.safetensors", tensors)
    described = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "revision": None,
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "target_modules": sorted({target.rpartition(".")[2] for target in targets}),
        "modules_to_save": None,
        "peft_version": "0.21.2",
        "use_dora": False,
        "use_rslora": False,
        "rank_pattern": {},
        "alpha_pattern": {},
    } | config
    text = json.dumps(described, indent=2, sort_keys=True)
    (folder / "adapter_config.json").write_text(text + "\n", encoding="utf-8")
    return folder
