"""Bytes as text: what is not of the encoding is counted and becomes a separator."""

from __future__ import annotations

import codecs
from threading import local

_ERRORS = "reprollm-counted"
_counts = local()


def _count(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _counts.met = getattr(_counts, "met", 0) + 1
    return "\ufffd", error.end


codecs.register_error(_ERRORS, _count)


def _met() -> int:
    return int(getattr(_counts, "met", 0))


def decode(line: bytes, encoding: str) -> tuple[str, int]:
    """Return a text and how many byte sequences of it were not of the encoding."""
    before = _met()
    text = line.decode(encoding, _ERRORS)
    return text, _met() - before


class Decoder:
    """Decodes a text that comes in blocks.

    Attributes:
        undecodable: byte sequences so far that were not of the encoding.
    """

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
        self.undecodable = 0

    def decode(self, block: bytes, last: bool = False) -> str:
        """Return the text of the next block."""
        before = _met()
        text = self._decoder.decode(block, last)
        self.undecodable += _met() - before
        return text


def encoding_of(head: bytes, otherwise: str) -> str:
    """Return the encoding that a byte order mark at the beginning says, or the other one."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return otherwise
