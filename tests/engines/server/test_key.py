from __future__ import annotations

import json
import logging

import pytest

from engines.server.conftest import Open
from engines.server.standins import KEY, StandIn
from engines.server.test_kinds import request_of
from reprollm.engines.protocol import Failure
from reprollm.engines.server.address import resolve
from reprollm.engines.server.key import read_key
from reprollm.errors import EngineUnavailable

LOCAL = resolve("http://127.0.0.1:9", "refused")


def test_a_key_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    assert read_key("A_KEY", LOCAL) == KEY
    assert read_key(None, LOCAL) is None


@pytest.mark.parametrize("value", ["", "two words", "line\nbreak", "ключ"])
def test_what_is_no_key_is_refused_and_not_shown(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", value)
    with pytest.raises(EngineUnavailable, match="A_KEY") as caught:
        read_key("A_KEY", LOCAL)
    assert not value or value not in str(caught.value)


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    with pytest.raises(EngineUnavailable, match="export A_KEY="):
        read_key("A_KEY", LOCAL)


def test_a_key_does_not_cross_a_network_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    with pytest.raises(EngineUnavailable, match="https"):
        read_key("A_KEY", resolve("http://192.0.2.7", "allowed"))
    assert read_key("A_KEY", resolve("https://192.0.2.7", "allowed")) == KEY


def test_a_key_goes_to_the_server_and_nowhere_else(
    open_on: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = StandIn("tabbyapi")
    engine = open_on(server)
    server.flaws = frozenset({"fails"})
    [[failed]] = engine.generate([request_of()])
    assert isinstance(failed, Failure)
    assert {key for _, key in server.seen} == {f"Bearer {KEY}"}
    told = json.dumps(engine.describe()) + caplog.text + failed.message + str(engine.exposure())
    assert KEY not in told
