from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from engines.server.conftest import Open
from engines.server.standins import StandIn
from reprollm.engines.server.address import resolve
from reprollm.engines.server.dialect import Identity
from reprollm.engines.server.trust import judge
from reprollm.errors import EngineUnavailable
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.manifest import File
from reprollm.snapshot.model import LocatedModel

LOCAL = resolve("http://127.0.0.1:9", "refused")
REMOTE = resolve("http://192.0.2.7:9", "allowed")


def located(folder: Path) -> LocatedModel:
    return LocatedModel((folder,), "full")


def test_a_name_over_http_is_claimed(llama: Path, lock: Lock) -> None:
    assert judge(Identity(model="tiny"), LOCAL, located(llama), lock).name == "claimed"


def test_the_path_of_hashed_files_is_attested(llama: Path, lock: Lock, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(llama)
    for path in (llama, link, llama / "model.safetensors"):
        said = Identity(paths=(str(path),))
        assert judge(said, LOCAL, located(llama), lock).name == "attested"


def test_a_path_of_other_files_is_claimed(llama: Path, lock: Lock, tmp_path: Path) -> None:
    for path in (tmp_path, llama / "config.json", tmp_path / "gone", "\0"):
        said = Identity(paths=(str(path),))
        assert judge(said, LOCAL, located(llama), lock).name == "claimed"


def test_a_server_on_another_machine_is_claimed_whatever_path_it_names(
    llama: Path, lock: Lock
) -> None:
    assert judge(Identity(paths=(str(llama),)), REMOTE, located(llama), lock).name == "claimed"


def test_a_model_without_files_is_claimed(llama: Path, lock: Lock) -> None:
    nowhere = LocatedModel((), "full")
    assert judge(Identity(paths=(str(llama),)), LOCAL, nowhere, lock).name == "claimed"


def test_the_digest_of_the_hashed_manifest_is_attested(llama: Path, lock: Lock) -> None:
    manifest = File("manifest.json", 1, "a" * 64)
    pinned = replace(lock, files=(*lock.files, manifest))
    assert judge(Identity(digest="a" * 64), LOCAL, located(llama), pinned).name == "attested"
    assert judge(Identity(digest="b" * 64), LOCAL, located(llama), pinned).name == "claimed"
    assert judge(Identity(digest=""), LOCAL, located(llama), lock).name == "claimed"


def test_weights_that_the_listening_process_maps_are_attested(llama: Path, lock: Lock) -> None:
    import mmap

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = resolve(f"http://127.0.0.1:{server.getsockname()[1]}", "refused")
        assert judge(Identity(), address, located(llama), lock).name == "claimed"
        with (
            (llama / "model.safetensors").open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ),
        ):
            assert judge(Identity(), address, located(llama), lock).name == "attested"


def test_less_trust_than_the_experiment_accepts_is_refused(open_on: Open, llama: Path) -> None:
    with pytest.raises(EngineUnavailable, match="attested, found one that is claimed"):
        open_on(StandIn("sglang"), trust="attested")
    engine = open_on(StandIn("sglang", path=str(llama)), trust="attested")
    assert engine.describe()["trust"] == "attested"
