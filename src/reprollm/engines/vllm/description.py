"""What is asked of an installed vLLM and of a model that it has loaded, to describe them."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

from reprollm.canon import Json
from reprollm.experiment.engine import EngineSettings


def distribution(module: str) -> str:
    """Return name and version of the distribution that brought a module, as `name==version`.

    vLLM's CPU builds are other distributions than `vllm`, and its module does not say which.
    """
    names = sorted(set(importlib.metadata.packages_distributions().get(module, [])))
    return " ".join(f"{name}=={importlib.metadata.version(name)}" for name in names) or "unknown"


def loaded_libraries() -> list[Json]:
    """Return the names of vLLM's compiled libraries that this process has loaded, sorted.

    Which one it is depends on the CPU's instructions; empty where the system does not tell.
    """
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    files = {Path(line.split(maxsplit=5)[-1]) for line in lines if "/vllm/_C" in line}
    return list[Json](sorted(file.name.split(".")[0] for file in files))


def quantization(method: str | None, settings: EngineSettings) -> dict[str, Json] | None:
    """Return what is in effect and whether it was applied here, None for plain weights."""
    return {"method": method, "applied": settings.quantization} if method else None


def attention(runner: Any) -> list[Json]:
    """Return the names of the attention backends in use, sorted."""
    groups = (group for groups in runner.attn_groups for group in groups)
    return list[Json](sorted({str(group.backend.get_name()) for group in groups}))
