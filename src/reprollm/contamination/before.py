"""The log up to a position: what stood there when findings were made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Before:
    """The log up to a position."""

    def __init__(self, connection: DuckDBPyConnection, before: int) -> None:
        self.connection, self.before = connection, before

    def rows(self, query: str, *arguments: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose last parameter is the position."""
        return self.connection.execute(query, [*arguments, self.before]).fetchall()

    def records(self, kind: str, having: tuple[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the records of a kind in log order, those with one value of a field."""
        query, arguments = "SELECT canon FROM log WHERE kind = ?", [kind]
        if having is not None:
            query += f" AND (canon->>'$.{having[0]}') = ?"
            arguments.append(having[1])
        query += ' AND "position" < ? ORDER BY "position"'
        for row in self.rows(query, *arguments):
            yield json.loads(row[0])
