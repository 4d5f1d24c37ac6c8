"""Values of JSON from outside, held against what they must be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from reprollm.errors import InvalidInput

_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")


class SealInvalid(InvalidInput):
    """A seal, or what opens it, is not what its schema demands."""


def fields(value: Any, names: Sequence[str], where: str) -> dict[str, Any]:
    """Return `value`, an object that has just these keys."""
    if not isinstance(value, dict) or value.keys() != set(names):
        found = ", ".join(sorted(value)) if isinstance(value, dict) else type(value).__name__
        raise SealInvalid(f"expected {', '.join(names)} in {where}, found {found!s:.200}")
    return value


def array(value: Any, where: str, least: int = 0) -> list[Any]:
    """Return `value`, an array of at least so many entries."""
    if not isinstance(value, list) or len(value) < least:
        found = f"{len(value)}" if isinstance(value, list) else type(value).__name__
        raise SealInvalid(f"expected at least {least} entries in {where}, found {found}")
    return value


def text(value: Any, where: str) -> str:
    """Return `value`, a string that is not empty."""
    if not isinstance(value, str) or not value:
        raise SealInvalid(f"expected a text as {where}, found {value!r:.80}")
    return value


def count(value: Any, where: str) -> int:
    """Return `value`, an integer of at least 0."""
    if type(value) is not int or value < 0:
        raise SealInvalid(f"expected a number of at least 0 as {where}, found {value!r:.80}")
    return value


def octets(value: Any, size: int, where: str) -> bytes:
    """Return the `size` bytes that `value` holds in lower-case hex."""
    if not isinstance(value, str) or len(value) != 2 * size or not _HEX.match(value):
        raise SealInvalid(
            f"expected {size} bytes in lower-case hex as {where}, found {value!r:.80}"
        )
    return bytes.fromhex(value)


def sha256(value: Any, where: str) -> str:
    """Return `value`, a SHA-256 in hex."""
    return octets(value, 32, where).hex()


def pairwise_different(values: Sequence[str], where: str) -> None:
    """Raise `SealInvalid` where one of `values` stands twice."""
    if len(set(values)) != len(values):
        raise SealInvalid(f"expected each entry once in {where}, found one again")
