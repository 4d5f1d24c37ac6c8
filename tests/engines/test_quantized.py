"""Declared and applied quantization in memory: run on this machine's processor, and said so."""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from reprollm.canon import dumps
from reprollm.engines import applied
from reprollm.engines.applied import APPLIED
from reprollm.engines.protocol import Generation
from reprollm.engines.transformers import TransformersEngine
from reprollm.errors import EngineUnavailable
from reprollm.experiment.applicable import TRANSFORMERS
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.snapshot import pin
from reprollm.snapshot.safetensors import read_header
from tiny_models import write_safetensors
from tiny_quantized import GROUP, declare, make_quantized, rounded

PINS = Path(__file__).parents[2] / "envs" / "quantization.txt"
PROMPTS = [tuple(3 + byte for byte in text) for text in (b"vnd er sprach", b"der", b"also")]
CLASSES = {
    "bitsandbytes-int8": ("bitsandbytes.Linear8bitLt", "bitsandbytes.Int8Params int8"),
    "bitsandbytes-nf4": ("bitsandbytes.Linear4bit", "bitsandbytes.Params4bit uint8"),
    "bitsandbytes-nf4-double": ("bitsandbytes.Linear4bit", "bitsandbytes.Params4bit uint8"),
    "bitsandbytes-fp4": ("bitsandbytes.Linear4bit", "bitsandbytes.Params4bit uint8"),
    "torchao-int8wo": ("torch.Linear", "torchao.Int8Tensor float32"),
    "torchao-int8dyn": ("torch.Linear", "torchao.Int8Tensor float32"),
    "torchao-int4wo": ("torch.Linear", "torchao.IntxUnpackedToInt8Tensor float32"),
}


def settings(quantization: str | None = None, policy: str = "fast") -> EngineSettings:
    return EngineSettings("transformers", "float32", "cpu", policy, 4, quantization=quantization)


def request(prompt: tuple[int, ...], length: int = 8) -> Request:
    name = hashlib.sha256(repr((prompt, length)).encode()).hexdigest()
    return Request(name, prompt, Settings("0", 0, "1", length, (), (2,)), "0")


def answers(engine: TransformersEngine, prompts: list[tuple[int, ...]]) -> list[Generation]:
    asked = [request(prompt) for prompt in prompts]
    found = {each.request: each for batch in engine.generate(asked) for each in batch}
    kept = [found[each.request] for each in asked]
    assert all(isinstance(each, Generation) for each in kept)
    return [each for each in kept if isinstance(each, Generation)]


def bits(generations: list[Generation]) -> list[bytes]:
    return [each.logprobs.tobytes() for each in generations]


@pytest.fixture(scope="module")
def plain(models: Path) -> list[Generation]:
    return answers(TransformersEngine(models / "llama", settings()), PROMPTS)


def test_every_quantization_is_expected() -> None:
    assert CLASSES.keys() == APPLIED.keys()
    assert tuple(APPLIED) == TRANSFORMERS


