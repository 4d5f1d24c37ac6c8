"""Tiny models of further families, by the names that their published weights have.

Built from the same stream of numbers as those of `tiny_models`, so that their files have the same
SHA-256 on every machine. Each family is here for what it alone does: local and global layers
(Gemma 3), a sliding window (Mistral), routed experts (Mixtral), fused projections (Phi-3), norms
after the blocks (OLMo 2), compressed keys and values with shared experts (DeepSeek-V3), one head of
keys (Falcon), position by distance instead of rotation (BLOOM).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from tiny_models import (
    CONTEXT,
    HEAD_DIM,
    VOCABULARY,
    Draw,
    Dtype,
    Tensors,
    _common,
    _decoder,
    _heads,
    _llama_like,
    _ones,
    _stream,
    _write,
    make_gpt_neox,
    make_llama,
    make_qwen3,
)

Make: TypeAlias = Callable[..., Path]

HIDDEN = 64
WINDOW = 16
EXPERTS = 4
LATENT, ROPE, NOPE = 32, 8, 24


def make_mistral(
    folder: Path, *, layers: int = 2, seed: int = 0, dtype: Dtype = "F32", shards: int = 1
) -> Path:
    """Write a Mistral snapshot: every layer sees the last `WINDOW` tokens."""
    heads, kv_heads = _heads(HIDDEN)
    draw = _stream(seed)
    tensors = _decoder(draw, HIDDEN, layers, heads, kv_heads, query_norm=False)
    tensors["lm_head.weight"] = draw(VOCABULARY, HIDDEN)
    config = _llama_like("mistral", "MistralForCausalLM", HIDDEN, layers, dtype)
    config |= {"sliding_window": WINDOW, "tie_word_embeddings": False}
    return _write(folder, config, tensors, dtype, shards, "none")


def make_mixtral(
    folder: Path, *, layers: int = 2, seed: int = 0, dtype: Dtype = "F32", shards: int = 1
) -> Path:
    """Write a Mixtral snapshot: two of four experts for each token, grouped-query attention."""
    heads, kv_heads = _heads(HIDDEN)
    draw = _stream(seed)
    tensors = _without_mlp(_decoder(draw, HIDDEN, layers, heads, kv_heads, query_norm=False))
    for layer in range(layers):
        at = f"model.layers.{layer}.block_sparse_moe."
        tensors[f"{at}gate.weight"] = draw(EXPERTS, HIDDEN)
        for expert in range(EXPERTS):
            tensors[f"{at}experts.{expert}.w1.weight"] = draw(2 * HIDDEN, HIDDEN)
            tensors[f"{at}experts.{expert}.w2.weight"] = draw(HIDDEN, 2 * HIDDEN)
            tensors[f"{at}experts.{expert}.w3.weight"] = draw(2 * HIDDEN, HIDDEN)
    tensors["lm_head.weight"] = draw(VOCABULARY, HIDDEN)
    config = _llama_like("mixtral", "MixtralForCausalLM", HIDDEN, layers, dtype) | {
        "num_local_experts": EXPERTS,
        "num_experts_per_tok": 2,
        "sliding_window": None,
        "tie_word_embeddings": False,
    }
    return _write(folder, config, tensors, dtype, shards, "none")


def make_gemma3(
    folder: Path, *, layers: int = 4, seed: int = 0, dtype: Dtype = "F32", shards: int = 1
) -> Path:
    """Write a Gemma 3 text snapshot: tied embeddings, every other layer local."""
    heads, kv_heads = _heads(HIDDEN)
    draw = _stream(seed)
    tensors = _decoder(draw, HIDDEN, layers, heads, kv_heads, query_norm=True)
    for layer in range(layers):
        for norm in ("pre_feedforward_layernorm", "post_feedforward_layernorm"):
            tensors[f"model.layers.{layer}.{norm}.weight"] = _ones(HIDDEN)
    # This family scales by one plus the stored value, and embeddings by the root of their width.
    tensors |= {name: value * 0 for name, value in tensors.items() if "norm" in name}
    tensors["model.embed_tokens.weight"] *= np.float32(0.125)
    config = _llama_like("gemma3_text", "Gemma3ForCausalLM", HIDDEN, layers, dtype) | {
        "hidden_activation": "gelu_pytorch_tanh",
        "query_pre_attn_scalar": HEAD_DIM,
        "sliding_window": WINDOW,
        "layer_types": ["sliding_attention", "full_attention"] * (layers // 2),
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": 1000000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
        },
        "tie_word_embeddings": True,
    }
    return _write(folder, config, tensors, dtype, shards, "none")


def make_phi3(
    folder: Path, *, layers: int = 2, seed: int = 0, dtype: Dtype = "F32", shards: int = 1
) -> Path:
    """Write a Phi-3 snapshot: queries, keys and values in one matrix, gate and up in another."""
    heads, kv_heads = _heads(HIDDEN)
    draw = _stream(seed)
    tensors: Tensors = {"model.embed_tokens.weight": draw(VOCABULARY, HIDDEN, scale=2.0)}
    for layer in range(layers):
        at = f"model.layers.{layer}."
        rows = (heads + 2 * kv_heads) * HEAD_DIM
        tensors |= {
            f"{at}input_layernorm.weight": _ones(HIDDEN),
            f"{at}post_attention_layernorm.weight": _ones(HIDDEN),
            f"{at}self_attn.qkv_proj.weight": draw(rows, HIDDEN, scale=0.5),
            f"{at}self_attn.o_proj.weight": draw(HIDDEN, heads * HEAD_DIM),
            f"{at}mlp.gate_up_proj.weight": draw(4 * HIDDEN, HIDDEN),
            f"{at}mlp.down_proj.weight": draw(HIDDEN, 2 * HIDDEN),
        }
    tensors["model.norm.weight"] = _ones(HIDDEN)
    tensors["lm_head.weight"] = draw(VOCABULARY, HIDDEN)
    config = _llama_like("phi3", "Phi3ForCausalLM", HIDDEN, layers, dtype) | {
        "original_max_position_embeddings": CONTEXT,
        "partial_rotary_factor": 1.0,
        "sliding_window": None,
        "tie_word_embeddings": False,
    }
    return _write(folder, config, tensors, dtype, shards, "none")


def make_olmo2(
    folder: Path, *, layers: int = 2, seed: int = 0, dtype: Dtype = "F32", shards: int = 1
) -> Path:
    """Write an OLMo 2 snapshot: norms behind attention and perceptron, and over whole queries."""
    heads, kv_heads = _heads(HIDDEN)
    draw = _stream(seed)
    tensors = _decoder(draw, HIDDEN, layers, heads, kv_heads, query_norm=True)
    for layer in range(layers):
        at = f"model.layers.{layer}."
        del tensors[f"{at}input_layernorm.weight"]
        tensors[f"{at}post_feedforward_layernorm.weight"] = _ones(HIDDEN)
        tensors[f"{at}self_attn.q_norm.weight"] = _ones(heads * HEAD_DIM)
        tensors[f"{at}self_attn.k_norm.weight"] = _ones(kv_heads * HEAD_DIM)
    tensors["lm_head.weight"] = draw(VOCABULARY, HIDDEN)
    config = _llama_like("olmo2", "Olmo2ForCausalLM", HIDDEN, layers, dtype)
    config |= {"tie_word_embeddings": False}
    return _write(folder, config, tensors, dtype, shards, "none")


def make_deepseek_v3(
    folder: Path, *, layers: int = 3, seed: int = 0, dtype: Dtype = "F32", shards: int = 1
) -> Path:
    """Write a DeepSeek-V3 snapshot: latent attention, one dense layer, then routed experts."""
    heads = HIDDEN // HEAD_DIM
    draw = _stream(seed)
    tensors: Tensors = {"model.embed_tokens.weight": draw(VOCABULARY, HIDDEN, scale=2.0)}
    for layer in range(layers):
        at = f"model.layers.{layer}."
        tensors |= {
            f"{at}input_layernorm.weight": _ones(HIDDEN),
            f"{at}post_attention_layernorm.weight": _ones(HIDDEN),
            f"{at}self_attn.q_a_proj.weight": draw(LATENT, HIDDEN),
            f"{at}self_attn.q_a_layernorm.weight": _ones(LATENT),
            f"{at}self_attn.q_b_proj.weight": draw(heads * (NOPE + ROPE), LATENT),
            f"{at}self_attn.kv_a_proj_with_mqa.weight": draw(LATENT + ROPE, HIDDEN),
            f"{at}self_attn.kv_a_layernorm.weight": _ones(LATENT),
            f"{at}self_attn.kv_b_proj.weight": draw(heads * (NOPE + HEAD_DIM), LATENT),
            f"{at}self_attn.o_proj.weight": draw(HIDDEN, heads * HEAD_DIM),
        }
        tensors |= _deepseek_mlp(draw, at) if layer else _mlp(draw, f"{at}mlp.", 2 * HIDDEN)
    tensors["model.norm.weight"] = _ones(HIDDEN)
    tensors["lm_head.weight"] = draw(VOCABULARY, HIDDEN)
    config = _llama_like("deepseek_v3", "DeepseekV3ForCausalLM", HIDDEN, layers, dtype) | {
        "num_key_value_heads": heads,
        "moe_intermediate_size": HIDDEN,
        "n_routed_experts": EXPERTS,
        "n_shared_experts": 1,
        "num_experts_per_tok": 2,
        "n_group": 2,
        "topk_group": 1,
        "topk_method": "noaux_tc",
        "scoring_func": "sigmoid",
        "norm_topk_prob": True,
        "routed_scaling_factor": 2.5,
        "first_k_dense_replace": 1,
        "num_nextn_predict_layers": 0,
        "q_lora_rank": LATENT,
        "kv_lora_rank": LATENT,
        "qk_rope_head_dim": ROPE,
        "qk_nope_head_dim": NOPE,
        "v_head_dim": HEAD_DIM,
        "tie_word_embeddings": False,
    }
    del config["head_dim"]
    return _write(folder, config, tensors, dtype, shards, "none")


def make_falcon(
    folder: Path, *, layers: int = 2, seed: int = 0, dtype: Dtype = "F32", shards: int = 1
) -> Path:
    """Write a Falcon snapshot: one head of keys and values, attention beside the perceptron."""
    heads = HIDDEN // HEAD_DIM
    draw = _stream(seed)
    tensors: Tensors = {"transformer.word_embeddings.weight": draw(VOCABULARY, HIDDEN)}
    for layer in range(layers):
        at = f"transformer.h.{layer}."
        tensors |= _norm(f"{at}input_layernorm") | {
            f"{at}self_attention.query_key_value.weight": draw((heads + 2) * HEAD_DIM, HIDDEN),
            f"{at}self_attention.dense.weight": draw(HIDDEN, HIDDEN),
            f"{at}mlp.dense_h_to_4h.weight": draw(4 * HIDDEN, HIDDEN),
            f"{at}mlp.dense_4h_to_h.weight": draw(HIDDEN, 4 * HIDDEN),
        }
    tensors |= _norm("transformer.ln_f")
    config = _common("falcon", "FalconForCausalLM", HIDDEN, layers, dtype) | {
        "num_attention_heads": heads,
        "multi_query": True,
        "parallel_attn": True,
        "new_decoder_architecture": False,
        "alibi": False,
        "bias": False,
        "tie_word_embeddings": True,
    }
    return _write(folder, config, tensors, dtype, shards, "none")


def make_bloom(
    folder: Path, *, layers: int = 2, seed: int = 0, dtype: Dtype = "F32", shards: int = 1
) -> Path:
    """Write a BLOOM snapshot: ALiBi, biases, a norm over the embeddings, the old spelling."""
    draw = _stream(seed)
    tensors: Tensors = {"word_embeddings.weight": draw(VOCABULARY, HIDDEN)}
    tensors |= _norm("word_embeddings_layernorm")
    for layer in range(layers):
        at = f"h.{layer}."
        tensors |= _norm(f"{at}input_layernorm") | _norm(f"{at}post_attention_layernorm")
        for name, rows, columns in (
            ("self_attention.query_key_value", 3 * HIDDEN, HIDDEN),
            ("self_attention.dense", HIDDEN, HIDDEN),
            ("mlp.dense_h_to_4h", 4 * HIDDEN, HIDDEN),
            ("mlp.dense_4h_to_h", HIDDEN, 4 * HIDDEN),
        ):
            tensors[f"{at}{name}.weight"] = draw(rows, columns, scale=0.5)
            tensors[f"{at}{name}.bias"] = draw(rows, scale=0.25)
    tensors |= _norm("ln_f")
    config = _common("bloom", "BloomForCausalLM", HIDDEN, layers, dtype) | {
        "n_layer": layers,
        "n_head": HIDDEN // HEAD_DIM,
        "tie_word_embeddings": True,
    }
    for name in ("num_hidden_layers", "max_position_embeddings"):
        del config[name]
    return _write(folder, config, tensors, dtype, shards, "none")


FAMILIES: dict[str, Make] = {
    "llama": make_llama,
    "qwen3": make_qwen3,
    "gpt_neox": make_gpt_neox,
    "gemma3": make_gemma3,
    "mistral": make_mistral,
    "mixtral": make_mixtral,
    "phi3": make_phi3,
    "olmo2": make_olmo2,
    "deepseek_v3": make_deepseek_v3,
    "falcon": make_falcon,
    "bloom": make_bloom,
}
"""Every family of the matrix; each takes a folder, `layers`, `seed`, `dtype` and `shards`."""


def _without_mlp(tensors: Tensors) -> Tensors:
    return {name: values for name, values in tensors.items() if ".mlp." not in name}


def _norm(name: str) -> Tensors:
    return {f"{name}.weight": _ones(HIDDEN), f"{name}.bias": np.zeros(HIDDEN, np.float32)}


def _mlp(draw: Draw, at: str, width: int) -> Tensors:
    return {
        f"{at}gate_proj.weight": draw(width, HIDDEN),
        f"{at}up_proj.weight": draw(width, HIDDEN),
        f"{at}down_proj.weight": draw(HIDDEN, width),
    }


def _deepseek_mlp(draw: Draw, at: str) -> Tensors:
    tensors: dict[str, Any] = {
        f"{at}mlp.gate.weight": draw(EXPERTS, HIDDEN),
        f"{at}mlp.gate.e_score_correction_bias": draw(EXPERTS, scale=0.125),
    }
    for expert in range(EXPERTS):
        tensors |= _mlp(draw, f"{at}mlp.experts.{expert}.", HIDDEN)
    return tensors | _mlp(draw, f"{at}mlp.shared_experts.", HIDDEN)
