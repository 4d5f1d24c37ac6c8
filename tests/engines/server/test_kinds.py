"""Every kind of server is recognised, asked in its own way, and its answers read."""

from __future__ import annotations

import pytest

from engines.server.conftest import Open
from engines.server.standins import FIRST_BYTE, KEY, StandIn, serving
from reprollm.engines.protocol import Generation
from reprollm.engines.seeds import seed_of
from reprollm.engines.server.address import resolve
from reprollm.engines.server.client import Client
from reprollm.engines.server.dialects import DIALECTS
from reprollm.engines.server.dialects.llama_server import aligned
from reprollm.engines.server.fingerprint import find_kind
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import SERVER_KINDS
from reprollm.experiment.server_kinds import KINDS
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from tiny_models import BOS

TEXT = "vnd so"
PROMPT = (BOS, *(FIRST_BYTE + byte for byte in TEXT.encode()))
SPOKEN = ("ollama", "lmstudio", "koboldcpp", "text-generation-webui", "tabbyapi", "tgi", "sglang")
STANDING = (*SPOKEN, "mistralrs", "openwebui", "openai")
NEUTRAL = {
    "min_p": 0,
    "repeat_penalty": 1,
    "repetition_penalty": 1,
    "rep_pen": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "typical_p": 1,
    "typical": 1,
    "tfs": 1,
    "top_a": 0,
    "mirostat": 0,
    "mirostat_mode": 0,
    "dry_multiplier": 0,
    "xtc_probability": 0,
    "encoder_repetition_penalty": 1,
    "no_repeat_ngram_size": 0,
    "guidance_scale": 1,
    "smoothing_factor": 0,
}
"""Settings that change nothing, by their names on various servers."""


def request_of(temperature: str = "0", number: int = 1, stop: tuple[str, ...] = ()) -> Request:
    settings = Settings(temperature, 0, "1", 6, stop, (2,), "server/1")
    return Request(f"{number:064x}", PROMPT, settings, "0")


@pytest.mark.parametrize("kind", STANDING)
def test_a_server_is_recognised_whatever_it_answers_for(kind: str) -> None:
    with serving(StandIn(kind)) as server:
        client = Client(resolve(server.url, "refused"), KEY)
        assert find_kind(client) == kind
        client.close()


@pytest.mark.parametrize("kind", STANDING)
def test_answers_come_back_whole(kind: str, open_on: Open) -> None:
    server = StandIn(kind)
    engine = open_on(server, trust="claimed")
    [[answer]] = engine.generate([request_of()])
    assert isinstance(answer, Generation)
    assert len(answer.text) == 6
    assert answer.finish == "length"
    if KINDS[kind].token_ids:
        assert answer.output_ids == tuple(FIRST_BYTE + byte for byte in answer.text.encode())
        assert answer.logprobs.shape == (6,)
    else:
        assert answer.output_ids == tuple(answer.text.encode())
        assert answer.logprobs.shape == (0,)


@pytest.mark.parametrize("kind", SPOKEN)
def test_every_setting_is_sent_the_neutral_ones_too(kind: str, open_on: Open) -> None:
    server = StandIn(kind)
    list(open_on(server).generate([request_of()]))
    body = server.asked[-1]
    sent = {**body, **body.get("options", {}), **body.get("sampling_params", {})}
    sent |= body.get("parameters", {})
    known = {name: value for name, value in NEUTRAL.items() if name in sent}
    assert len(known) >= 1
    assert {name: sent[name] for name in known} == known


@pytest.mark.parametrize("kind", [kind for kind in STANDING if KINDS[kind].seed == "request"])
def test_a_drawn_request_carries_its_own_seed(kind: str, open_on: Open) -> None:
    server = StandIn(kind, flaws=frozenset({"deterministic"}))
    engine = open_on(server)
    asked = [request_of("1", number) for number in (1, 2)]
    engine.accept(asked)
    list(engine.generate(asked))
    seeds = [seed_of(request.request) for request in asked]
    for body, seed in zip(server.asked[-2:], seeds, strict=True):
        assert str(seed) in str(body)


@pytest.mark.parametrize("kind", ["ollama", "tgi", "koboldcpp", "openai"])
def test_a_server_that_takes_text_gets_it_without_the_token_that_it_adds(
    kind: str, open_on: Open
) -> None:
    server = StandIn(kind)
    list(open_on(server).generate([request_of()]))
    body = server.asked[-1]
    assert body.get("prompt", body.get("inputs")) == TEXT
    if kind == "ollama":
        assert body["raw"] is True
        assert body["options"]["num_ctx"] == 100


def test_a_server_that_takes_ids_gets_the_plan_s(open_on: Open) -> None:
    server = StandIn("sglang")
    list(open_on(server).generate([request_of()]))
    assert server.asked[-1]["input_ids"] == list(PROMPT)


def test_a_stop_text_that_the_server_leaves_is_cut(open_on: Open) -> None:
    engine = open_on(StandIn("ollama"))
    [[whole]] = engine.generate([request_of()])
    assert isinstance(whole, Generation)
    [[answer]] = engine.generate([request_of(stop=(whole.text[3],))])
    assert isinstance(answer, Generation)
    assert (answer.text, answer.finish) == (whole.text[: whole.text.index(whole.text[3])], "stop")


def test_another_kind_than_declared_is_refused(open_on: Open) -> None:
    server = StandIn("koboldcpp")
    with pytest.raises(EngineUnavailable, match="kind ollama, found one of kind koboldcpp"):
        open_on(server, kind="ollama")
    assert not server.asked


def test_a_server_without_completions_is_asked_by_chat_and_says_so(open_on: Open) -> None:
    engine = open_on(StandIn("chat"), claimed=True)
    assert engine.describe()["template"] == "the server's own"
    request = Request("1" * 64, tuple(TEXT.encode()), request_of().settings, "0")
    [[answer]] = engine.generate([request])
    assert isinstance(answer, Generation)
    assert not engine.capabilities.prompt_ids


def test_the_model_of_a_cloud_is_refused(open_on: Open) -> None:
    with pytest.raises(EngineUnavailable, match="sends requests for 'tiny' elsewhere"):
        open_on(StandIn("ollama", flaws=frozenset({"cloud"})))


def test_log_probabilities_are_aligned_where_the_server_leaves_tokens_out() -> None:
    assert aligned((7, 8, 9), [(7, -1.0), (9, -3.0)]) == (-1.0, None, -3.0)
    assert aligned((7, 7, 9), [(7, -1.0), (9, -3.0)]) == (None, None, -3.0)
    assert aligned((7, 8), [(8, -2.0), (7, -1.0), (7, -1.0)]) == (None, None)


def test_every_kind_of_the_experiment_has_promises_and_a_dialect() -> None:
    assert set(SERVER_KINDS) == set(KINDS) == {dialect.kind for dialect in DIALECTS}
