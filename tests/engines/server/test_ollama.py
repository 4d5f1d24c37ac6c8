"""Ollama from its store to its answers: pinned by name, attested by the manifest's digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.server.conftest import model_of, settings_of
from engines.server.standins import DIGEST_OF_ANOTHER, StandIn, serving
from engines.server.test_kinds import PROMPT, TEXT, request_of
from gguf_models import converted
from reprollm.engines.protocol import Generation
from reprollm.engines.server import open_engine
from reprollm.errors import EngineUnavailable
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import LocatedModel
from reprollm.snapshot.ollama import MANIFEST, view
from reprollm.snapshot.pin import pin
from snapshot.test_ollama import Store


@pytest.fixture
def pinned(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Lock, LocatedModel]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "ollama"))
    weights = llama.with_name("llama-f32.gguf")
    Store(
        tmp_path / "ollama", (weights if weights.exists() else converted(llama).file).read_bytes()
    )
    folder = view("tiny")
    return pin(folder), LocatedModel((folder,), "full", folder / "model.gguf")


def test_a_model_of_ollama_is_attested_and_asked_raw(
    pinned: tuple[Lock, LocatedModel], llama: Path
) -> None:
    lock, located = pinned
    manifest = next(file.sha256 for file in lock.files if file.path == MANIFEST)
    server = StandIn("ollama", folder=llama, digest=manifest)
    with serving(server):
        engine = open_engine(located, model_of(lock), settings_of(server, trust="attested"))
        assert engine.describe()["trust"] == "attested"
        [[answer]] = engine.generate([request_of()])
    assert isinstance(answer, Generation)
    assert (server.asked[-1]["raw"], server.asked[-1]["prompt"]) == (True, TEXT)
    assert PROMPT[0] == 1


def test_another_digest_than_the_pinned_one_is_only_claimed(
    pinned: tuple[Lock, LocatedModel], llama: Path
) -> None:
    lock, located = pinned
    server = StandIn("ollama", folder=llama, digest=DIGEST_OF_ANOTHER)
    with serving(server), pytest.raises(EngineUnavailable, match="found one that is claimed"):
        open_engine(located, model_of(lock), settings_of(server, trust="attested"))
