"""A Llama in NumPy and float64, from the model's equations: what every engine must come near to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Llama:
    """A model read from a folder with one safetensors file in float32."""

    def __init__(self, folder: Path) -> None:
        self._config: dict[str, Any] = json.loads((folder / "config.json").read_text())
        self._weights = _read(folder / "model.safetensors")

    def adapt(self, folder: Path) -> None:
        """Add a LoRA adapter's product to the weights (Hu et al. 2021, arXiv 2106.09685)."""
        config: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text())
        tensors = _read(folder / "adapter_model.safetensors")
        for name, first in tensors.items():
            if name.endswith(".lora_A.weight"):
                second = tensors[name.replace("lora_A", "lora_B")]
                module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
                scaled = config["lora_alpha"] / config["r"] * (second @ first)
                self._weights[f"{module}.weight"] = self._weights[f"{module}.weight"] + scaled

    def greedy(self, prompt: Sequence[int], steps: int) -> tuple[list[int], Floats, Floats]:
        """Return the likeliest continuation, its log-probabilities and its margins."""
        ids, logprobs, margins = list(prompt), [], []
        for _ in range(steps):
            logits = self.logits(ids)
            second, best = np.sort(logits)[-2:]
            ids.append(int(logits.argmax()))
            logprobs.append(best - np.log(np.exp(logits - best).sum()) - best)
            margins.append(best - second)
        return ids[len(prompt) :], np.array(logprobs), np.array(margins)

    def logprobs(self, ids: Sequence[int]) -> Floats:
        """Return the log-probabilities of the token that follows, shape (vocabulary,)."""
        logits = self.logits(ids)
        shifted = logits - logits.max()
        result: Floats = shifted - np.log(np.exp(shifted).sum())
        return result

    def logits(self, ids: Sequence[int]) -> Floats:
        """Return the logits of the token that follows, shape (vocabulary,)."""
        hidden = self._weights["model.embed_tokens.weight"][list(ids)]
        for layer in range(self._config["num_hidden_layers"]):
            at = f"model.layers.{layer}."
            hidden = hidden + self._attend(at, self._norm(f"{at}input_layernorm", hidden))
            hidden = hidden + self._mix(at, self._norm(f"{at}post_attention_layernorm", hidden))
        result: Floats = self._weights["lm_head.weight"] @ self._norm("model.norm", hidden)[-1]
        return result

    def _norm(self, name: str, hidden: Floats) -> Floats:
        mean = (hidden**2).mean(-1, keepdims=True)
        scaled: Floats = hidden / np.sqrt(mean + self._config["rms_norm_eps"])
        return scaled * self._weights[f"{name}.weight"]

    def _heads(self, name: str, hidden: Floats) -> Floats:
        """Return a projection split into heads, (heads, tokens, width)."""
        projected = hidden @ self._weights[f"{name}.weight"].T
        return projected.reshape(len(hidden), -1, self._config["head_dim"]).swapaxes(0, 1)

    def _attend(self, at: str, hidden: Floats) -> Floats:
        queries = self._turn(self._heads(f"{at}self_attn.q_proj", hidden))
        keys = self._turn(self._heads(f"{at}self_attn.k_proj", hidden))
        values = self._heads(f"{at}self_attn.v_proj", hidden)
        share = len(queries) // len(keys)
        keys, values = keys.repeat(share, 0), values.repeat(share, 0)
        scores = queries @ keys.swapaxes(1, 2) / np.sqrt(self._config["head_dim"])
        scores += np.triu(np.full(scores.shape[1:], -np.inf), 1)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = weights / weights.sum(-1, keepdims=True) @ values
        joined: Floats = mixed.swapaxes(0, 1).reshape(len(hidden), -1)
        return joined @ self._weights[f"{at}self_attn.o_proj.weight"].T

    def _turn(self, heads: Floats) -> Floats:
        """Rotate each head's halves by the position (Su et al. 2021, arXiv 2104.09864)."""
        width = heads.shape[-1]
        base = self._config["rope_parameters"]["rope_theta"]
        angles = np.outer(np.arange(heads.shape[1]), base ** -(np.arange(0, width, 2) / width))
        first, second = heads[..., : width // 2], heads[..., width // 2 :]
        turned = (
            first * np.cos(angles) - second * np.sin(angles),
            second * np.cos(angles) + first * np.sin(angles),
        )
        return np.concatenate(turned, -1)

    def _mix(self, at: str, hidden: Floats) -> Floats:
        gate = hidden @ self._weights[f"{at}mlp.gate_proj.weight"].T
        up = hidden @ self._weights[f"{at}mlp.up_proj.weight"].T
        mixed: Floats = (gate / (1 + np.exp(-gate)) * up) @ self._weights[
            f"{at}mlp.down_proj.weight"
        ].T
        return mixed


def _read(file: Path) -> dict[str, Floats]:
    """Return the tensors of a safetensors file in float32, by name."""
    content = file.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + size]), content[8 + size :]
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*facts["data_offsets"])], "<f4")
        .reshape(facts["shape"])
        .astype(np.float64)
        for name, facts in header.items()
    }
