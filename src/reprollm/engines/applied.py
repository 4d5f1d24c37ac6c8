"""Quantization in memory: what is applied while loading, beside what the snapshot declares.

bitsandbytes and torchao quantize plain weights while they are loaded. What then stands in memory is
told by the classes of the linear layers and of their weights, counted, and by the versions of the
libraries that made them: the same name in two releases need not be the same numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeAlias

import torch
import transformers

from reprollm.canon import Json
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.quantization import Quantization

Configuration: TypeAlias = Any

INT4_GROUP = 32
_LIBRARIES = {
    "bitsandbytes": ("bitsandbytes",),
    "torchao": ("torchao",),
    "compressed-tensors": ("compressed-tensors",),
}


def configuration(
    folder: Path, declared: Quantization | None, settings: EngineSettings
) -> Configuration | None:
    """Return transformers' configuration for what is to be applied, None where nothing is.

    Args:
        folder: the model folder, for messages.
        declared: what its files declare.
        settings: the engine; `quantization` names what to apply.

    Raises:
        EngineUnavailable: the name is unknown, the weights are quantized already, or the library is
            not installed.
    """
    wanted = settings.quantization
    if wanted is None:
        return None
    if wanted not in APPLIED:
        raise EngineUnavailable(
            f"expected a quantization that transformers applies while loading "
            f"({', '.join(APPLIED)}), found {wanted!a:.60}"
        )
    if declared is not None:
        raise EngineUnavailable(
            f"expected plain weights to apply {wanted} to, found {declared.method!a:.40} declared "
            f"in {declared.source} of {folder}; leave engine.quantization out"
        )
    package, make = APPLIED[wanted]
    _expect(package)
    return make(getattr(torch, settings.dtype))


def expect_library(declared: Quantization | None) -> None:
    """Raise `EngineUnavailable` where a declared method's library is known and not installed."""
    for package in _LIBRARIES.get(declared.method, ()) if declared else ():
        _expect(package)


def describe(
    model: Any, declared: Quantization | None, settings: EngineSettings
) -> dict[str, Json] | None:
    """Return declared and applied quantization side by side, None for plain weights.

    Args:
        model: the loaded model.
        declared: what its files declare.
        settings: the engine that it was loaded for.
    """
    if declared is None and settings.quantization is None:
        return None
    quantizer = getattr(model, "hf_quantizer", None)
    packages = ("accelerate", *(name for names in _LIBRARIES.values() for name in names))
    method = settings.quantization or (declared.method if declared else "")
    used = [name for name in packages if name == "accelerate" or method.startswith(name)]
    return {
        "declared": None
        if declared is None
        else {
            "source": declared.source,
            "method": declared.method,
            "scheme": declared.scheme,
            "bits": declared.bits,
            "group_size": declared.group_size,
        },
        "applied": settings.quantization,
        "quantizer": type(quantizer).__name__ if quantizer is not None else None,
        "libraries": [{"name": name, "version": _version(name)} for name in used],
        "modules": _classes(model, lambda module: module),
        "weights": _classes(model, lambda module: module.weight),
    }


def _classes(model: Any, of: Callable[[Any], Any]) -> list[Json]:
    """Count what stands in memory for linear layers by class and, of weights, by dtype."""
    linear = [
        module
        for module in model.modules()
        if hasattr(module, "in_features") and getattr(module, "weight", None) is not None
    ]
    found = Counter(_class(of(module)) for module in linear)
    return [{"name": name, "count": count} for name, count in sorted(found.items())]


def _class(value: Any) -> str:
    name = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    return f"{name} {str(value.dtype)[6:]}" if isinstance(value, torch.Tensor) else name


def _expect(package: str) -> None:
    if _version(package) is None:
        raise EngineUnavailable(
            f"expected the package {package} for this quantization, found none; install it with: "
            "pip install 'reprollm[quantization]'"
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _bitsandbytes(**settings: Any) -> Callable[[torch.dtype], Configuration]:
    def make(dtype: torch.dtype) -> Configuration:
        four = {"bnb_4bit_compute_dtype": dtype} if settings.get("load_in_4bit") else {}
        return transformers.BitsAndBytesConfig(**settings, **four)

    return make


def _torchao(name: str, **settings: Any) -> Callable[[torch.dtype], Configuration]:
    def make(dtype: torch.dtype) -> Configuration:
        import torchao.quantization as library

        return transformers.TorchAoConfig(getattr(library, name)(**settings))

    return make


def _int4(dtype: torch.dtype) -> Configuration:
    from torchao.quantization import IntxWeightOnlyConfig
    from torchao.quantization.granularity import PerGroup

    chosen = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(INT4_GROUP))
    return transformers.TorchAoConfig(chosen)


APPLIED: dict[str, tuple[str, Callable[[torch.dtype], Configuration]]] = {
    "bitsandbytes-int8": ("bitsandbytes", _bitsandbytes(load_in_8bit=True)),
    "bitsandbytes-nf4": (
        "bitsandbytes",
        _bitsandbytes(load_in_4bit=True, bnb_4bit_quant_type="nf4"),
    ),
    "bitsandbytes-nf4-double": (
        "bitsandbytes",
        _bitsandbytes(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True),
    ),
    "bitsandbytes-fp4": (
        "bitsandbytes",
        _bitsandbytes(load_in_4bit=True, bnb_4bit_quant_type="fp4"),
    ),
    "torchao-int8wo": ("torchao", _torchao("Int8WeightOnlyConfig")),
    "torchao-int8dyn": ("torchao", _torchao("Int8DynamicActivationInt8WeightConfig")),
    "torchao-int4wo": ("torchao", _int4),
}
"""By the name that an experiment uses: the package, and what it is told, given the dtype."""
