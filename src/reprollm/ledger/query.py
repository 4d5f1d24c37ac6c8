"""Any question to `ledger.duckdb`, from a connection that can read it and reach nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.errors import InvalidInput
from reprollm.ledger.projection import opened

_FETCH = 2048


@dataclass(frozen=True)
class Answered:
    """The columns and, streamed, the rows that a query gave."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def query(ledger: Path, sql: str) -> Iterator[Answered]:
    """Run `sql` on the projection, read-only, without access to files or the network.

    Raises:
        InvalidInput: there is no projection, or DuckDB refuses the query.
    """
    import duckdb

    with opened(ledger) as connection:
        try:
            connection.execute(sql)
            columns = tuple(column[0] for column in connection.description or ())
            yield Answered(columns, _stream(connection))
        except duckdb.Error as error:
            raise InvalidInput(f"DuckDB refuses the query: {error}") from None


def _stream(connection: Any) -> Iterator[tuple[Any, ...]]:
    while rows := connection.fetchmany(_FETCH):
        yield from rows
