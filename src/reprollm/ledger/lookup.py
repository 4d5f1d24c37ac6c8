"""One record of the log with all that is known of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput
from reprollm.ledger.projection import opened

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LEAST_PREFIX = 8


@dataclass(frozen=True)
class StoredRecord:
    """A record in its place.

    Attributes:
        position: its place in the log, from 0.
        leaf: its leaf hash, hex.
        shard: group and hash of the shard that holds it.
        record: its value.
        opened: text or bytes of each commitment that is opened, by field.
    """

    position: int
    leaf: str
    shard: str
    record: dict[str, Any]
    opened: dict[str, str | bytes]


def find(ledger: Path, what: str) -> list[StoredRecord]:
    """Return the record at a position, or all records about a request, in log order.

    Args:
        ledger: the ledger folder.
        what: a position in decimal, or at least eight hex digits of a request id.

    Raises:
        InvalidInput: nothing is found, or `what` is neither.
    """
    by_position = what.isdecimal() and len(what) < 16
    if not by_position and (len(what) < _LEAST_PREFIX or set(what) - set("0123456789abcdef")):
        raise InvalidInput(
            f"expected a position or at least {_LEAST_PREFIX} hex digits of a request id, "
            f"found {what!r}"
        )
    with opened(ledger) as connection:
        found = _at(connection, int(what)) if by_position else []
        if not found and len(what) >= _LEAST_PREFIX:
            found = _about(connection, what)
    if not found:
        raise InvalidInput(f"expected a record of the log, found none for {what!r}")
    return found


_RECORD = """
    SELECT l."position", l.leaf, s."group" || '/' || s.sha256, l.canon
    FROM log l JOIN shard s
        ON l."position" >= s."first" AND l."position" < s."first" + s.records
"""


def _at(connection: DuckDBPyConnection, position: int) -> list[StoredRecord]:
    rows = connection.execute(f'{_RECORD} WHERE l."position" = ?', [position]).fetchall()
    return [_stored(connection, row) for row in rows]


def _about(connection: DuckDBPyConnection, prefix: str) -> list[StoredRecord]:
    query = f'{_RECORD} WHERE starts_with(l.request, ?) ORDER BY l."position"'
    return [_stored(connection, row) for row in connection.execute(query, [prefix]).fetchall()]


def _stored(connection: DuckDBPyConnection, row: tuple[Any, ...]) -> StoredRecord:
    position, leaf, shard, canon = row
    openings = connection.execute(
        'SELECT field, "text", bytes FROM opening WHERE "position" = ? ORDER BY field',
        [position],
    ).fetchall()
    values = {field: raw if text is None else text for field, text, raw in openings}
    return StoredRecord(position, leaf, shard, json.loads(canon), values)
