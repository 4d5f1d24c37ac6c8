"""A changed byte anywhere is refused by a sentence that names the file; the shortcut is honest."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest

from reprollm.errors import SnapshotChanged, SnapshotRefused
from reprollm.snapshot import Lock, check, pin
from reprollm.snapshot.check import GRAIN_NS, verify
from tiny_models import make_llama


def settle() -> None:
    """Wait until files just written are older than the grain within which stamps are no proof."""
    time.sleep(2 * GRAIN_NS / 1e9)


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


@pytest.fixture
def lock(llama: Path) -> Lock:
    return pin(llama)


def test_an_unchanged_folder_passes_a_full_check(llama: Path, lock: Lock) -> None:
    assert check(llama, lock, "full") == "full"


@pytest.mark.parametrize("offset", [0, 8, 3000, 231_000, -1])
def test_a_changed_byte_in_the_weights_is_refused(llama: Path, lock: Lock, offset: int) -> None:
    flip(llama / "model.safetensors", offset)
    with pytest.raises(SnapshotChanged, match=r"model\.safetensors is not the file that was pinn"):
        check(llama, lock)


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    ],
)
def test_a_changed_byte_in_any_other_file_is_refused(llama: Path, lock: Lock, name: str) -> None:
    flip(llama / name, -2)
    with pytest.raises(SnapshotChanged, match=name):
        check(llama, lock)


def test_the_refusal_names_file_expected_and_found(llama: Path, lock: Lock) -> None:
    config = llama / "config.json"
    expected = hashlib.sha256(config.read_bytes()).hexdigest()
    flip(config, 5)
    found = hashlib.sha256(config.read_bytes()).hexdigest()
    with pytest.raises(SnapshotChanged) as refused:
        check(llama, lock)
    for part in (str(config), expected, found, "restore"):
        assert part in str(refused.value)


def test_a_truncated_file_is_refused(llama: Path, lock: Lock) -> None:
    os.truncate(llama / "model.safetensors", 1000)
    with pytest.raises(SnapshotChanged, match=r"model\.safetensors.*462176 bytes, found 1000"):
        check(llama, lock)


def test_an_extra_file_is_refused(llama: Path, lock: Lock) -> None:
    (llama / "adapter_config.json").write_text("{}")
    with pytest.raises(SnapshotChanged, match=r"adapter_config\.json.*expected no such file"):
        check(llama, lock)


def test_a_missing_file_is_refused(llama: Path, lock: Lock) -> None:
    (llama / "tokenizer.json").unlink()
    with pytest.raises(SnapshotChanged, match=r"tokenizer\.json.*found no such file"):
        check(llama, lock)


def test_two_swapped_shards_are_refused(tmp_path: Path) -> None:
    folder = make_llama(tmp_path / "m", shards=3)
    lock = pin(folder)
    first, second = (folder / f"model-0000{n}-of-00003.safetensors" for n in (1, 2))
    first.rename(folder / "x"), second.rename(first), (folder / "x").rename(second)
    with pytest.raises(SnapshotChanged, match="model-00001-of-00003"):
        check(folder, lock)


def test_a_missing_folder_is_refused(tmp_path: Path, lock: Lock) -> None:
    with pytest.raises(SnapshotChanged, match="no such folder"):
        check(tmp_path / "nowhere", lock)


def test_a_file_replaced_by_a_link_out_of_the_folder_is_refused(
    llama: Path, lock: Lock, tmp_path: Path
) -> None:
    (llama / "config.json").rename(tmp_path / "config.json")
    (llama / "config.json").symlink_to(tmp_path / "config.json")
    with pytest.raises(SnapshotRefused, match=r"link out of it: config\.json"):
        check(llama, lock)


def test_excluded_files_may_come_and_go(llama: Path) -> None:
    lock = pin(llama, excluded=["*.md"])
    (llama / "README.md").write_text("hello")
    assert check(llama, lock) == "full"


def test_the_second_check_relies_on_stamps_and_says_so(llama: Path, lock: Lock) -> None:
    settle()
    assert [check(llama, lock) for _ in range(3)] == ["full", "stat", "stat"]


def test_pinning_alone_is_no_check(llama: Path) -> None:
    settle()
    assert check(llama, pin(llama)) == "full"


def test_a_full_check_never_relies_on_stamps(llama: Path, lock: Lock) -> None:
    settle()
    assert [check(llama, lock, "full") for _ in range(2)] == ["full", "full"]


def test_every_run_hashes_once_for_itself(llama: Path, lock: Lock) -> None:
    settle()
    runs = ["a", "a", "b", "b"]
    assert [check(llama, lock, run=run) for run in runs] == ["full", "stat", "full", "stat"]


def test_files_just_written_are_hashed_again(llama: Path, lock: Lock) -> None:
    shutil.copy(llama / "config.json", llama / "copy")
    (llama / "copy").replace(llama / "config.json")
    assert [check(llama, lock) for _ in range(2)] == ["full", "full"]


def test_a_touched_file_is_hashed_again(llama: Path, lock: Lock) -> None:
    settle()
    check(llama, lock)
    os.utime(llama / "config.json")
    assert check(llama, lock) == "full"


def test_a_change_behind_restored_size_and_time_is_found(llama: Path, lock: Lock) -> None:
    settle()
    check(llama, lock)
    weights = llama / "model.safetensors"
    before = weights.stat()
    flip(weights, -1)
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = weights.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(SnapshotChanged, match=r"model\.safetensors"):
        check(llama, lock)


def test_another_file_moved_into_its_place_is_found(llama: Path, lock: Lock) -> None:
    settle()
    check(llama, lock)
    weights = llama / "model.safetensors"
    before = weights.stat()
    other = llama.parent / "other"
    shutil.copy(weights, other)
    flip(other, -1)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(weights)
    with pytest.raises(SnapshotChanged, match=r"model\.safetensors"):
        check(llama, lock)


def test_a_refused_folder_is_not_remembered(llama: Path, lock: Lock) -> None:
    flip(llama / "config.json", 5)
    settle()
    for _ in range(2):
        with pytest.raises(SnapshotChanged):
            check(llama, lock)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"config.json": [1]}', b"\xff"])
def test_a_damaged_memory_of_stamps_only_costs_a_hash(
    content: bytes, llama: Path, lock: Lock, home: Path
) -> None:
    settle()
    check(llama, lock)
    (memory,) = (home / ".cache" / "reprollm" / "snapshots").glob("*.json")
    memory.write_bytes(content)
    assert check(llama, lock) == "full"


def test_a_cache_folder_that_cannot_be_made_only_costs_a_hash(
    llama: Path, lock: Lock, home: Path
) -> None:
    (home / ".cache").write_text("a file where a folder should be")
    settle()
    assert [check(llama, lock) for _ in range(2)] == ["full", "full"]


def test_verifying_accepts_what_was_pinned(llama: Path, lock: Lock) -> None:
    progress: list[int] = []
    verify(llama, lock, progress.append)
    assert sum(progress) == lock.total_bytes


@pytest.mark.parametrize("change", [{"weights": "0" * 64}, {"licence": None}])
def test_verifying_finds_a_lock_that_lies_about_the_weights(
    llama: Path, lock: Lock, change: dict[str, str]
) -> None:
    with pytest.raises(SnapshotChanged, match=next(iter(change))):
        verify(llama, dataclasses.replace(lock, **change))  # type: ignore[arg-type]
