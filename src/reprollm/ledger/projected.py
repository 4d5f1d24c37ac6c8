"""Whether `ledger.duckdb` shows exactly what the log holds.

Three things are compared: all that the database defines (tables, generated columns, views, macros)
with a fresh, empty one of the version that it names; its rows, block by block, with the lines and
openings of the shards; and its small tables with segments and checkpoints. DuckDB hands
out the rows of a block and they are hashed here: its own SHA-256 takes several times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.ledger.blocks import NO_FIELD, Block, digest_of
from reprollm.ledger.definitions import expected
from reprollm.ledger.projection import FILE, opened, version_of
from reprollm.ledger.report import Problem
from reprollm.ledger.schema import VERSION, signature
from reprollm.records.checkpoint import Checkpoint
from reprollm.records.commitment import SALT_BYTES
from reprollm.records.kinds import COMMITTED_FIELDS, TEXT_FIELDS
from reprollm.records.shard import ShardReference

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLOCKS_A_TASK = 32
_DEFECT = "ProjectionMismatch"
_REBUILD = f"delete {FILE} and run: reprollm ledger commit"

# The columns of `reprollm.ledger.blocks`. An opening that no ledger has is of a field without a
# number, so that its row is like none that a ledger has.
_TEXTUAL = ", ".join(f"'{name}'" for name in sorted(TEXT_FIELDS))
_NUMBERS = " ".join(f"WHEN '{name}' THEN {number}" for number, name in enumerate(COMMITTED_FIELDS))
_LINES = """
    SELECT "position", coalesce(encode(canon), ''::BLOB) FROM log
    WHERE "position" >= ? AND "position" < ? ORDER BY "position"
"""
_OPENINGS = f"""
    SELECT "position", coalesce(bytes, encode("text"), ''::BLOB), coalesce(salt, ''::BLOB),
           CASE WHEN octet_length(salt) = {SALT_BYTES} AND ("text" IS NULL) != (bytes IS NULL)
                AND (field IN ({_TEXTUAL})) = (bytes IS NULL)
           THEN CASE field {_NUMBERS} ELSE {NO_FIELD} END ELSE {NO_FIELD} END
    FROM opening WHERE "position" >= ? AND "position" < ?
    ORDER BY "position", field
"""


def check_definitions(connection: DuckDBPyConnection) -> list[Problem]:
    """Return the problem that the database defines something else than its version, if so."""
    version = version_of(connection)
    right = expected(version) if version else None
    if right is None:
        named = f"names {version[:80]!r}" if version else "names none"
        return [
            Problem(
                _DEFECT,
                f"expected {FILE} to name a version of its definitions that this release knows "
                f"(today's is {VERSION}), found one that {named}; take a newer reprollm, or "
                f"{_REBUILD}",
            )
        ]
    found = signature(connection, Path(FILE).stem)
    if found == right:
        return []
    odd = sorted(_name(item) for item in found ^ right)
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
            if _shown_lines(connection, bounds) != (block.records, block.lines):
                problems.append(_differs(f"{where} are not those of the log"))
            if _shown_openings(connection, bounds) != (block.opened, block.openings):
                problems.append(_differs(f"the openings of {where} are not those of the ledger"))
    return problems


def _shown_lines(connection: DuckDBPyConnection, bounds: list[int]) -> tuple[int, str]:
    """Return number and digest of the records that the database shows between two positions."""
    rows = connection.execute(_LINES, bounds).fetchall()
    positions, lines = zip(*rows, strict=True) if rows else ((), ())
    return len(rows), digest_of(positions, lines)


def _shown_openings(connection: DuckDBPyConnection, bounds: list[int]) -> tuple[int, str]:
    """Return number and digest of the openings that the database shows of these records."""
    rows = connection.execute(_OPENINGS, bounds).fetchall()
    positions, values, salts, fields = zip(*rows, strict=True) if rows else ((), (), (), ())
    return len(rows), digest_of(positions, values, fields, salts)


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
