"""Whatever a server replies, reading it ends in an answer or in one refusal of our own words."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.server.conftest import Open
from engines.server.standins import StandIn
from engines.server.test_kinds import request_of
from reprollm.canon import dumps
from reprollm.engines.protocol import Failure, Generation
from reprollm.engines.server.address import resolve
from reprollm.engines.server.client import BadReplyError, Client, Reply
from reprollm.engines.server.dialect import Answer, Dialect, Identity
from reprollm.engines.server.dialects import DIALECTS

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["stop", "length", "\ud800", "eos", "tiny"])
)
NAMES = st.sampled_from(
    "choices text finish_reason logprobs token_logprobs top_logprobs token_ids usage model "
    "response done_reason content tokens stop_type completion_probabilities id logprob results "
    "details generated_text meta_info output_ids output_token_logprobs type message data models "
    "digest parameters generation_settings samplers default_generation_settings n_ctx path "
    "model_path root version system_info info lora_names prompt_tokens timings cache_n".split()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)


class Saying(Client):
    """A client whose server replies with one value to everything."""

    def __init__(self, value: Any) -> None:
        super().__init__(resolve("http://127.0.0.1:9", "refused"))
        self._value = value

    def _exchange(self, *_: object) -> Reply:
        return Reply(200, "", self._value)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.kind)
@settings(max_examples=40)
@given(value=VALUES)
def test_any_reply_is_read_or_refused(dialect: Dialect, value: Any) -> None:
    with suppress(BadReplyError):
        answer = dialect.read(value)
        assert isinstance(answer, Answer)
        answer.text.encode("utf-8")
        dumps(answer.effective or {})
    client = Saying(value)
    assert dialect.recognise(client) in (True, False)
    with suppress(BadReplyError):
        identity = dialect.identify(client, "tiny")
        assert isinstance(identity, Identity)
        dumps(identity.facts)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'{"choices": [{"text": "\\ud800", "finish_reason": "stop"}], "model": "tiny"}',
        b'{"choices": [{"text": 7, "finish_reason": "stop"}], "model": "tiny"}',
        b'{"choices": [{"text": "a", "finish_reason": "content_filter"}], "model": "tiny"}',
        b"[" * 100_000,
        b'{"choices": "' + b"x" * 100_000,
    ],
)
def test_a_broken_reply_is_one_failure_in_our_own_words(content: bytes, open_on: Open) -> None:
    server = StandIn("openai")
    engine = open_on(server)
    found = engine._exchange.client
    found._once = lambda *_: Reply(200, "", _parsed(content))  # type: ignore[method-assign]
    [[failed]] = engine.generate([request_of()])
    assert isinstance(failed, Failure)
    assert "\n" not in failed.message
    assert "x" * 10 not in failed.message


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def test_an_answer_with_a_hostile_text_stays_a_text(open_on: Open) -> None:
    server = StandIn("openai")
    engine = open_on(server)
    hostile = {"choices": [{"text": "\x1b[2J\u202e", "finish_reason": "stop"}], "model": "tiny"}
    engine._exchange.client._once = lambda *_: Reply(200, "", hostile)  # type: ignore[method-assign]
    [[answer]] = engine.generate([request_of()])
    assert isinstance(answer, Generation)
    assert answer.output_ids == tuple("\x1b[2J\u202e".encode())
