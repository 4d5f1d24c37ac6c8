"""How each method lays weights out in tensors, and how many weights those tensors stand for.

A layout is known by the ending and dtype of the tensor that holds the codes and by the tensors that
must lie beside it; what lies beside belongs to the weights' bytes. The first that fits holds.
Sources: the modules of transformers' `integrations`, AutoGPTQ's and AutoAWQ's linear layers,
bitsandbytes' serialization, the compressed-tensors formats, exllamav2 and exllamav3, mlx-lm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reprollm.snapshot.quantization import shapes
from reprollm.snapshot.quantization.shapes import EIGHT, Counted, Parts

FLOATS = frozenset({"F64", "F32", "F16", "BF16"})

_INTEGERS = frozenset({"U8", "I8", "I32", "U32", "I16", "U16"})
_BYTES = frozenset({"U8"})
_WORDS = frozenset({"I32"})
_HQQ = (
    "axis channel_wise compute_dtype encoded_state_dict group_size nbits offload_meta optimize "
    "packing quant_scale quant_zero round_zero shape stores_quant_config unpack_view_dtype "
    "view_as_float"
)
_BESIDE = ("_zero_point", "_global_scale", "_shape", "_g_idx")


@dataclass(frozen=True)
class Layout:
    """One way of storing quantized weights.

    Attributes:
        name: for people and for `checks`.
        ending: of the name of the tensor that holds the codes.
        dtypes: of that tensor, as safetensors spells them.
        needs: endings of tensors that lie beside it, or it is something else.
        beside: endings of further tensors that may.
        count: the weights behind the shapes, given declared bits where shapes do not tell.
        fits: whether shapes and dtypes beside it are those of this layout.
    """

    name: str
    ending: str
    dtypes: frozenset[str]
    needs: tuple[str, ...]
    beside: tuple[str, ...]
    count: Callable[[Parts, int | None], Counted]
    fits: Callable[[Parts], bool] = lambda parts: True


def _scaled_by(*dtypes: str) -> Callable[[Parts], bool]:
    return lambda parts: parts["_scale"].dtype in dtypes and len(parts["_scale"].shape) >= 2


def _columns(parts: Parts) -> tuple[int, int]:
    """Return the columns of codes and scales, (-1, -1) unless both are matrices."""
    codes, scales = parts[""].shape, parts[".scales"].shape
    return (codes[1], scales[1]) if len(codes) == len(scales) == 2 else (-1, -1)


LAYOUTS = (
    Layout(
        name="bitsandbytes-4bit",
        ending=".weight",
        dtypes=_INTEGERS | FLOATS,
        needs=(".weight.absmax", ".weight.quant_map"),
        beside=(
            ".weight.nested_absmax",
            ".weight.nested_quant_map",
            ".weight.quant_state.bitsandbytes__nf4",
            ".weight.quant_state.bitsandbytes__fp4",
        ),
        count=shapes.bytes_of_two,
    ),
    Layout(
        name="bitsandbytes-8bit",
        ending=".weight",
        dtypes=frozenset({"I8"}),
        needs=(".SCB",),
        beside=(".weight_format",),
        count=shapes.channels,
    ),
    Layout(
        name="gptq",
        ending=".qweight",
        dtypes=_WORDS,
        needs=(".scales",),
        beside=(".qzeros", ".g_idx"),
        count=shapes.gptq,
        fits=lambda parts: _columns(parts)[0] == _columns(parts)[1] >= 0,
    ),
    Layout(
        name="awq",
        ending=".qweight",
        dtypes=_WORDS,
        needs=(".scales",),
        beside=(".qzeros",),
        count=shapes.awq,
        fits=lambda parts: 0 <= _columns(parts)[0] < _columns(parts)[1],
    ),
    Layout("packed", ".qweight", _INTEGERS, (".scales",), (".qzeros", ".g_idx"), shapes.words),
    Layout("gptq-marlin", ".B", _WORDS, (".s",), (".workspace",), shapes.words),
    Layout(
        name="exl2",
        ending=".q_weight",
        dtypes=_WORDS,
        needs=(".q_scale",),
        beside=(".q_scale_max", ".q_groups", ".q_invperm", ".q_perm", ".q_group_map"),
        count=shapes.exl2,
    ),
    Layout(
        name="exl3",
        ending=".trellis",
        dtypes=frozenset({"I16", "U16"}),
        needs=(),
        beside=(".suh", ".svh", ".su", ".sv", ".mcg", ".mul1"),
        count=shapes.exl3,
    ),
    Layout(
        name="hqq",
        ending=".W_q",
        dtypes=_INTEGERS | FLOATS,
        needs=(".scale", ".zero"),
        beside=tuple(f".{name}" for name in _HQQ.split()),
        count=shapes.words,
    ),
    Layout(
        name="torchao",
        ending="._weight_qdata",
        dtypes=_INTEGERS | EIGHT,
        needs=("._weight_scale",),
        beside=("._weight_zero_point",),
        count=shapes.words,
    ),
    Layout(
        name="quanto",
        ending=".weight._data",
        dtypes=_INTEGERS | EIGHT,
        needs=(".weight._scale",),
        beside=(".weight._shift",),
        count=shapes.words,
    ),
    Layout("mxfp4-blocks", "_blocks", _BYTES, ("_scales",), (), shapes.nibbles),
    Layout(
        name="packed-nvfp4",
        ending="_packed",
        dtypes=_BYTES,
        needs=("_scale",),
        beside=_BESIDE,
        count=shapes.nibbles,
        fits=_scaled_by(*EIGHT),
    ),
    Layout("packed-mxfp4", "_packed", _BYTES, ("_scale",), _BESIDE, shapes.nibbles),
    Layout("packed-int", "_packed", _WORDS, ("_scale",), _BESIDE, shapes.words),
    Layout("aqlm", ".codes", _INTEGERS, (".codebooks",), (".scales",), shapes.aqlm),
    Layout(
        name="vptq",
        ending=".indices",
        dtypes=_INTEGERS,
        needs=(".centroids.weight",),
        beside=(".res_centroids.weight", ".outlier_centroids.weight", ".outlier_indices", ".perm"),
        count=shapes.unknown,
    ),
    Layout(
        name="spqr",
        ending=".dense_weights",
        dtypes=_INTEGERS,
        needs=(".row_offsets",),
        beside=(".col_vals", ".in_perm"),
        count=shapes.unknown,
    ),
    Layout(
        name="higgs",
        ending=".weight",
        dtypes=frozenset({"I16", "U8"}),
        needs=(".scales", ".tables"),
        beside=(".tables2",),
        count=shapes.higgs,
    ),
    Layout(
        name="mlx",
        ending=".weight",
        dtypes=frozenset({"U32"}),
        needs=(".scales",),
        beside=(".biases", ".qbiases"),
        count=shapes.mlx,
    ),
    Layout("eetq", ".weight", frozenset({"I8"}), (".weight_scales",), (), shapes.channels),
    Layout("fp8", "", EIGHT, ("_scale_inv",), (), shapes.whole),
    Layout("fp8", "", EIGHT, ("_scale",), ("_zero_point",), shapes.whole),
    Layout("nvfp4", "", frozenset({"U8", "F4"}), ("_scale", "_scale_2"), (), shapes.nibbles),
    Layout(
        name="mxfp4",
        ending="",
        dtypes=_BYTES,
        needs=("_scale",),
        beside=(),
        count=shapes.nibbles,
        fits=_scaled_by("U8", "F8_E8M0"),
    ),
    Layout(
        name="bitnet",
        ending=".weight",
        dtypes=_BYTES,
        needs=(".weight_scale",),
        beside=(),
        count=shapes.ternary,
        fits=lambda parts: parts[".weight_scale"].elements == 1,
    ),
    Layout("int8", "", frozenset({"I8"}), ("_scale",), _BESIDE, shapes.whole),
    Layout("packed-int", "", _WORDS | _BYTES, ("_scale",), _BESIDE, shapes.words),
)

UNSCALED = Layout("fp8-unscaled", "", EIGHT, (), (), shapes.whole)
"""Eight-bit floats that no scale belongs to, and that are no scales themselves."""
