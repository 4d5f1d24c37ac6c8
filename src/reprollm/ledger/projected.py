"""Whether `ledger.duckdb` shows exactly what the log holds.

Three things are compared: all that the database defines (tables, generated columns, views, macros)
with a fresh, empty one; its rows, block by block, with the lines and openings of the shards; and
its small tables with segments and checkpoints. The hashing happens in plain SQL, so that a reader
of the docs can repeat it in the `duckdb` command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.ledger.checkpoint import Checkpoint
from reprollm.ledger.examine import Block
from reprollm.ledger.projection import FILE, expected_signature, opened
from reprollm.ledger.report import Problem
from reprollm.ledger.schema import signature
from reprollm.records.commitment import SALT_BYTES
from reprollm.records.kinds import COMMITTED
from reprollm.records.sealed import TEXT_FIELDS
from reprollm.records.shard import ShardReference

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLOCKS_A_TASK = 32
_DEFECT = "ProjectionMismatch"
_REBUILD = f"delete {FILE} and run: reprollm ledger commit"

_LINES = """
    SELECT count(*), count(DISTINCT "position"),
           sha256(string_agg(canon || chr(10), '' ORDER BY "position"))
    FROM log WHERE "position" >= ? AND "position" < ?
"""


def _frame(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


def _blob(value: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02x}" for byte in value) + "'::BLOB"


# The commitment of reprollm.records.commitment, recomputed from salt and bytes; NULL for a field
# that no record commits to.
_FIELDS = sorted({name for fields in COMMITTED.values() for name in fields})
_FIELD_FRAME = " ".join(f"WHEN '{name}' THEN {_blob(_frame(name.encode()))}" for name in _FIELDS)
_TAG_FRAME = _blob(_frame(b"reprollm/commitment/v1") + SALT_BYTES.to_bytes(8, "big"))
_TEXTUAL = ", ".join(f"'{name}'" for name in sorted(TEXT_FIELDS))
_OPENINGS = f"""
    WITH shown AS (
        SELECT "position", field, salt, coalesce(bytes, encode("text")) AS value,
               octet_length(salt) = {SALT_BYTES} AND ("text" IS NULL) != (bytes IS NULL)
               AND (field IN ({_TEXTUAL})) = (bytes IS NULL) AS well_formed
        FROM opening WHERE "position" >= ? AND "position" < ?
    )
    SELECT count(*), count(*) FILTER (NOT well_formed),
           coalesce(sha256(string_agg(
               "position" || ' ' || field || ' ' || sha256(
                   {_TAG_FRAME} || salt || CASE field {_FIELD_FRAME} END
                   || unhex(format('{{:016x}}', octet_length(value))) || value
               ) || chr(10), '' ORDER BY "position", field)), sha256(''))
    FROM shown
"""


def check_definitions(connection: DuckDBPyConnection) -> list[Problem]:
    """Return the problem that the database defines something else than it should, if so."""
    found, expected = signature(connection, Path(FILE).stem), expected_signature()
    if found == expected:
        return []
    odd = sorted(_name(item) for item in found ^ expected)
    return [
        Problem(
            _DEFECT,
            f"{FILE} defines other tables, columns, views or macros than it should: "
            f"{', '.join(dict.fromkeys(odd))}; {_REBUILD}",
        )
    ]


def check_small_tables(
    connection: DuckDBPyConnection,
    shards: Iterable[tuple[int, ShardReference]],
    checkpoints: Sequence[Checkpoint],
    opened_count: int,
) -> list[Problem]:
    """Return what differs in row counts, and in the tables of shards and checkpoints."""
    notes = [(checkpoint.size, checkpoint.text()) for checkpoint in checkpoints]
    places = [(first, s.records, s.group, s.sha256) for first, s in shards]
    size = checkpoints[-1].size
    shown = connection.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchall()
    if shown != notes:
        last = shown[-1][0] if shown else 0
        behind = "is behind the log" if shown == notes[: len(shown)] else "shows others"
        return [
            Problem(
                _DEFECT,
                f"expected {FILE} to show the log's checkpoints up to {size} records, "
                f"found it up to {last}: it {behind}; run: reprollm ledger commit",
            )
        ]
    problems = []
    query = 'SELECT "first", records, "group", sha256 FROM shard ORDER BY "first"'
    if connection.execute(query).fetchall() != places:
        problems.append(_differs("its table of shards is not that of the segments"))
    for table, count in (("log", size), ("opening", opened_count)):
        rows = _scalar(connection, f"SELECT count(*) FROM {table}")
        if rows != count:
            problems.append(_differs(f"its table {table} has {rows} rows, the ledger has {count}"))
    return problems


def check_blocks(ledger: Path, blocks: Sequence[Block]) -> list[Problem]:
    """Return the stretches of the log that the database shows otherwise."""
    problems = []
    with opened(ledger) as connection:
        for block in blocks:
            bounds = [block.first, block.first + block.records]
            where = f"records {bounds[0]} to {bounds[1] - 1}"
            lines = connection.execute(_LINES, bounds).fetchone()
            if lines != (block.records, block.records, block.lines):
                problems.append(_differs(f"{where} are not those of the log"))
            openings = connection.execute(_OPENINGS, bounds).fetchone()
            if openings != (block.opened, 0, block.openings):
                problems.append(_differs(f"the openings of {where} are not those of the ledger"))
    return problems


def tasks(blocks: Sequence[Block]) -> list[Sequence[Block]]:
    """Return the blocks in portions that are worth opening the database for."""
    return [blocks[at : at + BLOCKS_A_TASK] for at in range(0, len(blocks), BLOCKS_A_TASK)]


def _differs(what: str) -> Problem:
    return Problem(_DEFECT, f"{FILE} shows something else than the log holds: {what}; {_REBUILD}")


def _scalar(connection: DuckDBPyConnection, query: str) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _name(item: tuple[str, ...]) -> str:
    depth = 4 if item[0] == "column" else 3
    return f"{item[0]} {'.'.join(item[2:depth] or item[1:2])}"
