"""A private key is for its owner alone, is never replaced, and never lies among evidence."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from reprollm.errors import InvalidInput, StorageFailed
from reprollm.signing.key_file import default_path, read_key, write_key
from reprollm.signing.note_key import new_signing_key

KEY = new_signing_key("jane")


def test_the_file_is_made_with_mode_0600_whatever_the_umask_says(tmp_path: Path) -> None:
    path = tmp_path / "new" / "note.key"
    before = os.umask(0)
    try:
        write_key(path, KEY)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert read_key(path) == KEY


def test_a_file_that_exists_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "note.key"
    write_key(path, KEY)
    with pytest.raises(InvalidInput, match="never replaced"):
        write_key(path, new_signing_key("mallory"))
    assert read_key(path) == KEY


def test_a_link_in_the_place_of_the_file_is_not_followed_when_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "note.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput):
        write_key(tmp_path / "note.key", KEY)
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_no_half_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    # The disk of a test machine cannot be filled; the call that reports it is made to.
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailed, match="No space left"):
        write_key(tmp_path / "note.key", KEY)
    assert not (tmp_path / "note.key").exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "note.key"
    write_key(path, KEY)
    path.chmod(mode)
    with pytest.raises(InvalidInput, match=f"mode {mode:04o}"):
        read_key(path)


def ledger(folder: Path) -> Path:
    (folder / "log").mkdir()
    (folder / "shards").mkdir()
    return folder


def bundle(folder: Path) -> Path:
    (folder / "SHA256SUMS").touch()
    return folder


def experiment(folder: Path) -> Path:
    (folder / "experiment.yaml").touch()
    return folder


def checkout(folder: Path) -> Path:
    (folder / ".git").mkdir()
    (folder / "ledger").mkdir()
    return folder / "ledger"


@pytest.mark.parametrize("place", [ledger, bundle, experiment, checkout])
def test_a_key_among_what_is_published_is_neither_made_nor_used(
    tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    outside = tmp_path / "note.key"
    write_key(outside, KEY)
    (tmp_path / "published").mkdir()
    inside = place(tmp_path / "published") / "keys" / "note.key"
    with pytest.raises(InvalidInput, match="handed to others"):
        write_key(inside, KEY)
    assert not inside.exists()
    inside.parent.mkdir()
    outside.rename(inside)
    with pytest.raises(InvalidInput, match="handed to others"):
        read_key(inside)
    (tmp_path / "link").symlink_to(inside)
    with pytest.raises(InvalidInput, match="handed to others"):
        read_key(tmp_path / "link")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", KEY.text().encode(), KEY.text().encode() + b"\n\n", b"\xff\n", b"a" * 5000],
)
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "note.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InvalidInput) as refused:
        read_key(path)
    assert str(path) in str(refused.value)


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="reprollm key new"):
        read_key(tmp_path / "note.key")


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="could not read"):
        read_key(tmp_path)


def test_the_key_lies_in_the_user_s_settings_unless_a_variable_names_it() -> None:
    assert default_path({}).parts[-2:] == ("reprollm", "note.key")
    assert default_path({"REPROLLM_KEY": "/elsewhere/k"}) == Path("/elsewhere/k")
