"""One finished run and one bundle of it, for everything that publishes or reads a bundle."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from publish.finished import Finished, finish, unpack
from reprollm.publish.bundle import publish
from reprollm.publish.order import Published


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A workspace with a finished run; not to be changed."""
    return finish(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def finished(finished_once: Finished, tmp_path: Path) -> Finished:
    """A copy of that workspace, to be changed."""
    return Finished(Path(shutil.copytree(finished_once.folder, tmp_path / "workspace")))


@pytest.fixture(scope="session")
def published_once(finished_once: Finished, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The bundle of that run, unsigned; not to be changed."""
    return publish(finished_once.order(tmp_path_factory.mktemp("published") / "bundle.zip"))


@pytest.fixture(scope="session")
def unpacked_once(published_once: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That bundle, unpacked; not to be changed."""
    return unpack(published_once.path, tmp_path_factory.mktemp("unpacked") / "bundle")
