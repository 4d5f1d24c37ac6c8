"""A tiny model as a hub holds it, and a place of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.hub_stand_in import StandIn, stand_in
from tiny_models import make_llama

CARD = "---\nlicense: apache-2.0\nbase_model:\n- org/base\n---\n# Tiny\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, no user's settings, no proxy between here and loopback."""
    for variable in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "MODELSCOPE_API_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture(scope="session")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a tiny Llama in two shards with a card, as contents by path."""
    folder = make_llama(tmp_path_factory.mktemp("published") / "tiny", shards=2)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return files | {"README.md": CARD.encode(), ".gitattributes": b"*.safetensors filter=lfs\n"}


@pytest.fixture
def hub(model_files: dict[str, bytes]) -> Iterator[StandIn]:
    """A hub that holds the tiny model, a pickle and code beside it."""
    extra = {"pytorch_model.bin": b"\x80\x04.", "modeling_tiny.py": b"print()\n"}
    with stand_in(model_files | extra) as running:
        yield running
