"""llama.cpp's answers: whole, explicit, the same bits whatever else is asked."""

from __future__ import annotations

import dataclasses
import hashlib
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gguf_files import METADATA, TENSORS, Typed, Weights, gguf_bytes, text, texts, u32
from gguf_models import Converted
from llamacpp.conftest import Convert
from model_parts import alone, at
from reprollm.canon import dumps
from reprollm.engines import transformers
from reprollm.engines.llamacpp import LlamaCppEngine, open_engine
from reprollm.engines.llamacpp_exchange import (
    NEUTRAL,
    aligned,
    body,
    ignored,
    step_of,
    steps_body,
)
from reprollm.engines.protocol import Failure, Generation
from reprollm.errors import EngineUnavailable, SnapshotRefused
from reprollm.experiment.engine import EngineSettings
from reprollm.llamacpp.options import Options
from reprollm.llamacpp.server import LlamaServer, RequestRefused
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS, Settings
from reprollm.prompts.tokenize import load_tokenizer
from reprollm.snapshot.model import LocatedModel
from reprollm.snapshot.pin import pin
from tiny_models import make_llama

GREEDY = Settings("0", 0, "1", 24, (), (2,), SAMPLERS["llamacpp"])
SAMPLED = dataclasses.replace(GREEDY, temperature="0.9", top_k=40, top_p="0.95")
PLAIN = 3 + ord("!")


def asked(
    content: str = "vnd er ſprach", settings: Settings = GREEDY, repetition: int = 0
) -> Request:
    ids = (1, *(3 + byte for byte in content.encode()))
    name = hashlib.sha256(repr((ids, settings, repetition)).encode()).hexdigest()
    return Request(name, ids, settings, "0")


def many(settings: Settings = GREEDY, count: int = 9) -> list[Request]:
    return [asked(f"item {n} {'zu jhm ' * (n % 5)}", settings) for n in range(count)]


def answers(engine: Any, requests: Sequence[Request], policy: str | None = None) -> list[Any]:
    given = {
        answer.request: answer
        for batch in engine.generate(requests, policy=policy)
        for answer in batch
    }
    return [given[request.request] for request in requests]


def bits(given: Sequence[Generation]) -> list[tuple[object, ...]]:
    return [(g.output_ids, g.text, g.logprobs.tobytes(), g.margins.tobytes()) for g in given]


@pytest.fixture(scope="module")
def model(as_gguf: Convert) -> Converted:
    return as_gguf()


@pytest.fixture(scope="module")
def engine(model: Converted) -> Iterator[LlamaCppEngine]:
    opened = model.open()
    yield opened
    opened.close()


@pytest.fixture
def server(model: Converted) -> Iterator[LlamaServer]:
    started = LlamaServer(Options(model.file, "tiny", 256, kv_type="f32"))
    yield started
    started.close()


