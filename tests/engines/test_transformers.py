from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from model_parts import alone, at
from reprollm.canon import dumps
from reprollm.engines.protocol import Failure, Generation
from reprollm.engines.registry import open_engine
from reprollm.engines.transformers import TransformersEngine
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.snapshot.pin import pin

OpenEngine = Callable[..., TransformersEngine]

GREEDY = Settings("0", 0, "1", 12, (), (2,))
STRICT = EngineSettings("transformers", "float32", "cpu", "strict", 4)
PROMPT = tuple(3 + byte for byte in b"vnd er sprach")


def request(settings: Settings = GREEDY, prompt: tuple[int, ...] = PROMPT) -> Request:
    name = hashlib.sha256(repr((settings, prompt)).encode()).hexdigest()
    return Request(name, prompt, settings, "0")


def answer(engine: TransformersEngine, asked: Request) -> Generation:
    [[found]] = list(engine.generate([asked]))
    assert isinstance(found, Generation)
    return found


def edit(file: Path, **changes: Any) -> None:
    value = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**value, **changes}), encoding="utf-8")


@pytest.mark.parametrize("model", ["llama", "gpt_neox", "qwen3"])
def test_greedy_answers_are_those_of_a_plain_forward_pass(
    engine: OpenEngine, models: Path, model: str
) -> None:
    found = answer(engine(model=model), request())
    plain = AutoModelForCausalLM.from_pretrained(models / model, dtype=torch.float32).eval()
    ids, logprobs, margins = list(PROMPT), [], []
    with torch.inference_mode():
        for _ in range(12):
            logits = plain(torch.tensor([ids])).logits[0, -1].float()
            best = logits.topk(2).values
            ids.append(int(logits.argmax()))
            logprobs.append(float(logits.log_softmax(-1).max()))
            margins.append(float(best[0] - best[1]))
    assert list(found.output_ids) == ids[len(PROMPT) :]
    assert np.allclose(found.logprobs, logprobs, atol=1e-5)
    assert np.allclose(found.margins, margins, atol=1e-4)
    assert found.margin == found.margins[found.margin_step] == found.margins.min()
    assert found.finish == "length"


def test_the_stop_id_is_part_of_the_answer_and_not_of_its_text(engine: OpenEngine) -> None:
    whole = answer(engine(), request())
    stop = whole.output_ids[5]
    first = whole.output_ids.index(stop)
    found = answer(engine(), request(Settings("0", 0, "1", 12, (), (stop, 2))))
    assert found.output_ids == whole.output_ids[: first + 1]
    assert found.finish == "stop"
    assert len(found.logprobs) == first + 1


def test_special_tokens_are_no_text(engine: OpenEngine) -> None:
    loaded = engine()
    assert loaded._decode_text([*PROMPT, 2]) == "vnd er sprach"


def test_a_stop_text_ends_the_answer_and_is_cut_from_its_text(engine: OpenEngine) -> None:
    whole = answer(engine(), request())
    stop = next(character for character in whole.text if character != "\ufffd")
    found = answer(engine(), request(Settings("0", 0, "1", 12, (stop,), (2,))))
    assert found.text == whole.text[: whole.text.index(stop)]
    assert found.output_ids == whole.output_ids[: len(found.output_ids)]
    assert stop in engine()._decode_text(found.output_ids)
    assert found.finish == "stop"


def test_each_request_keeps_its_own_limit(engine: OpenEngine) -> None:
    asked = [request(Settings("0", 0, "1", limit, (), (2,))) for limit in (1, 5, 12)]
    found = {each.request: each for batch in engine().generate(asked) for each in batch}
    answers = [found[each.request] for each in asked]
    assert [len(each.output_ids) for each in answers if isinstance(each, Generation)] == [1, 5, 12]


