"""A model folder into memory by vLLM: offline, from safetensors only, without the model's code."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from reprollm.engines.adapting import Applied
from reprollm.engines.vllm.invariance import COMPANIONS
from reprollm.engines.vllm.variables import pin_variables
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings

Vllm: TypeAlias = Any
"""The module `vllm`."""

LEAST_CAPABILITY = (8, 0)
"""CUDA compute capability from which on vLLM has batch-invariant kernels."""

_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks of adapters for which vLLM has room."""

_SPARE_BLOCKS = 4
_WORDS = 300


@dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes:
        vllm: the module.
        engine: its `LLMEngine`.
        tokenizer: the snapshot's tokenizer, used to decode only.
        adapter: the `LoRARequest` that every request carries, or None.
        adapter_rank: the rank for which room was made, or None.
        invariant: whether the batch-invariant kernels are on.
    """

    vllm: Vllm
    engine: Any
    tokenizer: Any
    adapter: Any
    adapter_rank: int | None
    invariant: bool


def load(folder: Path, settings: EngineSettings, adapters: Sequence[Applied]) -> Loaded:
    """Load a base and at most one adapter.

    Args:
        folder: the base's folder.
        settings: the engine that the plan demands.
        adapters: what to apply; vLLM knows no other scale than the one in an adapter's files, "1".

    Raises:
        EngineUnavailable: vLLM is missing, was built for another device, cannot apply the adapters
            or cannot load the model.
    """
    _check_adapters(adapters)
    strict = settings.batch_policy == "strict"
    invariant = pin_variables(invariant=strict and _has_invariant_kernels(settings.device))
    vllm = _import(settings.device)
    rank = _rank(adapters[0].folder) if adapters else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            engine = _open(vllm, _arguments(folder, settings, rank))
            adapter = _apply(engine, adapters[0].folder) if adapters else None
        tokenizer = _tokenizer(folder)
    except Exception as error:
        words = " ".join(str(error).split())[:_WORDS]
        raise EngineUnavailable(
            f"expected a causal language model that vLLM {vllm.__version__} can load from "
            f"{folder}, found: {type(error).__name__}: {words}"
        ) from error
    return Loaded(vllm, engine, tokenizer, adapter, rank, invariant)


def _has_invariant_kernels(device: str) -> bool:
    """Say whether the device is a CUDA one that is new enough; on a CPU they crash."""
    if not device.startswith("cuda"):
        return False
    import torch

    if torch.version.cuda is None or not torch.cuda.is_available():
        return False
    return bool(torch.cuda.get_device_capability(0) >= LEAST_CAPABILITY)


def _import(device: str) -> Vllm:
    try:
        vllm = importlib.import_module("vllm")
        platforms = importlib.import_module("vllm.platforms")
    except ImportError as error:
        if error.name == "vllm":
            raise EngineUnavailable(
                "expected the vllm engine, found no module 'vllm'; install it with: "
                "pip install 'reprollm[vllm]'"
            ) from error
        words = " ".join(str(error).split())[:_WORDS]
        raise EngineUnavailable(
            f"expected a vLLM that can be imported, found: {words}; install it anew, in an "
            "environment of its own, with: pip install 'reprollm[vllm]'"
        ) from error
    found = platforms.current_platform.device_type or "no device at all"
    kind, _, number = device.partition(":")
    if kind != found:
        raise EngineUnavailable(
            f"expected the device {device!r}, found a vLLM that computes on {found}; plan the "
            f"experiment with device: {found}, or run it where vLLM has a {kind} device"
        )
    if number not in ("", "0"):
        raise EngineUnavailable(
            f"expected the device 'cuda', found {device!r}, and vLLM takes the first visible one; "
            f"plan with device: cuda and run with CUDA_VISIBLE_DEVICES={number}"
        )
    return vllm


def _arguments(folder: Path, settings: EngineSettings, rank: int | None) -> dict[str, Any]:
    """Return everything that vLLM would otherwise choose by itself or read from the model."""
    strict = settings.batch_policy == "strict"
    adapters = {} if rank is None else {"max_loras": 1, "max_lora_rank": rank}
    return {
        "model": str(folder),
        "skip_tokenizer_init": True,
        "trust_remote_code": False,
        "load_format": "safetensors",
        "config_format": "hf",
        "generation_config": "vllm",
        "dtype": settings.dtype,
        "quantization": settings.quantization,
        "kv_cache_dtype": settings.kv_cache or "auto",
        "max_model_len": settings.context,
        "max_num_seqs": settings.batch_size + max(COMPANIONS),
        "enable_prefix_caching": not strict,
        "disable_cascade_attn": strict,
        "enforce_eager": settings.device == "cpu",
        "enable_lora": rank is not None,
        **adapters,
        "seed": 0,
        "max_logprobs": 2,
        "logprobs_mode": "raw_logprobs",
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
    }


def _open(vllm: Vllm, arguments: dict[str, Any]) -> Any:
    """Return the `LLMEngine`; torch keeps its own way of setting threads, which vLLM takes away."""
    import torch

    set_threads = torch.set_num_threads
    try:
        config = vllm.EngineArgs(**arguments).create_engine_config()
        if config.device_config.device_type == "cpu":
            config.cache_config.kv_cache_memory_bytes = _cache_bytes(config)
        return vllm.LLMEngine.from_vllm_config(config, disable_log_stats=True)
    finally:
        torch.set_num_threads = set_threads


def _cache_bytes(config: Any) -> int:
    """Return the bytes of a KV cache for as many whole sequences as are answered at once.

    On a CPU vLLM would otherwise take nine tenths of the machine's memory. Half of what is free is
    the most that is taken; sequences that find no room wait, or are computed again.
    """
    import psutil
    import torch

    model, cache = config.model_config, config.cache_config
    width = torch.empty((), dtype=model.dtype).element_size()
    heads = model.get_num_kv_heads(config.parallel_config) * model.get_head_size()
    token = 2 * width * heads * model.get_num_layers(config.parallel_config)
    block: int = cache.block_size or 16
    blocks = -(-model.max_model_len // block) * config.scheduler_config.max_num_seqs
    wanted = (blocks + _SPARE_BLOCKS) * block * token
    least = 2 * -(-model.max_model_len // block) * block * token
    return int(max(least, min(wanted, psutil.virtual_memory().available // 2)))


def _check_adapters(adapters: Sequence[Applied]) -> None:
    if len(adapters) > 1:
        raise EngineUnavailable(
            f"expected one adapter at most, which is what vLLM applies to a request; found "
            f"{len(adapters)}; merge them into one, or use the transformers engine"
        )
    if adapters and Decimal(adapters[0].scale) != 1:
        raise EngineUnavailable(
            f"expected the adapter's own scale, '1', which is all that vLLM knows; found "
            f"{adapters[0].scale!a:.40}; use the transformers engine"
        )


def _rank(folder: Path) -> int:
    """Return the room that an adapter needs: its largest rank, rounded up to one vLLM has."""
    path = folder / "adapter_config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        rank = max([config["r"], *(config.get("rank_pattern") or {}).values()])
        return next(room for room in _RANKS if room >= rank)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise EngineUnavailable(
            f"expected an adapter with a rank of at most {_RANKS[-1]} in {path}, found none"
        ) from error


def _apply(engine: Any, folder: Path) -> Any:
    """Load the adapter, and return what makes a request use it."""
    request = importlib.import_module("vllm.lora.request").LoRARequest("adapter-1", 1, str(folder))
    engine.add_lora(request)
    return request


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
