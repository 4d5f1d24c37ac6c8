"""Facts come from files: both spellings, nested configurations, claims beside truth."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from reprollm.canon import dumps
from reprollm.errors import SnapshotRefused
from reprollm.records.kinds import check, new
from reprollm.snapshot import pin
from tiny_models import make_gpt_neox, make_llama, make_qwen3


def edit(path: Path, **changes: Any) -> None:
    config = json.loads(path.read_text()) | changes
    kept = {key: value for key, value in config.items() if value is not ...}
    path.write_text(json.dumps(kept))


def test_facts_of_a_llama(tmp_path: Path) -> None:
    facts = pin(make_llama(tmp_path, dtype="BF16")).facts
    assert (facts.architecture, facts.model_type) == ("LlamaForCausalLM", "llama")
    assert facts.declared_dtype == "bfloat16"
    assert [(share.dtype, share.tensors) for share in facts.tensor_dtypes] == [("BF16", 21)]
    assert facts.parameters * 2 == facts.weight_bytes == 230016
    assert (facts.layers, facts.hidden_size, facts.heads, facts.kv_heads) == (2, 64, 2, 1)
    assert (facts.head_dim, facts.vocab_size, facts.context_length) == (32, 320, 512)
    assert facts.eos_ids == (2,)
    assert facts.quantization is None


@pytest.mark.parametrize("maker", [make_gpt_neox, make_qwen3])
def test_other_architectures_tell_the_same_facts(maker: Any, tmp_path: Path) -> None:
    facts = pin(maker(tmp_path)).facts
    assert (facts.layers, facts.hidden_size, facts.head_dim) == (2, 64, 32)
    assert facts.kv_heads in (1, 2)
    assert facts.tied_embeddings is False


def test_the_older_spelling_of_dtype_is_read_too(llama: Path) -> None:
    edit(llama / "config.json", dtype=..., torch_dtype="float16")
    assert pin(llama).facts.declared_dtype == "float16"


def test_older_names_of_sizes_are_read_too(llama: Path) -> None:
    edit(
        llama / "config.json",
        hidden_size=...,
        num_hidden_layers=...,
        num_attention_heads=...,
        num_key_value_heads=...,
        head_dim=...,
        max_position_embeddings=...,
        n_embd=64,
        n_layer=3,
        n_head=4,
        multi_query=True,
        n_positions=99,
    )
    facts = pin(llama).facts
    assert (facts.hidden_size, facts.layers, facts.heads) == (64, 3, 4)
    assert (facts.kv_heads, facts.head_dim, facts.context_length) == (1, 16, 99)


def test_a_text_model_inside_a_larger_one_is_read(llama: Path) -> None:
    text = {"num_hidden_layers": 7, "dtype": "bfloat16", "eos_token_id": 5}
    edit(llama / "config.json", text_config=text)
    edit(llama / "generation_config.json", eos_token_id=None)
    facts = pin(llama).facts
    assert (facts.layers, facts.declared_dtype, facts.eos_ids) == (7, "bfloat16", (5,))


def test_several_end_tokens_are_read_from_the_generation_config_first(llama: Path) -> None:
    edit(llama / "generation_config.json", eos_token_id=[7, 2])
    assert pin(llama).facts.eos_ids == (2, 7)


def test_end_tokens_come_from_the_config_where_there_is_no_other(llama: Path) -> None:
    (llama / "generation_config.json").unlink()
    edit(llama / "config.json", eos_token_id=9)
    assert pin(llama).facts.eos_ids == (9,)


def test_generation_defaults_are_recorded_as_text(llama: Path) -> None:
    edit(llama / "generation_config.json", temperature=0.6, top_p=0.95, do_sample=True)
    defaults = {setting.name: setting.value for setting in pin(llama).facts.generation_defaults}
    assert defaults["temperature"] == "0.6"
    assert defaults["do_sample"] == "true"


def test_the_licence_is_known_by_file_digest_and_claim(llama: Path) -> None:
    (llama / "LICENSE.txt").write_text("Do what you like.\n")
    (llama / "README.md").write_text("---\nlanguage: de\nlicense: apache-2.0\n---\n# Model\n")
    licence = pin(llama).licence
    assert licence.file == "LICENSE.txt"
    assert licence.sha256 == hashlib.sha256(b"Do what you like.\n").hexdigest()
    assert licence.declared == "apache-2.0"


def test_a_model_card_in_another_encoding_does_no_harm(llama: Path) -> None:
    (llama / "README.md").write_bytes("---\nlicense: mit\n---\nMüller".encode("latin-1"))
    assert pin(llama).licence.declared == "mit"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("config.json", b"\xff\xfe{}"),
        ("config.json", b'{"num_hidden_layers": -1}'),
        ("config.json", b'{"hidden_size": "64"}'),
        ("config.json", b'{"model_type": "\\ud800"}'),
        ("generation_config.json", b'{"eos_token_id": [-1]}'),
        ("tokenizer_config.json", b"[" * 100_000),
    ],
)
def test_malformed_configuration_is_refused_by_name(file: str, content: bytes, llama: Path) -> None:
    (llama / file).write_bytes(content)
    with pytest.raises(SnapshotRefused, match=r"config\.json|eos_token_id"):
        pin(llama)


def test_a_snapshot_record_is_canonical_and_well_formed(llama: Path) -> None:
    edit(llama / "generation_config.json", temperature=0.6)
    edit(llama / "config.json", quantization_config={"quant_method": "fp8", "factor": 0.01})
    record = new("snapshot", **pin(llama).to_record())
    check(record)
    assert dumps(record).startswith(b'{"facts":')
