"""A pinned tiny model, an experiment that names it, and the command line in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import Run, runner
from experiment_files import write_experiment
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_models import make_gpt_neox, make_llama, make_qwen3


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder of models `<kind>/` and their locks `<kind>.lock.json`."""
    folder = tmp_path_factory.mktemp("models")
    made = {
        "llama": make_llama(folder / "llama"),
        "other": make_llama(folder / "other", seed=1),
        "gpt_neox": make_gpt_neox(folder / "gpt_neox"),
        "qwen3": make_qwen3(folder / "qwen3"),
    }
    for kind, model in made.items():
        write_lock(pin(model, name="tiny"), folder / f"{kind}.lock.json", replace=False)
    variables = {"REPROLLM_MODELS": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    yield folder
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def place(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which holds `experiments/spelling`."""
    write_experiment(tmp_path / "experiments" / "spelling", models / "llama.lock.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def reprollm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command line."""
    return runner(monkeypatch, capsys)
