"""What is never pinned: pickles, code, paths out of the folder, weights that lie."""

from __future__ import annotations

import json
import os
import pickle
import socket
from pathlib import Path
from typing import Any

import pytest

from reprollm.errors import InvalidInput, SnapshotRefused
from reprollm.snapshot import pin
from tiny_models import make_llama, write_safetensors

PICKLES = [
    "pytorch_model.bin",
    "consolidated.00.pth",
    "model.pt",
    "model.ckpt",
    "weights.pkl",
    "weights.pickle",
    "index.joblib",
    "embedding.npy",
    "tf_model.h5",
    "flax_model.msgpack",
    "onnx/model.onnx",
    "MODEL.BIN",
]


@pytest.mark.parametrize("name", PICKLES)
def test_pickled_weights_are_refused_by_name(name: str, llama: Path) -> None:
    file = llama / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(pickle.dumps({"w": 1}))
    with pytest.raises(SnapshotRefused, match=f"{name}.*--exclude"):
        pin(llama)


def test_pickles_beside_safetensors_can_be_left_out_explicitly(llama: Path) -> None:
    before = pin(llama)
    (llama / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    (llama / "original").mkdir()
    (llama / "original" / "consolidated.pth").write_bytes(pickle.dumps({}))
    lock = pin(llama, excluded=["original/*", "*.bin"])
    assert lock.snapshot == before.snapshot
    assert lock.excluded == ("*.bin", "original/*")


@pytest.mark.parametrize("pattern", ["", "/etc/*", "../*"])
def test_a_pattern_that_cannot_match_is_refused(pattern: str, llama: Path) -> None:
    with pytest.raises(InvalidInput, match="expected a pattern"):
        pin(llama, excluded=[pattern])


def test_code_in_the_folder_is_refused(llama: Path) -> None:
    (llama / "modeling_own.py").write_text("print('hello')")
    with pytest.raises(SnapshotRefused, match=r"code: modeling_own\.py"):
        pin(llama)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize(
    "reference",
    ["modeling_own.OwnModel", "other/repo--modeling_own.OwnModel", ["tokenization_own.Own", None]],
)
def test_a_configuration_that_asks_for_code_is_refused(
    file: str, reference: Any, llama: Path
) -> None:
    _edit(llama / file, auto_map={"AutoModelForCausalLM": reference})
    with pytest.raises(SnapshotRefused, match=f"auto_map in {file}"):
        pin(llama)


def test_code_asked_for_by_a_nested_configuration_is_refused(llama: Path) -> None:
    _edit(llama / "config.json", text_config={"auto_map": {"AutoConfig": "own.Config"}})
    with pytest.raises(SnapshotRefused, match="auto_map"):
        pin(llama)


def test_code_beside_a_built_in_class_can_be_left_out_explicitly(llama: Path) -> None:
    _edit(llama / "config.json", auto_map={"AutoModelForCausalLM": "modeling_own.OwnModel"})
    (llama / "modeling_own.py").write_text("print('hello')")
    assert pin(llama, excluded=["*.py"]).excluded == ("*.py",)


def test_code_in_another_repository_cannot_be_left_out(llama: Path) -> None:
    _edit(llama / "config.json", auto_map={"AutoModelForCausalLM": "org/repo--own.OwnModel"})
    with pytest.raises(SnapshotRefused, match="auto_map"):
        pin(llama, excluded=["*.py"])


def test_a_link_out_of_the_folder_is_refused(llama: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    (llama / "extra.json").symlink_to(secret)
    with pytest.raises(SnapshotRefused, match=r"link out of it: extra\.json"):
        pin(llama)


def test_a_link_within_the_folder_is_followed(llama: Path) -> None:
    (llama / "again.json").symlink_to("config.json")
    files = {file.path: file.sha256 for file in pin(llama).files}
    assert files["again.json"] == files["config.json"]


def test_a_broken_link_is_refused(llama: Path) -> None:
    (llama / "lost.json").symlink_to("nowhere")
    with pytest.raises(SnapshotRefused, match=r"broken one: lost\.json"):
        pin(llama)


def test_a_link_to_itself_is_refused(llama: Path) -> None:
    (llama / "loop.json").symlink_to("loop.json")
    with pytest.raises(SnapshotRefused, match=r"loop\.json"):
        pin(llama)


def test_a_linked_folder_is_refused(llama: Path, tmp_path: Path) -> None:
    (llama / "sub").mkdir()
    (llama / "linked").symlink_to("sub")
    with pytest.raises(SnapshotRefused, match="a folder at linked"):
        pin(llama)


def test_a_pipe_is_refused_without_being_opened(llama: Path) -> None:
    os.mkfifo(llama / "pipe.json")
    with pytest.raises(SnapshotRefused, match=r"a pipe at pipe\.json"):
        pin(llama)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_llama(tmp_path / "m")
    monkeypatch.chdir(folder)  # a socket's path is limited to 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.json")
        with pytest.raises(SnapshotRefused, match=r"socket at s\.json"):
            pin(folder)


@pytest.mark.parametrize(
    "name",
    ["a\nb.json", "a\x1b[31m.json", "a\u202ejson.txt", "a\\b.json", b"a\xff.json"],
)
def test_names_that_hide_are_refused_and_shown_harmlessly(name: Any, llama: Path) -> None:
    with open(os.path.join(os.fsencode(llama), os.fsencode(name)), "wb"):
        pass
    with pytest.raises(SnapshotRefused) as refused:
        pin(llama)
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("file", ["../model.safetensors", "/etc/passwd", "..", "a//b", "C:x", 7])
def test_an_index_that_leads_out_of_the_folder_is_refused(file: Any, tmp_path: Path) -> None:
    folder = make_llama(tmp_path / "m", shards=2)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    index = folder / "model.safetensors.index.json"
    value = json.loads(index.read_text())
    value["weight_map"]["lm_head.weight"] = file
    index.write_text(json.dumps(value))
    with pytest.raises(SnapshotRefused, match=r"index\.json"):
        pin(folder)


def test_an_index_that_names_another_file_for_a_tensor_is_refused(tmp_path: Path) -> None:
    folder = make_llama(tmp_path, shards=2)
    index = folder / "model.safetensors.index.json"
    value = json.loads(index.read_text())
    value["weight_map"]["lm_head.weight"] = "model-00002-of-00002.safetensors"
    index.write_text(json.dumps(value))
    with pytest.raises(SnapshotRefused, match=r"lm_head\.weight"):
        pin(folder)


def test_an_index_without_one_of_its_tensors_is_refused(tmp_path: Path) -> None:
    folder = make_llama(tmp_path, shards=2)
    index = folder / "model.safetensors.index.json"
    value = json.loads(index.read_text())
    del value["weight_map"]["lm_head.weight"]
    index.write_text(json.dumps(value))
    with pytest.raises(SnapshotRefused, match=r"lm_head\.weight.*no file"):
        pin(folder)


def test_a_missing_shard_is_refused_by_name(tmp_path: Path) -> None:
    folder = make_llama(tmp_path, shards=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(SnapshotRefused, match="model-00002-of-00003"):
        pin(folder)


def test_weights_beside_an_index_that_leaves_them_out_are_refused(tmp_path: Path) -> None:
    folder = make_llama(tmp_path, shards=2)
    write_safetensors(folder / "other.safetensors", {"other": ("U8", [1], b"x")})
    with pytest.raises(SnapshotRefused, match=r"other\.safetensors left out"):
        pin(folder)


def test_a_tensor_with_two_homes_is_refused(llama: Path) -> None:
    write_safetensors(llama / "second.safetensors", {"lm_head.weight": ("U8", [1], b"x")})
    with pytest.raises(SnapshotRefused, match=r"lm_head\.weight.*--exclude"):
        pin(llama)


def test_a_folder_without_weights_is_refused(llama: Path) -> None:
    (llama / "model.safetensors").unlink()
    with pytest.raises(SnapshotRefused, match="expected weights"):
        pin(llama)


def test_weights_without_a_single_tensor_are_refused(llama: Path) -> None:
    write_safetensors(llama / "model.safetensors", {})
    with pytest.raises(SnapshotRefused, match="expected weights"):
        pin(llama)


def test_a_file_that_only_claims_to_be_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"PK\x03\x04")
    with pytest.raises(SnapshotRefused, match=r"model\.gguf is not a well-formed GGUF file"):
        pin(tmp_path)


@pytest.mark.parametrize("path", ["missing", "models/llama/config.json"])
def test_a_path_that_is_no_folder_is_refused(path: str, llama: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected a model folder"):
        pin(tmp_path / path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InvalidInput, match="found none"):
        pin(empty)


def _edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
