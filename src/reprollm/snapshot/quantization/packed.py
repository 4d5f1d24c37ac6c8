"""GPTQ, AWQ and AutoRound: integers packed into 32-bit words, a scale for every group of weights.

Sources: transformers' `GPTQConfig`, `AwqConfig` and `AutoRoundConfig`; AutoGPTQ's
`quantize_config.json` and GPTQModel's `meta`; old AWQ's `quant_config.json` (`w_bit`,
`q_group_size`).
"""

from __future__ import annotations

from typing import Any

from reprollm.snapshot.quantization.scheme import Reading, WeightGroup
from reprollm.snapshot.quantization.values import (
    Declared,
    flag,
    inner,
    integer,
    integers,
    joined,
    number,
    text,
    texts,
)


def gptq(declared: Declared) -> Reading:
    """Read GPTQ; `meta.quantizer` names tool and version as `gptqmodel:2.1.0`."""
    bits = number(declared, "bits", "w_bit")
    tool, _, version = _quantizer(declared).partition(":")
    return Reading(
        bits=bits,
        group_size=integer(declared, "group_size"),
        scheme=integers(bits),
        symmetric=flag(declared, "sym"),
        excluded=() if flag(declared, "lm_head") else ("lm_head",),
        tool=tool or None,
        tool_version=version or None,
        calibration=joined(declared.get("dataset")),
        groups=_exceptions(declared.get("dynamic")),
    )


def awq(declared: Declared) -> Reading:
    """Read AWQ; `zero_point` says that zero points are stored."""
    bits = number(declared, "bits", "w_bit")
    zero_point = flag(declared, "zero_point")
    return Reading(
        bits=bits,
        group_size=integer(declared, "group_size", "q_group_size"),
        scheme=integers(bits),
        symmetric=None if zero_point is None else not zero_point,
        excluded=texts(declared, "modules_to_not_convert"),
        calibration=joined(declared.get("calib_data")),
    )


def auto_round(declared: Declared) -> Reading:
    """Read AutoRound, whose `data_type` may be a float format and whose activations too."""
    bits = number(declared, "bits")
    act_bits = number(declared, "act_bits")
    quantized = act_bits is not None and float(act_bits) < 16
    exceptions = _exceptions(declared.get("extra_config"))
    return Reading(
        bits=bits,
        group_size=integer(declared, "group_size"),
        scheme=_typed(text(declared, "data_type"), bits),
        symmetric=flag(declared, "sym"),
        activations=_typed(text(declared, "act_data_type"), act_bits) if quantized else None,
        activation_bits=act_bits if quantized else None,
        activation_dynamic=flag(declared, "act_dynamic") if quantized else None,
        excluded=tuple(name for each in exceptions if each.bits == "16" for name in each.targets),
        tool="auto-round",
        tool_version=text(declared, "autoround_version"),
        calibration=joined(declared.get("dataset")),
        groups=tuple(each for each in exceptions if each.bits != "16"),
    )


def _quantizer(declared: Declared) -> str:
    value = inner(declared, "meta").get("quantizer", declared.get("quantizer"))
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, str) else ""


def _exceptions(value: Any) -> tuple[WeightGroup, ...]:
    """Return modules with settings of their own: by name, as a pattern, `-:` for left out."""
    if not isinstance(value, dict):
        return ()
    return tuple(
        WeightGroup(
            targets=(name,),
            scheme=_typed(text(own, "data_type"), number(own, "bits")),
            bits=number(own, "bits"),
            group_size=integer(own, "group_size"),
            symmetric=flag(own, "sym"),
        )
        for name, own in sorted(value.items())
        if isinstance(own, dict)
    )


def _typed(data_type: str | None, bits: str | None) -> str | None:
    """Return the scheme of AutoRound's data types (`int`, `mx_fp`, `nv_fp`, `fp8`, …)."""
    if data_type is None or data_type.startswith("int"):
        return integers(bits)
    for begin, scheme in (("mx_fp", "mxfp"), ("nv_fp", "nvfp")):
        if data_type.startswith(begin):
            return f"{scheme}{bits}"
    return f"fp{bits}"
