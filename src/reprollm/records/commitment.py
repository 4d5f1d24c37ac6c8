"""Salted commitments: a record holds a hash, its opening holds the salt and the bytes.

With 32 random bytes of salt a commitment hides its value even when the value is short and easily
guessed (a hash commitment; hiding and binding under SHA-256), and withholding or losing an opening
changes no record, leaf or root.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from reprollm.errors import CommitmentMismatch

SALT_BYTES = 32
_TAG = b"reprollm/commitment/v1"
_PREFIX = len(_TAG).to_bytes(8, "big") + _TAG + SALT_BYTES.to_bytes(8, "big")


class Opening(NamedTuple):
    """What opens one commitment: the field it stands in, its salt (32 bytes), its value's bytes."""

    field: str
    salt: bytes
    value: bytes


@dataclass(frozen=True)
class Withheld:
    """The salt (32 bytes) of a commitment whose value is withheld.

    Whoever has the value can confirm it against the commitment; nobody can read it from here.
    """

    field: str
    salt: bytes


def commit(field: str, salt: bytes, value: bytes) -> str:
    """Return the commitment to `value` in `field`, as hex SHA-256.

    It is `canon.digest("reprollm/commitment/v1", salt, field, value)`, written out because a
    verification computes millions.
    """
    if len(salt) != SALT_BYTES:
        raise CommitmentMismatch(f"expected a salt of {SALT_BYTES} bytes, found {len(salt)}")
    length = len(value).to_bytes(8, "big")
    return hashlib.sha256(b"".join((_PREFIX, salt, _frame(field), length, value))).hexdigest()


def seal(field: str, value: bytes) -> tuple[str, Opening]:
    """Return a fresh commitment to `value` and its opening."""
    opening = Opening(field, os.urandom(SALT_BYTES), value)
    return commit(field, opening.salt, value), opening


def check_opening(commitment: str, opening: Opening) -> None:
    """Raise `CommitmentMismatch` unless `opening` opens `commitment`."""
    if commit(opening.field, opening.salt, opening.value) != commitment:
        raise CommitmentMismatch(
            f"expected an opening of {commitment[:16]}… in field {opening.field!r}, "
            "found other bytes; the text or its salt was changed"
        )


@lru_cache(maxsize=64)
def _frame(field: str) -> bytes:
    name = field.encode("ascii")
    return len(name).to_bytes(8, "big") + name
