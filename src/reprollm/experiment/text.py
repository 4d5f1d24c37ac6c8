"""Bytes of a file as text: in the encoding that was named, or not at all."""

from __future__ import annotations

import codecs

from reprollm.errors import DataInvalid

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EIGHT_BIT = "cp1252"


def decode(content: bytes, encoding: str, name: str) -> str:
    """Return `content` decoded strictly; nothing is replaced, dropped or normalised.

    Args:
        content: a whole file.
        encoding: a Python codec name.
        name: the file as messages name it.

    Raises:
        DataInvalid: there is no such encoding; the bytes are not in it, start with a byte order
            mark that it does not allow for, or hold a NUL character.
    """
    try:
        "".encode(encoding)
    except LookupError:
        raise DataInvalid(
            f"expected an encoding such as utf-8 or cp1252, found {encoding!r:.80}"
        ) from None
    mark = marked(content)
    if mark is not None and not _reads_mark(encoding, mark):
        raise DataInvalid(
            f"expected {encoding} text in {name}, found a byte order mark of {mark}; "
            f"write `encoding: {mark}` beside the file's name, or save it as UTF-8 without the mark"
        )
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        raise DataInvalid(_undecodable(content, encoding, name, error)) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataInvalid(
            f"expected text in {name}, found a NUL character in line {line}; the file is binary, "
            "damaged, or UTF-16 without a mark (write `encoding: utf-16-le`)"
        )
    return text


def marked(content: bytes) -> str | None:
    """Return the encoding that a file's byte order mark says; None where it begins with none."""
    return next((fit for mark, fit in _MARKS if content.startswith(mark)), None)


def _reads_mark(encoding: str, mark: str) -> bool:
    """Return whether the codec takes the byte order mark away."""
    return codecs.lookup(encoding).name == codecs.lookup(mark).name


def _undecodable(content: bytes, encoding: str, name: str, error: UnicodeError) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return f"expected {encoding} text in {name}, found other bytes: {error}"
    line = content.count(b"\n", 0, error.start) + 1
    found = f"found byte 0x{content[error.start]:02x} at offset {error.start} (line {line})"
    return (
        f"expected {encoding} text in {name}, {found}; if it comes from Windows or Excel write "
        f"`encoding: {_EIGHT_BIT}` beside the file's name, or save it as UTF-8"
    )
