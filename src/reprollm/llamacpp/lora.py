"""A PEFT LoRA adapter as llama.cpp loads one: a GGUF file of pairs of small matrices.

`adapter_config.json` and `adapter_model.safetensors` are PEFT's own; names and layouts follow the
base as in `reprollm.llamacpp.families`: where rows of the base change places, so do those of the
second matrix, whose rows are the base's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from reprollm.errors import EngineUnavailable
from reprollm.llamacpp.families import (
    FAMILIES,
    Values,
    gguf_package,
    names,
    swap_heads,
    swapped,
)
from reprollm.snapshot.gguf import GgufHeader
from reprollm.snapshot.safetensors import read_header

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_NAME = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<half>[AB])(\.default)?\.weight\Z")
_READ = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_WITHOUT = ("use_dora", "fan_in_fan_out", "rank_pattern", "alpha_pattern", "modules_to_save")


def write_lora(folder: Path, base: GgufHeader, target: Path) -> None:
    """Write the PEFT adapter in `folder` as the GGUF file `target`.

    Args:
        folder: the adapter's snapshot, checked against its lock.
        base: the header of the GGUF model that it is applied to.
        target: the file to write.

    Raises:
        EngineUnavailable: an adapter of another kind, or a base of a family not known here.
    """
    gguf = gguf_package()
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    architecture = base.text("general.architecture") or ""
    alpha = _alpha(config)
    writer = gguf.GGUFWriter(None, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, values in sorted(_renamed(folder, base, architecture).items()):
        writer.add_tensor(name, np.ascontiguousarray(values))
    writer.write_header_to_file(target)
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _alpha(config: Mapping[str, Any]) -> float:
    """Return the factor that llama.cpp divides by the rank; refuse what it cannot say."""
    if config.get("peft_type") != "LORA" or config.get("bias", "none") != "none":
        _refuse("a LoRA adapter without biases", f"{config.get('peft_type')!a:.40}")
    for name in _WITHOUT:
        if config.get(name):
            _refuse(f"no {name}", f"{config[name]!a:.60}")
    rank, alpha = int(config["r"]), float(config["lora_alpha"])
    return alpha * math.sqrt(rank) if config.get("use_rslora") else alpha


def _renamed(folder: Path, base: GgufHeader, architecture: str) -> dict[str, Values]:
    """Return the adapter's matrices by llama.cpp's names, in float32."""
    known = {entry.architecture: entry for entry in FAMILIES.values()}
    if architecture not in known:
        _refuse(f"a base of {', '.join(sorted(known))}", f"{architecture!a:.40}")
    heads = base.integer(f"{architecture}.attention.head_count") or 0
    kv_heads = base.integer(f"{architecture}.attention.head_count_kv") or heads
    name_of = names(architecture, base.integer(f"{architecture}.block_count") or 0)
    path = folder / WEIGHTS
    renamed = {}
    for tensor in read_header(path, path.stat().st_size, WEIGHTS):
        match = _NAME.match(tensor.name)
        module = None if match is None else f"{match['module']}.weight"
        name = None if module is None else name_of(module)
        if match is None or module is None or name is None or tensor.dtype not in _READ:
            _refuse("matrices lora_A and lora_B of known modules", f"{tensor.name!a:.100}")
        raw = np.fromfile(path, np.dtype(_READ[tensor.dtype]), tensor.elements, offset=tensor.begin)
        if tensor.dtype == "BF16":
            raw = (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
        values: Values = raw.astype(np.float32).reshape(tensor.shape)
        rows = swap_heads(module, heads, kv_heads) if known[architecture].swaps else None
        if match["half"] == "B" and rows is not None:
            values = swapped(values, rows)
        renamed[f"{name}.lora_{match['half'].lower()}"] = values
    return renamed


def _refuse(expected: str, found: str) -> NoReturn:
    raise EngineUnavailable(
        f"expected {expected} in an adapter for llama.cpp, found {found}; make a GGUF adapter with "
        "llama.cpp's convert_lora_to_gguf.py and pin that, or take the transformers engine"
    )
