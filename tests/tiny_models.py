"""Tiny random models whose weights have the same SHA-256 on every machine.

Weights come from NumPy's raw Philox stream, which NumPy promises never to change, as 24-bit
integers scaled by powers of two: every value is exact in float32, and rounding to bfloat16 or
float16 is integer arithmetic. Nothing here needs torch, transformers or safetensors; what is
written loads in all of them. The tokenizer is byte-level BPE with a few merges, so that any text
can be a prompt; the token of byte b is 3 + b.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tensors: TypeAlias = "dict[str, NDArray[np.float32]]"
Draw: TypeAlias = "Callable[..., NDArray[np.float32]]"
Dtype = Literal["F32", "BF16", "F16"]
Chat = Literal["jinja", "config", "list", "none"]

HEAD_DIM = 32
VOCABULARY = 320
CONTEXT = 512
PAD, BOS, EOS = 0, 1, 2
SPECIAL = ("<pad>", "<s>", "</s>")
MERGES = (("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("i", "n"), ("a", "n"), ("e", "r"))
DTYPE_NAMES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}] "
    "{{ message['content'] }}\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
)


def make_llama(
    folder: Path,
    *,
    hidden: int = 64,
    layers: int = 2,
    seed: int = 0,
    dtype: Dtype = "F32",
    shards: int = 1,
    chat: Chat = "jinja",
    tied: bool = False,
) -> Path:
    """Write a Llama snapshot (grouped-query attention) and return its folder."""
    heads, kv_heads = _heads(hidden)
    draw = _stream(seed)
    tensors = _decoder(draw, hidden, layers, heads, kv_heads, query_norm=False)
    if not tied:
        tensors["lm_head.weight"] = draw(VOCABULARY, hidden)
    config = _llama_like("llama", "LlamaForCausalLM", hidden, layers, dtype)
    config |= {"mlp_bias": False, "tie_word_embeddings": tied}
    return _write(folder, config, tensors, dtype, shards, chat)


def make_qwen3(
    folder: Path,
    *,
    hidden: int = 64,
    layers: int = 2,
    seed: int = 0,
    dtype: Dtype = "F32",
    shards: int = 1,
    chat: Chat = "jinja",
    tied: bool = False,
) -> Path:
    """Write a Qwen3 snapshot (norms on queries and keys) and return its folder."""
    heads, kv_heads = _heads(hidden)
    draw = _stream(seed)
    tensors = _decoder(draw, hidden, layers, heads, kv_heads, query_norm=True)
    if not tied:
        tensors["lm_head.weight"] = draw(VOCABULARY, hidden)
    config = _llama_like("qwen3", "Qwen3ForCausalLM", hidden, layers, dtype)
    config |= {"tie_word_embeddings": tied, "use_sliding_window": False, "sliding_window": None}
    return _write(folder, config, tensors, dtype, shards, chat)


def make_gpt_neox(
    folder: Path,
    *,
    hidden: int = 64,
    layers: int = 2,
    seed: int = 0,
    dtype: Dtype = "F32",
    shards: int = 1,
    chat: Chat = "none",
) -> Path:
    """Write a GPT-NeoX snapshot (fused attention, biases, parallel residual); return its folder."""
    draw = _stream(seed)
    one, zero = _ones(hidden), np.zeros
    tensors: Tensors = {"gpt_neox.embed_in.weight": draw(VOCABULARY, hidden, scale=2.0)}
    for layer in range(layers):
        at = f"gpt_neox.layers.{layer}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{at}{norm}.weight"] = one
            tensors[f"{at}{norm}.bias"] = zero(hidden, np.float32)
        for name, rows, columns in (
            ("attention.query_key_value", 3 * hidden, hidden),
            ("attention.dense", hidden, hidden),
            ("mlp.dense_h_to_4h", 4 * hidden, hidden),
            ("mlp.dense_4h_to_h", hidden, 4 * hidden),
        ):
            tensors[f"{at}{name}.weight"] = draw(rows, columns, scale=0.5)
            tensors[f"{at}{name}.bias"] = draw(rows, scale=0.25)
    tensors["gpt_neox.final_layer_norm.weight"] = one
    tensors["gpt_neox.final_layer_norm.bias"] = zero(hidden, np.float32)
    tensors["embed_out.weight"] = draw(VOCABULARY, hidden)
    config = _common("gpt_neox", "GPTNeoXForCausalLM", hidden, layers, dtype) | {
        "intermediate_size": 4 * hidden,
        "num_attention_heads": hidden // HEAD_DIM,
        "hidden_act": "gelu",
        "rotary_pct": 0.25,
        "rotary_emb_base": 10000,
        "layer_norm_eps": 1e-5,
        "use_parallel_residual": True,
        "attention_bias": True,
        "tie_word_embeddings": False,
    }
    return _write(folder, config, tensors, dtype, shards, chat)


def write_safetensors(path: Path, tensors: Mapping[str, tuple[str, list[int], bytes]]) -> None:
    """Write a safetensors file: 8 bytes header length, JSON header, the tensors' bytes in order.

    Args:
        path: the file to write.
        tensors: by name: dtype in the format's spelling, shape, little-endian bytes.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, (dtype, shape, content) in tensors.items():
        span = [offset, offset + len(content)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": span}
        offset += len(content)
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(content for _, _, content in tensors.values())


def encode(values: NDArray[np.float32], dtype: Dtype) -> bytes:
    """Return little-endian bytes of `values`, rounded to nearest, ties to even."""
    if dtype == "F32":
        return values.astype("<f4").tobytes()
    if dtype == "F16":
        return values.astype("<f2").tobytes()
    bits = values.astype("<f4").view("<u4")
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (rounded >> np.uint32(16)).astype("<u2").tobytes()


def _stream(seed: int) -> Draw:
    generator = np.random.Philox(key=seed)

    def draw(*shape: int, scale: float = 1.0) -> NDArray[np.float32]:
        """Return float32 values in [-scale/2, scale/2); `scale` is a power of two."""
        raw = generator.random_raw(math.prod(shape)) >> np.uint64(40)
        unit = raw.astype(np.float32) * np.float32(2.0**-24) - np.float32(0.5)
        return (unit * np.float32(scale)).reshape(shape)

    return draw


def _ones(size: int) -> NDArray[np.float32]:
    return np.ones(size, np.float32)


def _heads(hidden: int) -> tuple[int, int]:
    heads = hidden // HEAD_DIM
    return heads, max(1, heads // 2)


def _decoder(
    draw: Draw, hidden: int, layers: int, heads: int, kv_heads: int, *, query_norm: bool
) -> Tensors:
    tensors: Tensors = {"model.embed_tokens.weight": draw(VOCABULARY, hidden, scale=2.0)}
    for layer in range(layers):
        at = f"model.layers.{layer}."
        tensors |= {
            f"{at}input_layernorm.weight": _ones(hidden),
            f"{at}post_attention_layernorm.weight": _ones(hidden),
            f"{at}self_attn.q_proj.weight": draw(heads * HEAD_DIM, hidden, scale=0.25),
            f"{at}self_attn.k_proj.weight": draw(kv_heads * HEAD_DIM, hidden, scale=0.25),
            f"{at}self_attn.v_proj.weight": draw(kv_heads * HEAD_DIM, hidden),
            f"{at}self_attn.o_proj.weight": draw(hidden, heads * HEAD_DIM),
            f"{at}mlp.gate_proj.weight": draw(2 * hidden, hidden),
            f"{at}mlp.up_proj.weight": draw(2 * hidden, hidden),
            f"{at}mlp.down_proj.weight": draw(hidden, 2 * hidden),
        }
        if query_norm:
            tensors[f"{at}self_attn.q_norm.weight"] = _ones(HEAD_DIM)
            tensors[f"{at}self_attn.k_norm.weight"] = _ones(HEAD_DIM)
    tensors["model.norm.weight"] = _ones(hidden)
    return tensors


def _common(model_type: str, architecture: str, hidden: int, layers: int, dtype: Dtype) -> Any:
    return {
        "architectures": [architecture],
        "model_type": model_type,
        "vocab_size": VOCABULARY,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "max_position_embeddings": CONTEXT,
        "dtype": DTYPE_NAMES[dtype],
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
    }


def _llama_like(
    model_type: str, architecture: str, hidden: int, layers: int, dtype: Dtype
) -> dict[str, Any]:
    heads, kv_heads = _heads(hidden)
    config: dict[str, Any] = _common(model_type, architecture, hidden, layers, dtype)
    return config | {
        "intermediate_size": 2 * hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": HEAD_DIM,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        "attention_bias": False,
    }


def _write(
    folder: Path, config: dict[str, Any], tensors: Tensors, dtype: Dtype, shards: int, chat: Chat
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    _write_weights(folder, tensors, dtype, shards)
    _write_json(folder / "config.json", config)
    _write_json(
        folder / "generation_config.json",
        {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD},
    )
    _write_json(folder / "tokenizer.json", _tokenizer())
    tokenizer_config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": SPECIAL[BOS],
        "eos_token": SPECIAL[EOS],
        "pad_token": SPECIAL[PAD],
        "padding_side": "left",
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
    }
    if chat == "config":
        tokenizer_config["chat_template"] = CHAT_TEMPLATE
    elif chat == "list":
        tokenizer_config["chat_template"] = [{"name": "default", "template": CHAT_TEMPLATE}]
    elif chat == "jinja":
        (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    _write_json(folder / "tokenizer_config.json", tokenizer_config)
    return folder


def _write_weights(folder: Path, tensors: Tensors, dtype: Dtype, shards: int) -> None:
    encoded = {
        name: (dtype, list(values.shape), encode(values, dtype))
        for name, values in sorted(tensors.items())
    }
    if shards == 1:
        write_safetensors(folder / "model.safetensors", encoded)
        return
    names = list(encoded)
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
        part = names[shard * len(names) // shards : (shard + 1) * len(names) // shards]
        write_safetensors(folder / file, {name: encoded[name] for name in part})
        weight_map |= dict.fromkeys(part, file)
    total = sum(len(content) for _, _, content in encoded.values())
    _write_json(
        folder / "model.safetensors.index.json",
        {"metadata": {"total_size": total}, "weight_map": weight_map},
    )


def _tokenizer() -> dict[str, Any]:
    alphabet = _byte_alphabet()
    pieces = [*SPECIAL, *alphabet, *("".join(pair) for pair in MERGES)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": content, "special": True}
            | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            for number, content in enumerate(SPECIAL)
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": True,
            "use_regex": True,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": SPECIAL[BOS], "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [
                {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
            ],
            "special_tokens": {
                SPECIAL[BOS]: {"id": SPECIAL[BOS], "ids": [BOS], "tokens": [SPECIAL[BOS]]}
            },
        },
        "decoder": {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": True,
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {piece: number for number, piece in enumerate(pieces)},
            "merges": [list(pair) for pair in MERGES],
        },
    }


def _byte_alphabet() -> list[str]:
    """Return the printable stand-in for each byte 0..255 (GPT-2's byte-level alphabet)."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    stand_ins = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(stand_ins)) for byte in range(256)]


def _write_json(path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
