"""What is predicted follows from the model's sizes, and from what was measured."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command import Run, runner
from reprollm.footprint import activations, cache
from reprollm.footprint.demand import Demand, Sizes, sizes
from reprollm.footprint.estimate import Estimate
from reprollm.footprint.machines import footprint, smallest
from reprollm.snapshot.facts import Facts
from reprollm.snapshot.lock import Lock, load_lock, write_lock
from reprollm.snapshot.pin import pin
from reprollm.snapshot.shape import Shape
from tiny_families import make_deepseek_v3, make_gemma3, make_mixtral
from tiny_models import make_llama

GIB = 2**30

MEASURE = """
import sys, torch, weakref
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import AutoModelForCausalLM, DynamicCache

torch.set_num_threads(1)


class Follow(TorchDispatchMode):
    def __init__(self, own):
        super().__init__()
        self.own, self.alive, self.most = own, {}, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            storage = leaf.untyped_storage() if isinstance(leaf, torch.Tensor) else None
            if storage is None or storage._cdata in self.own or storage._cdata in self.alive:
                continue
            self.alive[storage._cdata] = storage.nbytes()
            weakref.finalize(storage, self.alive.pop, storage._cdata, None)
        self.most = max(self.most, sum(self.alive.values()))
        return out


def measure(folder, rows, tokens):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    held = model.state_dict()
    tied = model.lm_head.weight.nbytes if model.config.tie_word_embeddings else 0
    own = {t.untyped_storage()._cdata for t in [*model.parameters(), *model.buffers()]}
    mask = torch.ones(rows, tokens, dtype=torch.long)
    mask[:, 0] = 0
    cache, follow = DynamicCache(config=model.config), Follow(own)
    with torch.inference_mode(), follow:
        ids = torch.ones(rows, tokens, dtype=torch.long)
        model(ids, attention_mask=mask, past_key_values=cache, logits_to_keep=1)
    tensors = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
    kept = sum(tensor.untyped_storage().nbytes() for tensor in tensors)
    print(sum(t.nbytes for t in held.values()) - tied, kept, follow.most - kept, flush=True)


for folder in sys.argv[3:]:
    measure(folder, int(sys.argv[1]), int(sys.argv[2]))
