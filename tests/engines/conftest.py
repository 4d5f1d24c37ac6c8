"""Tiny models that all tests share, and engines that are loaded once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reprollm.engines.transformers import TransformersEngine
from reprollm.environment import go_offline
from reprollm.experiment.engine import EngineSettings
from tiny_models import make_gpt_neox, make_llama, make_qwen3

os.environ.setdefault("OMP_NUM_THREADS", "1")
go_offline()

OpenEngine = Callable[..., TransformersEngine]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder that holds `llama/`, `gpt_neox/` and `qwen3/`, where a process finds them."""
    folder = tmp_path_factory.mktemp("models")
    make_llama(folder / "llama")
    make_gpt_neox(folder / "gpt_neox")
    make_qwen3(folder / "qwen3")
    before = {name: os.environ.get(name) for name in ("REPROLLM_MODELS", "XDG_CACHE_HOME")}
    os.environ.update(REPROLLM_MODELS=str(folder), XDG_CACHE_HOME=str(folder / "cache"))
    yield folder
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def engine(models: Path) -> OpenEngine:
    """Return a function that opens an engine, or gives the one that was opened like this before."""
    opened: dict[EngineSettings | tuple[str, EngineSettings], TransformersEngine] = {}

    def open_engine(
        size: int = 8, dtype: str = "float32", policy: str = "strict", model: str = "llama"
    ) -> TransformersEngine:
        settings = EngineSettings("transformers", dtype, "cpu", policy, size)
        key = (model, settings)
        if key not in opened:
            opened[key] = TransformersEngine(models / model, settings)
        return opened[key]

    return open_engine
