"""Asking a time-stamping authority over HTTP (RFC 3161, section 3.4), only when the user says so.

What leaves the machine is the SHA-256 of a checkpoint's three lines and a nonce.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

from reprollm.errors import InvalidInput
from reprollm.signing.stamp import MAX_BYTES

VARIABLE = "REPROLLM_TSA_URL"
_SECONDS = 30
_QUERY = "application/timestamp-query"
_REPLY = "application/timestamp-reply"


def ask(url: str, request: bytes) -> bytes:
    """Send a request in DER and return the answer, unjudged.

    Raises:
        InvalidInput: the URL is none of HTTP, or what answers there is no such authority.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise InvalidInput(f"expected the authority's URL with http or https, found {url[:200]!r}")
    sent = urllib.request.Request(url, data=request, headers={"Content-Type": _QUERY})
    try:
        with urllib.request.urlopen(sent, timeout=_SECONDS) as answer:
            kind = answer.headers.get_content_type()
            content: bytes = answer.read(MAX_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise InvalidInput(
            f"expected a time stamp from {url}, found no answer: {reason}; try again later, or "
            "take --request-to and --response on a machine that reaches it"
        ) from None
    if kind != _REPLY or len(content) > MAX_BYTES:
        raise InvalidInput(
            f"expected {_REPLY} of at most {MAX_BYTES} bytes from {url}, found {kind} of "
            f"{len(content)} bytes; it is no time-stamping authority"
        )
    return content
