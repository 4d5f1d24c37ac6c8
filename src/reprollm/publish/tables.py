"""The Parquet exports: the log's tables for R, pandas and whatever else reads Parquet.

They are made from the projection and are no evidence: `verify` does not need them. Rows are
streamed, in a fixed order, in row groups of a fixed size, with fixed settings of the writer; each
file's metadata names the log, its size and its root, so that a table that is found alone says where
it comes from. The same log gives the same bytes with the same pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reprollm.bundles.members import Member
from reprollm.errors import ProjectionMismatch, StorageFailed
from reprollm.ledger.projection import FILE, MEMORY_LIMIT
from reprollm.ledger.schema import CONFIG
from reprollm.publish.account import Account
from reprollm.publish.columns import ITEM_SCORES, TABLES
from reprollm.publish.form import Column, Table
from reprollm.scores.answers import final_answers, subject
from reprollm.scores.items import places_of
from reprollm.scores.passes import passes_in
from reprollm.scores.settings import settings_of
from reprollm.scores.summary import item_scores

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOLDER = "tables"
_ROWS = 4096
_FLOAT32 = "list<float>"
_UINT32 = "list<uint32>"
_CODES = {pa.float32(): "f4", pa.uint32(): "u4"}
_TYPES: Mapping[str, Any] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    _FLOAT32: pa.list_(pa.float32()),
    _UINT32: pa.list_(pa.uint32()),
    "list<string>": pa.list_(pa.string()),
}


def write_tables(ledger: Path, account: Account, folder: Path) -> list[Member]:
    """Write the tables of a verified ledger into `folder` and return them as members.

    Raises:
        StorageFailed: the file system refused.
    """
    members = []
    with _connected(ledger, folder) as connection:
        for table in TABLES:
            path = folder / f"{table.name}.parquet"
            _write(path, table, account, _batches(connection, table))
            members.append(Member(f"{FOLDER}/{path.name}", path))
        path = folder / f"{ITEM_SCORES.name}.parquet"
        _write(path, ITEM_SCORES, account, _item_scores(connection, account))
        members.append(Member(f"{FOLDER}/{path.name}", path))
    return members


@contextmanager
def _connected(ledger: Path, folder: Path) -> Iterator[DuckDBPyConnection]:
    """Open the projection read-only; what does not fit into memory is sorted in `folder`."""
    import duckdb

    config: dict[str, Any] = {
        **CONFIG,
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(folder / "sorting"),
    }
    path = ledger / FILE
    try:
        with duckdb.connect(str(path), read_only=True, config=config) as connection:
            # After the folder is set, nothing else is within reach of a query.
            connection.execute("SET enable_external_access = false; SET lock_configuration = true")
            yield connection
    except duckdb.IOException as error:
        raise StorageFailed(
            f"could not make the tables: {error}; make room for temporary files and start again"
        ) from error
    except duckdb.Error as error:
        raise ProjectionMismatch(
            f"{path} cannot be read: {error}; delete it and run: reprollm ledger commit"
        ) from None


def _write(path: Path, table: Table, account: Account, batches: Iterable[pa.Table]) -> None:
    origin = {
        "reprollm.origin": account.checkpoint.origin,
        "reprollm.size": str(account.checkpoint.size),
        "reprollm.root": account.root,
    }
    schema = _schema(table.columns).with_metadata(origin)
    try:
        with pq.ParquetWriter(
            path,
            schema,
            version="2.6",
            compression="zstd",
            compression_level=3,
            use_dictionary=True,
            write_statistics=True,
            data_page_version="1.0",
            store_schema=False,
        ) as writer:
            writer.add_key_value_metadata(origin)
            for batch in batches:
                writer.write_table(batch.replace_schema_metadata(origin), row_group_size=_ROWS)
    except OSError as error:
        raise StorageFailed(
            f"could not write {path}: {error.strerror or error}; make room for temporary files "
            "and start again"
        ) from error


def _schema(columns: Iterable[Column]) -> Any:
    return pa.schema([(column.name, _TYPES[column.kind]) for column in columns])


def _batches(connection: DuckDBPyConnection, table: Table) -> Iterator[pa.Table]:
    rows = _paged(connection, table) if table.places else _direct(connection, table.sql)
    for page in rows:
        cells = zip(table.columns, zip(*page, strict=True), strict=True)
        arrays = [_array(column, values) for column, values in cells]
        yield pa.table(arrays, schema=_schema(table.columns))


def _direct(connection: DuckDBPyConnection, sql: str) -> Iterator[list[tuple[Any, ...]]]:
    cursor = connection.cursor().execute(sql)
    while rows := cursor.fetchmany(_ROWS):
        yield rows


def _paged(connection: DuckDBPyConnection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows page by page: sorting whole rows would need memory for all their texts."""
    assert table.places is not None
    own, asked = connection.execute(table.places).fetchnumpy().values()
    for first in range(0, len(own), _ROWS):
        here = slice(first, first + _ROWS)
        page = {"own": own[here], "asked": asked[here], "n": range(len(own[here]))}
        connection.register("page", pa.table(page))
        near = {
            f"{name}_{end}": int(places.min() if end == "first" else places.max())
            for name, places in (("own", own[here]), ("asked", asked[here]))
            for end in ("first", "last")
        }
        yield connection.execute(_NEAR.format(**near) + table.sql).fetchall()
        connection.unregister("page")


