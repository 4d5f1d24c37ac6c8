"""The world under attack, made once."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from attacks.world import World, make_world
from signing import ssh
from signing.authorities import make_authority


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A real run, signed with a note key and an SSH key, time-stamped, published twice."""
    folder = tmp_path_factory.mktemp("attacked")
    key = ssh.make_key(folder / "ssh", "ssh-ed25519")
    return make_world(folder, key, make_authority(folder / "authority"))


@pytest.fixture(scope="session")
def unpacked(world: World) -> dict[str, Path]:
    """Both bundles, unpacked."""
    found = {}
    for name, archive in (("bundle", world.bundle), ("withheld", world.withheld)):
        found[name] = world.folder / f"unpacked-{name}"
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(found[name])
    return found
