"""ModelOpt and Quark: declarations with a level for the whole and one for single layers.

Sources: NVIDIA Model Optimizer's `hf_quant_config.json` (`producer`, `quantization.quant_algo`,
`kv_cache_quant_algo`, `exclude_modules`, `quantized_layers`), which newer releases also write into
`config.json`; AMD Quark's `global_quant_config` and `layer_quant_config` with a `weight` and
`input_tensors` each, in some releases one level deeper under `quant_config`.
"""

from __future__ import annotations

from reprollm.snapshot.quantization.scheme import Reading, WeightGroup
from reprollm.snapshot.quantization.values import (
    Declared,
    flag,
    inner,
    integer,
    text,
    texts,
)

_ALGORITHMS: dict[str, tuple[str, int | None, str | None]] = {
    "FP8": ("fp8_e4m3", None, "fp8_e4m3"),
    "FP8_PER_CHANNEL_PER_TOKEN": ("fp8_e4m3", -1, "fp8_e4m3"),
    "FP8_PB_WO": ("fp8_e4m3", 128, None),
    "NVFP4": ("nvfp4", 16, "nvfp4"),
    "NVFP4_AWQ": ("nvfp4", 16, "nvfp4"),
    "W4A16_NVFP4": ("nvfp4", 16, None),
    "MXFP4": ("mxfp4", 32, "mxfp4"),
    "MXFP8": ("mxfp8", 32, "mxfp8"),
    "W4A16_AWQ": ("int4", None, None),
    "W4A8_AWQ": ("int4", None, "fp8_e4m3"),
    "INT4_AWQ": ("int4", None, None),
    "W8A16": ("int8", -1, None),
    "W8A8_SQ_PER_CHANNEL": ("int8", -1, "int8"),
}
_CACHES = {"FP8": "fp8_e4m3", "INT8": "int8", "NVFP4": "nvfp4"}


def modelopt(declared: Declared) -> Reading:
    """Read ModelOpt; where single layers have their own algorithm, each is a group."""
    said = inner(declared, "quantization") or declared
    producer = inner(declared, "producer") or inner(said, "producer")
    whole = _algorithm((), said)
    layers = tuple(
        _algorithm((name,), layer)
        for name, layer in sorted(inner(said, "quantized_layers").items())
        if isinstance(layer, dict)
    )
    cache = text(said, "kv_cache_quant_algo")
    return Reading(
        bits=whole.bits,
        group_size=whole.group_size,
        scheme="mixed" if layers and whole.scheme is None else whole.scheme,
        symmetric=whole.symmetric,
        activations=whole.activations,
        activation_bits=_bits(whole.activations),
        kv_cache=_CACHES.get(cache, cache.lower()) if cache else None,
        excluded=texts(said, "exclude_modules", "ignore"),
        tool=text(producer, "name"),
        tool_version=text(producer, "version"),
        groups=layers,
    )


def quark(declared: Declared) -> Reading:
    """Read Quark; layers with a configuration of their own are groups."""
    said = inner(declared, "quant_config") or declared
    whole = _spec((), inner(said, "global_quant_config"))
    layers = tuple(
        _spec((name,), layer)
        for name, layer in sorted(inner(said, "layer_quant_config").items())
        if isinstance(layer, dict)
    )
    caches = inner(said, "kv_cache_quant_config")
    cache = next((value for _, value in sorted(caches.items()) if isinstance(value, dict)), {})
    return Reading(
        bits=whole.bits,
        group_size=whole.group_size,
        scheme=whole.scheme,
        symmetric=whole.symmetric,
        activations=whole.activations,
        activation_bits=_bits(whole.activations),
        activation_dynamic=flag(inner(said, "global_quant_config", "input_tensors"), "is_dynamic"),
        kv_cache=_type(inner(cache, "output_tensors")),
        excluded=texts(said, "exclude"),
        tool="quark",
        tool_version=text(declared, "version"),
        groups=layers,
    )


def _algorithm(targets: tuple[str, ...], said: Declared) -> WeightGroup:
    name = (text(said, "quant_algo") or "").upper()
    scheme, size, activations = _ALGORITHMS.get(name, (None, None, None))
    return WeightGroup(
        targets=targets,
        scheme=scheme,
        bits=_bits(scheme),
        group_size=integer(said, "group_size") or size,
        symmetric=None if scheme is None else not flag(said, "has_zero_point"),
        activations=activations,
    )


def _spec(targets: tuple[str, ...], config: Declared) -> WeightGroup:
    weight = inner(config, "weight")
    scheme = _type(weight)
    size = integer(weight, "group_size")
    return WeightGroup(
        targets=targets,
        scheme=scheme,
        bits=_bits(scheme),
        group_size=-1 if size is None and text(weight, "qscheme") == "per_channel" else size,
        symmetric=flag(weight, "symmetric"),
        activations=_type(inner(config, "input_tensors")),
    )


def _type(spec: Declared) -> str | None:
    """Return Quark's dtype in our words: four and six bits with E8M0 scales are MX formats."""
    named = text(spec, "dtype")
    if named is None:
        return None
    if named.startswith(("fp4", "fp6")) and integer(spec, "group_size") == 32:
        return f"mx{named[:3]}"
    return named.replace("uint", "int")


def _bits(scheme: str | None) -> str | None:
    """Return the first digit of a scheme's name: `int4` has 4 bits, `fp8_e4m3` has 8."""
    return next((letter for letter in scheme or "" if letter.isdigit()), None)
