"""The engine on stand-ins: batches, failures, and what it says of itself."""

from __future__ import annotations

import json
import socket

import pytest

from engines.server.conftest import Open
from engines.server.standins import StandIn
from engines.server.test_kinds import request_of
from reprollm.canon import dumps
from reprollm.engines.batches import Batch
from reprollm.engines.protocol import Failure, Generation
from reprollm.errors import EngineUnavailable, SnapshotChanged
from reprollm.prompts.requests import Request


def test_strict_requests_are_asked_alone_and_fast_ones_together(open_on: Open) -> None:
    asked = [request_of(number=number) for number in range(5)]
    strict = list(open_on(StandIn("sglang")).generate(asked))
    assert [len(batch) for batch in strict] == [1] * 5
    engine = open_on(StandIn("sglang"), batch_policy="fast")
    fast = list(engine.generate(asked))
    assert [len(batch) for batch in fast] == [2, 2, 1]
    facts = [answer.batch for answer in fast[0] if isinstance(answer, Generation)]
    assert [(one.row, one.rows, one.policy) for one in facts] == [(0, 2, "fast"), (1, 2, "fast")]
    assert facts[0].id == facts[1].id == Batch(tuple(asked[:2]), 0, 0, "fast").id
    texts = [[answer.text for batch in run for answer in batch] for run in (strict, fast)]  # type: ignore[union-attr]
    assert texts[0] == texts[1]


def test_a_request_that_fails_is_asked_twice_and_becomes_a_failure(open_on: Open) -> None:
    server = StandIn("ollama")
    engine = open_on(server)
    server.flaws = frozenset({"fails"})
    before = len(server.asked)
    [[failed]] = engine.generate([request_of()])
    assert isinstance(failed, Failure)
    assert (failed.reason, len(server.asked) - before) == ("server_status", 2)
    assert "secret" not in failed.message


def test_a_failure_that_passes_leaves_an_answer(open_on: Open) -> None:
    server = StandIn("ollama")
    engine = open_on(server)
    server.flaws = frozenset({"fails"})

    class Once(list):  # type: ignore[type-arg]
        def append(self, body: object) -> None:
            super().append(body)
            server.flaws = frozenset() if len(self) > 1 else frozenset({"fails"})

    server.asked = Once()
    [[answer]] = engine.generate([request_of()])
    assert isinstance(answer, Generation)


def test_a_prompt_that_no_text_gives_is_a_failure(open_on: Open) -> None:
    engine = open_on(StandIn("ollama"))
    half = Request("1" * 64, (1, 3 + 0xC3), request_of().settings, "0")
    [[failed]] = engine.generate([half])
    assert isinstance(failed, Failure)
    assert failed.reason == "server_prompt"
    with pytest.raises(EngineUnavailable, match="takes token ids"):
        engine.accept([half])


def test_a_server_that_is_gone_ends_the_attempt(open_on: Open) -> None:
    server = StandIn("ollama")
    engine = open_on(server)
    engine._exchange.client.close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        object.__setattr__(
            engine._exchange.client, "address",
            type(engine._exchange.client.address)(
                "http", "127.0.0.1", taken.getsockname()[1], "", "127.0.0.1", True
            ),
        )  # fmt: skip
    with pytest.raises(EngineUnavailable, match="goes on where it stopped"):
        list(engine.generate([request_of()]))


def test_another_name_on_an_answer_is_another_model(open_on: Open) -> None:
    server = StandIn("openai", flaws=frozenset({"echo"}))
    engine = open_on(server)
    server.weights = "two"
    with pytest.raises(SnapshotChanged, match="'tiny', found one of 'another'"):
        list(engine.generate([request_of()]))


def test_the_description_is_canonical_and_says_what_it_rests_on(open_on: Open) -> None:
    told = open_on(StandIn("sglang")).describe()
    dumps(told)
    assert (told["family"], told["trust"], told["server"]) == ("server", "claimed", "sglang")
    assert told["canary"]["prompt_sha256"]  # type: ignore[index,call-overload]
    assert "127.0.0.1" not in json.dumps(told)


def test_a_server_here_exposes_nothing(open_on: Open) -> None:
    assert open_on(StandIn("openai")).exposure() is None


def test_bytes_stand_in_where_no_tokenizer_is_here(open_on: Open) -> None:
    server = StandIn("tgi")
    engine = open_on(server, claimed=True)
    prompt = "vnd ſo"
    request = Request("1" * 64, tuple(prompt.encode()), request_of().settings, "0")
    [[answer]] = engine.generate([request])
    assert isinstance(answer, Generation)
    assert server.asked[-1]["inputs"] == prompt
