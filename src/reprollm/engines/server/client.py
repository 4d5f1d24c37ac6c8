"""HTTP to one server: bounded in time, size and nesting; no redirects, no proxies, no surprises.

The standard library's client does just what is asked: it follows no redirect, reads no proxy from
the environment and keeps no cookies. What it does not bound is the time of a whole exchange, as a
server may send one byte a minute for ever; a clock beside it shuts the socket down then.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from reprollm.engines.server.address import Address

CONNECT_SECONDS = 10.0
FACT_SECONDS = 30.0
FACT_BYTES = 8 * 1024 * 1024


class BadReplyError(Exception):
    """A server did not answer as it should; the message quotes none of its words.

    `reason` is one of `unreachable`, `timeout`, `status`, `redirect`, `size` and `malformed`;
    `status` is the HTTP status, 0 where there was none.
    """

    def __init__(self, reason: str, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


@dataclass(frozen=True)
class Reply:
    """A server's answer: the HTTP status, the header `Server`, and the body's JSON value."""

    status: int
    software: str
    value: Any


class Client:
    """Speaks with one server; each thread has a connection of its own."""

    def __init__(self, address: Address, key: str | None = None) -> None:
        """Take the address and the API's key, which goes into one header and nowhere else."""
        self.address = address
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "reprollm",
        }
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._local = threading.local()

    def get(self, path: str, seconds: float = FACT_SECONDS, size: int = FACT_BYTES) -> Reply:
        """Return the reply to GET; see `post`."""
        return self._exchange("GET", path, None, seconds, size)

    def post(
        self,
        path: str,
        value: dict[str, Any],
        seconds: float = FACT_SECONDS,
        size: int = FACT_BYTES,
    ) -> Reply:
        """Return the reply to POST, whatever its status.

        Args:
            path: from the server's root, with a slash before it.
            value: sent as JSON.
            seconds: for the whole exchange.
            size: the largest body that is read, in bytes.

        Raises:
            BadReplyError: no or no whole reply in time, a redirect, a body too large, or a body
                that is not JSON.
        """
        return self._exchange("POST", path, json.dumps(value).encode("utf-8"), seconds, size)

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _exchange(
        self, method: str, path: str, body: bytes | None, seconds: float, size: int
    ) -> Reply:
        reused = getattr(self._local, "connection", None) is not None
        try:
            return self._once(method, path, body, seconds, size)
        except _Stale as stale:
            # A server may close a connection that idled; that says nothing of this request.
            if not reused:
                raise stale.error from None
        try:
            return self._once(method, path, body, seconds, size)
        except _Stale as stale:
            raise stale.error from None

    def _once(self, method: str, path: str, body: bytes | None, seconds: float, size: int) -> Reply:
        connection = self._connection(seconds)
        late = threading.Event()
        try:
            with _deadline(connection.sock, seconds, late):
                connection.request(method, self.address.prefix + path, body, self._headers)
                response = connection.getresponse()
                content = response.read(size + 1)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _failed(error, late.is_set(), seconds) from None
        if late.is_set():
            self.close()
            raise _too_late(seconds)
        if len(content) > size:
            self.close()
            raise BadReplyError("size", f"its reply is larger than {size} bytes")
        if response.will_close:
            self.close()
        if 300 <= response.status < 400:
            raise BadReplyError("redirect", "it redirects to another address", response.status)
        return Reply(response.status, response.getheader("Server", ""), _json(content))

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        """Return this thread's connection to the very peer that was judged."""
        known = getattr(self._local, "connection", None)
        if known is not None and known.sock is not None:
            return known  # type: ignore[no-any-return]
        address = self.address
        made = http.client.HTTPConnection(address.host, address.port)
        made.auto_open = 0
        try:
            plain = socket.create_connection(
                (address.peer, address.port), min(CONNECT_SECONDS, seconds)
            )
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.sock = plain
            if address.scheme == "https":
                context = ssl.create_default_context()
                made.sock = context.wrap_socket(plain, server_hostname=address.host)
        except ssl.SSLError as error:
            raise BadReplyError(
                "unreachable", f"its TLS certificate or protocol is refused ({error.reason})"
            ) from None
        except OSError as error:
            raise BadReplyError(
                "unreachable", f"no connection could be made ({_words(error)})"
            ) from None
        made.sock.settimeout(seconds)
        self._local.connection = made
        return made


class _Stale(Exception):
    """The server closed the connection before it replied."""

    def __init__(self, error: BadReplyError) -> None:
        super().__init__()
        self.error = error


@contextmanager
def _deadline(connected: socket.socket, seconds: float, late: threading.Event) -> Iterator[None]:
    """Shut a socket down after `seconds`, and say so in `late`."""

    def end() -> None:
        late.set()
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    connected.settimeout(seconds)
    clock = threading.Timer(seconds, end)
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _failed(error: OSError | http.client.HTTPException, late: bool, seconds: float) -> Exception:
    if late or isinstance(error, TimeoutError):
        return _too_late(seconds)
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return _Stale(BadReplyError("unreachable", "it closed the connection without a reply"))
    if isinstance(error, OSError):
        return BadReplyError("unreachable", f"the connection broke ({_words(error)})")
    return BadReplyError("malformed", f"its reply is not HTTP ({type(error).__name__})")


def _too_late(seconds: float) -> BadReplyError:
    return BadReplyError("timeout", f"no whole reply came within {seconds:.0f} seconds")


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except RecursionError:
        raise BadReplyError("malformed", "its reply is nested too deeply") from None
    except ValueError:
        return None


def _no_number(word: str) -> float:
    raise ValueError(word)
