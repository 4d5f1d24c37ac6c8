"""How many weights the tensors of one module stand for, from their shapes.

Shapes are written as safetensors stores them, rows first; `i` and `o` are a linear layer's inputs
and outputs, `g` its groups along the inputs. Every function takes the module's tensors and the
declared bits, which count only where shapes do not tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reprollm.snapshot.safetensors import BITS, Tensor

Parts: TypeAlias = "Mapping[str, Tensor]"
"""The tensors of one module by the ending of their names; the codes under the empty one."""

EIGHT = frozenset({"F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})


@dataclass(frozen=True)
class Counted:
    """What shapes tell of one module; None where they do not.

    Attributes:
        weights: how many numbers the model computes with.
        bits: how many bits each is stored in, without scales.
        group: weights that share a scale; -1 for a whole channel.
    """

    weights: int | None = None
    bits: int | None = None
    group: int | None = None


def unknown(parts: Parts, bits: int | None) -> Counted:
    """Return nothing: the tables' sizes do not tell the layer's."""
    return Counted()


def whole(parts: Parts, bits: int | None) -> Counted:
    """One element a weight: as fp8, int8 and unpacked integers are stored."""
    codes = parts[""]
    scale = _scale(parts)
    matching = scale is not None and len(scale.shape) == len(codes.shape) >= 2
    group = _along(codes.shape[-1], scale.shape[-1]) if scale is not None and matching else None
    return Counted(codes.elements, BITS[codes.dtype], group)


def channels(parts: Parts, bits: int | None) -> Counted:
    """One int8 a weight, one scale a channel."""
    return Counted(parts[""].elements, 8, -1)


def gptq(parts: Parts, bits: int | None) -> Counted:
    """Packed along the inputs: codes (i*bits/32, o), scales (g, o), zeros (g, o*bits/32)."""
    rows, outputs = parts[""].shape
    zeros, order = parts.get(".qzeros"), parts.get(".g_idx")
    found = bits
    if order is not None and order.elements:
        found = 32 * rows // order.elements
    elif zeros is not None and len(zeros.shape) == 2 and outputs:
        found = 32 * zeros.shape[1] // outputs
    if not found:
        return Counted()
    inputs = rows * 32 // found
    return Counted(inputs * outputs, found, _along(inputs, parts[".scales"].shape[0]))


def awq(parts: Parts, bits: int | None) -> Counted:
    """Packed along the outputs: codes (i, o*bits/32), scales (g, o)."""
    inputs, columns = parts[""].shape
    groups, outputs = parts[".scales"].shape
    return Counted(inputs * outputs, 32 * columns // outputs, _along(inputs, groups))


def bytes_of_two(parts: Parts, bits: int | None) -> Counted:
    """bitsandbytes: two weights to a byte, whatever integer or float type holds the bytes."""
    return Counted((parts[""].end - parts[""].begin) * 2, 4, 64)


def words(parts: Parts, bits: int | None) -> Counted:
    """Whole numbers packed into words: as many as declared bits go into one; none into int8."""
    codes = parts[""]
    if codes.dtype == "I8" or codes.dtype in EIGHT:
        return whole(parts, bits)
    width = BITS[codes.dtype]
    if not bits or bits > width:
        return Counted()
    weights = codes.elements * (width // bits)
    # Scales that end in `.scales` are padded by some kernels, and tell no group.
    scale = next((tensor for end, tensor in parts.items() if end.endswith("_scale")), None)
    matching = scale is not None and len(scale.shape) == len(codes.shape) == 2
    if scale is None or not matching or scale.shape[0] != codes.shape[0]:
        return Counted(weights, bits)
    return Counted(weights, bits, _along(codes.shape[1] * (width // bits), scale.shape[1]))


def nibbles(parts: Parts, bits: int | None) -> Counted:
    """Two four-bit floats to a byte: codes (o, i/2), a scale for 16 or 32."""
    scale = _scale(parts)
    weights = parts[""].elements * (1 if parts[""].dtype == "F4" else 2)
    group = weights // scale.elements if scale is not None and scale.elements > 1 else None
    return Counted(weights, 4, group)


def mlx(parts: Parts, bits: int | None) -> Counted:
    """Packed across words: codes (o, i*bits/32), scales (o, g)."""
    found = _dense(parts, bits)
    scales = parts[".scales"].elements
    return Counted(found, bits, found // scales if found and scales else None)


def exl2(parts: Parts, bits: int | None) -> Counted:
    """Codes (…, o) of several widths; the permutation of the inputs has one entry each."""
    order = parts.get(".q_invperm", parts.get(".q_perm"))
    shape = parts[""].shape
    return Counted(order.elements * shape[-1]) if order is not None and shape else Counted()


def exl3(parts: Parts, bits: int | None) -> Counted:
    """Tiles of 16 x 16 weights: codes (i/16, o/16, 16*bits) of 16-bit words."""
    if len(parts[""].shape) != 3:
        return Counted()
    rows, columns, size = parts[""].shape
    return Counted(rows * 16 * columns * 16, size // 16)


def aqlm(parts: Parts, bits: int | None) -> Counted:
    """Codes (o/og, i/ig, books), code books (books, 2^bits, og, ig)."""
    codes, books = parts[""].shape, parts[".codebooks"].shape
    if len(codes) != 3 or len(books) != 4:
        return Counted()
    return Counted(codes[0] * codes[1] * books[2] * books[3])


def ternary(parts: Parts, bits: int | None) -> Counted:
    """Four values of two bits to a byte."""
    return Counted(parts[""].elements * 4, 2)


def higgs(parts: Parts, bits: int | None) -> Counted:
    """Packed across 16-bit words; the table has an entry for each value of a code."""
    found = max(parts[".tables"].elements, 1).bit_length() - 1
    return Counted(_dense(parts, found), found or None)


def _dense(parts: Parts, bits: int | None) -> int | None:
    return parts[""].elements * BITS[parts[""].dtype] // bits if bits else None


def _scale(parts: Parts) -> Tensor | None:
    return next((tensor for end, tensor in parts.items() if end.endswith(_SCALES)), None)


_SCALES = ("_scale_inv", "_scale", "_scales", ".scales")


def _along(inputs: int, groups: int) -> int | None:
    """Return the size of a group; -1 for one group, None where the last one is shorter."""
    if groups == 1:
        return -1
    return inputs // groups if groups and inputs % groups == 0 else None
