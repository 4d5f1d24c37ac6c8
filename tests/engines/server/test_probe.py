"""What a server does is seen before the first request of a plan, and refused where it must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engines.server.conftest import Open
from engines.server.standins import StandIn
from engines.server.test_kinds import request_of
from reprollm.errors import EngineUnavailable


def flawed(*flaws: str, kind: str = "openai") -> StandIn:
    return StandIn(kind, flaws=frozenset(flaws))


def test_a_seed_that_is_honoured_is_seen(open_on: Open) -> None:
    engine = open_on(flawed())
    assert engine.describe()["probe"]["seed"] == "request"  # type: ignore[index,call-overload]
    engine.accept([request_of("1")])


def test_a_seed_that_is_ignored_refuses_what_is_drawn_and_nothing_else(open_on: Open) -> None:
    engine = open_on(flawed("no_seed"))
    engine.accept([request_of("0")])
    with pytest.raises(EngineUnavailable, match="one seed gave two texts"):
        engine.accept([request_of("0"), request_of("1")])


def test_a_server_that_never_draws_is_seen(open_on: Open) -> None:
    engine = open_on(flawed("greedy"))
    with pytest.raises(EngineUnavailable, match="every draw at temperature 1 gave the same text"):
        engine.accept([request_of("1")])


def test_sglang_honours_seeds_in_its_deterministic_mode_only(open_on: Open) -> None:
    open_on(flawed("deterministic", kind="sglang")).accept([request_of("1")])
    with pytest.raises(EngineUnavailable, match="switch its deterministic mode on"):
        open_on(flawed(kind="sglang")).accept([request_of("1")])


def test_hidden_penalties_are_refused(open_on: Open) -> None:
    with pytest.raises(EngineUnavailable, match="penalties or overrides"):
        open_on(flawed("penalties"))


@pytest.mark.parametrize("kind", ["ollama", "openai", "koboldcpp", "sglang"])
def test_a_template_that_the_server_puts_around_is_refused(kind: str, open_on: Open) -> None:
    with pytest.raises(EngineUnavailable, match="another number of prompt tokens"):
        open_on(flawed("template", kind=kind))


def test_bits_that_move_refuse_the_strict_policy(open_on: Open) -> None:
    engine = open_on(flawed("wobbly", kind="sglang"))
    assert engine.capabilities.policies == ("fast",)
    with pytest.raises(EngineUnavailable, match=r"batch: \{policy: fast, size: 1\}"):
        engine.accept([request_of()])
    open_on(flawed("wobbly", kind="sglang"), batch_policy="fast").accept([request_of()])


def test_a_server_that_wants_a_key_says_which_setting_names_it(open_on: Open) -> None:
    with pytest.raises(EngineUnavailable, match="key_variable"):
        open_on(flawed(kind="tabbyapi"), key_variable=None)


def test_a_context_that_is_too_short_is_refused(open_on: Open) -> None:
    engine = open_on(flawed(kind="sglang"))
    request = request_of()
    long = replace(request, settings=replace(request.settings, max_tokens=4096))
    engine.accept([request])
    with pytest.raises(EngineUnavailable, match="context of at least 4103 tokens, found 4096"):
        engine.accept([request, long])


def test_a_server_that_fails_gives_a_sentence_without_its_words(open_on: Open) -> None:
    with pytest.raises(EngineUnavailable, match="HTTP status 500") as caught:
        open_on(flawed("fails"))
    assert "secret" not in str(caught.value)
