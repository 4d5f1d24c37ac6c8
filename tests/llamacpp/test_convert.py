"""A converted model answers token by token as its source does in transformers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command import Run, runner
from gguf_models import CONTEXT, converted
from llamacpp.conftest import Convert
from model_parts import alone, at
from reprollm.engines import transformers
from reprollm.engines.protocol import Engine, Generation
from reprollm.errors import InvalidInput
from reprollm.experiment.engine import EngineSettings
from reprollm.llamacpp.convert import TYPES, convert
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS, Settings
from reprollm.snapshot.gguf import read_gguf
from reprollm.snapshot.lock import load_lock
from reprollm.snapshot.pin import pin
from reprollm.snapshot.safetensors import read_header
from tiny_families import make_gemma3, make_mistral
from tiny_models import make_gpt_neox, make_llama, make_qwen3, write_safetensors

PROMPTS = [tuple([1, *(3 + byte for byte in f"vnd er ſprach {n}".encode())]) for n in range(6)]
Make = Callable[..., Path]


def mistral(folder: Path) -> Path:
    return _configured(make_mistral(folder), sliding_window=None)


def qwen2(folder: Path) -> Path:
    """A Llama with biases on queries, keys and values, which is what Qwen2 is."""
    make_llama(folder)
    path = folder / "model.safetensors"
    content = path.read_bytes()
    tensors = {
        tensor.name: (tensor.dtype, list(tensor.shape), content[tensor.begin : tensor.end])
        for tensor in read_header(path, len(content), path.name)
    }
    draw = np.random.Philox(key=9)
    for name, (dtype, shape, _) in list(tensors.items()):
        if name.endswith(("q_proj.weight", "k_proj.weight", "v_proj.weight")):
            bias = (draw.random_raw(shape[0]) >> np.uint64(56)).astype("<f4") / np.float32(256)
            tensors[name.replace("weight", "bias")] = (dtype, shape[:1], bias.tobytes())
    write_safetensors(path, dict(sorted(tensors.items())))
    return _configured(folder, architectures=["Qwen2ForCausalLM"], model_type="qwen2")


def _configured(folder: Path, **values: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return folder


def _llama(**values: Any) -> Make:
    return lambda folder: make_llama(folder, **values)


def asked(family: str) -> list[Request]:
    settings = Settings("0", 0, "1", 24, (), (2,), SAMPLERS[family])
    return [
        Request(hashlib.sha256(repr(prompt).encode()).hexdigest(), prompt, settings, "0")
        for prompt in PROMPTS
    ]


def answers(engine: Engine, family: str) -> dict[str, Generation]:
    try:
        given = [answer for batch in engine.generate(asked(family)) for answer in batch]
    finally:
        engine.close()
    return {answer.request: answer for answer in given if isinstance(answer, Generation)}


@pytest.mark.parametrize(
    "make",
    [
        make_llama,
        _llama(tied=True),
        _llama(dtype="BF16", shards=3),
        _llama(hidden=128, layers=3),
        make_qwen3,
        qwen2,
        mistral,
    ],
    ids=["llama", "tied", "bfloat16-sharded", "wider", "qwen3", "qwen2", "mistral"],
)
def test_greedy_tokens_are_those_of_transformers(tmp_path: Path, make: Make) -> None:
    source = make(tmp_path / "model")
    settings = EngineSettings("transformers", "float32", "cpu", "strict", 8, context=CONTEXT)
    theirs = answers(
        transformers.open_engine(at(source), alone(pin(source)), settings), "transformers"
    )
    ours = answers(converted(source).open(), "llamacpp")
    assert ours.keys() == theirs.keys() and len(ours) == len(PROMPTS)
    for request, answer in theirs.items():
        assert ours[request].output_ids == answer.output_ids
        assert (ours[request].text, ours[request].finish) == (answer.text, answer.finish)
        assert np.allclose(ours[request].logprobs, answer.logprobs, atol=1e-4)
        assert np.allclose(ours[request].margins, answer.margins, atol=2e-4)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_stored_as_asked_and_answers(as_gguf: Convert, kind: str) -> None:
    model = as_gguf("llama", kind)
    assert model.lock.gguf is not None
    stored = {share.type for share in model.lock.gguf.types}
    assert stored == ({"F32"} if kind == "f32" else {"F32", kind.upper()})
    assert model.lock.gguf.file_type == kind.upper()
    assert len(answers(model.open(), "llamacpp")) == len(PROMPTS)


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (
        converted(make_llama(tmp_path / name / "model", shards=shards), "q8_0").file
        for name, shards in (("one", 1), ("two", 3))
    )
    assert one.read_bytes() == two.read_bytes()


def test_facts_stay_the_same(as_gguf: Convert) -> None:
    model = as_gguf()
    source, made = pin(model.source).facts, model.lock.facts
    same = (
        "parameters layers hidden_size heads kv_heads head_dim vocab_size context_length "
        "tied_embeddings eos_ids bos_id pad_id chat_template"
    )
    for name in same.split():
        assert getattr(made, name) == getattr(source, name), name


def test_numbers_are_those_of_the_source(tmp_path: Path) -> None:
    source = make_llama(tmp_path / "model", dtype="BF16")
    made = converted(source, "bf16")
    header = read_gguf(made.file, made.file.stat().st_size, "m")
    place = {tensor.name: tensor for tensor in header.tensors}["token_embd.weight"]
    stored = made.file.read_bytes()[place.begin : place.end]
    assert stored in (source / "model.safetensors").read_bytes()


def test_end_tokens_beyond_the_first_are_kept(tmp_path: Path) -> None:
    source = make_llama(tmp_path / "model")
    path = source / "generation_config.json"
    path.write_text(json.dumps({"bos_token_id": 1, "eos_token_id": [2, 40, 7]}))
    assert converted(source).lock.facts.eos_ids == (2, 7, 40)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_gpt_neox, r"found 'GPTNeoXForCausalLM'; llama\.cpp's convert_hf_to_gguf\.py"),
        (make_gemma3, "found 'Gemma3ForCausalLM'"),
        (make_mistral, "expected sliding_window None in config.json to convert, found 16"),
        (
            lambda folder: _configured(make_llama(folder), attention_bias=True),
            "expected attention_bias False",
        ),
        (
            lambda folder: _configured(
                make_llama(folder),
                rope_parameters={"rope_type": "yarn", "rope_theta": 1e4, "factor": 2.0},
            ),
            "expected a plain rotation",
        ),
    ],
    ids=["gpt_neox", "gemma3", "window", "bias", "rotation"],
)
def test_what_is_not_tested_is_refused_with_the_other_way(
    tmp_path: Path, make: Make, message: str
) -> None:
    source = make(tmp_path / "model")
    with pytest.raises(InvalidInput, match=message) as refused:
        convert(source, pin(source), tmp_path / "out.gguf", "f32")
    assert "--derived-from LOCK" in str(refused.value)
    assert not (tmp_path / "out.gguf").exists()


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    source = make_llama(tmp_path / "model")
    target = tmp_path / "out.gguf"
    target.write_bytes(b"mine")
    with pytest.raises(InvalidInput, match="expected no file at"):
        convert(source, pin(source), target, "f32")
    assert target.read_bytes() == b"mine"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_the_command_writes_a_lock_that_says_where_it_comes_from(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPROLLM_MODELS", str(tmp_path))
    make_llama(tmp_path / "tiny")
    run("model", "pin", str(tmp_path / "tiny"), "-o", str(tmp_path / "tiny.lock.json"))
    target = tmp_path / "tiny-q8_0.gguf"
    done = run(
        "model", "convert", str(tmp_path / "tiny.lock.json"), "-o", str(target), "--type", "q8_0"
    )
    assert done.code == 0, done.err
    source, made = (
        load_lock(tmp_path / "tiny.lock.json"),
        load_lock(target.with_suffix(".lock.json")),
    )
    assert made.derivation is not None
    [origin] = made.derivation.sources
    assert (origin.snapshot, origin.weights) == (source.snapshot, source.weights)
    assert made.derivation.tool == "reprollm model convert"
    assert dict((p.name, p.value) for p in made.derivation.parameters)["type"] == "q8_0"
    checked = run("model", "check", str(target.with_suffix(".lock.json")))
    assert checked.code == 0, checked.err


def test_a_file_made_by_another_tool_is_pinned_with_what_made_it(
    tmp_path: Path, run: Run, as_gguf: Convert, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = as_gguf("llama", "q8_0")
    monkeypatch.chdir(tmp_path)
    run("model", "pin", str(model.source), "-o", "source.lock.json")
    done = run(
        "model", "pin", str(model.file), "-o", "made.lock.json", "--derived-from",
        "source.lock.json", "--tool", "llama-quantize", "--tool-version", "b9999",
        "--parameter", "type=Q8_0",
    )  # fmt: skip
    assert done.code == 0, done.err
    derivation = load_lock(Path("made.lock.json")).derivation
    assert derivation is not None
    assert (derivation.tool, derivation.tool_version) == ("llama-quantize", "b9999")
    assert derivation.sources[0].snapshot == load_lock(Path("source.lock.json")).snapshot


def test_half_a_derivation_is_refused(run: Run, as_gguf: Convert) -> None:
    done = run("model", "pin", str(as_gguf().file), "--tool", "llama-quantize")
    assert done.code == 3
    assert "--derived-from, --tool and --tool-version together" in done.err
