"""Building `ledger.duckdb` from the log, and opening it to read.

The file is never evidence: it is built beside the old one, flushed, and moved into its place, and
may be deleted and built again at any time. Shards are streamed in batches, so that memory stays
the same however long the log is.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.errors import (
    Busy,
    InvalidInput,
    ProjectionMismatch,
    ReprollmError,
    StorageFailed,
)
from reprollm.ledger.definitions import expected
from reprollm.ledger.schema import (
    CONFIG,
    STORAGE_VERSION,
    VERSION,
    define,
    overlay,
    signature,
)
from reprollm.ledger.segments import Segment, positions
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.entries import entries
from reprollm.records.sealed import TEXT_FIELDS
from reprollm.records.shard import ShardReference, sync_folder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILE = "ledger.duckdb"
MEMORY_LIMIT = "256MB"
_BATCH_RECORDS = 8192
_BATCHES_A_CHECKPOINT = 16
_BATCH_BYTES = 16 * 1024 * 1024
_TEMPORARY = ".ledger-"
# What DuckDB's message ends in when it was the operating system that refused.
_REFUSALS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENOMEM)
_ABOUT = 'SELECT "schema" FROM about'
# The same for all connections: DuckDB lets one process open a file in one way only. What does not
# fit into memory goes elsewhere than beside the file, which may be a reader's, or read-only.
_READING = {
    **CONFIG,
    "memory_limit": MEMORY_LIMIT,
    "enable_external_access": "false",
    "lock_configuration": "true",
    # Last, because DuckDB applies these in order and takes it after the others only.
    "temp_directory": str(Path(tempfile.gettempdir()) / f"reprollm-{os.urandom(8).hex()}"),
}


def build(
    ledger: Path,
    segments: Sequence[Segment],
    checkpoints: Sequence[Checkpoint],
    on_records: Callable[[int], None] = lambda records: None,
) -> None:
    """Build the projection of the log and move it into place.

    Args:
        ledger: the ledger folder.
        segments: the log's segments, verified before.
        checkpoints: the log's checkpoints.
        on_records: called with the number of records after each batch.

    Raises:
        StorageFailed: the file could not be written; the old one is untouched.
    """
    import duckdb

    _sweep(ledger)
    temporary = ledger / f"{_TEMPORARY}{os.getpid()}.duckdb"
    try:
        with _created(temporary) as connection:
            _fill(connection, ledger, segments, checkpoints, on_records)
        _flush(temporary)
        temporary.replace(ledger / FILE)
        sync_folder(ledger)
    except (OSError, duckdb.Error) as error:
        raise StorageFailed(
            f"could not write {ledger / FILE}: {error}; the log itself is safe, make room or "
            "allow writing and commit again"
        ) from error
    finally:
        _sweep(ledger)


@contextmanager
def opened(ledger: Path) -> Iterator[DuckDBPyConnection]:
    """Open the projection read-only, with nothing else within reach of a query.

    A file of another release's definitions is read through today's views over its tables.

    Raises:
        InvalidInput: there is no projection yet.
        ProjectionMismatch: the file is no sound database, or lacks the tables of a projection.
        Busy: another program has the file open to write.
        StorageFailed: the operating system refused to read it, or a query needs more memory than
            `MEMORY_LIMIT`.
    """
    import duckdb

    path = ledger / FILE
    if not path.is_file():
        raise InvalidInput(_nothing(ledger))
    try:
        connection = duckdb.connect(str(path), read_only=True, config={**_READING})
    except duckdb.Error as error:
        raise _unreadable(path, error) from None
    try:
        if version_of(connection) != VERSION:
            _overlay(connection, path)
        yield connection
    except duckdb.Error as error:
        raise _unreadable(path, error) from None
    finally:
        connection.close()


def _nothing(ledger: Path) -> str:
    """Return what to do where there is no projection: name another folder, or commit."""
    if ledger.is_dir():
        return f"expected {ledger / FILE}, found no such file; run: reprollm ledger commit {ledger}"
    named = Path("ledger") / ledger
    hint = f"; do you mean {named}?" if (named / FILE).is_file() else ""
    found = "a file" if ledger.exists() else "none"
    return f"expected a ledger folder at {ledger}, found {found}{hint}"


def _unreadable(path: Path, error: Exception) -> ReprollmError:
    """Tell a damaged database, which can be built again, from one that nobody can read now."""
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return StorageFailed(
            f"{path} cannot be read within {MEMORY_LIMIT} and what is free below "
            f"{tempfile.gettempdir()}: {error}; the ledger is as it was, make room there, or ask "
            "for less at once"
        )
    if "lock on file" in str(error):
        return Busy(f"{path} is in use: {error}; close what else uses it and start again")
    if any(os.strerror(number) in str(error) for number in _REFUSALS):
        return StorageFailed(f"{path} cannot be read: {error}; mend that and start again")
    return ProjectionMismatch(
        f"{path} cannot be opened or read: {error}; delete it and run: reprollm ledger commit "
        f"{path.parent}"
    )


def version_of(connection: DuckDBPyConnection) -> str | None:
    """Return the version of its definitions that an open file names; None where it names none."""
    import duckdb

    try:
        rows = connection.execute(_ABOUT).fetchmany(2)
    except duckdb.Error:
        return None
    return rows[0][0] if len(rows) == 1 and isinstance(rows[0][0], str) else None


def _overlay(connection: DuckDBPyConnection, path: Path) -> None:
    import duckdb

    try:
        connection.execute(overlay())
    except duckdb.Error as error:
        raise ProjectionMismatch(
            f"{path} lacks the tables of a projection: {error}; delete it and run: "
            "reprollm ledger commit"
        ) from None


def is_current(ledger: Path, checkpoints: Sequence[Checkpoint]) -> bool:
    """Return whether the projection has today's tables and views and shows these checkpoints.

    It is not compared with the log: that is what verification does.
    """
    try:
        with opened(ledger) as connection:
            if version_of(connection) != VERSION:
                return False
            if signature(connection, Path(FILE).stem) != expected(VERSION):
                return False
            rows = connection.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchall()
    except (InvalidInput, ProjectionMismatch, StorageFailed, Busy):
        return False
    return rows == [(checkpoint.size, checkpoint.text()) for checkpoint in checkpoints]


@contextmanager
def _created(path: Path) -> Iterator[DuckDBPyConnection]:
    import duckdb

    with duckdb.connect(
        ":memory:", config={**CONFIG, "memory_limit": MEMORY_LIMIT, "checkpoint_threshold": "1GB"}
    ) as connection:
        quoted = str(path).replace("'", "''")
        # A half-built file is thrown away, so that nothing is gained from a write-ahead log.
        options = f"STORAGE_VERSION '{STORAGE_VERSION}', RECOVERY_MODE no_wal_writes"
        connection.execute(f"ATTACH '{quoted}' AS built ({options})")
        connection.execute("USE built")
        define(connection)
        yield connection
        connection.execute("CHECKPOINT built")
        connection.execute("USE memory")
        connection.execute("DETACH built")


def _fill(
    connection: DuckDBPyConnection,
    ledger: Path,
    segments: Sequence[Segment],
    checkpoints: Sequence[Checkpoint],
    on_records: Callable[[int], None],
) -> None:
    listed = list(positions(list(segments)))
    for number, batch in enumerate(_batches(ledger, listed), start=1):
        _insert(connection, "log", batch.log())
        _insert(connection, "opening", batch.opening())
        if number % _BATCHES_A_CHECKPOINT == 0:
            connection.execute("CHECKPOINT built")
        on_records(len(batch.lines))
    for first, shard in listed:
        row = [first, shard.records, shard.group, shard.sha256]
        connection.execute("INSERT INTO shard VALUES (?, ?, ?, ?)", row)
    for checkpoint in checkpoints:
        row = [checkpoint.size, checkpoint.text()]
        connection.execute("INSERT INTO checkpoint VALUES (?, ?)", row)


def _insert(connection: DuckDBPyConnection, table: str, rows: Any) -> None:
    connection.register("batch", rows)
    connection.execute(f"INSERT INTO {table} SELECT * FROM batch")
    connection.unregister("batch")


class _Batch:
    """Rows of `log` and `opening` on their way into the database."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.bytes = 0
        self.lines: list[bytes] = []
        self._openings: list[tuple[int, str, bytes, bytes | None, bytes | None]] = []

    def add(self, line: bytes, openings: dict[str, Any]) -> None:
        position = self.first + len(self.lines)
        self.lines.append(line)
        self.bytes += len(line)
        for name in sorted(openings):
            opening = openings[name]
            is_text = name in TEXT_FIELDS
            text, raw = (opening.value, None) if is_text else (None, opening.value)
            self._openings.append((position, name, opening.salt, text, raw))
            self.bytes += len(opening.value)

    def is_full(self) -> bool:
        return len(self.lines) >= _BATCH_RECORDS or self.bytes >= _BATCH_BYTES

    def log(self) -> Any:
        import pyarrow as pa

        place = pa.array(range(self.first, self.first + len(self.lines)), pa.uint64())
        canon = pa.array(self.lines, pa.binary()).cast(pa.string())
        return pa.table({"position": place, "canon": canon})

    def opening(self) -> Any:
        import pyarrow as pa

        columns = list(zip(*self._openings, strict=True)) or [()] * 5
        types = [pa.uint64(), pa.string(), pa.binary(), pa.binary(), pa.binary()]
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        arrays[3] = arrays[3].cast(pa.string())
        return pa.table(
            dict(zip(["position", "field", "salt", "text", "bytes"], arrays, strict=True))
        )


def _batches(ledger: Path, listed: Sequence[tuple[int, ShardReference]]) -> Iterator[_Batch]:
    batch = _Batch(0)
    for _, shard in listed:
        for line, openings in entries(ledger, shard):
            batch.add(line, openings)
            if batch.is_full():
                yield batch
                batch = _Batch(batch.first + len(batch.lines))
    if batch.lines:
        yield batch


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(ledger: Path) -> None:
    """Remove half-built databases; only who holds the ledger's lock may call this."""
    for path in ledger.glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            path.unlink()
