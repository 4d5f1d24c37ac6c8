"""Keys and authorities that are slow to make, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from command import Run, runner
from signing import ssh
from signing.authorities import Authority, make_authority


@pytest.fixture(scope="session")
def ssh_keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A private key file of each type that `ssh-keygen` makes without hardware."""
    folder = tmp_path_factory.mktemp("ssh")
    return {kind: ssh.make_key(folder / kind, kind) for kind in ssh.TYPES}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another authority of the same names."""
    return make_authority(tmp_path_factory.mktemp("tsa") / "stranger")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test by random bytes: several processes must collect the same tests."""
    random = isinstance(val, bytes) or (isinstance(val, str) and len(val) > 60)
    return argname if random else None
