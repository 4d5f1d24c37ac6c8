"""Which layouts a declared method may be stored in, and which methods apply themselves at load."""

from __future__ import annotations

_PACKED = ("packed-int", "packed-nvfp4", "packed-mxfp4", "int8", "fp8", "nvfp4", "mxfp4")
_EIGHT = ("fp8", "fp8-unscaled")

LAYOUTS_OF: dict[str, tuple[str, ...]] = {
    "gptq": ("gptq", "gptq-marlin", "packed"),
    "gptqmodel": ("gptq", "gptq-marlin", "packed"),
    "awq": ("awq", "gptq", "packed"),
    "auto-round": ("gptq", "awq", "packed", *_PACKED),
    "intel/auto-round": ("gptq", "awq", "packed", *_PACKED),
    "bitsandbytes": ("bitsandbytes-4bit", "bitsandbytes-8bit"),
    "compressed-tensors": (*_PACKED, "fp8-unscaled"),
    "torchao": ("torchao",),
    "fp8": _EIGHT,
    "fbgemm_fp8": _EIGHT,
    "mxfp4": ("mxfp4-blocks", "mxfp4", "packed-mxfp4"),
    "mxfp8": ("fp8",),
    "nvfp4": ("nvfp4", "packed-nvfp4"),
    "fp_quant": ("packed",),
    "modelopt": ("fp8", "nvfp4", "mxfp4", "int8", "packed-int", "fp8-unscaled"),
    "modelopt_fp4": ("nvfp4",),
    "modelopt_mxfp8": ("fp8",),
    "quark": ("fp8", "int8", "mxfp4", "nvfp4", "packed-int", "awq", "packed", "fp8-unscaled"),
    "hqq": ("hqq",),
    "quanto": ("quanto",),
    "eetq": ("eetq",),
    "mlx": ("mlx",),
    "metal": ("mlx",),
    "exl2": ("exl2",),
    "exl3": ("exl3",),
    "aqlm": ("aqlm",),
    "vptq": ("vptq",),
    "higgs": ("higgs",),
    "spqr": ("spqr",),
    "bitnet": ("bitnet",),
}

AT_LOAD = frozenset(
    "bitsandbytes compressed-tensors torchao fp8 fp_quant quark bitnet quanto".split()
)
"""Methods that some engine applies to plain weights, or that mark weights that were left plain."""
