"""The Hugging Face cache: links followed, blob names checked, origin kept as circumstance."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from reprollm.errors import SnapshotChanged, SnapshotRefused
from reprollm.snapshot import check, pin

from .conftest import COMMIT, HubCache


def test_a_cached_snapshot_has_the_identity_of_the_plain_folder(
    llama: Path, hub_cache: HubCache
) -> None:
    cached = pin(hub_cache(llama, repo="org/tiny"))
    assert cached.snapshot == pin(llama).snapshot
    assert cached.hub is not None
    assert (cached.hub.repo, cached.hub.commit) == ("org/tiny", COMMIT)
    assert cached.name == "tiny"


def test_a_plain_folder_has_no_origin(llama: Path) -> None:
    assert pin(llama).hub is None


def test_a_lock_made_in_the_cache_fits_a_plain_folder_and_back(
    llama: Path, hub_cache: HubCache
) -> None:
    snapshot = hub_cache(llama)
    assert check(llama, pin(snapshot)) == "full"
    assert check(snapshot, pin(llama)) == "full"


def test_small_files_carry_their_git_blob_id(llama: Path) -> None:
    content = (llama / "config.json").read_bytes()
    (config,) = [file for file in pin(llama).files if file.path == "config.json"]
    assert config.git_blob == hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_blob_that_is_not_what_its_name_says_is_refused(
    name: str, llama: Path, hub_cache: HubCache
) -> None:
    blob = (hub_cache(llama) / name).resolve()
    content = bytearray(blob.read_bytes())
    content[-1 if name.endswith("safetensors") else 0 :] = (
        b"\x00" if name[0] == "m" else b" " + content
    )
    blob.write_bytes(content)
    with pytest.raises(SnapshotChanged, match=f"{name} is not what the hub published.*{blob.name}"):
        pin(blob.parent.parent / "snapshots" / COMMIT)


def test_a_blob_without_a_hash_for_a_name_is_refused(llama: Path, hub_cache: HubCache) -> None:
    snapshot = hub_cache(llama)
    link = snapshot / "config.json"
    link.resolve().rename(link.resolve().with_name("config"))
    link.unlink()
    link.symlink_to("../../blobs/config")
    with pytest.raises(SnapshotChanged, match="40 or 64 hex digits"):
        pin(snapshot)


def test_a_link_past_the_blobs_is_refused(llama: Path, hub_cache: HubCache) -> None:
    snapshot = hub_cache(llama)
    (snapshot / "extra.json").symlink_to("../../refs/main")
    with pytest.raises(SnapshotRefused, match=r"link out of it: extra\.json"):
        pin(snapshot)


def test_an_unfinished_download_is_refused(llama: Path, hub_cache: HubCache) -> None:
    snapshot = hub_cache(llama)
    (snapshot / "model.safetensors").resolve().unlink()
    with pytest.raises(SnapshotRefused, match=r"broken one: model\.safetensors"):
        pin(snapshot)


def test_links_into_blobs_are_followed_in_the_cache_only(
    llama: Path, hub_cache: HubCache, tmp_path: Path
) -> None:
    snapshot = hub_cache(llama)
    moved = tmp_path / "blobs-elsewhere" / "x" / "model"
    moved.parent.mkdir(parents=True)
    (tmp_path / "blobs-elsewhere" / "blobs").symlink_to(snapshot.parent.parent / "blobs")
    snapshot.rename(moved)
    with pytest.raises(SnapshotRefused):
        pin(moved)
