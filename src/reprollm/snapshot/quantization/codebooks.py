"""Methods that store indices into tables: AQLM, VPTQ, HIGGS, SpQR, and BitNet's three values.

Sources: transformers' `AqlmConfig`, `VptqConfig`, `HiggsConfig`, `SpQRConfig`,
`BitNetQuantConfig`. Bits a weight follow from the sizes of the tables (AQLM: codebooks times their
index bits over the weights of a vector).
"""

from __future__ import annotations

from reprollm.snapshot.quantization.scheme import Reading
from reprollm.snapshot.quantization.values import Declared, integer, number, texts


def aqlm(declared: Declared) -> Reading:
    """Read AQLM; the code books' own bytes are not in the bits."""
    books = integer(declared, "num_codebooks")
    bits = integer(declared, "nbits_per_codebook")
    inputs, outputs = (integer(declared, f"{side}_group_size") or 1 for side in ("in", "out"))
    known = books is not None and bits is not None
    return Reading(
        bits=number({"_": (books or 0) * (bits or 0) / (inputs * outputs)}, "_") if known else None,
        group_size=inputs * outputs,
        scheme="codebook",
        excluded=texts(declared, "linear_weights_not_to_quantize"),
        tool="aqlm",
    )


def vptq(declared: Declared) -> Reading:
    """Read VPTQ, whose layers each have their own tables."""
    excluded = texts(declared, "modules_to_not_convert")
    return Reading(scheme="codebook", excluded=excluded, tool="vptq")


def higgs(declared: Declared) -> Reading:
    """Read HIGGS: groups on a fixed grid after a Hadamard rotation."""
    return Reading(
        bits=number(declared, "bits"),
        group_size=integer(declared, "group_size"),
        scheme="codebook",
        excluded=texts(declared, "modules_to_not_convert"),
        tool="higgs",
    )


def spqr(declared: Declared) -> Reading:
    """Read SpQR: dense groups of few bits and sparse outliers in 16 bits."""
    return Reading(
        bits=number(declared, "bits"),
        group_size=integer(declared, "beta2"),
        scheme="mixed",
        excluded=texts(declared, "modules_to_not_convert"),
        tool="spqr",
    )


def bitnet(declared: Declared) -> Reading:
    """Read BitNet b1.58: -1, 0 and 1, four to a byte, one scale a tensor, int8 activations."""
    return Reading(
        bits="1.58",
        scheme="ternary",
        symmetric=True,
        activations="int8",
        activation_bits="8",
        activation_dynamic=True,
        excluded=texts(declared, "modules_to_not_convert"),
        tool="bitnet",
    )
