"""Canonical JSON and framed hashes: the two ways in which bytes become identity.

Records are canonical JSON: RFC 8785 restricted to objects with keys of `[a-z0-9_]`, arrays,
strings, booleans, null, and integers of magnitude below 2**53. Without floats and with ASCII keys
the standard library's encoder yields exactly the bytes of RFC 8785, so that a verifier needs no
dependency. Unicode is never normalised. Decimal settings are strings as the user wrote them, times
are RFC 3339 UTC strings.

Every other hash is `digest(tag, part, ...)`: SHA-256 over the tag and the parts, each preceded by
its length as a big-endian 64-bit integer, so that no two different lists of parts share an input.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from reprollm.errors import NotCanonical

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1
_KEY = re.compile(r"[a-z0-9_]+\Z")


def dumps(value: Json) -> bytes:
    """Return the canonical bytes of `value` (RFC 8785, section 3.2), without a line end.

    Raises:
        NotCanonical: `value` holds a float, a large integer, a key outside `[a-z0-9_]`, a lone
            surrogate, or nests deeper than `MAX_DEPTH`.
    """
    _check(value, MAX_DEPTH)
    return _encode(value)


def loads(line: bytes) -> Json:
    """Return the value of one canonical line (without its line end).

    Raises:
        NotCanonical: the line is not UTF-8 JSON, or not the canonical form of its own value;
            duplicate keys, floats, white space and escapes that RFC 8785 does not write all
            show as a difference from the canonical form.
    """
    try:
        value: Json = _DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NotCanonical(
            f"expected one line of canonical JSON, found {_excerpt(line)}: {error}"
        ) from None
    _check(value, MAX_DEPTH)
    if _encode(value) != line:
        raise NotCanonical(f"expected the canonical form of the record, found {_excerpt(line)}")
    return value


def loads_object(line: bytes) -> dict[str, Any]:
    """Return the object that one canonical line holds; raise `NotCanonical` for any other value."""
    value = loads(line)
    if not isinstance(value, dict):
        raise NotCanonical(f"expected a JSON object, found {_excerpt(line)}")
    return value


class Spelled(dict[str, Any]):
    """An object that was read from its canonical text and keeps it; it must not be changed."""

    def __init__(self, value: dict[str, Any], text: str) -> None:
        super().__init__(value)
        self.text = text


def digest(tag: str, *parts: bytes) -> str:
    """Return the hex SHA-256 over `tag` and `parts`, each framed by its length.

    A length is 8 bytes, big-endian. `tag` names purpose and version, for example
    `reprollm/snapshot/v1`.
    """
    pieces = [_frame(tag)]
    for part in parts:
        pieces += (len(part).to_bytes(8, "big"), part)
    return hashlib.sha256(b"".join(pieces)).hexdigest()


@lru_cache(maxsize=64)
def _frame(tag: str) -> bytes:
    return len(tag).to_bytes(8, "big") + tag.encode("ascii")


def frame(state: hashlib._Hash, part: bytes) -> None:
    """Feed one part, framed by its length, into a hash whose parts come one after the other."""
    state.update(len(part).to_bytes(8, "big"))
    state.update(part)


def _encode(value: Json) -> bytes:
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("expected Unicode text, found a lone surrogate in a string") from None


def _check(value: object, depth: int) -> None:
    """Raise `NotCanonical` for a value outside the subset."""
    if isinstance(value, dict):
        if not _known_keys.issuperset(value):
            _check_keys(value)
        _check_items(value.values(), depth)
    elif isinstance(value, list):
        _check_items(value, depth)
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical(
                f"expected an integer below 2**53, found {value}; write it as a string"
            )
    elif value is not None and not isinstance(value, str):
        raise NotCanonical(f"expected JSON without floats, found {type(value).__name__} {value!r}")


def _check_items(items: Iterable[object], depth: int) -> None:
    if depth == 0:
        raise NotCanonical(f"expected at most {MAX_DEPTH} nested levels, found more")
    for item in items:
        if type(item) not in _PLAIN:
            _check(item, depth - 1)


_PLAIN = frozenset({str, bool, type(None)})

# Keys found good before; records of few kinds share few keys.
_known_keys: set[object] = set()
_KNOWN_KEYS_LIMIT = 1024


def _check_keys(value: dict[object, object]) -> None:
    for key in value:
        if not isinstance(key, str) or not _KEY.match(key):
            raise NotCanonical(f"expected keys of [a-z0-9_], found {key!r}")
    if len(_known_keys) < _KNOWN_KEYS_LIMIT:
        _known_keys.update(value)


def _no_float(text: str) -> object:
    raise NotCanonical(f"expected no floating-point numbers, found {text}")


def _excerpt(line: bytes) -> str:
    return repr(line[:80]) + ("…" if len(line) > 80 else "")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
_DECODER = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)
