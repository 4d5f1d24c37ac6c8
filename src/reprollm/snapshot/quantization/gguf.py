"""A GGUF model's quantization in the common vocabulary, from the histogram of its tensor types.

ggml's types pack blocks of 16 to 256 weights. The legacy types `Q4_0`, `Q5_0`, `Q8_0` and of the
K-types `Q3_K` and `Q6_K` are symmetric; `Q4_1`, `Q5_1`, `Q2_K`, `Q4_K` and `Q5_K` store a minimum
too; the `IQ` types index tables. Bits are those of `ggml-common.h`, scales included.
"""

from __future__ import annotations

from reprollm.snapshot.gguf_quantization import GgufQuantization, TypeShare
from reprollm.snapshot.gguf_types import TYPES_BY_NAME
from reprollm.snapshot.quantization.scheme import Quantization, Reading, WeightGroup
from reprollm.snapshot.quantization.stored import ratio
from reprollm.snapshot.quantization.values import as_text

_SYMMETRIC = {
    **dict.fromkeys(("Q4_0", "Q5_0", "Q8_0", "Q3_K", "Q6_K", "Q8_K", "Q1_0"), True),
    **dict.fromkeys(("Q4_1", "Q5_1", "Q8_1", "Q2_K", "Q4_K", "Q5_K"), False),
}
_SUB_BLOCKS = {"Q2_K": 16, "Q3_K": 16, "Q4_K": 32, "Q5_K": 32, "Q6_K": 16, "NVFP4": 16}
_SCALED = 1_000_000


def from_gguf(found: GgufQuantization, source: str) -> Quantization | None:
    """Return the quantization, None where every tensor is stored plain.

    Args:
        found: the histogram and what the file says of itself.
        source: the file's path in the snapshot.

    `bits` is the average over the quantized tensors; each type is a group of its own.
    """
    shares = found.quantized
    if not shares:
        return None
    groups = tuple(_group(share) for share in shares)
    one = groups[0] if len(groups) == 1 else None
    declared = {"file_type": found.declared, "quantization_version": found.version}
    imatrix = {
        key.removeprefix("quantize.imatrix."): value
        for key, value in found.metadata.items()
        if key.startswith("quantize.imatrix.")
    }
    reading = Reading(
        bits=_average(shares),
        group_size=one.group_size if one else None,
        scheme=one.scheme if one else "mixed",
        symmetric=one.symmetric if one else None,
        calibration=as_text(imatrix) if imatrix else None,
        groups=() if one else groups,
    )
    return Quantization.of(source, "gguf", as_text(declared | dict(found.metadata)), reading)


def _group(share: TypeShare) -> WeightGroup:
    return WeightGroup(
        targets=(share.type,),
        scheme=_scheme(share.type),
        bits=share.bits,
        group_size=_SUB_BLOCKS.get(share.type, TYPES_BY_NAME[share.type].weights),
        symmetric=_SYMMETRIC.get(share.type),
    )


def _scheme(name: str) -> str:
    if name in ("MXFP4", "NVFP4"):
        return name.lower()
    if name.startswith("IQ"):
        return "codebook"
    if name.startswith("TQ"):
        return "ternary"
    return f"int{name[1]}"


def _average(shares: tuple[TypeShare, ...]) -> str | None:
    """Return the mean of the types' bits by their weights, in whole millionths of a bit."""
    bits = sum(share.elements * round(float(share.bits) * _SCALED) for share in shares)
    return ratio(bits // _SCALED, sum(share.elements for share in shares))
