"""A model folder into memory: by transformers, offline, from safetensors only, without its code."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from reprollm.engines import adapting, applied
from reprollm.engines.adapting import Applied
from reprollm.engines.loading_memory import sparing
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.adapter import CONFIG_FILE
from reprollm.snapshot.quantization import Quantization, read_quantization

Model: TypeAlias = Any
Tokenizer: TypeAlias = Any

_SAFE = {"local_files_only": True, "trust_remote_code": False}

# transformers imports torchao wherever it is installed, and torchao tells on a machine without CUDA
# which of its CUDA libraries did not load.
for _name in ("torchao", "torch.utils._pytree"):
    logging.getLogger(_name).setLevel(logging.ERROR)


@dataclass(frozen=True)
class Loaded:
    """A model and its tokenizer in memory.

    Attributes:
        model: the transformers model, in evaluation mode, without generation defaults.
        tokenizer: its tokenizer, used to decode only.
        attention: the attention implementation that was asked for, `sdpa` or `eager`.
        vocabulary: how many token ids the model can be given.
        padding: a token id to pad with; it is always masked.
        declared: the quantization that the files declare, or None.
        adapters: the adapters that were applied, in their order.
    """

    model: Model
    tokenizer: Tokenizer
    attention: str
    vocabulary: int
    padding: int
    declared: Quantization | None = None
    adapters: tuple[Applied, ...] = ()


def load(folder: Path, settings: EngineSettings, adapters: Sequence[Applied] = ()) -> Loaded:
    """Load the model in `folder` with the dtype and on the device of `settings`.

    Args:
        folder: the base model.
        settings: the engine; `quantization` is applied while loading.
        adapters: applied to the model in this order.

    Raises:
        EngineUnavailable: the device or a library is not there, a tensor is missing, or
            transformers does not know the architecture or cannot load the folder.
        SnapshotRefused: an adapter does not fit.
    """
    _check_device(settings.device)
    declared = _declared(folder)
    applied.expect_library(declared)
    quantize = applied.configuration(folder, declared, settings)
    transformers.utils.logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(folder, **_SAFE)
        attention = _attention(config)
        with sparing(config):
            model, found = AutoModelForCausalLM.from_pretrained(
                folder,
                config=config,
                dtype=getattr(torch, settings.dtype),
                attn_implementation=attention,
                use_safetensors=True,
                output_loading_info=True,
                **_placed(settings, declared, quantize),
                **_SAFE,
            )
        tokenizer = AutoTokenizer.from_pretrained(folder, **_SAFE)
    except Exception as error:  # every architecture checks its configuration in its own way
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise EngineUnavailable(
            f"expected a causal language model that transformers {transformers.__version__} can "
            f"load from {folder}, found: {reason}"
        ) from error
    _expect_complete(folder, found)
    model.eval()
    if declared is None and quantize is None:
        model.to(settings.device)
    else:
        _settle(folder, model)
    adapting.apply(model, adapters, getattr(torch, settings.dtype))
    # A model's own defaults (repetition penalty, suppressed and forced tokens, …) would be merged
    # into every setting that is left open; an empty configuration leaves nothing to merge.
    model.generation_config = GenerationConfig()
    vocabulary = model.get_input_embeddings().weight.shape[0]
    padding = _padding(config, vocabulary)
    return Loaded(model, tokenizer, attention, vocabulary, padding, declared, tuple(adapters))


def _declared(folder: Path) -> Quantization | None:
    """Return what the folder declares; refuse one that is an adapter.

    transformers would take the base that an adapter names from wherever that name leads.
    """
    if (folder / CONFIG_FILE).exists():
        raise EngineUnavailable(
            f"expected a whole model in {folder}, found an adapter ({CONFIG_FILE}); name its base "
            "as the experiment's model and the adapter under adapters"
        )

    def read_json(name: str) -> dict[str, Any] | None:
        path = folder / name
        value = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        return value if isinstance(value, dict) else None

    return read_quantization(read_json, read_json("config.json") or {})


def _placed(
    settings: EngineSettings, declared: Quantization | None, quantize: Any
) -> dict[str, Any]:
    """Return where quantized weights go: they are placed while loading and not moved after."""
    if declared is None and quantize is None:
        return {}
    placed: dict[str, Any] = {"device_map": {"": settings.device}}
    return placed if quantize is None else {**placed, "quantization_config": quantize}


def _settle(folder: Path, model: Model) -> None:
    """Run one token through the model: some libraries unpack weights when it is first called."""
    try:
        with torch.no_grad():
            model(torch.zeros((1, 1), dtype=torch.long, device=model.device))
    except Exception as error:
        raise EngineUnavailable(
            f"expected quantized weights in {folder} that compute on {model.device}, found "
            f"{type(error).__name__} in the library: {' '.join(str(error).split())[:200]}; take "
            "configuration and weights from the same release"
        ) from error


def _expect_complete(folder: Path, found: dict[str, Any]) -> None:
    """Raise `EngineUnavailable` for tensors that are missing: transformers makes up random ones."""
    for what in ("missing_keys", "mismatched_keys"):
        names = sorted(str(name) for name in found.get(what) or ())
        if names:
            raise EngineUnavailable(
                f"expected all tensors of the model in {folder}, found {len(names)} "
                f"{what.partition('_')[0]}: {', '.join(names[:3])!a:.200}; they would be random "
                "numbers, take configuration and weights from the same release"
            )


def _check_device(device: str) -> None:
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return
    if kind != "cuda" or not torch.cuda.is_available():
        raise EngineUnavailable(
            f"expected the device {device!r}, found none on this machine; run where there is one, "
            "or plan the experiment with device: cpu"
        )
    if number and int(number) >= torch.cuda.device_count():
        raise EngineUnavailable(
            f"expected the device {device!r}, found {torch.cuda.device_count()} devices"
        )


def _attention(config: Any) -> str:
    """Return `sdpa` where the architecture supports it, else `eager`."""
    mapping = transformers.MODEL_FOR_CAUSAL_LM_MAPPING
    if type(config) not in mapping:
        raise ValueError(f"no causal language model of type {config.model_type!r} is known")
    return "sdpa" if getattr(mapping[type(config)], "_supports_sdpa", False) else "eager"


def _padding(config: Any, vocabulary: int) -> int:
    """Return the model's padding id if it has a usable one, else 0; padding is always masked."""
    padding = getattr(config.get_text_config(), "pad_token_id", None)
    return padding if isinstance(padding, int) and 0 <= padding < vocabulary else 0
