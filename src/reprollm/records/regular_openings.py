"""Lines of openings files, read piece by piece instead of by a JSON parser.

An entry's keys are few and in a fixed order, so that each piece is found by its place. What is read
was compared with what would be written for it: the salt and the base64 are coded again, a text with
escapes is quoted again. A line that is otherwise is left to the long way, `sealed`, which also says
what is wrong with it.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from json.decoder import scanstring  # type: ignore[attr-defined]
from json.encoder import encode_basestring

from reprollm.records.commitment import Opening, Withheld
from reprollm.records.kinds import COMMITTED_FIELDS, TEXT_FIELDS

_OPENINGS = re.compile(r'\{"leaf":"([0-9a-f]{64})","openings":\[')
# What stands between the varying parts of an entry.
_FIELD = '{"field":"'
_BASE64 = '{"base64":"'
_MIDDLE = '","field":"'
_SALT = '","salt":"'
_VALUE = ',"text":'
_SALT_DIGITS = 64
_quote = encode_basestring


def regular_openings(line: bytes) -> tuple[str, tuple[Opening | Withheld, ...]] | None:
    """Return leaf hash (hex) and openings of a line of an openings file; None for an odd line.

    Whatever is returned was written by `sealed.openings_line`, or is spelled as if it were.
    """
    try:
        text = line.decode()
        head = _OPENINGS.match(text)
        if head is None:
            return None
        place, found = head.end(), []
        while True:
            opening, place = (_text if text.startswith(_FIELD, place) else _bytes)(text, place)
            found.append(opening)
            if text[place] != ",":
                break
            place += 1
    except (ValueError, IndexError):
        return None
    return (head[1], tuple(found)) if text[place:] == "]}" else None


def _text(text: str, place: int) -> tuple[Opening | Withheld, int]:
    """Return the opening with a text that begins at `place`, or a withheld one, and its end.

    Raises:
        ValueError, IndexError: it is not there, or not in canonical form.
    """
    start = place + len(_FIELD)
    end = text.index('"', start)
    field = text[start:end]
    salt, end = _salt(text, end)
    if text[end] == "}" and field in COMMITTED_FIELDS:
        return Withheld(field, salt), end + 1
    start = end + len(_VALUE)
    if field not in TEXT_FIELDS or text[end:start] != _VALUE or text[start] != '"':
        raise ValueError
    value, end = scanstring(text, start + 1)
    # What an escape stands for is shorter than the escape.
    if (len(value) != end - start - 2 and _quote(value) != text[start:end]) or text[end] != "}":
        raise ValueError
    return Opening(field, salt, value.encode()), end + 1


def _bytes(text: str, place: int) -> tuple[Opening, int]:
    """Return the opening with coded bytes that begins at `place`, and its end.

    The code is canonical base64 (RFC 4648, sections 3.5 and 4).

    Raises:
        ValueError, IndexError: it is not there, or not in canonical form.
    """
    start = place + len(_BASE64)
    end = text.index('"', start)
    coded = text[start:end]
    value = a2b_base64(coded)
    if b2a_base64(value, newline=False) != coded.encode("ascii"):
        raise ValueError
    if text[place:start] != _BASE64 or not text.startswith(_MIDDLE, end):
        raise ValueError
    start = end + len(_MIDDLE)
    end = text.index('"', start)
    field = text[start:end]
    salt, end = _salt(text, end)
    if field in TEXT_FIELDS or field not in COMMITTED_FIELDS or text[end] != "}":
        raise ValueError
    return Opening(field, salt, value), end + 1


def _salt(text: str, place: int) -> tuple[bytes, int]:
    """Return the salt whose key begins at `place`, and the place behind it."""
    start = place + len(_SALT)
    end = start + _SALT_DIGITS
    digits = text[start:end]
    salt = bytes.fromhex(digits)
    if salt.hex() != digits or text[place:start] != _SALT or text[end] != '"':
        raise ValueError
    return salt, end + 1
