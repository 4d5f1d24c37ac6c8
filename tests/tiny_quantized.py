"""Tiny quantized snapshots: a tiny Llama whose linear layers are stored as each method stores them.

Tensor names, dtypes and shapes are those that the method's own library writes; the declarations are
those of published models. Where an engine here can load the method the codes are real (rounded to
nearest, no calibration), else they are zeros: such a snapshot is read, never run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reprollm.snapshot.safetensors import read_header
from tiny_models import make_llama, write_safetensors

Matrix: TypeAlias = "NDArray[np.float32]"
Encoded: TypeAlias = "dict[str, tuple[str, list[int], bytes]]"
Encode: TypeAlias = "Callable[[Matrix], Encoded]"

GROUP = 32
_SIZES = {"U8": 1, "I8": 1, "F8_E4M3": 1, "F16": 2, "BF16": 2, "I16": 2, "F32": 4, "I32": 4}
_SIZES |= {"I64": 8, "U32": 4, "F8_E8M0": 1}


def make_quantized(folder: Path, method: str) -> Path:
    """Write the snapshot that `METHODS` describes under `method` and return its folder."""
    encode, declared, file = METHODS[method]
    make_llama(folder)
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    tensors: Encoded = {}
    for tensor in read_header(weights, len(content), weights.name):
        stored = content[tensor.begin : tensor.end]
        if not tensor.name.endswith("_proj.weight"):
            tensors[tensor.name] = (tensor.dtype, list(tensor.shape), stored)
            continue
        matrix = np.frombuffer(stored, "<f4").reshape(tensor.shape)
        module = tensor.name.removesuffix(".weight")
        tensors |= {module + ending: value for ending, value in encode(matrix).items()}
    write_safetensors(weights, dict(sorted(tensors.items())))
    declare(folder, declared, file)
    return folder


def declare(folder: Path, declared: dict[str, Any], file: str = "config.json") -> None:
    """Write a declaration: into `config.json`, or as a file of its own."""
    if file != "config.json":
        (folder / file).write_text(json.dumps(declared), encoding="utf-8")
        return
    config = json.loads((folder / file).read_text(encoding="utf-8"))
    config["quantization_config"] = declared
    (folder / file).write_text(json.dumps(config), encoding="utf-8")


def rounded(matrix: Matrix, bits: int, group: int) -> tuple[NDArray[np.int64], Matrix]:
    """Return codes in [-2^(bits-1), 2^(bits-1)) and scales, one for each group of inputs."""
    outputs, inputs = matrix.shape
    blocks = matrix.reshape(outputs, inputs // group, group)
    most = 2 ** (bits - 1)
    scales = np.maximum(np.abs(blocks).max(axis=-1), 1e-8) / (most - 1)
    codes = np.clip(np.rint(blocks / scales[..., None]), -most, most - 1)
    return codes.reshape(outputs, inputs).astype(np.int64), scales.astype(np.float32)


def _packed(codes: NDArray[np.int64], bits: int) -> NDArray[np.int32]:
    """Pack unsigned codes along the last axis into 32-bit words, the first in the lowest bits."""
    each = 32 // bits
    words = np.zeros((*codes.shape[:-1], codes.shape[-1] // each), np.int64)
    for place in range(each):
        words |= codes[..., place::each] << (bits * place)
    return words.astype(np.uint32).view(np.int32)


def _array(values: NDArray[Any], dtype: str) -> tuple[str, list[int], bytes]:
    return dtype, list(values.shape), np.ascontiguousarray(values).tobytes()


def _zeros(dtype: str, *shape: int) -> tuple[str, list[int], bytes]:
    return dtype, list(shape), bytes(int(np.prod(shape)) * _SIZES[dtype])


def _gptq(matrix: Matrix) -> Encoded:
    codes, scales = rounded(matrix, 4, GROUP)
    groups, outputs = scales.T.shape
    zeros = np.full((groups, outputs), 7, np.int64)
    return {
        ".qweight": _array(_packed(codes + 8, 4).T, "I32"),
        ".qzeros": _array(_packed(zeros, 4), "I32"),
        ".scales": _array(scales.T.astype("<f2"), "F16"),
        ".g_idx": _array(np.arange(matrix.shape[1], dtype="<i4") // GROUP, "I32"),
    }


def _awq(matrix: Matrix) -> Encoded:
    codes, scales = rounded(matrix, 4, GROUP)
    zeros = np.full(scales.T.shape, 8, np.int64)
    return {
        ".qweight": _array(_packed((codes + 8).T, 4), "I32"),
        ".qzeros": _array(_packed(zeros, 4), "I32"),
        ".scales": _array(scales.T.astype("<f2"), "F16"),
    }


def _int8(matrix: Matrix) -> Encoded:
    codes, scales = rounded(matrix, 8, matrix.shape[1])
    return {
        ".weight": _array(codes.astype(np.int8), "I8"),
        ".weight_scale": _array(scales.astype("<f4"), "F32"),
    }


def _pack_quantized(matrix: Matrix) -> Encoded:
    codes, scales = rounded(matrix, 4, GROUP)
    return {
        ".weight_packed": _array(_packed(codes + 8, 4), "I32"),
        ".weight_scale": _array(scales.astype("<f4"), "F32"),
        ".weight_shape": _array(np.array(matrix.shape, "<i8"), "I64"),
    }


def _of_shapes(layout: Callable[[int, int], Encoded]) -> Encode:
    return lambda matrix: layout(*matrix.shape)


def _arguments(bits: int, kind: str, **more: Any) -> dict[str, Any]:
    strategy = "group" if more.get("group_size") else "channel"
    base = {"num_bits": bits, "type": kind, "symmetric": True, "strategy": strategy}
    return {**base, "group_size": None, "dynamic": False, "observer": "minmax"} | more


def _compressed(layout: str, weights: Any, inputs: Any = None, **more: Any) -> dict[str, Any]:
    group = {"targets": ["Linear"], "weights": weights, "input_activations": inputs}
    return {
        "quant_method": "compressed-tensors",
        "format": layout,
        "quantization_status": "compressed",
        "config_groups": {"group_0": {**group, "output_activations": None}},
        "ignore": ["lm_head"],
        "kv_cache_scheme": None,
        "version": "0.20.0",
    } | more


_GPTQ = {
    "bits": 4,
    "group_size": GROUP,
    "damp_percent": 0.01,
    "desc_act": False,
    "sym": True,
    "true_sequential": True,
    "model_name_or_path": None,
}
_TORCHAO = {
    "quant_method": "torchao",
    "quant_type": {
        "default": {
            "_type": "IntxWeightOnlyConfig",
            "_version": 2,
            "_data": {
                "weight_dtype": {"_type": "torch.dtype", "_data": "int4"},
                "granularity": {"_type": "PerGroup", "_version": 1, "_data": {"group_size": 32}},
                "mapping_type": {"_type": "MappingType", "_data": "SYMMETRIC"},
            },
        }
    },
    "modules_to_not_convert": None,
}
_BNB = {"quant_method": "bitsandbytes", "bnb_4bit_quant_type": "nf4", "llm_int8_threshold": 6.0}
_QUARK = {"dtype": "fp4", "group_size": 32, "qscheme": "per_group", "scale_format": "e8m0"}

METHODS: dict[str, tuple[Encode, dict[str, Any], str]] = {
    "gptq": (
        _gptq,
        {
            **_GPTQ,
            "quant_method": "gptq",
            "checkpoint_format": "gptq",
            "meta": {"quantizer": ["gptqmodel:7.7.0"]},
        },
        "config.json",
    ),
    "gptq-old": (_gptq, _GPTQ, "quantize_config.json"),
    "awq": (
        _awq,
        {
            "quant_method": "awq",
            "bits": 4,
            "group_size": GROUP,
            "zero_point": True,
            "version": "gemm",
            "modules_to_not_convert": None,
        },
        "config.json",
    ),
    "awq-old": (
        _awq,
        {"w_bit": 4, "q_group_size": GROUP, "zero_point": True, "version": "GEMM"},
        "quant_config.json",
    ),
    "auto-round": (
        _gptq,
        {
            "quant_method": "auto-round",
            "packing_format": "auto_round:auto_gptq",
            "bits": 4,
            "group_size": GROUP,
            "sym": True,
            "data_type": "int",
            "iters": 200,
            "autoround_version": "0.14.2",
            "extra_config": {"lm_head": {"bits": 16, "data_type": "float"}},
        },
        "config.json",
    ),
    "w8a8": (
        _int8,
        _compressed(
            "int-quantized",
            _arguments(8, "int"),
            _arguments(8, "int", strategy="token", dynamic=True),
        ),
        "config.json",
    ),
    "w4a16": (
        _pack_quantized,
        _compressed("pack-quantized", _arguments(4, "int", group_size=GROUP)),
        "config.json",
    ),
    "ct-nvfp4": (
        _of_shapes(
            lambda o, i: {
                ".weight_packed": _zeros("U8", o, i // 2),
                ".weight_scale": _zeros("F8_E4M3", o, i // 16),
                ".weight_global_scale": _zeros("F32", 1),
            }
        ),
        _compressed(
            "nvfp4-pack-quantized",
            _arguments(4, "float", group_size=16, strategy="tensor_group"),
            _arguments(4, "float", group_size=16, strategy="tensor_group", dynamic="local"),
            kv_cache_scheme=_arguments(8, "float", strategy="tensor"),
        ),
        "config.json",
    ),
    "fp8": (
        _of_shapes(
            lambda o, i: {
                ".weight": _zeros("F8_E4M3", o, i),
                ".weight_scale_inv": _zeros("F32", -(-o // 32), i // 32),
            }
        ),
        {
            "quant_method": "fp8",
            "fmt": "e4m3",
            "weight_block_size": [32, 32],
            "activation_scheme": "dynamic",
            "modules_to_not_convert": ["lm_head"],
        },
        "config.json",
    ),
    "fbgemm-fp8": (
        _of_shapes(
            lambda o, i: {
                ".weight": _zeros("F8_E4M3", o, i),
                ".weight_scale": _zeros("F32", o, 1),
            }
        ),
        {"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0},
        "config.json",
    ),
    "mxfp4": (
        _of_shapes(
            lambda o, i: {
                "_blocks": _zeros("U8", o, i // 32, 16),
                "_scales": _zeros("U8", o, i // 32),
            }
        ),
        {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head", "model.embed_tokens"]},
        "config.json",
    ),
    "modelopt-nvfp4": (
        _of_shapes(
            lambda o, i: {
                ".weight": _zeros("U8", o, i // 2),
                ".weight_scale": _zeros("F8_E4M3", o, i // 16),
                ".weight_scale_2": _zeros("F32"),
                ".input_scale": _zeros("F32"),
            }
        ),
        {
            "producer": {"name": "modelopt", "version": "0.41.0"},
            "quantization": {
                "quant_algo": "NVFP4",
                "kv_cache_quant_algo": "FP8",
                "group_size": 16,
                "exclude_modules": ["lm_head"],
            },
        },
        "hf_quant_config.json",
    ),
    "quark": (
        _of_shapes(
            lambda o, i: {
                ".weight": _zeros("U8", o, i // 2),
                ".weight_scale": _zeros("U8", o, i // 32),
            }
        ),
        {
            "quant_method": "quark",
            "exclude": ["lm_head"],
            "export": {"kv_cache_group": [], "weight_format": "real_quantized"},
            "global_quant_config": {
                "weight": {**_QUARK, "is_dynamic": False},
                "input_tensors": {**_QUARK, "is_dynamic": True},
            },
            "layer_quant_config": {},
        },
        "config.json",
    ),
    "bnb-nf4": (
        _of_shapes(
            lambda o, i: {
                ".weight": _zeros("U8", o * i // 2, 1),
                ".weight.absmax": _zeros("F32", o * i // 64),
                ".weight.quant_map": _zeros("F32", 16),
                ".weight.quant_state.bitsandbytes__nf4": _zeros("U8", 78),
            }
        ),
        {**_BNB, "load_in_4bit": True, "load_in_8bit": False},
        "config.json",
    ),
    "bnb-int8": (
        _of_shapes(
            lambda o, i: {
                ".weight": _zeros("I8", o, i),
                ".SCB": _zeros("F32", o),
                ".weight_format": _zeros("U8"),
            }
        ),
        {**_BNB, "load_in_8bit": True, "load_in_4bit": False},
        "config.json",
    ),
    "torchao": (
        _of_shapes(
            lambda o, i: {
                "._weight_qdata": _zeros("I8", o, i),
                "._weight_scale": _zeros("F32", o, i // 32),
                "._weight_zero_point": _zeros("I8", o, i // 32),
            }
        ),
        _TORCHAO,
        "config.json",
    ),
    "hqq": (
        _of_shapes(
            lambda o, i: {
                ".W_q": _zeros("U8", o * i // 128, 64),
                ".scale": _zeros("F16", o * i // 64, 1),
                ".zero": _zeros("F16", o * i // 64, 1),
                ".nbits": _zeros("U8", 1),
            }
        ),
        {"quant_method": "hqq", "nbits": 4, "group_size": 64, "axis": 1, "skip_modules": []},
        "config.json",
    ),
    "quanto": (
        _of_shapes(
            lambda o, i: {
                ".weight._data": _zeros("I8", o, i),
                ".weight._scale": _zeros("F32", o, 1),
                ".input_scale": _zeros("F32"),
                ".output_scale": _zeros("F32"),
            }
        ),
        {"quant_method": "quanto", "weights": "int8", "activations": None},
        "config.json",
    ),
    "exl2": (
        _of_shapes(
            lambda o, i: {
                ".q_weight": _zeros("I32", i // 8, o),
                ".q_scale": _zeros("I32", i // 32, o // 8),
                ".q_scale_max": _zeros("F16", i // 32),
                ".q_groups": _zeros("I16", 2 * (i // 32)),
                ".q_invperm": _zeros("I32", i),
            }
        ),
        {
            "quant_method": "exl2",
            "version": "0.2.9",
            "bits": 4.65,
            "head_bits": 6,
            "calibration": {"rows": 115, "length": 2048, "dataset": "(default)"},
        },
        "config.json",
    ),
    "exl3": (
        _of_shapes(
            lambda o, i: {
                ".trellis": _zeros("I16", i // 16, o // 16, 16 * 4),
                ".suh": _zeros("F16", i),
                ".svh": _zeros("F16", o),
            }
        ),
        {
            "quant_method": "exl3",
            "version": "0.0.43",
            "bits": 4.0,
            "head_bits": 6,
            "calibration": {"rows": 128, "cols": 2048},
            "out_scales": "auto",
        },
        "config.json",
    ),
    "aqlm": (
        _of_shapes(
            lambda o, i: {
                ".codes": _zeros("I16", o, i // 8, 1),
                ".codebooks": _zeros("F16", 1, 256, 1, 8),
                ".scales": _zeros("F16", o, 1, 1, 1),
            }
        ),
        {
            "quant_method": "aqlm",
            "in_group_size": 8,
            "out_group_size": 1,
            "num_codebooks": 1,
            "nbits_per_codebook": 16,
            "linear_weights_not_to_quantize": ["lm_head.weight"],
        },
        "config.json",
    ),
    "bitnet": (
        _of_shapes(
            lambda o, i: {
                ".weight": _zeros("U8", o // 4, i),
                ".weight_scale": _zeros("BF16", 1),
            }
        ),
        {"quant_method": "bitnet", "modules_to_not_convert": ["lm_head"]},
        "config.json",
    ),
}
"""By name: how a linear layer is stored, what is declared, and in which file."""
