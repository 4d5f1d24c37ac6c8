"""Every family of models is pinned, shown, measured and run as the others are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from command import Run, runner
from families.conftest import OpenFamily
from reprollm.engines.protocol import Generation
from reprollm.engines.transformers import TransformersEngine
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.snapshot.lock import load_lock
from reprollm.snapshot.pin import pin
from tiny_families import EXPERTS, FAMILIES, LATENT, ROPE, WINDOW

NAMES = list(FAMILIES)
ROUTED = ["mixtral", "deepseek_v3"]
WEIGHTS = {
    "llama": "69bf10f556b280e4",
    "qwen3": "155ebf02f827f5aa",
    "gpt_neox": "fab5654fe56a7657",
    "gemma3": "530ccc9850144305",
    "mistral": "69bf10f556b280e4",
    "mixtral": "770c80d00c6f1bff",
    "phi3": "7103acb9543c960c",
    "olmo2": "6059ac4bf8857318",
    "deepseek_v3": "a778cd642694f821",
    "falcon": "fa8bcda29b6d74e9",
    "bloom": "c48a8e7faa4bb68c",
}
GREEDY, SAMPLED = ("0", "1"), ("1", "0.9")


def request(setting: tuple[str, str], length: int) -> Request:
    temperature, top_p = setting
    prompt = tuple(3 + byte for byte in (b"vnd er sprach: " * 4)[:length])
    name = hashlib.sha256(repr((setting, prompt)).encode()).hexdigest()
    return Request(name, prompt, Settings(temperature, 0, top_p, 8, (), (2,)), "0")


def bits(engine: TransformersEngine, asked: list[Request]) -> dict[str, tuple[object, ...]]:
    answers = [answer for batch in engine.generate(asked) for answer in batch]
    return {
        answer.request: (answer.output_ids, answer.logprobs.tobytes(), answer.margins.tobytes())
        for answer in answers
        if isinstance(answer, Generation)
    }


ASKED = [request(setting, length) for setting in (GREEDY, SAMPLED) for length in (5, 38)]


@pytest.fixture
def reprollm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_the_same_on_every_machine_sharded_or_not(
    name: str, families: Path, tmp_path: Path
) -> None:
    whole = pin(FAMILIES[name](tmp_path / name))
    assert whole.weights == load_lock(families / f"{name}.lock.json").weights
    assert whole.weights[:16] == WEIGHTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_pinned_family_is_shown(name: str, families: Path, reprollm: Run) -> None:
    shown = reprollm("model", "show", str(families / f"{name}.lock.json"))
    assert shown.code == 0
    assert load_lock(families / f"{name}.lock.json").weights in shown.out


@pytest.mark.parametrize("name", NAMES)
def test_what_memory_a_family_needs_is_said(name: str, families: Path, reprollm: Run) -> None:
    lock = families / f"{name}.lock.json"
    found = reprollm("model", "footprint", str(lock), "--context", "64", "--json")
    assert found.code == 0
    estimates = json.loads(found.out)["estimates"]
    assert {estimate["engine"] for estimate in estimates} == {"transformers", "vllm", "llamacpp"}
    cpu = next(estimate for estimate in estimates if estimate["place"] == "cpu")
    assert cpu["parts"]["weights"] == load_lock(lock).facts.weight_bytes
    assert cpu["parts"]["KV cache"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_greedy_and_seeded_answers_keep_every_bit_whoever_else_is_asked(
    name: str, opened: OpenFamily
) -> None:
    engine = opened(name)
    together = bits(engine, ASKED)
    assert len(together) == len(ASKED)
    assert bits(engine, ASKED[::-1]) == together
    alone = {key: value for asked in ASKED for key, value in bits(engine, [asked]).items()}
    assert alone == together
    ids = {request.request: together[request.request][0] for request in ASKED}
    assert ids[ASKED[1].request] != ids[ASKED[3].request]


@pytest.mark.parametrize("name", ROUTED)
def test_where_tokens_are_routed_to_experts_requests_are_asked_alone(
    name: str, opened: OpenFamily
) -> None:
    probe = opened(name)._probe
    assert probe is not None
    assert probe.least_rows == 0
    assert "routed to experts" in probe.note
    answers = [answer for batch in opened(name).generate(ASKED) for answer in batch]
    assert {answer.batch.rows for answer in answers if isinstance(answer, Generation)} == {1}


def test_inner_sizes_are_read_from_the_files(families: Path) -> None:
    shapes = {name: load_lock(families / f"{name}.lock.json").facts.shape for name in NAMES}
    gemma, mistral, mixtral = shapes["gemma3"], shapes["mistral"], shapes["mixtral"]
    latent = shapes["deepseek_v3"]
    assert gemma and mistral and mixtral and latent
    assert gemma.layer_types == ("sliding_attention", "full_attention") * 2
    assert mistral.sliding_window == gemma.sliding_window == WINDOW
    assert (mixtral.experts, mixtral.experts_per_token) == (EXPERTS, 2)
    assert (latent.kv_lora_rank, latent.qk_rope_head_dim) == (LATENT, ROPE)
