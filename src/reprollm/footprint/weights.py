"""Bytes of the weights in memory, by what is stored and what each engine makes of it.

Numbers that are stored as floats of 16 bits or more are loaded in the dtype that is asked for.
Codes of a quantization stay as they are packed, except where transformers unpacks them when it
loads: `compressed-tensors` always, MXFP4 wherever its kernels are missing, as on a CPU.
"""

from __future__ import annotations

from reprollm.footprint.demand import BYTES
from reprollm.snapshot.facts import Facts

_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_UNPACKED = frozenset({"compressed-tensors", "mxfp4"})


def loaded_bytes(facts: Facts, dtype: str, *, unpacks: bool) -> int:
    """Return the bytes of the weights in memory, loaded in `dtype`.

    Args:
        facts: of a snapshot in safetensors.
        dtype: what floats are loaded as.
        unpacks: whether the engine unpacks some quantizations, as transformers does.
    """
    method = facts.quantization.method if facts.quantization else None
    if unpacks and method in _UNPACKED and facts.logical_parameters:
        return facts.logical_parameters * BYTES[dtype]
    floats = [share for share in facts.tensor_dtypes if share.dtype in _FLOATS]
    as_stored = sum(share.elements * _stored(share.dtype) for share in floats)
    elements = sum(share.elements for share in floats)
    return facts.weight_bytes - as_stored + elements * BYTES[dtype]


def _stored(dtype: str) -> int:
    return {"F64": 8, "F32": 4}.get(dtype, 2)