def test_a_models_generation_defaults_change_nothing(
    engine: OpenEngine, models: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "opinionated"
    shutil.copytree(models / "llama", folder)
    plain = answer(engine(4), request())
    edit(
        folder / "generation_config.json",
        do_sample=True,
        temperature=7.5,
        top_k=3,
        top_p=0.2,
        min_p=0.3,
        repetition_penalty=5.0,
        no_repeat_ngram_size=1,
        suppress_tokens=list(plain.output_ids),
        begin_suppress_tokens=[plain.output_ids[0]],
        forced_bos_token_id=9,
        forced_eos_token_id=2,
        bad_words_ids=[[plain.output_ids[1]]],
        min_new_tokens=12,
        max_length=3,
        eos_token_id=[plain.output_ids[2]],
        num_beams=3,
        stop_strings=["e"],
        cache_implementation="static",
        use_cache=False,
        renormalize_logits=True,
        guidance_scale=2.0,
        watermarking_config={"greenlist_ratio": 0.25, "bias": 50.0},
    )
    found = answer(TransformersEngine(folder, STRICT), request())
    assert found.output_ids == plain.output_ids
    assert found.logprobs.tobytes() == plain.logprobs.tobytes()
    assert found.margins.tobytes() == plain.margins.tobytes()


def test_a_model_without_padding_or_bos_ids_works(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(models / "gpt_neox", folder)
    for file in ("config.json", "generation_config.json"):
        value = json.loads((folder / file).read_text(encoding="utf-8"))
        for name in ("pad_token_id", "bos_token_id", "eos_token_id"):
            value.pop(name, None)
        (folder / file).write_text(json.dumps(value), encoding="utf-8")
    edit(folder / "tokenizer_config.json", pad_token=None, bos_token=None, eos_token=None)
    found = answer(TransformersEngine(folder, STRICT), request(Settings("0", 0, "1", 12, (), ())))
    plain = answer(TransformersEngine(models / "gpt_neox", STRICT), request())
    assert found.output_ids == plain.output_ids
    assert found.logprobs.tobytes() == plain.logprobs.tobytes()


def test_a_batch_that_fails_is_asked_again_one_by_one(models: Path) -> None:
    engine = TransformersEngine(models / "llama", STRICT)
    unknown = request(prompt=(5, 6, 70_000))
    asked = [request(), unknown, request(prompt=(9, 9, 9))]
    [batch] = list(engine.generate(asked))
    answers = {each.request: each for each in batch}
    good, bad, other = (answers[each.request] for each in asked)
    assert isinstance(good, Generation) and isinstance(other, Generation)
    assert isinstance(bad, Failure)
    assert (bad.request, bad.reason) == (unknown.request, "IndexError")
    assert bad.message.startswith("raised in torch.")
    assert good.logprobs.tobytes() == answer(engine, request()).logprobs.tobytes()


def test_logits_that_are_no_numbers_are_a_failure_and_no_answer(models: Path) -> None:
    engine = TransformersEngine(models / "llama", STRICT)
    with torch.no_grad():
        engine._loaded.model.lm_head.weight[7] = torch.nan
    [[found]] = list(engine.generate([request()]))
    assert isinstance(found, Failure)
    assert found.reason == "not_finite"


def test_an_engine_describes_itself_in_canonical_json(engine: OpenEngine) -> None:
    described = engine(8, "bfloat16").describe()
    dumps(described)
    assert described["dtype"] == "bfloat16"
    assert described["parameter_dtypes"] == ["bfloat16"]
    assert described["attention"] == "sdpa"
    assert described["policy"] == "strict"
    assert described["threads"] == 1
    assert described["probe"]["least_rows"] >= 4  # type: ignore[index,call-overload]


def test_the_loaded_dtype_is_the_one_asked_for_whatever_the_files_hold(engine: OpenEngine) -> None:
    assert engine(8, "float16").describe()["parameter_dtypes"] == ["float16"]


@pytest.mark.parametrize("device", ["cuda", "cuda:7"])
def test_a_device_that_is_not_there_is_refused(models: Path, device: str) -> None:
    if torch.cuda.is_available() and device == "cuda":
        TransformersEngine(
            models / "llama", EngineSettings(*("transformers", "float32", device), "fast", 4)
        )
        return
    settings = EngineSettings("transformers", "float32", device, "fast", 4)
    with pytest.raises(EngineUnavailable, match=r"found (none|\d+ devices)"):
        TransformersEngine(models / "llama", settings)


def test_an_unknown_architecture_is_refused_in_one_sentence(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "strange"
    shutil.copytree(models / "llama", folder)
    edit(folder / "config.json", model_type="strange", architectures=["StrangeForCausalLM"])
    with pytest.raises(EngineUnavailable, match="strange") as refused:
        TransformersEngine(folder, STRICT)
    assert "\n" not in str(refused.value)


def test_remote_code_is_never_run(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "remote"
    shutil.copytree(models / "llama", folder)
    trace = tmp_path / "was-run"
    (folder / "modeling.py").write_text(f"open({str(trace)!r}, 'w')\n", encoding="utf-8")
    auto_map = {"AutoConfig": "modeling.Config", "AutoModelForCausalLM": "modeling.Model"}
    edit(folder / "config.json", model_type="mine", auto_map=auto_map)
    with pytest.raises(EngineUnavailable):
        TransformersEngine(folder, STRICT)
    assert not trace.exists()


def test_pickled_weights_are_never_loaded(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(models / "llama", folder)
    plain = AutoModelForCausalLM.from_pretrained(folder)
    torch.save(plain.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(EngineUnavailable, match="safetensors"):
        TransformersEngine(folder, STRICT)


def test_an_unknown_family_is_refused(models: Path) -> None:
    settings = EngineSettings("oracle", "float32", "cpu", "strict", 4)
    with pytest.raises(EngineUnavailable, match="oracle"):
        open_engine(at(models / "llama"), alone(pin(models / "llama")), settings)
