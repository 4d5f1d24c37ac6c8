"""Memory while a model is loaded, and what is given back to the system afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig

from reprollm.engines.loading_memory import give_back, has_experts, sparing

IN_TURN = "HF_DEACTIVATE_ASYNC_LOAD"
BLOCK, BLOCKS, HELD = 100_000, 2000, 50


def config(model_type: str, **fields: int) -> Any:
    return AutoConfig.for_model(model_type, **fields)


def anonymous() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    [line] = [line for line in lines if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize(
    ("model_type", "fields", "expected"),
    [
        ("mixtral", {}, True),
        ("deepseek_v3", {}, True),
        ("qwen3_moe", {}, True),
        ("mixtral", {"num_local_experts": 1}, False),
        ("llama", {}, False),
        ("gemma3_text", {}, False),
    ],
)
def test_routed_experts_are_seen_whatever_their_number_is_called(
    model_type: str, fields: dict[str, int], expected: bool
) -> None:
    assert has_experts(config(model_type, **fields)) is expected


@pytest.mark.parametrize("before", [None, "0", "1"])
def test_tensors_are_read_in_turn_only_while_a_model_with_experts_is_loaded(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(IN_TURN, raising=False)
    if before is not None:
        monkeypatch.setenv(IN_TURN, before)
    with sparing(config("llama")):
        assert os.environ.get(IN_TURN) == before
    with pytest.raises(RuntimeError), sparing(config("mixtral")):
        assert os.environ[IN_TURN] == "1"
        raise RuntimeError
    assert os.environ.get(IN_TURN) == before


def test_freed_memory_between_what_is_held_goes_back_to_the_system() -> None:
    blocks = [b"x" * (BLOCK + number % 7) for number in range(BLOCKS)]
    held = blocks[::HELD]
    blocks.clear()
    kept = anonymous()
    give_back()
    assert kept - anonymous() > BLOCK * BLOCKS // 2
    assert len(held) == BLOCKS // HELD
