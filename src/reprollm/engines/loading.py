"""A model folder into memory: by transformers, offline, from safetensors only, without its code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings

Model: TypeAlias = Any
Tokenizer: TypeAlias = Any

_SAFE = {"local_files_only": True, "trust_remote_code": False}


@dataclass(frozen=True)
class Loaded:
    """A model and its tokenizer in memory.

    Attributes:
        model: the transformers model, in evaluation mode, without generation defaults.
        tokenizer: its tokenizer, used to decode only.
        attention: the attention implementation that was asked for, `sdpa` or `eager`.
        vocabulary: how many token ids the model can be given.
        padding: a token id to pad with; it is always masked.
    """

    model: Model
    tokenizer: Tokenizer
    attention: str
    vocabulary: int
    padding: int


def load(folder: Path, settings: EngineSettings) -> Loaded:
    """Load the model in `folder` with the dtype and on the device of `settings`.

    Raises:
        EngineUnavailable: the device is not there, or transformers does not know the architecture
            or cannot load the folder.
    """
    _check_device(settings.device)
    transformers.utils.logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(folder, **_SAFE)
        attention = _attention(config)
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=getattr(torch, settings.dtype),
            attn_implementation=attention,
            use_safetensors=True,
            **_SAFE,
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, **_SAFE)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise EngineUnavailable(
            f"expected a causal language model that transformers {transformers.__version__} can "
            f"load from {folder}, found: {reason}"
        ) from error
    model.eval().to(settings.device)
    # A model's own defaults (repetition penalty, suppressed and forced tokens, …) would be merged
    # into every setting that is left open; an empty configuration leaves nothing to merge.
    model.generation_config = GenerationConfig()
    vocabulary = model.get_input_embeddings().weight.shape[0]
    return Loaded(model, tokenizer, attention, vocabulary, _padding(config, vocabulary))


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
