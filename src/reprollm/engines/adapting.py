"""Adapters on a model in memory, by the PEFT library: unmerged, in their order, with their scales.

PEFT is what adapters are trained with, so that what it computes is what was measured in training;
transformers' own integration calls it too but applies one scale to all. The adapters stay beside
the base's weights: merging would round the sum to the weights' dtype, or not be possible where they
are quantized. With several, each adds its product to the layer's output, the first one first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reprollm.canon import Json
from reprollm.errors import EngineUnavailable, SnapshotRefused
from reprollm.snapshot.adapter import WEIGHTS_FILE
from reprollm.snapshot.adapter_fit import check_base, check_tensors
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import LocatedModel, Model
from reprollm.snapshot.safetensors import Tensor, read_header

TYPES = ("lora",)
_EMBEDDING = ".base_layer.weight"
_OPTIONS = {"is_trainable": False, "autocast_adapter_dtype": False}


@dataclass(frozen=True)
class Applied:
    """An adapter to apply: its lock, its folder, its scale as a decimal string, what is known.

    `base` says whether it belongs on this base; see `reprollm.snapshot.adapter_fit.check_base`.
    """

    lock: Lock
    folder: Path
    scale: str
    base: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the adapter as an engine's description holds it."""
        described = self.lock.facts.adapter
        return {
            "name": self.lock.name,
            "snapshot": self.lock.snapshot,
            "scale": self.scale,
            "type": described.type if described else None,
            "rank": described.rank if described else None,
            "base": self.base,
            "peft": version("peft"),
        }


def adapters_of(located: LocatedModel, model: Model) -> tuple[Applied, ...]:
    """Return a model's adapters in their order.

    Raises:
        SnapshotRefused: one is no adapter, or was trained on another base.
    """
    return tuple(
        Applied(part.lock, folder, part.scale, f"{known.verdict}: {known.what}")
        for part, folder in zip(model.adapters, located.folders[1:], strict=True)
        for known in [check_base(model.base.lock, part.lock)]
    )


def apply(model: Any, adapters: Sequence[Applied], dtype: Any) -> None:
    """Put adapters on a loaded model, in place.

    Args:
        model: the base in memory.
        adapters: what to apply, in this order.
        dtype: torch's, in which the adapters compute, as the base does.

    Raises:
        EngineUnavailable: PEFT is not installed, or an adapter is of a type that is not applied.
        SnapshotRefused: an adapter's tensors do not fit the model's modules.
    """
    if not adapters:
        return
    for adapter in adapters:
        _check(model, adapter)
    try:
        from peft import PeftModel
    except ImportError as error:
        raise EngineUnavailable(
            f"expected the package peft to apply adapters, found no module {error.name!r}; "
            "install it with: pip install 'reprollm[adapters]'"
        ) from error
    names = [f"adapter-{number}" for number in range(1, len(adapters) + 1)]
    wrapped = None
    for name, adapter in zip(names, adapters, strict=True):
        with _explained(adapter):
            if wrapped is None:
                wrapped = PeftModel.from_pretrained(model, str(adapter.folder), name, **_OPTIONS)
            else:
                wrapped.load_adapter(str(adapter.folder), name, **_OPTIONS)
        _expect_whole(wrapped, adapter, name)
    assert wrapped is not None
    wrapped.base_model.set_adapter(names, inference_mode=True)
    _scale(model, {name: float(each.scale) for name, each in zip(names, adapters, strict=True)})
    for name, parameter in model.named_parameters():
        if ".lora_" in name:
            parameter.data = parameter.data.to(dtype)
    model.eval()


@contextmanager
def _explained(adapter: Applied) -> Iterator[None]:
    """Turn what PEFT raises for an adapter into one sentence."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise EngineUnavailable(
            f"expected an adapter that PEFT {version('peft')} can apply in {adapter.folder}, "
            f"found: {reason}"
        ) from error


def _scale(model: Any, scales: Mapping[str, float]) -> None:
    for module in model.modules():
        scaling = getattr(module, "scaling", None)
        for name in scales.keys() & (scaling.keys() if isinstance(scaling, dict) else set()):
            module.set_scale(name, scales[name])


def _check(model: Any, adapter: Applied) -> None:
    described = adapter.lock.facts.adapter
    if described is None or described.type not in TYPES:
        raise EngineUnavailable(
            f"expected an adapter of the types {', '.join(TYPES)} in {adapter.folder}, found "
            f"{described.type if described else None!a:.40}"
        )
    modules = dict(model.named_modules())

    def find(name: str) -> tuple[int, int] | None:
        module = modules.get(name)
        if module is None:
            return None
        if hasattr(module, "in_features"):
            return module.out_features, module.in_features
        weight = getattr(module, "weight", None)
        shape = tuple(getattr(weight, "shape", ()))
        return (shape[0], shape[1]) if len(shape) == 2 else None

    check_tensors(adapter.lock, _tensors(adapter), find, complete=True)


def _tensors(adapter: Applied) -> list[Tensor]:
    file = adapter.folder / WEIGHTS_FILE
    if not file.is_file():
        raise EngineUnavailable(f"expected the adapter's weights at {file}, found no such file")
    return read_header(file, file.stat().st_size, WEIGHTS_FILE)


def _expect_whole(wrapped: Any, adapter: Applied, called: str) -> None:
    """Raise `SnapshotRefused` unless PEFT made just the tensors that the adapter's file holds.

    PEFT goes by the configuration: what the file holds besides is passed over, and what it lacks
    stays at its random start. Beside matrices for an embedding PEFT stores the embedding too.
    """
    from peft import get_peft_model_state_dict

    made = get_peft_model_state_dict(wrapped, adapter_name=called, save_embedding_layers=False)
    stored = (tensor.name for tensor in _tensors(adapter))
    differing = sorted(set(made) ^ {name for name in stored if not name.endswith(_EMBEDDING)})
    if differing:
        raise SnapshotRefused(
            f"expected the adapter {adapter.lock.name} to hold what its configuration describes, "
            f"found a difference in {differing[0]!a}; take configuration and weights from the same "
            "release"
        )
