"""llama.cpp's server out of the package xllamacpp, as a process of its own.

`python -m reprollm.engines.server.xllamacpp_server OPTIONS`, where the options are JSON: `path`,
`alias`, `port`, `slots`, `context` (tokens of each slot), `threads`, `kv_cache`, `gpu_layers`. The
file's chat template is replaced before the server parses it, as prompts are rendered by us.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

FLOATS = ("f32", "f16", "bf16")


def main(options: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = options["path"]
    parameters.model_alias = {options["alias"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = options["port"]
    parameters.n_parallel = options["slots"]
    parameters.n_ctx = options["context"] * options["slots"]
    parameters.cpuparams.n_threads = options["threads"]
    parameters.cpuparams_batch.n_threads = options["threads"]
    parameters.cache_type_k = _cache_type(xllamacpp, options["kv_cache"])
    parameters.cache_type_v = _cache_type(xllamacpp, options["kv_cache"])
    parameters.flash_attn_type = _flash(xllamacpp, options["kv_cache"])
    parameters.n_gpu_layers = options["gpu_layers"]
    parameters.chat_template = "chatml"
    parameters.offline = True
    for name in ("cache_prompt", "warmup", "fit_params", "ctx_shift", "ui", "use_jinja"):
        setattr(parameters, name, False)
    for name in ("cache_ram_mib", "n_ctx_checkpoints", "n_cache_reuse"):
        setattr(parameters, name, 0)
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    threading.Event().wait()


def _cache_type(module: Any, name: str) -> Any:
    return getattr(module.ggml_type, f"GGML_TYPE_{name.upper()}")


def _flash(module: Any, cache: str) -> Any:
    """Return whether attention is fused: only where a quantized cache demands it."""
    wanted = "DISABLED" if cache in FLOATS else "ENABLED"
    return getattr(module.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{wanted}")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
