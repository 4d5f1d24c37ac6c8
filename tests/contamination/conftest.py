"""A pinned tiny model, an experiment with checks, and the command line in this process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from command import Run, runner
from contamination.checked import LEDGER, seal_data, write_checked
from contamination.whole import run_whole
from reprollm.cli import reprollm as commands
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_models import make_llama


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with the model `llama/` and its lock `llama.lock.json`."""
    folder = tmp_path_factory.mktemp("models")
    write_lock(
        pin(make_llama(folder / "llama"), name="tiny"), folder / "llama.lock.json", replace=False
    )
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
    write_checked(tmp_path / "experiments" / "spelling", models / "llama.lock.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def reprollm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command line."""
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="session")
def examined_once(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in whose ledger everything is measured and committed."""
    folder = tmp_path_factory.mktemp("examined")
    write_checked(folder / "experiments" / "spelling", models / "llama.lock.json")
    return measured_once(folder)


@pytest.fixture(scope="session")
def sealed_once(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return such a folder of an experiment whose data are sealed: twins, order, one canary."""
    folder = tmp_path_factory.mktemp("sealed")
    write_checked(folder / "experiments" / "spelling", models / "llama.lock.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        seal_data(invoke)
    return measured_once(folder)


@pytest.fixture
def examined(examined_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, a copy of the measured one."""
    monkeypatch.chdir(shutil.copytree(examined_once, tmp_path / "examined"))
    return Path.cwd()


@pytest.fixture
def sealed(sealed_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, a copy of the measured one with sealed data."""
    monkeypatch.chdir(shutil.copytree(sealed_once, tmp_path / "sealed"))
    return Path.cwd()


def invoke(*arguments: str) -> None:
    """Run a command that ends well."""
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)


def measured_once(folder: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        invoke("plan", "spelling")
        invoke("ledger", "commit", str(LEDGER))
        invoke("contamination", "measure", "spelling", "--receipt", "measure.json")
        invoke("ledger", "commit", str(LEDGER), "measure.json")
    return folder


@pytest.fixture(scope="session")
def whole_once(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an experiment with all checks, answered, scored and examined."""
    folder = tmp_path_factory.mktemp("whole")
    run_whole(folder, models / "llama.lock.json", invoke)
    return folder
