"""Records of a log by the shard in which they stand: what one call of a command recorded."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Record: TypeAlias = dict[str, Any]


def by_shard(connection: DuckDBPyConnection, *kinds: str) -> Iterator[list[tuple[int, Record]]]:
    """Yield the records of these kinds shard by shard, each with its position, in log order.

    Args:
        connection: the ledger's projection.
        kinds: of records; a shard without any of them is passed over.
    """
    firsts = [row[0] for row in connection.execute(_SHARDS).fetchall()]
    rows = connection.execute(_RECORDS, [list(kinds)]).fetchall()
    parsed = ((position, json.loads(canon)) for position, canon in rows)
    for _, members in groupby(parsed, key=lambda row: bisect_right(firsts, row[0])):
        yield list(members)


_SHARDS = 'SELECT "first" FROM shard ORDER BY "first"'
_RECORDS = (
    """SELECT "position", canon FROM log WHERE kind IN (SELECT unnest(?)) ORDER BY "position" """
)
