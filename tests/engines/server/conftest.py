"""A tiny model, and engines opened on stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engines.server.standins import KEY, StandIn, serving
from reprollm.engines.server import open_engine
from reprollm.engines.server.engine import ServerEngine
from reprollm.experiment.engine import EngineSettings, ServerSettings
from reprollm.snapshot.claim import Claim
from reprollm.snapshot.claimed import claimed_lock
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import LocatedModel, Model, Part
from reprollm.snapshot.pin import pin
from tiny_models import make_llama

Open = Callable[..., ServerEngine]


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("server") / "llama")


@pytest.fixture(scope="session")
def lock(llama: Path) -> Lock:
    return pin(llama, name="tiny")


def model_of(lock: Lock) -> Model:
    return Model(lock, (Part("base", lock, Path("tiny.lock.json")),))


def settings_of(server: StandIn, **changes: Any) -> EngineSettings:
    """Return settings that accept the stand-in as it is."""
    given = {"trust": "claimed", "remote": "refused", "key_variable": None, **changes}
    served = ServerSettings(
        kind=given.pop("kind", "openai" if server.kind == "chat" else server.kind),
        url=given.pop("url", server.url),
        model=server.model,
        trust=given.pop("trust"),
        remote=given.pop("remote"),
        key_variable=given.pop("key_variable"),
    )
    policy = {"batch_policy": "strict", "batch_size": 2, "context": 100, **given}
    return EngineSettings("server", "native", "cpu", server=served, **policy)


@pytest.fixture
def open_on(llama: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return a function that serves a stand-in and opens an engine on it."""
    monkeypatch.setenv("STAND_IN_KEY", KEY)
    with ExitStack() as stack:

        def opened(server: StandIn, *, claimed: bool = False, **changes: Any) -> ServerEngine:
            if server.folder is None and not claimed:
                server.folder = llama
            if not server.url:
                stack.enter_context(serving(server))
            if server.kind in ("tabbyapi", "openwebui"):
                changes = {"key_variable": "STAND_IN_KEY", **changes}
            located = LocatedModel(() if claimed else (llama,), "full")
            told = claimed_lock(Claim("openai", "tiny", "http://x", "{}")) if claimed else lock
            engine = open_engine(located, model_of(told), settings_of(server, **changes))
            stack.callback(engine.close)
            return engine

        yield opened
