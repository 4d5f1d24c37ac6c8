"""Tiny models that are converted once."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from gguf_models import Converted, converted
from reprollm.environment import go_offline
from tiny_models import make_llama, make_qwen3

os.environ.setdefault("OMP_NUM_THREADS", "1")
go_offline()

Convert = Callable[..., Converted]

MAKERS = {"llama": make_llama, "qwen3": make_qwen3}


@pytest.fixture(scope="session")
def as_gguf(tmp_path_factory: pytest.TempPathFactory) -> Convert:
    """Return a function from a family and a tensor type to a converted model."""

    @cache
    def convert(family: str = "llama", kind: str = "f32") -> Converted:
        folder = tmp_path_factory.mktemp("gguf")
        return converted(MAKERS[family](folder / family), kind)

    return convert


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and caches of this test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
