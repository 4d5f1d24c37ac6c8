"""How torch was built and set up, if this process has loaded it; it is never imported here."""

from __future__ import annotations

import sys
from typing import Any

from reprollm.canon import Json


def torch_facts() -> dict[str, Json] | None:
    """Return torch's build, dispatch level, thread counts and precision switches, or None.

    `capability` is the instruction set that ATen dispatches to on this host; `build` holds the
    lines of `torch.__config__.show()` that name the numeric libraries.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "__config__"):
        return None
    shown = [line.strip(" -") for line in torch.__config__.show().splitlines()]
    numeric = ("MKL", "OneDNN", "oneDNN", "BLAS", "LAPACK", "CUDA Runtime", "CuDNN", "OpenMP")
    build = [
        line for line in shown if line.startswith(("Intel", "CPU", *numeric)) or "MKL-DNN" in line
    ]
    return {
        "version": str(torch.__version__),
        "git": torch.version.git_version,
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "build": list[Json](build),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "mkldnn": bool(torch.backends.mkldnn.enabled),
        "cuda_numerics": _cuda_facts(torch),
    }


def _cuda_facts(torch: Any) -> dict[str, Json] | None:
    if not torch.cuda.is_available():
        return None
    matmul = torch.backends.cuda.matmul
    return {
        "cudnn": torch.backends.cudnn.version(),
        "tf32": bool(matmul.allow_tf32),
        "bf16_reduced_precision": bool(matmul.allow_bf16_reduced_precision_reduction),
        "fp16_reduced_precision": bool(matmul.allow_fp16_reduced_precision_reduction),
        "sdp_flash": bool(torch.backends.cuda.flash_sdp_enabled()),
        "sdp_memory_efficient": bool(torch.backends.cuda.mem_efficient_sdp_enabled()),
        "sdp_math": bool(torch.backends.cuda.math_sdp_enabled()),
    }
