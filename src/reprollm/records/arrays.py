"""Arrays as the bytes that are hashed: token ids as uint32, floats as float32, little-endian."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence

from reprollm.errors import InvalidInput


def ids_to_bytes(ids: Sequence[int]) -> bytes:
    """Return token ids, shape (n,), as 4 n bytes of little-endian uint32.

    Raises:
        InvalidInput: an id is negative or does not fit into 32 bits.
    """
    try:
        values = array("I", ids)
    except (OverflowError, TypeError):
        raise InvalidInput(
            f"expected token ids from 0 to 2**32-1, found {list(ids)[:8]}…"
        ) from None
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def ids_from_bytes(value: bytes) -> list[int]:
    """Return the token ids that `ids_to_bytes` wrote; raise `InvalidInput` on a ragged length."""
    return array_from_bytes("I", value).tolist()


def floats_from_bytes(value: bytes) -> list[float]:
    """Return little-endian float32 values, shape (n,), from 4 n bytes."""
    return array_from_bytes("f", value).tolist()


def check_whole(value: bytes) -> None:
    """Raise `InvalidInput` unless `value` is a whole number of 4-byte items."""
    if len(value) % 4:
        raise InvalidInput(f"expected a multiple of 4 bytes, found {len(value)}")


def array_from_bytes(code: str, value: bytes) -> array:  # type: ignore[type-arg]
    """Return `value` as an array of 4-byte items of the given `array` type code."""
    check_whole(value)
    values = array(code, value)
    if sys.byteorder == "big":
        values.byteswap()
    return values
