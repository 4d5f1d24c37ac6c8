"""A snapshot's configuration and tokenizer as GGUF metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reprollm.errors import InvalidInput
from reprollm.llamacpp.families import OTHER_WAY
from reprollm.llamacpp.tokenizer import tokenizer_metadata
from reprollm.snapshot.chat import chat_templates
from reprollm.snapshot.gguf_types import FILE_TYPES
from reprollm.snapshot.lock import Lock

QUANTIZATION_VERSION = 2


def add_metadata(
    writer: Any, folder: Path, config: Mapping[str, Any], lock: Lock, kind: str
) -> None:
    """Write everything but tensors into a `gguf.GGUFWriter`.

    Args:
        writer: the writer, which has the architecture's name already.
        folder: the snapshot.
        config: its `config.json`.
        lock: its lock.
        kind: what matrices are stored as.

    Raises:
        InvalidInput: the tokenizer, rotation or end tokens cannot be said in a GGUF file here.
    """
    heads = int(config["num_attention_heads"])
    size = int(config.get("head_dim") or config["hidden_size"] // heads)
    writer.add_type("model")
    writer.add_name(lock.name)
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_context_length(int(config["max_position_embeddings"]))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_head_count(heads)
    writer.add_head_count_kv(int(config.get("num_key_value_heads") or heads))
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_layer_norm_rms_eps(float(config["rms_norm_eps"]))
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(_theta(config))
    writer.add_vocab_size(int(config["vocab_size"]))
    writer.add_file_type(
        next(number for number, name in FILE_TYPES.items() if name == kind.upper())
    )
    writer.add_quantization_version(QUANTIZATION_VERSION)
    _add_tokenizer(writer, folder, int(config["vocab_size"]), lock)


def _theta(config: Mapping[str, Any]) -> float:
    """Return the base of the rotation; only plain rotations are written here."""
    rope = config.get("rope_parameters") or {}
    scaling = config.get("rope_scaling") or {}
    kinds = {source.get("rope_type", source.get("type", "default")) for source in (rope, scaling)}
    if kinds != {"default"}:
        raise InvalidInput(
            f"expected a plain rotation (rope_type default) in config.json to convert, found "
            f"{sorted(map(str, kinds))}; {OTHER_WAY}"
        )
    return float(np.float32(rope.get("rope_theta", config.get("rope_theta", 10000.0))))


def _add_tokenizer(writer: Any, folder: Path, vocabulary: int, lock: Lock) -> None:
    tokenizer = _json(folder, "tokenizer.json")
    if tokenizer is None:
        raise InvalidInput(f"expected a tokenizer.json to convert, found none; {OTHER_WAY}")
    found = tokenizer_metadata(tokenizer, vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(found.words)
    writer.add_token_list(list(found.tokens))
    writer.add_token_types(list(found.types))
    writer.add_token_merges(list(found.merges))
    facts = lock.facts
    if facts.bos_id is not None:
        writer.add_bos_token_id(facts.bos_id)
    if len(facts.eos_ids) > 3:
        raise InvalidInput(
            f"expected at most 3 end tokens to convert, found {len(facts.eos_ids)}; {OTHER_WAY}"
        )
    ends = (writer.add_eos_token_id, writer.add_eot_token_id, writer.add_eom_token_id)
    for add, token in zip(ends, facts.eos_ids, strict=False):
        add(token)
    if facts.pad_id is not None:
        writer.add_pad_token_id(facts.pad_id)
    writer.add_add_bos_token(found.adds_bos)
    writer.add_add_eos_token(found.adds_eos)
    template = chat_templates(lambda path: _json(folder, path), lambda path: _text(folder, path))
    if "default" in template:
        writer.add_chat_template(template["default"])


def _json(folder: Path, path: str) -> dict[str, Any] | None:
    text = _text(folder, path)
    value = None if text is None else json.loads(text)
    return value if isinstance(value, dict) else None


def _text(folder: Path, path: str) -> str | None:
    try:
        return (folder / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
