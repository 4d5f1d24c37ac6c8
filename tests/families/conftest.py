"""Every family of the matrix: its folder, its lock, and its engine, made once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reprollm.engines.transformers import TransformersEngine
from reprollm.environment import go_offline
from reprollm.experiment.engine import EngineSettings
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_families import FAMILIES

os.environ.setdefault("OMP_NUM_THREADS", "1")
go_offline()

OpenFamily = Callable[[str], TransformersEngine]


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `<family>/`, in two shards each, and `<family>.lock.json`."""
    folder = tmp_path_factory.mktemp("families")
    for name, make in FAMILIES.items():
        make(folder / name, shards=2)
        write_lock(pin(folder / name), folder / f"{name}.lock.json", replace=False)
    return folder


@pytest.fixture(scope="session")
def opened(families: Path) -> OpenFamily:
    """Return a function that opens a family's engine under the strict policy, once."""
    engines: dict[str, TransformersEngine] = {}

    def open_family(name: str) -> TransformersEngine:
        if name not in engines:
            settings = EngineSettings("transformers", "float32", "cpu", "strict", 4)
            engines[name] = TransformersEngine(families / name, settings)
        return engines[name]

    return open_family
