"""A server that is broken or hostile costs bounded time and memory, and gives one sentence."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from engines.server.standins import listening, send
from reprollm.engines.server.address import resolve
from reprollm.engines.server.client import BadReplyError, Client


def client_of(url: str) -> Client:
    return Client(resolve(url, "refused"))


@contextmanager
def speaking(reply: Callable[[socket.socket], None]) -> Iterator[Client]:
    """Accept connections and let `reply` write whatever it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(65536)
                        reply(connection)
                    except OSError:
                        pass

        threading.Thread(target=accept, daemon=True).start()
        yield client_of(f"http://127.0.0.1:{listener.getsockname()[1]}")


def reason(client: Client, **limits: float) -> str:
    with pytest.raises(BadReplyError) as caught:
        client.get("/", **{"seconds": 5.0, **limits})  # type: ignore[arg-type]
    return caught.value.reason


def test_values_come_back_with_their_status() -> None:
    with listening(lambda handler: send(handler, 418, b'{"a": [1]}')) as url:
        reply = client_of(url).get("/x")
    assert (reply.status, reply.value) == (418, {"a": [1]})


def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        handler.send_response(307)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with listening(elsewhere) as url:
        assert reason(client_of(url)) == "redirect"
    assert asked == ["/"]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with listening(lambda handler: send(handler, 200, b"{}")) as url:
        assert client_of(url).get("/").value == {}


def test_a_reply_larger_than_allowed_is_not_read() -> None:
    with listening(lambda handler: send(handler, 200, b"[" + b"0," * 5000 + b"0]")) as url:
        assert reason(client_of(url), size=1000) == "size"


def test_an_endless_body_ends() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with speaking(endless) as client:
        assert reason(client, size=100_000) == "size"


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"])
def test_a_server_that_drips_byte_by_byte_runs_out_of_time(head: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b" ")
            time.sleep(0.02)

    with speaking(drip) as client:
        assert reason(client, seconds=0.3) == "timeout"


def test_a_silent_server_runs_out_of_time() -> None:
    with speaking(lambda connection: time.sleep(1)) as client:
        assert reason(client, seconds=0.2) == "timeout"


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"no http at all\r\n\r\n", "malformed"), (b"", "unreachable")],
)
def test_what_is_no_http_is_said_to_be_none(content: bytes, found: str) -> None:
    with speaking(lambda connection: connection.sendall(content)) as client:
        assert reason(client) == found


def test_nesting_that_would_end_the_interpreter_is_refused() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    with listening(lambda handler: send(handler, 200, deep)) as url:
        assert reason(client_of(url)) == "malformed"


@pytest.mark.parametrize("content", [b"<html>", b"\xff\xfe", b'{"a": NaN}', b'{"a"', b"9" * 9000])
def test_what_is_not_json_has_no_value(content: bytes) -> None:
    with listening(lambda handler: send(handler, 200, content)) as url:
        assert client_of(url).get("/").value is None


def test_a_connection_that_idled_and_was_closed_is_opened_again() -> None:
    served: list[int] = []

    def once(handler: BaseHTTPRequestHandler) -> None:
        served.append(handler.client_address[1])
        send(handler, 200, b"{}")
        handler.close_connection = True

    with listening(once) as url:
        client = client_of(url)
        assert [client.get("/").status for _ in range(3)] == [200] * 3
    assert len(set(served)) == 3


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert reason(client_of(f"http://127.0.0.1:{port}")) == "unreachable"
