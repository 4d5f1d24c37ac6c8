r"""The texts and numbers that some bytes can be read as: in the open, escaped, or encoded.

Read are: UTF-8, UTF-16 with a byte order mark, and encodings that the caller names; the escapes of
JSON and Python (`\u00df`, `\xdf`), of URLs (`%C3%9F`) and of HTML, with and without its tags;
base64 (RFC 4648, both alphabets, wrapped or not, begun at any of the four places) and hex; and
decimal numbers in a row. What is compressed or encrypted cannot be read and says so.
"""

from __future__ import annotations

import base64
import codecs
import html
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEPTH = 2
# gzip, zip, bzip2, xz, Zstandard, PDF
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"%PDF-")
_ESCAPE = re.compile(
    r"\\(?:u\{?[0-9a-fA-F]{4,6}\}?(?:\\u[0-9a-fA-F]{4})?|U[0-9a-fA-F]{8}|(?:x[0-9a-fA-F]{2}"
    r"(?:\\x[0-9a-fA-F]{2})*)|[\"\\/bfnrt'])"
)
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{32,128}\r?\n[ \t]*)*[A-Za-z0-9+/_-]{11,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :]?){8,}")
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])\d{1,10}(?:[^0-9A-Za-z]{1,8}\d{1,10}){7,}")
_NUMBER = re.compile(r"\d+")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def readings(content: bytes, encodings: Sequence[str] = ()) -> list[str]:
    """Return the texts that a file's bytes can be; none where it is no text in any encoding.

    Args:
        content: the whole file.
        encodings: those to try besides UTF-8 and UTF-16, as Python names them.
    """
    if content.startswith(_PACKED):
        return []
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _decoded(content, [name])
    if b"\0" in content:
        return _decoded(content, [name for name in encodings if "16" in name or "32" in name])
    return _decoded(content, ["utf-8", *encodings])


def spellings(text: str, depth: int = DEPTH) -> Iterator[str]:
    """Yield `text` and what it says when its escapes and encodings are undone, to a depth."""
    yield text
    if depth == 0:
        return
    for plain in _unescaped(text):
        if plain != text:
            yield from spellings(plain, depth - 1)
    for blob in blobs(text):
        hidden = blob.decode("utf-8", "ignore")
        if hidden:
            yield from spellings(hidden, depth - 1)
        if b"\0" in blob:
            yield blob.decode("utf-16-le", "ignore")
            yield blob.decode("utf-16-be", "ignore")


def blobs(text: str) -> Iterator[bytes]:
    """Yield the bytes that the base64 and hex in a text can stand for, at every alignment."""
    for match in _BASE64.finditer(text):
        run = "".join(match[0].split()).rstrip("=").translate(_URL_SAFE)
        for skipped in range(4):
            whole = run[skipped:]
            whole = whole[:-1] if len(whole) % 4 == 1 else whole
            yield base64.b64decode(whole + "=" * (-len(whole) % 4))
    for match in _HEX.finditer(text):
        digits = match[0].replace(" ", "").replace(":", "")
        for skipped in range(2):
            whole = digits[skipped:]
            yield bytes.fromhex(whole[: len(whole) // 2 * 2])


def numbers(text: str) -> Iterator[NDArray[np.uint32]]:
    """Yield the decimal numbers that stand in a row in a text, each row as an array."""
    for match in _NUMBERS.finditer(text):
        values = (int(number) for number in _NUMBER.findall(match[0]))
        yield np.array([value & 0xFFFFFFFF for value in values], np.uint32)


def words_of(content: bytes) -> Iterator[NDArray[np.uint32]]:
    """Yield bytes as little-endian uint32 values, from each of the four places they may begin."""
    for skipped in range(4):
        whole = (len(content) - skipped) // 4
        if whole > 0:
            yield np.frombuffer(content, "<u4", whole, skipped)


_URL_SAFE = str.maketrans("-_", "+/")


def _decoded(content: bytes, names: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        try:
            found.setdefault(content.decode(name))
        except (UnicodeError, LookupError):
            continue
    return list(found)


def _unescaped(text: str) -> Iterator[str]:
    if "\\" in text:
        yield _ESCAPE.sub(_character, text)
    if "%" in text:
        yield unquote(text.replace("+", " "))
        yield unquote(text)
    if "&" in text:
        yield html.unescape(text)
    if "<" in text:
        yield _TAG.sub("", text)
        yield _TAG.sub(" ", text)


def _character(match: re.Match[str]) -> str:
    escape = match[0]
    kind = escape[1]
    if kind == "x":
        return bytes.fromhex(escape.replace("\\x", "")).decode("utf-8", "replace")
    if kind not in "uU":
        return _SIMPLE.get(kind, kind)
    codes = [int(code, 16) for code in re.findall(r"[uU]\{?([0-9a-fA-F]+)", escape)]
    if any(code > 0x10FFFF for code in codes):
        return escape
    units = "".join(map(chr, codes))
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
