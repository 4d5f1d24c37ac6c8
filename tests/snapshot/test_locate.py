"""A snapshot is found by its id wherever it lies, and never by a path in the experiment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reprollm.errors import InvalidInput, SnapshotChanged, SnapshotNotFound
from reprollm.snapshot import locate, pin
from reprollm.snapshot.lock import write_lock
from tiny_models import make_llama

from .conftest import HubCache


@pytest.fixture
def config(home: Path) -> Path:
    file = home / ".config" / "reprollm" / "config.toml"
    file.parent.mkdir(parents=True)
    return file


@pytest.mark.parametrize("depth", [".", "tiny", "org/tiny", "org/tiny/v1"])
def test_it_is_found_below_the_folders_of_the_environment_variable(
    depth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_llama(tmp_path / "data" / depth)
    roots = [tmp_path / "missing", tmp_path / "data"]
    monkeypatch.setenv("REPROLLM_MODELS", os.pathsep.join(map(str, roots)))
    assert locate(pin(folder)).folder == folder.resolve()


def test_it_is_found_in_the_folders_of_the_users_configuration(
    tmp_path: Path, config: Path
) -> None:
    folder = make_llama(tmp_path / "disk" / "tiny")
    config.write_text(f'models = ["{tmp_path / "disk"}"]\n')
    assert locate(pin(folder)).folder == folder


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", None])
def test_it_is_found_in_the_hugging_face_cache(
    variable: str | None,
    llama: Path,
    hub_cache: HubCache,
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = tmp_path / "base" if variable else home / ".cache"
    below = {"HF_HUB_CACHE": "", "HF_HOME": "hub"}.get(variable or "", "huggingface/hub")
    if variable:
        monkeypatch.setenv(variable, str(base))
    snapshot = hub_cache(llama, base / below)
    assert locate(pin(llama)).folder == snapshot
    assert locate(pin(snapshot)).folder == snapshot


def test_it_is_found_beside_its_lock_first(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, file = pin(llama), llama.with_name("llama.lock.json")
    write_lock(lock, file, replace=False)
    shutil.copytree(llama, tmp_path / "other" / "llama")
    monkeypatch.setenv("REPROLLM_MODELS", str(tmp_path / "other"))
    assert locate(lock, beside=file).folder == llama


def test_it_is_found_beside_its_lock_under_another_name(llama: Path) -> None:
    renamed = llama.rename(llama.with_name("renamed"))
    assert locate(pin(renamed), beside=llama.with_name("llama.lock.json")).folder == renamed


def test_a_model_of_the_same_name_and_sizes_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_llama(tmp_path / "a" / "model", seed=1)
    wanted = make_llama(tmp_path / "b" / "model", seed=2)
    monkeypatch.setenv("REPROLLM_MODELS", str(tmp_path))
    assert locate(pin(wanted)).folder == wanted


def test_a_changed_file_is_named_when_no_other_folder_has_the_snapshot(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = pin(llama)
    monkeypatch.setenv("REPROLLM_MODELS", str(llama.parent))
    weights = llama / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(SnapshotChanged, match=r"model\.safetensors"):
        locate(lock)


def test_a_truncated_file_beside_the_lock_is_named(llama: Path) -> None:
    lock = pin(llama)
    os.truncate(llama / "model.safetensors", 99)
    with pytest.raises(SnapshotChanged, match=r"model\.safetensors.*found 99 bytes"):
        locate(lock, beside=llama.with_name("llama.lock.json"))


def test_an_unchanged_copy_elsewhere_serves_instead(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, copy = pin(llama), tmp_path / "other" / "llama"
    shutil.copytree(llama, copy)
    os.truncate(llama / "model.safetensors", 99)
    monkeypatch.setenv("REPROLLM_MODELS", str(tmp_path / "other"))
    assert locate(lock, beside=llama.with_name("llama.lock.json")).folder == copy


def test_a_missing_snapshot_is_said_with_where_was_searched_and_what_to_do(
    llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = pin(llama)
    monkeypatch.setenv("REPROLLM_MODELS", str(tmp_path / "none"))
    with pytest.raises(SnapshotNotFound) as missing:
        locate(lock)
    for part in (f"{tmp_path / 'none'} (missing)", "huggingface", "REPROLLM_MODELS", lock.name):
        assert part in str(missing.value)


def test_the_nearest_folder_is_named_with_its_first_difference(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = pin(llama)
    (llama / "notes.txt").write_text("mine")
    monkeypatch.setenv("REPROLLM_MODELS", str(llama))
    with pytest.raises(SnapshotNotFound, match=r"nearest differs: .*notes\.txt"):
        locate(lock)


def test_a_misspelt_key_in_the_users_configuration_is_refused(llama: Path, config: Path) -> None:
    config.write_text('model = ["x"]')
    with pytest.raises(InvalidInput, match="did you mean 'models'"):
        locate(pin(llama))


@pytest.mark.parametrize("text", ["models = 1", "models = [1]", "models = [", "\0"])
def test_a_malformed_user_configuration_is_refused(text: str, llama: Path, config: Path) -> None:
    config.write_text(text)
    with pytest.raises(InvalidInput, match=r"config\.toml"):
        locate(pin(llama))