"""


def pinned(folder: Path) -> Lock:
    write_lock(pin(folder), folder.with_suffix(".lock.json"), replace=True)
    return load_lock(folder.with_suffix(".lock.json"))


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Lock, list[int]]]:
    """Weights, KV cache and live activations of real forward passes of 4 rows of 96 tokens."""
    place = tmp_path_factory.mktemp("measured")
    folders = {
        "llama": make_llama(place / "llama", hidden=256, layers=4),
        "gemma3": make_gemma3(place / "gemma3", layers=8),
        "mixtral": make_mixtral(place / "mixtral", layers=4),
        "deepseek_v3": make_deepseek_v3(place / "deepseek_v3", layers=4),
    }
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "4", "96", *map(str, folders.values())],
        env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    return {
        name: (pinned(folder), line)
        for (name, folder), line in zip(folders.items(), lines, strict=True)
    }


@pytest.mark.parametrize("name", ["llama", "gemma3", "mixtral", "deepseek_v3"])
def test_predictions_are_within_a_tenth_of_what_torch_allocates(
    name: str, measured: dict[str, tuple[Lock, list[int]]]
) -> None:
    lock, (weights, kept, alive) = measured[name]
    found = sizes(lock.facts, name)
    layers = cache.layers(found, lock.facts.model_type)
    predicted = cache.cache_bytes(found, layers, 96, 96, 4, 4)
    assert lock.facts.weight_bytes == weights
    assert predicted == kept
    live = activations.prefill_bytes(found, lock.facts.model_type, 4, 96, 4)
    assert 0.9 * (kept + alive) <= predicted + live <= 1.1 * (kept + alive)


GROUPED = Sizes(32, 4096, 32, 8, 128, 128_000, 14_336, Shape())


def test_the_cache_of_well_known_models_is_what_their_authors_say() -> None:
    everywhere = cache.layers(GROUPED, "llama")
    assert cache.cache_bytes(GROUPED, everywhere, 8192, 0, 1, 2) == GIB
    latent = Shape(kv_lora_rank=512, qk_rope_head_dim=64)
    deepseek = Sizes(61, 7168, 128, 128, 128, 129_280, 18_432, latent)
    # DeepSeek-V3 keeps 70.272 kB of each token in 16 bits (arXiv 2505.09343, table 1).
    assert cache.cache_bytes(deepseek, cache.layers(deepseek, None), 1, 0, 1, 2) == 70_272


@pytest.mark.parametrize(
    ("model_type", "shape", "everywhere", "local"),
    [
        ("mistral", Shape(sliding_window=4096), 0, 32),
        ("gemma2", Shape(sliding_window=4096), 16, 16),
        ("gemma3_text", Shape(sliding_window=512), 5, 27),
        ("gemma3_text", Shape(sliding_window=512, sliding_window_pattern=4), 8, 24),
        ("gpt_oss", Shape(sliding_window=128, layer_types=("sliding_attention",) * 16
                          + ("full_attention",) * 16), 16, 16),
        ("llama", Shape(), 32, 0),
        ("hybrid", Shape(layer_types=("linear_attention",) * 24 + ("full_attention",) * 8), 8, 0),
    ],
)  # fmt: skip
def test_local_layers_keep_their_window_and_linear_ones_nothing(
    model_type: str, shape: Shape, everywhere: int, local: int
) -> None:
    found = cache.layers(dataclasses.replace(GROUPED, shape=shape), model_type)
    assert (found.everywhere, found.local) == (everywhere, local)


def test_quantized_weights_stay_packed_and_floats_are_cast(tmp_path: Path) -> None:
    stored = pinned(make_llama(tmp_path / "m", dtype="BF16"))
    by_dtype = {
        dtype: next(
            part.bytes
            for fit in footprint(stored, Demand(64, 1, dtype))
            for part in fit.estimate.parts
            if part.what == "weights" and fit.estimate.engine == "transformers"
        )
        for dtype in ("float32", "bfloat16")
    }
    assert by_dtype["bfloat16"] == stored.facts.weight_bytes
    assert by_dtype["float32"] == 2 * stored.facts.weight_bytes


def test_a_model_fits_the_smallest_machine_that_holds_it() -> None:
    def needing(size: int, share: int = 100) -> Estimate:
        from reprollm.footprint.estimate import Part

        return Estimate("vllm", "gpu", (Part("weights", size),), share, "formula", "")

    assert smallest(needing(8 * 10**9)) == 8
    assert smallest(needing(8 * 10**9 + 1)) == 16
    assert smallest(needing(24 * 10**9, share=90)) == 48
    assert smallest(needing(142 * 10**9)) is None


@pytest.fixture
def reprollm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_the_command_says_what_was_asked_and_what_is_only_computed(
    tmp_path: Path, reprollm: Run
) -> None:
    pinned(make_llama(tmp_path / "m"))
    lock = str(tmp_path / "m.lock.json")
    shown = reprollm("model", "footprint", lock, "--context", "128", "--batch", "4")
    assert shown.code == 0
    assert "128 tokens, batch 4, float32" in shown.out
    assert "formulas and documented constants alone" in shown.out
    assert "held against measurements" in shown.out
    found = json.loads(reprollm("model", "footprint", lock, "--json").out)
    assert found["context"] == 512
    assert {estimate["basis"] for estimate in found["estimates"]} == {"measured", "formula"}


def test_a_lock_that_does_not_say_the_sizes_is_refused(tmp_path: Path, reprollm: Run) -> None:
    folder = make_llama(tmp_path / "m")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del config["num_hidden_layers"]
    (folder / "config.json").write_text(json.dumps(config))
    pinned(folder)
    refused = reprollm("model", "footprint", str(tmp_path / "m.lock.json"))
    assert refused.code == 3
    assert "expected the model's layers in the lock" in refused.err


def test_facts_without_sizes_have_no_sizes() -> None:
    from reprollm.errors import InvalidInput

    with pytest.raises(InvalidInput, match="layers, hidden_size, heads, vocab_size"):
        sizes(Facts(), "nameless")
