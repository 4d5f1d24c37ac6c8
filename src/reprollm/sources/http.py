"""HTTP for both hubs: one client, replies turned into bytes, JSON or the right error.

Redirects to another host lose the token (httpx does so), and no message holds more of an address
than scheme, host and path, for the rest may be a signature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput, SourceFailed
from reprollm.sources.host import Interruption, denied

if TYPE_CHECKING:
    import httpx2

TIMEOUT_SECONDS = 60.0
MAX_JSON_BYTES = 64 * 1024 * 1024
_LATER = (408, 425, 429)


@cache
def client() -> httpx2.Client:
    """Return this process's client, which follows redirects and waits a minute for each reply."""
    import httpx2

    return httpx2.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS)


def get_json(
    http: httpx2.Client, url: str, headers: Mapping[str, str], what: str, token: str
) -> Any:
    """Return the JSON value at an address.

    Args:
        http: the client.
        url: the address.
        headers: with the token, if there is one.
        what: what is asked for, for messages.
        token: the environment variable of the token.

    Raises:
        InvalidInput: not there, or no permission.
        SourceFailed: no reply, or none that is JSON.
    """
    import httpx2

    try:
        with http.stream("GET", url, headers=dict(headers)) as reply:
            _refuse(reply.status_code, what, token)
            if reply.status_code != 200:
                raise SourceFailed(_failed(what, f"HTTP {reply.status_code}"))
            content = b""
            for chunk in reply.iter_bytes():
                content += chunk
                if len(content) > MAX_JSON_BYTES:
                    raise SourceFailed(_failed(what, f"more than {MAX_JSON_BYTES} bytes"))
        return httpx2.Response(200, content=content).json()
    except (httpx2.TransportError, httpx2.InvalidURL, httpx2.TooManyRedirects) as error:
        raise SourceFailed(_failed(what, type(error).__name__)) from None
    except (ValueError, RecursionError):
        raise SourceFailed(_failed(what, "something that is not JSON")) from None


@contextmanager
def open_bytes(
    http: httpx2.Client, url: str, headers: Mapping[str, str], offset: int, what: str, token: str
) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Open the bytes at an address from `offset` on; gives where they start, and the bytes.

    Raises:
        Interruption: the connection broke, or the server is busy.
        InvalidInput: not there, or no permission.
        SourceFailed: another reply, which will not change.
    """
    import httpx2

    asked = dict(headers) | {"Accept-Encoding": "identity"}
    if offset:
        asked["Range"] = f"bytes={offset}-"
    try:
        with http.stream("GET", url, headers=asked) as reply:
            _refuse(reply.status_code, what, token)
            if reply.status_code in _LATER or reply.status_code >= 500:
                raise Interruption(f"HTTP {reply.status_code}")
            if reply.status_code not in (200, 206):
                raise SourceFailed(_failed(what, f"HTTP {reply.status_code}"))
            start = _start(reply.headers.get("Content-Range"), reply.status_code)
            yield start, reply.iter_bytes()
    except (httpx2.TransportError, httpx2.InvalidURL, httpx2.TooManyRedirects) as error:
        raise Interruption(type(error).__name__) from None


def _start(content_range: str | None, status: int) -> int:
    """Return where a reply begins (RFC 9110, section 14.4: `bytes 5-9/10`)."""
    if status == 200:
        return 0
    first = (content_range or "").removeprefix("bytes ").partition("-")[0]
    if not first.isdecimal():
        raise Interruption("a partial reply that does not say where it begins")
    return int(first)


def _refuse(status: int, what: str, token: str) -> None:
    if status in (401, 403, 404):
        raise InvalidInput(denied(status, what, token))


def _failed(what: str, found: str) -> str:
    return f"expected {what} from the hub, found {found}; try again later, or another mirror"
