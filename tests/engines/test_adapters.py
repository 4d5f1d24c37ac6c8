"""Adapters on a model in memory: they change answers, in their order and with their scales."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reprollm.canon import dumps
from reprollm.engines.protocol import Generation
from reprollm.engines.registry import open_engine
from reprollm.engines.transformers import TransformersEngine
from reprollm.errors import EngineUnavailable, SnapshotRefused
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.snapshot import pin
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.model import load_model, locate_model
from reprollm.snapshot.safetensors import read_header
from tiny_adapters import make_lora
from tiny_models import write_safetensors

FAST = EngineSettings("transformers", "float32", "cpu", "fast", 4)
PROMPTS = [tuple(3 + byte for byte in text) for text in (b"vnd er sprach", b"der", b"also")]


@pytest.fixture
def place(models: Path, tmp_path: Path) -> Path:
    """Return a folder with a pinned base and adapters `a1` and `a2` beside it."""
    shutil.copytree(models / "llama", tmp_path / "base")
    for seed in (1, 2):
        make_lora(tmp_path / f"a{seed}", seed=seed, base="org/base")
    for name in ("base", "a1", "a2"):
        write_lock(pin(tmp_path / name), tmp_path / f"{name}.lock.json", replace=False)
    return tmp_path


def opened(
    place: Path, *adapters: tuple[str, str], settings: EngineSettings = FAST
) -> TransformersEngine:
    asked = [(place / f"{name}.lock.json", scale) for name, scale in adapters]
    model = load_model(place / "base.lock.json", asked)
    engine = open_engine(locate_model(model), model, settings)
    assert isinstance(engine, TransformersEngine)
    return engine


def answers(engine: TransformersEngine) -> list[Generation]:
    asked = [
        Request(
            hashlib.sha256(repr(prompt).encode()).hexdigest(),
            prompt,
            Settings("0", 0, "1", 8, (), (2,)),
            "0",
        )
        for prompt in PROMPTS
    ]
    found = {each.request: each for batch in engine.generate(asked) for each in batch}
    kept = [found[each.request] for each in asked]
    return [each for each in kept if isinstance(each, Generation)]


def tokens(engine: TransformersEngine) -> list[tuple[int, ...]]:
    return [each.output_ids for each in answers(engine)]


def bits(engine: TransformersEngine) -> list[bytes]:
    return [each.logprobs.tobytes() for each in answers(engine)]


def test_an_adapter_changes_what_the_model_answers(place: Path) -> None:
    assert tokens(opened(place, ("a1", "1"))) != tokens(opened(place))


def test_an_adapter_of_scale_nought_changes_nothing(place: Path) -> None:
    assert bits(opened(place, ("a1", "0"))) == bits(opened(place))


def test_scales_and_further_adapters_change_the_numbers(place: Path) -> None:
    found = [
        bits(opened(place, *adapters))
        for adapters in (
            [("a1", "1")],
            [("a1", "0.5")],
            [("a2", "1")],
            [("a1", "1"), ("a2", "1")],
            [("a1", "1"), ("a2", "0.5")],
        )
    ]
    assert len({tuple(each) for each in found}) == len(found)


def test_an_adapter_is_the_product_of_its_matrices_added_to_the_weights(place: Path) -> None:
    merged = merge(place, ("a1", 1.0), ("a2", 0.5))
    expected = answers(TransformersEngine(merged, FAST))
    found = answers(opened(place, ("a1", "1"), ("a2", "0.5")))
    assert [each.output_ids for each in found] == [each.output_ids for each in expected]
    for one, two in zip(found, expected, strict=True):
        assert np.allclose(one.logprobs, two.logprobs, atol=1e-4)


def merge(place: Path, *adapters: tuple[str, float]) -> Path:
    """Write the base with `scale * alpha / rank * B A` of each adapter added to its weights."""
    folder = place / "merged"
    shutil.copytree(place / "base", folder)
    weights = arrays(folder / "model.safetensors")
    for name, scale in adapters:
        parts = arrays(place / name / "adapter_model.safetensors")
        for key in [key for key in parts if key.endswith(".lora_A.weight")]:
            product = parts[key.replace("lora_A", "lora_B")] @ parts[key]
            module = key.removeprefix("base_model.model.").replace(".lora_A", "")
            weights[module] = weights[module] + np.float32(scale * 16 / 8) * product
    encoded = {
        name: ("F32", list(values.shape), values.astype("<f4").tobytes())
        for name, values in weights.items()
    }
    write_safetensors(folder / "model.safetensors", encoded)
    return folder


def arrays(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {
        tensor.name: np.frombuffer(content[tensor.begin : tensor.end], "<f4").reshape(tensor.shape)
        for tensor in read_header(file, len(content), file.name)
    }


def test_the_description_names_the_adapters_in_their_order(place: Path) -> None:
    said: Any = opened(place, ("a2", "0.5"), ("a1", "1")).describe()
    dumps(said["adapters"])
    assert [(each["name"], each["scale"]) for each in said["adapters"]] == [
        ("a2", "0.5"),
        ("a1", "1"),
    ]
    assert said["adapters"][0]["base"].startswith("unchecked: ")
    assert "adapters" not in opened(place).describe()


def test_an_adapter_works_on_a_base_that_is_quantized_while_loading(place: Path) -> None:
    nf4 = dataclasses.replace(FAST, quantization="bitsandbytes-nf4")
    adapted = opened(place, ("a1", "1"), settings=nf4)
    assert tokens(adapted) != tokens(opened(place, settings=nf4))
    counted: Any = adapted.describe()["quantization"]
    assert sum(each["count"] for each in counted["weights"]) >= 15


def test_answers_with_adapters_keep_their_bits_under_the_strict_policy(place: Path) -> None:
    strict = EngineSettings("transformers", "float32", "cpu", "strict", 4)
    engine = opened(place, ("a1", "1"), ("a2", "1"), settings=strict)
    assert bits(engine) == bits(opened(place, ("a1", "1"), ("a2", "1"), settings=strict))
    asked = [
        Request(hashlib.sha256(bytes(prompt)).hexdigest(), prompt, settings, "0")
        for prompt, settings in zip(PROMPTS, [Settings("0", 0, "1", 8, (), (2,))] * 3, strict=True)
    ]
    together = {each.request: each for batch in engine.generate(asked) for each in batch}
    for one in asked:
        [[alone]] = list(engine.generate([one]))
        whole = together[one.request]
        assert isinstance(alone, Generation)
        assert isinstance(whole, Generation)
        assert alone.logprobs.tobytes() == whole.logprobs.tobytes()


def test_an_adapter_for_other_modules_is_refused(place: Path) -> None:
    make_lora(place / "deep", layers=3)
    write_lock(pin(place / "deep"), place / "deep.lock.json", replace=False)
    with pytest.raises(SnapshotRefused, match=r"model\.layers\.2\.mlp\.down_proj.*found none"):
        opened(place, ("deep", "1"))


@pytest.mark.parametrize(
    "config",
    [
        {"target_modules": ["q_proj"]},
        {"target_modules": ["q_proj", "down_proj", "v_proj"]},
        {"use_dora": True},
    ],
)
def test_an_adapter_that_holds_other_tensors_than_it_describes_is_refused(
    config: dict[str, Any], place: Path
) -> None:
    make_lora(place / "more", **config)
    write_lock(pin(place / "more"), place / "more.lock.json", replace=False)
    with pytest.raises(SnapshotRefused, match="to hold what its configuration describes"):
        opened(place, ("more", "1"))


def test_an_adapter_of_another_type_is_refused(place: Path) -> None:
    make_lora(place / "other", peft_type="IA3")
    write_lock(pin(place / "other"), place / "other.lock.json", replace=False)
    with pytest.raises(EngineUnavailable, match=r"types lora in .*, found 'ia3'"):
        opened(place, ("other", "1"))


def test_an_adapter_alone_is_no_model(place: Path) -> None:
    """transformers would load the base from wherever the adapter's configuration points."""
    config = json.loads((place / "base" / "config.json").read_text(encoding="utf-8"))
    (place / "a1" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(EngineUnavailable, match="found an adapter"):
        TransformersEngine(place / "a1", FAST)