@pytest.mark.parametrize("name", APPLIED)
def test_what_is_applied_while_loading_computes_and_is_described(
    name: str, models: Path, plain: list[Generation]
) -> None:
    engine = TransformersEngine(models / "llama", settings(name))
    first, second = answers(engine, PROMPTS), answers(engine, PROMPTS)
    assert bits(first) == bits(second)
    assert bits(first) != bits(plain)
    said: Any = engine.describe()["quantization"]
    dumps(said)
    assert (said["declared"], said["applied"]) == (None, name)
    module, weight = CLASSES[name]
    counted = {each["name"]: each["count"] for each in said["modules"]}
    assert counted[module] == (15 if module == "torch.Linear" else 14)
    assert {each["name"]: each["count"] for each in said["weights"]}[weight] == 14
    library = name.partition("-")[0]
    [version] = [each["version"] for each in said["libraries"] if each["name"] == library]
    assert version in (Path("envs/quantization.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["bitsandbytes-nf4", "torchao-int8wo"])
def test_quantized_answers_keep_their_bits_in_any_batch_under_the_strict_policy(
    name: str, models: Path
) -> None:
    engine = TransformersEngine(models / "llama", settings(name, "strict"))
    together = answers(engine, PROMPTS)
    assert bits([answers(engine, [prompt])[0] for prompt in PROMPTS]) == bits(together)


@pytest.mark.parametrize("name", ["bitsandbytes-int8", "bitsandbytes-nf4", "torchao-int8wo"])
def test_a_quantized_snapshot_is_pinned_and_answers_as_the_applied_quantization_did(
    name: str, models: Path, tmp_path: Path
) -> None:
    engine = TransformersEngine(models / "llama", settings(name))
    save(models / "llama", tmp_path, name)
    facts = pin(tmp_path).facts
    assert facts.quantization is not None
    assert facts.quantization.method == name.partition("-")[0]
    assert [check.verdict for check in facts.quantization_checks] == ["agrees"]
    assert facts.logical_parameters == 115008
    stored = TransformersEngine(tmp_path, settings())
    assert [each.output_ids for each in answers(stored, PROMPTS)] == [
        each.output_ids for each in answers(engine, PROMPTS)
    ]
    said: Any = stored.describe()["quantization"]
    assert (said["declared"]["method"], said["applied"]) == (name.partition("-")[0], None)


def save(source: Path, folder: Path, name: str) -> None:
    """Write what a library makes of the weights, before anything was computed with them."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    model = AutoModelForCausalLM.from_pretrained(
        source,
        dtype=torch.float32,
        device_map={"": "cpu"},
        quantization_config=applied.configuration(source, None, settings(name)),
    )
    model.save_pretrained(folder)


def test_a_compressed_tensors_snapshot_computes_with_the_weights_that_it_stores(
    models: Path, tmp_path: Path
) -> None:
    engine = TransformersEngine(make_quantized(tmp_path / "w4a16", "w4a16"), settings())
    found = answers(engine, PROMPTS)
    same = TransformersEngine(dequantized(models / "llama", tmp_path / "same"), settings())
    expected = answers(same, PROMPTS)
    assert [each.output_ids for each in found] == [each.output_ids for each in expected]
    for one, two in zip(found, expected, strict=True):
        assert np.allclose(one.logprobs, two.logprobs, atol=1e-4)
    said: Any = engine.describe()["quantization"]
    assert (said["declared"]["method"], said["applied"]) == ("compressed-tensors", None)
    assert [each["name"] for each in said["weights"]] == ["torch.Parameter float32"]


def test_a_snapshot_with_quantized_activations_runs_near_its_plain_weights(
    plain: list[Generation], tmp_path: Path
) -> None:
    engine = TransformersEngine(make_quantized(tmp_path, "w8a8"), settings())
    found = answers(engine, PROMPTS)
    assert bits(found) != bits(plain)
    for one, two in zip(found, plain, strict=True):
        assert one.output_ids[0] == two.output_ids[0]
        assert abs(float(one.logprobs[0] - two.logprobs[0])) < 0.2
    said: Any = engine.describe()["quantization"]
    assert (said["declared"]["scheme"], said["declared"]["bits"]) == ("int8", "8")


def dequantized(source: Path, folder: Path) -> Path:
    """Write plain weights with the values that four bits in groups stand for."""
    shutil.copytree(source, folder)
    file = folder / "model.safetensors"
    content = file.read_bytes()
    tensors = {}
    for tensor in read_header(file, len(content), file.name):
        values = np.frombuffer(content[tensor.begin : tensor.end], "<f4").reshape(tensor.shape)
        if tensor.name.endswith("_proj.weight"):
            codes, scales = rounded(values, 4, GROUP)
            values = codes.astype(np.float32) * np.repeat(scales, GROUP, axis=1)
        stored = values.astype("<f4").tobytes()
        tensors[tensor.name] = ("F32", list(tensor.shape), stored)
    write_safetensors(file, tensors)
    return folder


def test_fp8_weights_are_unpacked_where_no_kernel_is_and_the_description_says_so(
    tmp_path: Path,
) -> None:
    said: Any = TransformersEngine(make_quantized(tmp_path, "fp8"), settings()).describe()
    assert said["quantization"]["declared"]["scheme"] == "fp8_e4m3"
    [weights] = said["quantization"]["weights"]
    assert weights == {"name": "torch.Parameter float32", "count": 15}


def test_plain_weights_are_described_as_before(models: Path) -> None:
    assert TransformersEngine(models / "llama", settings()).describe()["quantization"] is None


def test_an_unknown_quantization_is_refused_with_those_there_are(models: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"bitsandbytes-nf4.*found 'q4_k_m'"):
        TransformersEngine(models / "llama", settings("q4_k_m"))


def test_a_quantized_snapshot_is_not_quantized_again(tmp_path: Path) -> None:
    make_quantized(tmp_path, "w8a8")
    with pytest.raises(EngineUnavailable, match="expected plain weights"):
        TransformersEngine(tmp_path, settings("bitsandbytes-nf4"))


def test_a_missing_library_is_named(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is installed here, so that its absence is what the lookup is made to find."""

    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(applied, "version", absent)
    with pytest.raises(EngineUnavailable, match=r"package torchao .*reprollm\[quantization\]"):
        TransformersEngine(models / "llama", settings("torchao-int8wo"))


def test_a_dtype_for_the_cache_is_refused(models: Path) -> None:
    asked = EngineSettings("transformers", "float32", "cpu", "fast", 4, kv_cache="fp8")
    with pytest.raises(EngineUnavailable, match="no dtype for the KV cache"):
        TransformersEngine(models / "llama", asked)


def test_a_model_without_all_its_tensors_is_refused(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "llama", tmp_path / "model")
    config = tmp_path / "model" / "config.json"
    value = json.loads(config.read_text(encoding="utf-8")) | {"num_hidden_layers": 3}
    config.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(EngineUnavailable, match=r"found 9 missing: .*layers\.2"):
        TransformersEngine(tmp_path / "model", settings())


def test_a_declaration_of_plain_weights_that_cannot_compute_is_refused(
    models: Path, tmp_path: Path
) -> None:
    shutil.copytree(models / "llama", tmp_path / "model")
    declare(tmp_path / "model", {"quant_method": "bitsandbytes", "load_in_8bit": True})
    with pytest.raises(EngineUnavailable, match="expected quantized weights"):
        TransformersEngine(tmp_path / "model", settings())


def test_what_is_applied_is_part_of_what_a_request_is(models: Path) -> None:
    asked = [None, "bitsandbytes-nf4", "torchao-int8wo"]
    assert [settings(name).numerics for name in asked] == [
        "float32",
        "float32+bitsandbytes-nf4",
        "float32+torchao-int8wo",
    ]
