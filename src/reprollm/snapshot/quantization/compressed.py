"""compressed-tensors: groups of modules, each with a scheme for weights and for activations.

Source: the `compressed-tensors` library (`QuantizationConfig`, `QuantizationArgs`), whose older
releases write the declaration as `compression_config`. The tool that calibrated stands in no field;
`version` is that of the library.
"""

from __future__ import annotations

from reprollm.snapshot.quantization.scheme import Reading, WeightGroup
from reprollm.snapshot.quantization.values import (
    Declared,
    flag,
    inner,
    integer,
    number,
    text,
    texts,
)


def compressed_tensors(declared: Declared) -> Reading:
    """Read all groups; where there is one, it describes the whole."""
    written = [
        group
        for _, group in sorted(inner(declared, "config_groups").items())
        if isinstance(group, dict)
    ]
    layout = text(declared, "format") or ""
    groups = tuple(_group(group, text(group, "format") or layout) for group in written)
    library = text(declared, "version")
    common = Reading(
        kv_cache=_scheme(inner(declared, "kv_cache_scheme"), ""),
        excluded=texts(declared, "ignore"),
        tool="compressed-tensors" if library else None,
        tool_version=library,
    )
    if len(groups) != 1:
        mixed = "mixed" if groups else None
        return Reading(**{**vars(common), "scheme": mixed, "groups": groups})
    activations = inner(written[0], "input_activations")
    one = groups[0]
    return Reading(
        **{
            **vars(common),
            "bits": one.bits,
            "group_size": one.group_size,
            "scheme": one.scheme,
            "symmetric": one.symmetric,
            "activations": one.activations,
            "activation_bits": number(activations, "num_bits"),
            "activation_dynamic": _dynamic(activations),
        }
    )


def _group(group: Declared, layout: str) -> WeightGroup:
    weights = inner(group, "weights")
    size = integer(weights, "group_size")
    if size is None and text(weights, "strategy") == "channel":
        size = -1
    return WeightGroup(
        targets=texts(group, "targets"),
        scheme=_scheme(weights, layout),
        bits=number(weights, "num_bits"),
        group_size=size,
        symmetric=flag(weights, "symmetric"),
        activations=_scheme(inner(group, "input_activations"), layout),
    )


def _scheme(arguments: Declared, layout: str) -> str | None:
    bits = number(arguments, "num_bits")
    if bits is None:
        return None
    if text(arguments, "type") != "float":
        return f"int{bits}"
    if bits == "8":
        return "mxfp8" if "mxfp8" in layout else "fp8_e4m3"
    size = integer(arguments, "group_size")
    return f"mxfp{bits}" if "mxfp" in layout or size == 32 else f"nvfp{bits}"


def _dynamic(arguments: Declared) -> bool | None:
    """Return whether scales are computed while running; `local` means those of the groups are."""
    return True if arguments.get("dynamic") == "local" else flag(arguments, "dynamic")