@pytest.mark.parametrize("settings", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_what_else_is_asked_changes_no_bit(engine: LlamaCppEngine, settings: Settings) -> None:
    requests = many(settings)
    once = bits(answers(engine, requests))
    assert bits(answers(engine, requests[::-1])[::-1]) == once
    assert bits([answer for r in requests for answer in answers(engine, [r])]) == once


def test_an_engine_of_several_slots_measures_the_strict_policy_to_the_same_bits(
    model: Converted, engine: LlamaCppEngine
) -> None:
    fast = model.open("fast", 3, threads=1)
    try:
        requests = many(SAMPLED)
        strict = answers(engine, requests)
        assert bits(answers(fast, requests, "strict")) == bits(strict)
        together = answers(fast, requests)
        assert [a.output_ids for a in together] == [a.output_ids for a in strict]
        assert {answer.batch.policy for answer in together} == {"fast"}
        assert {answer.batch.rows for answer in together} == {3}
    finally:
        fast.close()


@pytest.mark.parametrize("kind", ["f16", "q8_0"])
def test_the_context_that_is_allotted_changes_no_bit(as_gguf: Convert, kind: str) -> None:
    found = []
    for context in (256, 500):
        opened = as_gguf("llama", kind).open(dtype="float16", context=context)
        found.append(bits(answers(opened, many(count=4))))
        opened.close()
    assert found[0] == found[1]


def test_repetitions_draw_otherwise(engine: LlamaCppEngine) -> None:
    given = answers(engine, [asked(settings=SAMPLED, repetition=n) for n in range(4)])
    assert len({answer.output_ids for answer in given}) == 4


def test_every_token_has_a_log_probability_even_within_characters(
    engine: LlamaCppEngine, server: LlamaServer
) -> None:
    request = asked()
    [answer] = answers(engine, [request])
    raw = server.ask("/completion", body(request, (), 0))
    listed = raw["completion_probabilities"]
    assert tuple(raw["tokens"]) == answer.output_ids
    assert len(listed) < len(answer.output_ids) == len(answer.logprobs) == len(answer.margins)
    for place, step in enumerate(aligned(raw["tokens"], listed)):
        if step is not None:
            assert np.float32(step.logprob) == answer.logprobs[place]


def test_a_step_that_is_computed_again_gives_the_same_bits(server: LlamaServer) -> None:
    request = asked()
    raw = server.ask("/completion", body(request, (), 0))
    ids = raw["tokens"]
    steps = aligned(ids, raw["completion_probabilities"])
    for places in (list(range(len(ids) - 1, 0, -1)), [0]):
        again = server.ask("/completion", steps_body(request, ids, places, 0, 2, PLAIN))
        for place, found in zip(places, again if isinstance(again, list) else [again], strict=True):
            [entry] = found["completion_probabilities"]
            assert entry["id"] == PLAIN
            assert found["timings"]["prompt_n"] == (1 if place else len(request.prompt_ids))
            best = step_of(entry).best
            if (step := steps[place]) is not None:
                assert best == step.best
            assert entry["top_logprobs"][0]["id"] == ids[place]


def test_log_probabilities_of_unlikely_draws_are_found_too(engine: LlamaCppEngine) -> None:
    hot = dataclasses.replace(SAMPLED, temperature="9", top_k=0, top_p="1", max_tokens=60)
    for answer in answers(engine, many(hot, 4)):
        assert isinstance(answer, Generation)
        assert answer.logprobs.shape == (len(answer.output_ids),)
        assert (answer.logprobs < 0).all() and answer.logprobs.min() < -6


def test_a_step_is_asked_again_from_the_numbers_that_the_answer_was_drawn_from(
    engine: LlamaCppEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[tuple[int, int]] = []
    ask = LlamaServer.ask

    def watched(server: LlamaServer, path: str, sent: dict[str, Any] | None = None) -> Any:
        found = ask(server, path, sent)
        if sent and sent["cache_prompt"]:
            several = found if isinstance(found, list) else [found]
            computed.extend((sent["n_probs"], step["timings"]["prompt_n"]) for step in several)
        return found

    monkeypatch.setattr(LlamaServer, "ask", watched)
    hot = dataclasses.replace(SAMPLED, temperature="9", top_k=0, top_p="1", max_tokens=60)
    answers(engine, many(hot, 4))
    assert {listed for listed, _ in computed} == {1, 64, 320}
    assert {tokens for _, tokens in computed} == {1}


def test_steps_before_an_end_that_did_not_count_keep_their_bits(
    engine: LlamaCppEngine, server: LlamaServer
) -> None:
    settings = dataclasses.replace(GREEDY, stop_ids=(), max_tokens=60)
    compared = 0
    for request in (asked(f"{n}", settings) for n in range(40)):
        ids = server.ask("/completion", body(request, (), 0))["tokens"]
        if 1 < len(ids) < settings.max_tokens:
            places = list(range(len(ids) - 1, 0, -1))
            again = server.ask("/completion", steps_body(request, ids, places, 0, 2, PLAIN))
            alone = [step_of(found["completion_probabilities"][0]).best[0] for found in again]
            [answer] = answers(engine, [request])
            assert answer.logprobs[1 : len(ids)].tolist() == [np.float32(v) for v in alone[::-1]]
            compared += 1
    assert compared


def test_only_greedy_answers_have_margins(engine: LlamaCppEngine) -> None:
    [greedy, sampled] = answers(engine, [asked(), asked(settings=SAMPLED)])
    assert greedy.margins.shape == greedy.logprobs.shape and (greedy.margins >= 0).all()
    assert sampled.margins.shape == (0,) and sampled.margin is None


def test_an_end_that_only_the_file_declares_does_not_end_an_answer(
    engine: LlamaCppEngine, model: Converted
) -> None:
    settings = dataclasses.replace(GREEDY, stop_ids=(), max_tokens=60)
    requests = [asked(f"{n}", settings) for n in range(40)]
    theirs = transformers.open_engine(
        at(model.source),
        alone(pin(model.source)),
        EngineSettings("transformers", "float32", "cpu", "strict", 8, context=256),
    )
    given, expected = answers(engine, requests), answers(theirs, requests)
    theirs.close()
    assert any(2 in answer.output_ids[:-1] for answer in given)
    assert [a.output_ids for a in given] == [a.output_ids for a in expected]
    assert {a.finish for a in given} == {"length"}


def test_any_token_can_be_an_end(engine: LlamaCppEngine) -> None:
    [whole] = answers(engine, [asked()])
    last = whole.output_ids[7]
    settings = dataclasses.replace(GREEDY, stop_ids=(last,))
    [cut] = answers(engine, [asked(settings=settings)])
    assert cut.output_ids == whole.output_ids[: whole.output_ids.index(last) + 1]
    assert cut.finish == "stop" and len(cut.logprobs) == len(cut.output_ids)


def test_a_stop_text_is_cut_as_with_every_engine(engine: LlamaCppEngine) -> None:
    [whole] = answers(engine, [asked("the river")])
    stop = next(sign for sign in whole.text[2:] if sign.isascii() and sign.isprintable())
    settings = dataclasses.replace(GREEDY, stop=(stop,))
    [cut] = answers(engine, [asked("the river", settings)])
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish == "stop"
    assert bits([cut])[0][2] == whole.logprobs[: len(cut.output_ids)].tobytes()


def test_what_the_server_refuses_is_a_failure_of_that_request_alone(
    engine: LlamaCppEngine,
) -> None:
    bad = dataclasses.replace(asked(), request="ab" * 32, prompt_ids=(5, 70_000))
    long = dataclasses.replace(asked(), request="cd" * 32, prompt_ids=(5,) * 2000)
    found = answers(engine, [asked("one"), bad, long, asked("two")])
    assert [type(answer) for answer in found] == [Generation, Failure, Failure, Generation]
    assert found[1].reason == "RequestRefused" and "70000" not in found[1].message


def test_settings_that_were_not_used_as_sent_are_named() -> None:
    sent = body(asked(settings=SAMPLED), (), 0)
    effective = {**sent, "temperature": 0.8999999761581421, "top_p": 0.949999988079071}
    assert ignored(sent, effective) == []
    assert ignored(sent, {**effective, "min_p": 0.05, "seed": 1}) == ["min_p", "seed"]
    del effective["dry_multiplier"]
    assert ignored(sent, effective) == ["dry_multiplier"]


def test_the_server_really_uses_what_it_is_sent(server: LlamaServer) -> None:
    sent = body(asked(settings=SAMPLED), (), 0)
    effective = server.ask("/completion", sent)["generation_settings"]
    assert ignored(sent, effective) == []
    assert NEUTRAL.keys() <= effective.keys()


def test_entries_are_aligned_only_where_there_is_one_way() -> None:
    def entry(token: int) -> dict[str, Any]:
        return {"id": token, "logprob": -float(token), "top_logprobs": []}

    def places(ids: list[int], *tokens: int) -> list[int]:
        steps = aligned(ids, [entry(token) for token in tokens])
        return [place for place, step in enumerate(steps) if step is not None]

    assert places([7, 8, 9], 7, 8, 9) == [0, 1, 2]
    assert places([7, 8, 9], 7, 9) == [0, 2]
    assert places([7, 7, 9], 7, 9) == [2]
    assert places([7, 8, 7, 8], 7, 8) == []
    assert places([7, 8], 9) == []


def test_the_description_holds_what_could_change_an_answer(model: Converted) -> None:
    opened = model.open(dtype="bfloat16", kv_cache="q8_0", threads=2)
    try:
        described = opened.describe()
    finally:
        opened.close()
    dumps(described)
    assert described["trust"] == "owned"
    assert (described["kv_type"], described["flash_attention"]) == ("q8_0", True)
    assert (described["threads"], described["slots"]) == (2, 1)
    assert described["tensor_types"][0]["type"] == "F32"  # type: ignore[index]
    assert described["xllamacpp"] and described["instructions"]


def test_the_servers_name_carries_the_snapshot(model: Converted, engine: LlamaCppEngine) -> None:
    name = engine._server.ask("/props")["model_alias"]
    assert name == f"{model.lock.name}@{model.lock.snapshot}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dtype": "float32", "kv_cache": "q7"}, "type of llama.cpp's KV cache, found 'q7'"),
        ({"quantization": "int8"}, "no quantization to apply at load"),
        ({"device": "cuda"}, "a device that llama.cpp can compute on for 'cuda'"),
    ],
)
def test_what_llama_cpp_cannot_do_is_refused(
    model: Converted, settings: dict[str, Any], message: str
) -> None:
    wanted = {**vars(EngineSettings("llamacpp", "float32", "cpu", "strict", 1)), **settings}
    with pytest.raises(EngineUnavailable, match=message.replace(".", r"\.")):
        open_engine(model.located, model.model, EngineSettings(**wanted))


