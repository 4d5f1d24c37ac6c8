"""What a pinned snapshot is known by: its files, its tensors, its tokenizer, its template."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reprollm.canon import digest, dumps
from reprollm.snapshot import pin
from reprollm.snapshot.safetensors import read_header
from tiny_models import CHAT_TEMPLATE, make_gpt_neox, make_llama, make_qwen3

RESAVE = """
import sys
from transformers import AutoModelForCausalLM
from transformers.utils import logging
logging.disable_progress_bar()
model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
model.save_pretrained(sys.argv[2], max_shard_size=sys.argv[3])
"""


def resave(source: Path, target: Path, shard: str) -> None:
    subprocess.run(
        [sys.executable, "-c", RESAVE, str(source), str(target), shard],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )


def test_the_snapshot_id_is_the_hash_of_paths_sizes_and_contents(llama: Path) -> None:
    files = [
        {
            "path": file.name,
            "size": file.stat().st_size,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        for file in sorted(llama.iterdir())
    ]
    expected = digest("reprollm/snapshot/v1", dumps({"files": files}))  # type: ignore[dict-item]
    assert pin(llama).snapshot == expected


def test_the_weights_digest_is_the_hash_of_names_dtypes_shapes_and_bytes(llama: Path) -> None:
    path = llama / "model.safetensors"
    content = path.read_bytes()
    parts: list[bytes] = []
    for tensor in sorted(read_header(path, len(content), "x"), key=lambda found: found.name):
        raw = hashlib.sha256(content[tensor.begin : tensor.end]).digest()
        parts += [tensor.name.encode(), b"F32", dumps(list(tensor.shape)), raw]
    assert pin(llama).weights == digest("reprollm/weights/v1", *parts)


def test_identities_are_the_same_in_every_release_and_on_every_machine(llama: Path) -> None:
    lock = pin(llama)
    assert (lock.snapshot, lock.weights, lock.tokenizer) == (
        "e41253c3607440644169f6392a04a602a36a44b388a32095de0f080ecb21856d",
        "69bf10f556b280e47accb8bde419f912a6465d2cd7c571fb334833971ef2d4c8",
        "341b94b8819b6b7a2d341dcb7beeed9f1c97ac60ee2afb65c451dda2834c7f5f",
    )


@pytest.mark.parametrize("maker", [make_llama, make_gpt_neox, make_qwen3])
def test_sharding_changes_the_snapshot_but_not_the_weights(
    maker: Callable[..., Path], tmp_path: Path
) -> None:
    whole, sharded = pin(maker(tmp_path / "one")), pin(maker(tmp_path / "three", shards=3))
    assert whole.weights == sharded.weights
    assert whole.snapshot != sharded.snapshot


def test_transformers_resharding_and_merging_keep_the_weights(tmp_path: Path) -> None:
    original = make_llama(tmp_path / "original", dtype="BF16")
    resave(original, tmp_path / "sharded", "80KB")
    resave(tmp_path / "sharded", tmp_path / "merged", "1GB")
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 1
    assert len(list((tmp_path / "merged").glob("*.safetensors"))) == 1
    weights = {pin(tmp_path / name).weights for name in ("original", "sharded", "merged")}
    assert len(weights) == 1


def test_the_same_numbers_in_another_dtype_are_other_weights(tmp_path: Path) -> None:
    one = pin(make_llama(tmp_path / "f32"))
    other = pin(make_llama(tmp_path / "bf16", dtype="BF16"))
    assert one.weights != other.weights
    assert one.tokenizer == other.tokenizer


def test_models_of_one_name_with_other_weights_have_other_ids(tmp_path: Path) -> None:
    one = pin(make_llama(tmp_path / "a" / "model", seed=1))
    other = pin(make_llama(tmp_path / "b" / "model", seed=2))
    assert one.name == other.name == "model"
    assert one.snapshot != other.snapshot
    assert one.weights != other.weights


def test_a_renamed_file_changes_the_snapshot_id(llama: Path) -> None:
    before = pin(llama)
    (llama / "generation_config.json").rename(llama / "generation.json")
    assert pin(llama).snapshot != before.snapshot


def test_the_folders_own_name_and_place_are_not_identity(llama: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "renamed"
    shutil.copytree(llama, copy)
    assert pin(copy).snapshot == pin(llama).snapshot


def test_a_changed_tokenizer_changes_its_digest_and_not_the_weights(llama: Path) -> None:
    before = pin(llama)
    config = json.loads((llama / "tokenizer_config.json").read_text())
    (llama / "tokenizer_config.json").write_text(json.dumps(config | {"padding_side": "right"}))
    after = pin(llama)
    assert before.tokenizer != after.tokenizer
    assert before.weights == after.weights


@pytest.mark.parametrize("chat", ["jinja", "config", "list"])
def test_the_chat_template_is_one_text_wherever_it_is_written(chat: str, tmp_path: Path) -> None:
    lock = pin(make_llama(tmp_path, chat=chat))  # type: ignore[arg-type]
    assert lock.chat_template == hashlib.sha256(CHAT_TEMPLATE.encode()).hexdigest()


def test_a_template_file_stands_before_the_tokenizers_configuration(tmp_path: Path) -> None:
    folder = make_llama(tmp_path, chat="config")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    assert pin(folder).chat_template == hashlib.sha256(b"{{ messages }}").hexdigest()


def test_a_model_without_chat_template_has_none(tmp_path: Path) -> None:
    assert pin(make_gpt_neox(tmp_path)).chat_template is None


def test_version_control_and_download_folders_are_no_part_of_the_snapshot(llama: Path) -> None:
    before = pin(llama)
    for folder in (".git", ".cache"):
        (llama / folder).mkdir()
        (llama / folder / "state.bin").write_bytes(b"x")
    assert pin(llama).snapshot == before.snapshot
