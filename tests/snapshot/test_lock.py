"""A lock file is read strictly, written the same each time, and cannot contradict itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reprollm.errors import InvalidInput, SnapshotRefused
from reprollm.snapshot import load_lock, pin
from reprollm.snapshot.lock import write_lock


@pytest.fixture
def file(llama: Path, tmp_path: Path) -> Path:
    path = tmp_path / "llama.lock.json"
    write_lock(pin(llama, excluded=["*.md"]), path, replace=False)
    return path


def test_a_lock_reads_as_it_was_written(llama: Path, file: Path) -> None:
    assert load_lock(file) == pin(llama, excluded=["*.md"])


def test_pinning_twice_writes_the_same_bytes(llama: Path, file: Path) -> None:
    before = file.read_bytes()
    assert write_lock(pin(llama, excluded=["*.md"]), file, replace=False) is False
    assert file.read_bytes() == before


def test_another_lock_is_not_overwritten_unasked(llama: Path, file: Path) -> None:
    before = file.read_bytes()
    other = pin(llama, name="other")
    with pytest.raises(InvalidInput, match="--replace"):
        write_lock(other, file, replace=False)
    assert file.read_bytes() == before
    write_lock(other, file, replace=True)
    assert load_lock(file) == other


def test_a_lock_is_text_that_people_can_read_and_review(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith('{\n  "schema": "reprollm/lock/2",\n  "name": "llama",\n')
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"snapshott": "x"}, "unknown key 'snapshott'; did you mean 'snapshot'"),
        ({"weights": None}, "weights"),
        ({"weights": ...}, "weights"),
        ({"schema": "reprollm/lock/9"}, "expected a lock of schema reprollm/lock/2"),
        ({"snapshot": "0" * 64}, "contradicts itself: expected snapshot"),
        ({"tokenizer": "0" * 64}, "contradicts itself: expected tokenizer"),
        ({"chat_template": None}, "contradicts itself: expected chat_template"),
        ({"files": []}, "contradicts itself"),
        ({"files": [{"path": "a", "size": "1", "sha256": "x"}]}, "size"),
        ({"excluded": "*.bin"}, "excluded"),
    ],
)
def test_a_malformed_lock_is_refused(change: dict[str, Any], says: str, file: Path) -> None:
    value = json.loads(file.read_text()) | change
    file.write_text(json.dumps({key: item for key, item in value.items() if item is not ...}))
    with pytest.raises(InvalidInput, match=says) as refused:
        load_lock(file)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("place", "key", "says"),
    [
        (("facts",), "layer", "did you mean 'layers'"),
        (("files", 0), "sha", "did you mean 'sha256'"),
        (("licence",), "declare", "did you mean 'declared'"),
        (("facts", "tensor_dtypes", 0), "element", "unknown key"),
    ],
)
def test_an_unknown_key_deep_inside_is_refused_with_a_hint(
    place: tuple[Any, ...], key: str, says: str, file: Path
) -> None:
    value = inner = json.loads(file.read_text())
    for step in place:
        inner = inner[step]
    inner[key] = 1
    file.write_text(json.dumps(value))
    with pytest.raises(InvalidInput, match=says):
        load_lock(file)


@pytest.mark.parametrize(
    ("field", "content"), [("size", 1), ("sha256", "0" * 64), ("path", "aaa.json")]
)
def test_an_edited_list_of_files_is_refused(field: str, content: Any, file: Path) -> None:
    value = json.loads(file.read_text())
    value["files"][0][field] = content
    file.write_text(json.dumps(value))
    with pytest.raises(InvalidInput, match="contradicts itself: expected snapshot"):
        load_lock(file)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../b", "a\\b"])
def test_a_lock_whose_paths_lead_out_of_the_folder_is_refused(path: str, file: Path) -> None:
    value = json.loads(file.read_text())
    value["files"][0]["path"] = path
    file.write_text(json.dumps(value))
    with pytest.raises(SnapshotRefused, match="inside the model folder"):
        load_lock(file)


def test_a_lock_that_names_pickles_is_refused(file: Path) -> None:
    value = json.loads(file.read_text())
    value["files"][0]["path"] = "pytorch_model.bin"
    file.write_text(json.dumps(value))
    with pytest.raises(SnapshotRefused, match=r"pytorch_model\.bin"):
        load_lock(file)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1, "schema": 1}', b"[" * 100_000, b"null"],
)
def test_what_is_no_lock_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.lock.json"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"x\.lock\.json is not a lock file"):
        load_lock(file)


@pytest.mark.parametrize("name", ["missing.lock.json", "."])
def test_a_missing_lock_says_how_to_make_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="reprollm model pin"):
        load_lock(tmp_path / name)
