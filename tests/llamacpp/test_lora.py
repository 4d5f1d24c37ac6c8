"""A PEFT adapter does in llama.cpp what merging it into the weights does in transformers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gguf_models import converted
from llamacpp.test_convert import answers
from model_parts import alone, at
from reprollm.engines import transformers
from reprollm.engines.llamacpp import LlamaCppEngine, open_engine
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.llamacpp.lora import write_lora
from reprollm.snapshot.gguf import read_gguf
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.model import Model, load_model, locate_model
from reprollm.snapshot.pin import pin
from reprollm.snapshot.safetensors import read_header
from tiny_models import make_llama, make_qwen3, write_safetensors

Floats = NDArray[np.float32]
RANK, ALPHA = 4, 8
MODULES = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.down_proj")
CONFIG: Mapping[str, Any] = {
    "peft_type": "LORA",
    "r": RANK,
    "lora_alpha": ALPHA,
    "target_modules": ["q_proj", "k_proj", "v_proj", "down_proj"],
    "bias": "none",
    "base_model_name_or_path": "tiny",
    "task_type": "CAUSAL_LM",
}


def weights(folder: Path) -> dict[str, Floats]:
    path = folder / "model.safetensors"
    content = path.read_bytes()
    return {
        tensor.name: np.frombuffer(content[tensor.begin : tensor.end], "<f4").reshape(tensor.shape)
        for tensor in read_header(path, len(content), path.name)
    }


def write(path: Path, tensors: Mapping[str, Floats]) -> None:
    write_safetensors(
        path,
        {
            name: ("F32", list(v.shape), v.astype("<f4").tobytes())
            for name, v in sorted(tensors.items())
        },
    )


def adapter(folder: Path, base: Path, seed: int, **config: Any) -> dict[str, Floats]:
    """Write an adapter; return what it adds to each weight at scale 1."""
    folder.mkdir(parents=True)
    stream = np.random.Philox(key=seed)

    def draw(*shape: int) -> Floats:
        raw = stream.random_raw(int(np.prod(shape))) >> np.uint64(40)
        return (raw.astype(np.float32) * np.float32(2.0**-24) - np.float32(0.5)).reshape(shape)

    stored, added = {}, {}
    for name, values in weights(base).items():
        if not name.endswith(tuple(f"{module}.weight" for module in MODULES)):
            continue
        first, second = draw(RANK, values.shape[1]), draw(values.shape[0], RANK)
        module = name.removesuffix(".weight")
        stored[f"base_model.model.{module}.lora_A.weight"] = first
        stored[f"base_model.model.{module}.lora_B.weight"] = second
        added[name] = second @ first * np.float32(ALPHA / RANK)
    write(folder / "adapter_model.safetensors", stored)
    (folder / "adapter_config.json").write_text(json.dumps({**CONFIG, **config}))
    return added


def merged(base: Path, folder: Path, parts: Sequence[tuple[dict[str, Floats], float]]) -> Path:
    """Write the base with adapters added to its weights."""
    folder.mkdir()
    for file in base.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    changed = dict(weights(base))
    for added, scale in parts:
        changed |= {name: changed[name] + np.float32(scale) * v for name, v in added.items()}
    write(folder / "model.safetensors", changed)
    return folder


def opened(
    folder: Path, source: Path, adapters: Sequence[tuple[Path, str]]
) -> tuple[LlamaCppEngine, Model]:
    file = converted(source).file
    base = folder / "base.lock.json"
    write_lock(pin(file), base, replace=True)
    locks = []
    for path, scale in adapters:
        lock = folder / f"{path.name}.lock.json"
        write_lock(pin(path), lock, replace=True)
        locks.append((lock, scale))
    model = load_model(base, locks)
    settings = EngineSettings("llamacpp", "float32", "cpu", "strict", 4, context=256)
    return open_engine(locate_model(model), model, settings), model


@pytest.mark.parametrize("make", [make_llama, make_qwen3], ids=["llama", "qwen3"])
def test_adapters_in_order_and_scale_give_the_tokens_of_the_merged_model(
    tmp_path: Path, make: Any
) -> None:
    source = make(tmp_path / "source")
    one = adapter(tmp_path / "one", source, 1)
    two = adapter(tmp_path / "two", source, 2, use_rslora=True)
    two = {name: value * np.float32(np.sqrt(RANK)) for name, value in two.items()}
    whole = merged(source, tmp_path / "merged", [(one, 0.5), (two, 0.25)])
    settings = EngineSettings("transformers", "float32", "cpu", "strict", 8, context=256)
    theirs = transformers.open_engine(at(whole), alone(pin(whole)), settings)
    engine, model = opened(
        tmp_path, source, [(tmp_path / "one", "0.5"), (tmp_path / "two", "0.25")]
    )
    described = engine.describe()["adapters"]
    expected, given = answers(theirs, "transformers"), answers(engine, "llamacpp")
    plain = answers(opened(tmp_path / "..", source.rename(tmp_path / "again"), [])[0], "llamacpp")
    assert {k: v.output_ids for k, v in given.items()} == {
        k: v.output_ids for k, v in expected.items()
    }
    for request, answer in given.items():
        assert np.allclose(answer.logprobs, expected[request].logprobs, atol=1e-3)
        assert answer.output_ids != plain[request].output_ids
    assert isinstance(described, list)
    assert [(entry["snapshot"], entry["scale"]) for entry in described] == [  # type: ignore[index,call-overload]
        (part.lock.snapshot, part.scale) for part in model.adapters
    ]


def test_a_gguf_adapter_is_loaded_as_it_is(tmp_path: Path) -> None:
    source = make_llama(tmp_path / "source")
    adapter(tmp_path / "one", source, 1)
    header = converted(source, "f16").file
    made = tmp_path / "made"
    made.mkdir()
    write_lora(
        tmp_path / "one", read_gguf(header, header.stat().st_size, "m"), made / "adapter.gguf"
    )
    again = tmp_path / "again.gguf"
    write_lora(tmp_path / "one", read_gguf(header, header.stat().st_size, "m"), again)
    assert again.read_bytes() == (made / "adapter.gguf").read_bytes()
    engine, _ = opened(tmp_path, source, [(made, "1")])
    [entry] = engine.describe()["adapters"]  # type: ignore[union-attr,misc]
    engine.close()
    assert entry["gguf_sha256"] == hashlib.sha256(again.read_bytes()).hexdigest()  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"peft_type": "IA3"}, "expected a LoRA adapter without biases .*found 'IA3'"),
        ({"bias": "all"}, "expected a LoRA adapter without biases"),
        ({"use_dora": True}, "expected no use_dora"),
        ({"rank_pattern": {"q_proj": 8}}, "expected no rank_pattern"),
        ({"modules_to_save": ["lm_head"]}, "expected no modules_to_save"),
    ],
)
def test_what_llama_cpp_cannot_apply_is_refused(
    tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    source = make_llama(tmp_path / "source")
    adapter(tmp_path / "one", source, 1, **config)
    file = converted(source).file
    with pytest.raises(EngineUnavailable, match=message):
        write_lora(tmp_path / "one", read_gguf(file, file.stat().st_size, "m"), tmp_path / "x")


def test_matrices_of_unknown_modules_are_refused(tmp_path: Path) -> None:
    source = make_llama(tmp_path / "source")
    adapter(tmp_path / "one", source, 1)
    odd = {"base_model.model.model.layers.0.odd.lora_A.weight": np.ones((RANK, 64), np.float32)}
    write(tmp_path / "one" / "adapter_model.safetensors", odd)
    file = converted(source).file
    header = read_gguf(file, file.stat().st_size, "m")
    with pytest.raises(EngineUnavailable, match="matrices lora_A and lora_B of known modules"):
        write_lora(tmp_path / "one", header, tmp_path / "x")
    foreign = dataclasses.replace(header, metadata={})
    with pytest.raises(EngineUnavailable, match="expected a base of llama"):
        write_lora(tmp_path / "one", foreign, tmp_path / "x")
