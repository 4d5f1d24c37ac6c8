"""How a server of each startable kind is started on a folder of files, with nothing left open."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from reprollm.canon import Json
from reprollm.engines.server.xllamacpp_server import FLOATS
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.files import list_files
from reprollm.snapshot.lock import Lock


@dataclass(frozen=True)
class Program:
    """A command line.

    Attributes:
        command: program and arguments.
        model: the name under which the model is asked for.
        what: the program's name and version, and what it was told, for the record.
    """

    command: tuple[str, ...]
    model: str
    what: dict[str, Json]


def program(
    kind: str, folder: Path, lock: Lock, settings: EngineSettings, context: int, port: int
) -> Program:
    """Return the command that starts a server.

    Args:
        kind: one that `experiment.server_kinds` calls startable.
        folder: holds the files, or leads to a folder of that name that does.
        lock: the files' lock.
        settings: the engine that the plan demands.
        context: tokens of context to allot.
        port: on loopback.

    Raises:
        EngineUnavailable: the program is not installed, or cannot load such files.
    """
    makers = {"llama-server": _llama, "vllm": _vllm, "transformers": _transformers}
    return makers[kind](folder, lock, settings, context, port)


def alias(lock: Lock) -> str:
    """Return the name under which an owned server answers: it carries the snapshot's id."""
    return f"reprollm-{lock.snapshot}"


def _llama(folder: Path, lock: Lock, settings: EngineSettings, context: int, port: int) -> Program:
    weights = _gguf(folder, lock)
    slots = settings.batch_size if settings.batch_policy == "fast" else 1
    cache = settings.kv_cache or "f16"
    threads = settings.threads or 1
    layers = 0 if settings.device == "cpu" else -1
    told: dict[str, Json] = {
        "slots": slots,
        "context": context,
        "threads": threads,
        "kv_cache": cache,
        "gpu_layers": layers,
        "flash_attention": cache not in FLOATS,
        "prompt_cache": False,
    }
    if importlib.util.find_spec("xllamacpp") is not None:
        told |= {"program": "xllamacpp", "version": metadata.version("xllamacpp")}
        options = {**told, "path": str(weights), "alias": alias(lock), "port": port}
        module = "reprollm.engines.server.xllamacpp_server"
        return Program((sys.executable, "-m", module, json.dumps(options)), alias(lock), told)
    found = shutil.which("llama-server")
    if found is None:
        raise _missing("llama-server", "xllamacpp", "llamacpp")
    command = (
        found, "--model", str(weights), "--alias", alias(lock), "--host", "127.0.0.1",
        "--port", str(port), "--ctx-size", str(context * slots), "--parallel", str(slots),
        "--threads", str(threads), "--cache-type-k", cache, "--cache-type-v", cache,
        "--gpu-layers", "0" if layers == 0 else "999",
        "--flash-attn", "off" if cache in FLOATS else "on", "--chat-template", "chatml",
        "--cache-ram", "0", "--no-context-shift", "--no-warmup", "--no-webui", "--offline",
    )  # fmt: skip
    return Program(command, alias(lock), told | {"program": "llama-server"})


def _vllm(folder: Path, lock: Lock, settings: EngineSettings, context: int, port: int) -> Program:
    if importlib.util.find_spec("vllm") is None:
        raise _missing("vllm", "vllm", "vllm")
    dtype = _dtype(lock)
    told: dict[str, Json] = {
        "program": "vllm",
        "context": context,
        "slots": settings.batch_size,
        "prefix_cache": False,
        "eager": True,
        "dtype": dtype,
        "seed": 0,
    }
    command = (
        sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder),
        "--served-model-name", alias(lock), "--host", "127.0.0.1", "--port", str(port),
        "--dtype", dtype, "--max-model-len", str(context),
        "--max-num-seqs", str(settings.batch_size), "--seed", "0", "--enforce-eager",
        "--generation-config", "vllm", "--no-enable-prefix-caching",
    )  # fmt: skip
    return Program(command, alias(lock), told)


def _transformers(
    folder: Path, lock: Lock, settings: EngineSettings, context: int, port: int
) -> Program:
    fastapi = importlib.util.find_spec("fastapi") is not None
    if importlib.util.find_spec("transformers") is None or not fastapi:
        raise _missing("transformers serve", "transformers[serving]", "transformers")
    version = metadata.version("transformers")
    dtype = _dtype(lock)
    told: dict[str, Json] = {"program": "transformers serve", "version": version, "dtype": dtype}
    start = "from transformers.cli.transformers import main; main()"
    command = (
        sys.executable, "-c", start, "serve", str(folder), "--host", "127.0.0.1",
        "--port", str(port), "--device", settings.device, "--dtype", dtype,
        "--default-seed", "0",
    )  # fmt: skip
    return Program(command, str(folder), told)


def _dtype(lock: Lock) -> str:
    """Return the dtype that the files declare; `auto`, which vLLM reads as 16 bits, without one."""
    declared = lock.facts.declared_dtype
    return declared if declared in ("float32", "bfloat16", "float16") else "auto"


def _gguf(folder: Path, lock: Lock) -> Path:
    """Return the GGUF file to load: the only one, or the first part of one that is split."""
    found = [
        file
        for file in list_files(folder, lock.excluded)
        if file.path.lower().endswith(".gguf") and "mmproj" not in file.path.lower()
    ]
    whole = len({file.path.rpartition("-of-")[2] for file in found}) == 1
    if not found or (len(found) > 1 and not whole):
        raise EngineUnavailable(
            f"expected one GGUF model (in one file or in parts) in the snapshot {lock.name}, found "
            f"{len(found)} files; make one with `reprollm model convert`, or exclude the others "
            "when pinning"
        )
    return found[0].real


def _missing(program: str, package: str, extra: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"expected {program} to start a server, found it not installed; install {package} into "
        f"this environment (pip install 'reprollm[{extra}]'), or name the `url` of one that runs"
    )
