"""Base64 in the one spelling that an encoder writes (RFC 4648, sections 3.5 and 4).

Decoders let stray characters, missing padding and set pad bits pass, so that one value would have
many texts. Here a text either is what encoding its bytes gives, or it is refused.
"""

from __future__ import annotations

import base64
import binascii


def encode(value: bytes) -> str:
    """Return the base64 text of `value`, padded, on one line."""
    return base64.b64encode(value).decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that `text` is the canonical base64 of.

    Raises:
        ValueError: the text is no base64, or not the canonical spelling of its bytes.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"expected base64, found {text[:80]!r}") from None
    if encode(value) != text:
        raise ValueError(f"expected base64 in its canonical spelling, found {text[:80]!r}")
    return value
