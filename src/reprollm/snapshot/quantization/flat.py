"""Methods whose declaration is flat: a number of bits, a group size, modules to leave out.

Sources: transformers' `HqqConfig` (in version 4 nested under `quant_config`), `QuantoConfig`,
`EetqConfig`, `SinqConfig`, `GemmaQuantizationConfig`, `MetalConfig`; MLX's `quantization` in
`config.json`; ExLlamaV2's and ExLlamaV3's `quantization_config`, whose bits are an average.
"""

from __future__ import annotations

from reprollm.snapshot.quantization.scheme import Reading, WeightGroup
from reprollm.snapshot.quantization.values import (
    Declared,
    inner,
    integer,
    integers,
    joined,
    number,
    text,
    texts,
)

_FLOATS = {"float8": "fp8_e4m3", "float8_e4m3fn": "fp8_e4m3", "float8_e5m2": "fp8_e5m2"}


def hqq(declared: Declared) -> Reading:
    """Read HQQ in both spellings; zero points are stored, so it is not symmetric."""
    old = inner(declared, "quant_config", "weight_quant_params")
    said = old or declared
    bits = number(said, "nbits", "bits")
    return Reading(
        bits=bits,
        group_size=integer(said, "group_size"),
        scheme=integers(bits),
        symmetric=False,
        excluded=texts(declared, "skip_modules"),
        tool="hqq",
    )


def quanto(declared: Declared) -> Reading:
    """Read Quanto, which names formats: `int8`, `int4`, `int2`, `float8`."""
    weights, activations = text(declared, "weights"), text(declared, "activations")
    return Reading(
        bits=_width(weights),
        scheme=_named(weights),
        activations=_named(activations),
        activation_bits=_width(activations),
        excluded=texts(declared, "modules_to_not_convert"),
        tool="optimum-quanto",
    )


def eetq(declared: Declared) -> Reading:
    """Read EETQ: int8 with a scale for every channel."""
    return Reading(
        bits=_width(text(declared, "weights")) or "8",
        group_size=-1,
        scheme="int8",
        symmetric=True,
        excluded=texts(declared, "modules_to_not_convert"),
    )


def plain(declared: Declared) -> Reading:
    """Read what spells bits and group size the usual way."""
    bits = number(declared, "bits", "num_bits", "nbits", "w_bit")
    return Reading(
        bits=bits,
        group_size=integer(declared, "group_size", "q_group_size"),
        scheme=integers(bits),
        excluded=texts(declared, "modules_to_not_convert", "skip_modules", "ignore"),
    )


def mlx(declared: Declared) -> Reading:
    """Read MLX: groups with a scale and a bias, so not symmetric; `mode` may name an MX format.

    Modules with settings of their own stand in the same object, by their names.
    """
    bits = number(declared, "bits")
    mode = text(declared, "mode")
    affine = mode in (None, "affine")
    return Reading(
        bits=bits,
        group_size=integer(declared, "group_size"),
        scheme=integers(bits) if affine else mode,
        symmetric=not affine,
        tool="mlx",
        groups=tuple(
            WeightGroup(
                targets=(name,),
                scheme=integers(number(own, "bits")),
                bits=number(own, "bits"),
                group_size=integer(own, "group_size"),
            )
            for name, own in sorted(declared.items())
            if isinstance(own, dict)
        ),
    )


def exl2(declared: Declared) -> Reading:
    """Read EXL2: an average of bits over layers of different widths; the head has its own."""
    return Reading(
        bits=number(declared, "bits"),
        scheme="mixed",
        tool="exllamav2",
        tool_version=text(declared, "version"),
        calibration=joined(declared.get("calibration")),
    )


def exl3(declared: Declared) -> Reading:
    """Read EXL3: trellis-coded weights, an average of bits; the head has its own."""
    return Reading(
        bits=number(declared, "bits"),
        scheme="trellis",
        tool="exllamav3",
        tool_version=text(declared, "version"),
        calibration=joined(declared.get("calibration")),
    )


def _named(name: str | None) -> str | None:
    if name is None:
        return None
    return _FLOATS.get(name.removeprefix("q"), name.removeprefix("q"))


def _width(name: str | None) -> str | None:
    return next((letter for letter in name or "" if letter.isdigit()), None)