def test_a_model_without_gguf_is_refused_with_the_way_there(tmp_path: Path) -> None:
    folder = make_llama(tmp_path / "model")
    settings = EngineSettings("llamacpp", "float32", "cpu", "strict", 1)
    with pytest.raises(EngineUnavailable, match="reprollm model convert"):
        open_engine(at(folder), alone(pin(folder)), settings)


def test_a_file_that_llama_cpp_refuses_ends_in_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.gguf"
    letters = {**METADATA, "general.architecture": text("never_heard_of")}
    path.write_bytes(gguf_bytes(letters, TENSORS))
    lock = pin(path)
    with pytest.raises(EngineUnavailable, match="one that it refuses"):
        open_engine(
            LocatedModel((tmp_path,), "full", path),
            alone(lock),
            EngineSettings("llamacpp", "float32", "cpu", "strict", 1),
        )
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("llama.block_count", u32(0), r"llama\.block_count from 1 to 10000, found 0"),
        ("llama.block_count", u32(2**31), r"from 1 to 10000, found 2147483648"),
        ("llama.context_length", u32(0), r"llama\.context_length from 1 to"),
        ("llama.context_length", u32(2**32 - 1), r"from 1 to 2147483647, found 4294967295"),
        ("llama.attention.layer_norm_rms_epsilon", Typed(6, -1.0), "of at least 0, found -1.0"),
        ("llama.attention.layer_norm_rms_epsilon", Typed(6, float("nan")), "a finite number"),
        ("tokenizer.ggml.tokens", texts(*"aabcde"), "6 different tokens, found 5"),
    ],
)
def test_a_number_at_which_llama_cpp_would_abort_is_refused(
    tmp_path: Path, key: str, value: Typed, message: str
) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes({**METADATA, key: value}, TENSORS))
    located = LocatedModel((tmp_path,), "full", path)
    with pytest.raises(SnapshotRefused, match=message):
        load_tokenizer(located)
    with pytest.raises(SnapshotRefused, match=message):
        open_engine(
            located, alone(pin(path)), EngineSettings("llamacpp", "float32", "cpu", "strict", 1)
        )


