"""Stretches of the log as `ledger.duckdb` must show them.

A stretch has two tables: its records with their canonical lines, and their openings with the opened
values. The digest of a table is two hashes: one over its columns of fixed width, column by column
and row by row, one over the bytes of all lines or values.

| column | of records | of openings |
| --- | --- | --- |
| position | 8 bytes | 8 bytes |
| number of the field in `COMMITTED_FIELDS` | | 1 byte |
| where the row's bytes end among those of all rows | 8 bytes | 8 bytes |
| salt | | 32 bytes |

Numbers are little-endian. Rows are in the order of positions, then of fields.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from reprollm.records.commitment import Opening
from reprollm.records.kinds import COMMITTED_FIELDS

BLOCK_RECORDS = 1024
BLOCK_BYTES = 8 * 1024 * 1024
NO_FIELD = 255
"""Stands in the column of fields for an opening that no ledger has."""

_NUMBERS = {name: number for number, name in enumerate(COMMITTED_FIELDS)}


@dataclass(frozen=True)
class Block:
    """A stretch of the log as `ledger.duckdb` must show it.

    Attributes:
        first: position of its first record.
        records: number of records.
        lines: digest over its records, hex.
        openings: digest over their openings, hex.
        opened: number of openings.
    """

    first: int
    records: int
    lines: str
    openings: str
    opened: int


class BlockBuilder:
    """A block on its way; it is held in memory, and ends after so many records or bytes."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._size = 0
        self._lines: list[bytes] = []
        self._positions: list[int] = []
        self._values: list[bytes] = []
        self._fields: list[int] = []
        self._salts: list[bytes] = []

    def add(self, line: bytes, openings: dict[str, Opening]) -> None:
        """Add one record with its openings."""
        position = self._first + len(self._lines)
        self._lines.append(line)
        self._size += len(line)
        for name in sorted(openings):
            _, salt, value = openings[name]
            self._positions.append(position)
            self._values.append(value)
            self._fields.append(_NUMBERS[name])
            self._salts.append(salt)
            self._size += len(value)

    def is_full(self) -> bool:
        """Return whether the block should end here."""
        return len(self._lines) >= BLOCK_RECORDS or self._size >= BLOCK_BYTES

    def build(self) -> Block | None:
        """Return the block; None where nothing was added."""
        records = len(self._lines)
        if not records:
            return None
        positions = range(self._first, self._first + records)
        return Block(
            self._first,
            records,
            digest_of(positions, self._lines),
            digest_of(self._positions, self._values, self._fields, self._salts),
            len(self._values),
        )


def digest_of(
    positions: Iterable[int],
    values: Sequence[bytes],
    fields: Iterable[int] = (),
    salts: Iterable[bytes] = (),
) -> str:
    """Return the digest of a table, given its columns and the bytes of its rows."""
    places, ends = array("Q", positions), array("q", accumulate(map(len, values)))
    if sys.byteorder == "big":
        places.byteswap()
        ends.byteswap()
    columns = hashlib.sha256(b"".join((places, bytes(fields), ends, *salts)))
    return columns.hexdigest() + hashlib.sha256(b"".join(values)).hexdigest()
