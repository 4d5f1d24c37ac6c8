"""One engine a process: `--engine NAME`; its results as JSON: `--results FILE`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine_suite.entry import Entry, entry, names, opened, pinned
from reprollm.engines.protocol import Engine
from reprollm.environment import go_offline
from reprollm.experiment.engine import EngineSettings

os.environ.setdefault("OMP_NUM_THREADS", "1")
go_offline()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=names(), required=True, help="the engine to ask")
    parser.addoption("--results", type=Path, help="where to write each test's outcome, as JSON")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is about one engine alone, if it is another: `test_of_<engine>.py`."""
    of, _, engine = collection_path.stem.partition("test_of_")
    return True if not of and engine and engine != config.getoption("--engine") else None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    file: Path | None = config.getoption("--results")
    if file is None:
        return
    found = {
        report.nodeid.partition("::")[2]: outcome
        for outcome in ("passed", "failed", "error", "skipped")
        for report in terminalreporter.getreports(outcome)
    }
    file.write_text(json.dumps(found), encoding="utf-8")


@dataclass(frozen=True)
class Place:
    """Where the engine's model lies, and what it is asked with."""

    entry: Entry
    model: Path
    source: Path
    lock_file: Path
    settings: Callable[..., EngineSettings]


@pytest.fixture(scope="session")
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    chosen = entry(request.config.getoption("--engine"))
    folder = tmp_path_factory.mktemp("models")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.environ["REPROLLM_MODELS"] = str(folder)
    model = chosen.make(folder / "tiny")
    lock_file = pinned(model, folder)
    with chosen.settings(model) as settings:
        yield Place(chosen, model, folder / "tiny", lock_file, settings)


@pytest.fixture(scope="session")
def engine(place: Place) -> Iterator[Callable[..., Engine]]:
    """Return a function of policy and size to an engine; each is opened once."""
    found: dict[tuple[str, int], Engine] = {}

    def open_engine(policy: str = "strict", size: int = 4) -> Engine:
        if (policy, size) not in found:
            settings = place.settings(policy, size)
            found[policy, size] = opened(place.model, place.lock_file, settings)
        return found[policy, size]

    yield open_engine
    for each in found.values():
        each.close()