def test_norms_that_llama_cpp_cannot_compute_with_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes(tensors={**TENSORS, "output_norm.weight": Weights("F16", (64,))}))
    with pytest.raises(SnapshotRefused, match=r"'output_norm\.weight' in F32, found F16"):
        load_tokenizer(LocatedModel((tmp_path,), "full", path))


def test_llama_cpp_stays_silent_and_leaves_signals_alone(
    model: Converted, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        opened = model.open()
        signal.raise_signal(signal.SIGTERM)
        answers(opened, many(count=2))
        opened.close()
    finally:
        signal.signal(signal.SIGTERM, before[1])
    assert heard == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGINT) is before[0]
    assert "".join(capfd.readouterr()) == ""


def test_the_files_chat_template_is_never_run(as_gguf: Convert, tmp_path: Path) -> None:
    model = as_gguf()
    content = model.file.read_bytes()
    template = (model.source / "chat_template.jinja").read_bytes()
    endless = b"{% for i in range(10**9) %}{% for j in range(10**9) %}{% endfor %}{% endfor %}{{"
    path = tmp_path / "m.gguf"
    path.write_bytes(content.replace(template, endless.ljust(len(template))))
    assert path.read_bytes() != content
    server = LlamaServer(Options(path, "tiny", 256))
    assert "im_start" in server.ask("/props")["chat_template"]
    server.close()


def test_nobody_else_can_enter_the_servers_folder(server: LlamaServer) -> None:
    assert server._folder.stat().st_mode & 0o077 == 0
    assert server._server.listening_address.startswith("unix:")
    with pytest.raises(RequestRefused):
        server.ask("/completion", {"prompt": [], "n_predict": 1})


def test_a_server_can_be_closed_as_soon_as_it_was_started(model: Converted) -> None:
    for _ in range(100):
        LlamaServer(Options(model.file, "tiny", 256)).close()


def test_a_server_that_was_closed_says_so(model: Converted) -> None:
    server = LlamaServer(Options(model.file, "tiny", 256))
    server.close()
    with pytest.raises(EngineUnavailable, match="it has stopped, start again"):
        server.ask("/props")
