"""The random models that `footprint.py` measures, of 140 to 200 million parameters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LLAMA = {
    "hidden_size": 1024,
    "intermediate_size": 2816,
    "num_hidden_layers": 12,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "vocab_size": 32000,
    "max_position_embeddings": 8192,
}
MODELS: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama", "tie_word_embeddings": False, **LLAMA},
    "gemma3_text": {
        "model_type": "gemma3_text",
        "hidden_size": 640,
        "intermediate_size": 2048,
        "num_hidden_layers": 18,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 256,
        "vocab_size": 131072,
        "sliding_window": 512,
        "max_position_embeddings": 8192,
    },
    "mixtral": {
        "model_type": "mixtral",
        **LLAMA,
        "hidden_size": 768,
        "intermediate_size": 1536,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "num_local_experts": 4,
    },
    "deepseek_v3": {
        "model_type": "deepseek_v3",
        **LLAMA,
        "hidden_size": 768,
        "intermediate_size": 2048,
        "moe_intermediate_size": 512,
        "num_hidden_layers": 8,
        "num_attention_heads": 12,
        "num_key_value_heads": 12,
        "n_routed_experts": 8,
        "num_experts_per_tok": 2,
        "n_group": 1,
        "topk_group": 1,
        "kv_lora_rank": 512,
        "q_lora_rank": 384,
        "qk_rope_head_dim": 64,
        "qk_nope_head_dim": 128,
        "v_head_dim": 128,
        "first_k_dense_replace": 1,
        "num_nextn_predict_layers": 0,
    },
}


def made(folder: Path, name: str, gguf: bool) -> Path:
    """Write a random model as bfloat16 safetensors, or convert it to GGUF; return its lock."""
    model, lock = folder / name, folder / f"{name}.lock.json"
    if not model.exists():
        write(model, MODELS[name])
        reprollm("model", "pin", str(model), "-o", str(lock))
    if not gguf:
        return lock
    target = folder / "gguf" / f"{name}-f16.gguf"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        os.environ["REPROLLM_MODELS"] = str(folder)
        reprollm("model", "convert", str(lock), "-o", str(target), "--type", "f16")
    return target.with_suffix(".lock.json")


def write(folder: Path, config: dict[str, Any]) -> None:
    """Write a random model of this configuration, with the tests' tokenizer, in its own process."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from tiny_models import make_llama

    make_llama(folder)
    (folder / "model.safetensors").unlink()
    script = (
        "import json, sys, torch\n"
        "from transformers import AutoConfig, AutoModelForCausalLM\n"
        "config = AutoConfig.for_model(**json.loads(sys.argv[2]))\n"
        "model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)\n"
        "model.save_pretrained(sys.argv[1])\n"
    )
    command = [sys.executable, "-c", script, str(folder), json.dumps(config)]
    subprocess.run(command, check=True, capture_output=True)


def reprollm(*arguments: str) -> None:
    """Run a command of the package; stop where it fails."""
    subprocess.run([sys.executable, "-m", "reprollm", *arguments], check=True, capture_output=True)
