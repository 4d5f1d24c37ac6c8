"""The test models are what they promise: the same bytes everywhere, loadable, and different."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_models import make_gpt_neox, make_llama, make_qwen3

WEIGHTS = {
    ("make_llama", "F32"): "e92aa233c6ebf3fd40f956cedc80bc1a03ae33a67f142b93e1cb6e2d3a662a8d",
    ("make_llama", "BF16"): "e077791bc1a343e9afd406813ae5de9af020d24099c5260d4d06ca76cb692a2c",
    ("make_llama", "F16"): "000705ff5b3ef5912f1a9ae32f7ffd962debbd62c299bc924504c975858a8d2d",
    ("make_gpt_neox", "F32"): "8f75457d02b958daff27ff9a5ec9d629df3ba2799f990451043347568dc49a56",
    ("make_qwen3", "F32"): "3e337eb959bf7652756c0948889cb25056cf9da70278f729d5e61e1c27dbde5f",
}
MAKERS = {maker.__name__: maker for maker in (make_llama, make_gpt_neox, make_qwen3)}

LOAD = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging
logging.disable_progress_bar()
torch.set_num_threads(1)
for folder in sys.argv[1:]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, report = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    wrong = {key: value for key, value in report.items() if value}
    text = "vnd er \\u017fprach"
    ids = tokenizer(text, return_tensors="pt")
    answer = model.generate(**ids, max_new_tokens=4, do_sample=False)
    same = tokenizer.decode(ids["input_ids"][0], skip_special_tokens=True) == text
    print(type(model).__name__, str(model.dtype), wrong, same, answer.shape[1] > 4)
"""


@pytest.mark.parametrize(("maker", "dtype"), WEIGHTS)
def test_weights_have_the_committed_hash_on_every_machine(
    maker: str, dtype: str, tmp_path: Path
) -> None:
    folder = MAKERS[maker](tmp_path, dtype=dtype)
    content = (folder / "model.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == WEIGHTS[maker, dtype]


def test_all_three_architectures_load_in_transformers_sharded_or_not(tmp_path: Path) -> None:
    folders = [
        make_llama(tmp_path / "llama"),
        make_llama(tmp_path / "llama-bf16", dtype="BF16", shards=3, tied=True),
        make_gpt_neox(tmp_path / "neox", shards=2),
        make_qwen3(tmp_path / "qwen3", dtype="BF16"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *map(str, folders)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "LlamaForCausalLM torch.float32 {} True True",
        "LlamaForCausalLM torch.bfloat16 {} True True",
        "GPTNeoXForCausalLM torch.float32 {} True True",
        "Qwen3ForCausalLM torch.bfloat16 {} True True",
    ]


@pytest.mark.parametrize("maker", MAKERS.values())
def test_another_seed_gives_other_weights(maker: Callable[..., Path], tmp_path: Path) -> None:
    one, other = maker(tmp_path / "one", seed=1), maker(tmp_path / "other", seed=2)
    file = "model.safetensors"
    assert (one / file).read_bytes() != (other / file).read_bytes()
    assert (one / "config.json").read_bytes() == (other / "config.json").read_bytes()
