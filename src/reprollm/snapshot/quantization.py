"""What a snapshot declares about its quantization, in one small vocabulary.

Every method spells scheme, bits and group size in its own way (`quantization_config` of
transformers; `quantize_config.json` of AutoGPTQ, `quant_config.json` of old AWQ,
`hf_quant_config.json` of ModelOpt). The common three are read; the whole declaration is kept as
JSON text, for it may hold floats that a record cannot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reprollm.canon import Json

SIDE_FILES = {
    "quantize_config.json": "gptq",
    "quant_config.json": "awq",
    "hf_quant_config.json": "modelopt",
}


@dataclass(frozen=True)
class Quantization:
    """A declared quantization.

    Attributes:
        source: the file that declares it.
        method: for example `gptq`, `awq`, `compressed-tensors`, `bitsandbytes`.
        bits: bits a weight as a decimal string (some methods average to a fraction), or None.
        group_size: weights that share a scale; -1 for a whole channel; None where not said.
        declared: the whole declaration as JSON text with sorted keys.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    source: str
    method: str
    bits: str | None
    group_size: int | None
    declared: str

    def to_record(self) -> dict[str, Json]:
        """Return the declaration as canonical JSON."""
        return {
            "source": self.source,
            "method": self.method,
            "bits": self.bits,
            "group_size": self.group_size,
            "declared": self.declared,
        }


def read_quantization(
    read_json: Callable[[str], dict[str, Any] | None], config: Mapping[str, Any]
) -> Quantization | None:
    """Return what `config.json` or a file beside it declares, None for plain weights."""
    for key in ("quantization_config", "compression_config"):
        declared = config.get(key)
        if isinstance(declared, dict):
            method = declared.get("quant_method")
            fallback = "compressed-tensors" if key == "compression_config" else "unknown"
            return _described(
                "config.json", method if isinstance(method, str) else fallback, declared
            )
    for source, method in SIDE_FILES.items():
        declared = read_json(source)
        if declared is not None:
            return _described(source, method, declared)
    return None


def _described(source: str, method: str, declared: Mapping[str, Any]) -> Quantization:
    weights = _group_weights(declared)
    bits = _number(declared, "bits", "w_bit", "nbits") or _number(weights, "num_bits", "bits")
    if bits is None:
        bits = _implied_bits(method, declared)
    size = _integer(declared, "group_size", "q_group_size")
    return Quantization(
        source=source,
        method=method,
        bits=bits,
        group_size=size if size is not None else _integer(weights, "group_size"),
        declared=json.dumps(declared, sort_keys=True, ensure_ascii=False),
    )


def _group_weights(declared: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the weights' scheme of the first group of a compressed-tensors declaration."""
    groups = declared.get("config_groups")
    for _, group in sorted(groups.items()) if isinstance(groups, dict) else ():
        weights = group.get("weights") if isinstance(group, dict) else None
        if isinstance(weights, dict):
            return weights
    return {}


def _implied_bits(method: str, declared: Mapping[str, Any]) -> str | None:
    if declared.get("load_in_4bit") or declared.get("_load_in_4bit"):
        return "4"
    if declared.get("load_in_8bit") or declared.get("_load_in_8bit"):
        return "8"
    return {"fp8": "8", "fbgemm_fp8": "8", "mxfp8": "8", "mxfp4": "4", "nvfp4": "4"}.get(method)


def _number(values: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return None


def _integer(values: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = values.get(name)
        if type(value) is int and abs(value) < 2**53:
            return value
    return None