_NEAR = """
    WITH near_own AS (SELECT * FROM log WHERE "position" BETWEEN {own_first} AND {own_last}),
    near_asked AS (SELECT * FROM log WHERE "position" BETWEEN {asked_first} AND {asked_last}),
    opened_own AS (SELECT * FROM opening WHERE "position" BETWEEN {own_first} AND {own_last}),
    opened_asked AS (
        SELECT * FROM opening WHERE "position" BETWEEN {asked_first} AND {asked_last}
    ), attempt_environment AS (
        SELECT attempt, any_value(environment) AS environment,
               any_value(coalesce(canon->>'$.engine.trust', 'owned')) AS trust
        FROM log WHERE kind = 'start' GROUP BY attempt
    )
"""


def _array(column: Column, values: Sequence[Any]) -> Any:
    kind = _TYPES[column.kind]
    if column.kind in (_FLOAT32, _UINT32):
        return _numbers(values, kind.value_type)
    return pa.array(values, kind)


def _numbers(blobs: Sequence[bytes | None], kind: Any) -> Any:
    """Return lists of four-byte numbers from their little-endian bytes; null stays null."""
    lengths = [len(blob or b"") // 4 for blob in blobs]
    data = np.frombuffer(b"".join(blob or b"" for blob in blobs), f"<{_CODES[kind]}")
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    withheld = pa.array([blob is None for blob in blobs], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(data, kind), mask=withheld)


def _item_scores(connection: DuckDBPyConnection, account: Account) -> Iterator[pa.Table]:
    names: dict[str, list[str]] = {}
    for run, score in account.scored:
        names.setdefault(run, []).append(score)
    for run in sorted(names):
        found = subject(connection, run)
        if found is None:
            continue
        settings = replace(settings_of(found, names[run]), names=tuple(names[run]))
        passes = passes_in(connection, found)
        places = places_of(connection, found.plan)
        items = item_scores(final_answers(connection, found), settings, places, passes)
        while rows := list(islice(items, _ROWS)):
            cells = [
                [run] * len(rows)
                if column.name == "run"
                else [getattr(row, column.name) for row in rows]
                for column in ITEM_SCORES.columns
            ]
            pairs = zip(ITEM_SCORES.columns, cells, strict=True)
            arrays = [_array(column, values) for column, values in pairs]
            yield pa.table(arrays, schema=_schema(ITEM_SCORES.columns))
