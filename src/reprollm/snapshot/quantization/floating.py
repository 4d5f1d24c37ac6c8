"""Eight- and four-bit floats: fine-grained fp8, FBGEMM fp8, and the block formats MX and NVFP4.

Sources: transformers' `FineGrainedFP8Config`, `FbgemmFp8Config`, `Mxfp4Config`, `NVFP4Config`,
`FPQuantConfig`, `FourOverSixConfig`; OCP Microscaling Formats 1.0 (32 elements share an 8-bit
power of two); NVFP4 (16 elements share an E4M3 scale, a tensor one float32).
"""

from __future__ import annotations

from reprollm.snapshot.quantization.scheme import Reading
from reprollm.snapshot.quantization.values import Declared, integer, text, texts

_BLOCKS = {"mxfp4": 32, "mxfp8": 32, "nvfp4": 16}


def fp8(declared: Declared) -> Reading:
    """Read fine-grained fp8: a scale for every block of `weight_block_size`, or for a tensor."""
    block = declared.get("weight_block_size")
    size = block[-1] if isinstance(block, list) and block else None
    activation = text(declared, "activation_scheme")
    scheme = f"fp8_{text(declared, 'fmt') or 'e4m3'}"
    return Reading(
        bits="8",
        group_size=integer({"size": size}, "size"),
        scheme=scheme,
        symmetric=True,
        activations=scheme,
        activation_bits="8",
        activation_dynamic=None if activation is None else activation == "dynamic",
        excluded=texts(declared, "modules_to_not_convert", "ignored_layers"),
    )


def fbgemm_fp8(declared: Declared) -> Reading:
    """Read FBGEMM's fp8: a scale for every row, activations quantized while running."""
    return Reading(
        bits="8",
        group_size=-1,
        scheme="fp8_e4m3",
        symmetric=True,
        activations="fp8_e4m3",
        activation_bits="8",
        activation_dynamic=True,
        excluded=texts(declared, "modules_to_not_convert"),
    )


def mxfp4(declared: Declared) -> Reading:
    """Read MXFP4, whose sizes the format fixes."""
    return _block("mxfp4", declared)


def mxfp8(declared: Declared) -> Reading:
    """Read MXFP8, whose sizes the format fixes."""
    return _block("mxfp8", declared)


def nvfp4(declared: Declared) -> Reading:
    """Read NVFP4, whose sizes the format fixes."""
    return _block("nvfp4", declared)


def fp_quant(declared: Declared) -> Reading:
    """Read FP-Quant and Four-over-Six: `forward_dtype` or `weight_dtype` names the format."""
    named = text(declared, "forward_dtype", "weight_dtype") or ""
    return _block(next((name for name in _BLOCKS if name in named), None), declared)


def _block(scheme: str | None, declared: Declared) -> Reading:
    return Reading(
        bits=scheme[-1] if scheme else None,
        group_size=integer(declared, "group_size") or _BLOCKS.get(scheme or ""),
        scheme=scheme,
        symmetric=True,
        excluded=texts(declared, "modules_to_not_convert"),
    )
