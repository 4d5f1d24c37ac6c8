"""The tables and views of `ledger.duckdb`, version 5.

`log` holds the canonical text of every record; every other column of it (`VIRTUAL GENERATED`), and
every field that the views show, is computed from that text when it is read, so that what is queried
cannot differ from what was hashed. `opening` holds the openings that are present, `checkpoint` the
notes, `shard` where records lie, `about` the version of all this. Everything else is a view. The
file is written in the storage format of the DuckDB LTS release.

A release that changes a line here names a new version and keeps the old statements
(`reprollm.ledger.definitions`). Views may change; tables only gain columns. Statements keep to what
every DuckDB release writes out alike: no list literals or comprehensions, no blob literals.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reprollm.records.kinds import COMMITTED, KINDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VERSION = "reprollm/projection/5"
STORAGE_VERSION = "v1.4.0"
CONFIG = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}

# Columns of `log` itself. DuckDB computes each of them for every row that is inserted, so there are
# only those by which records are found; the views compute the others from the same text.
_COLUMNS = (
    "kind schema plan run attempt request result item stratum sampling seed finish index "
    "repetition environment"
).split()
_COUNTS = frozenset(
    "index repetition requests first last pid generations failures n undefined runaway samples "
    "kept dropped added variant tokens bytes zlib prefix items clusters".split()
)
_VIEWS = {
    **{kind: f"{kind}s" for kind in KINDS},
    "imported": "imported",
    "exposed": "exposed",
}

# A float32 from its four little-endian bytes (IEEE 754, section 3.4), which DuckDB cannot cast; and
# `canon.digest` over the parts that stand for an imported answer's request.
_MACROS = """
CREATE MACRO uint32_at(b, i) AS
    ('0x' || hex(b[4*i+4:4*i+4]) || hex(b[4*i+3:4*i+3])
          || hex(b[4*i+2:4*i+2]) || hex(b[4*i+1:4*i+1]))::UINTEGER;
CREATE MACRO float32_of(u) AS
    CASE WHEN (u >> 23) & 255 = 255
         THEN CASE WHEN u & 8388607 != 0 THEN 'nan'::DOUBLE
                   WHEN u >> 31 = 1 THEN '-inf'::DOUBLE ELSE 'inf'::DOUBLE END
         ELSE (1 - 2 * (u >> 31)::DOUBLE) * CASE WHEN (u >> 23) & 255 = 0
              THEN (u & 8388607)::DOUBLE * pow(2, -149)
              ELSE ((u & 8388607) + 8388608)::DOUBLE * pow(2, ((u >> 23) & 255)::INTEGER - 150)
              END
    END;
CREATE MACRO float32_at(b, i) AS float32_of(uint32_at(b, i));
CREATE MACRO float32_list(b) AS
    list_transform(range(octet_length(b) // 4), lambda i: float32_at(b, i));
CREATE MACRO float32_sum(b) AS list_sum(float32_list(b));
CREATE MACRO float32_min(b) AS list_min(float32_list(b));
CREATE MACRO framed(b) AS unhex(format('{:016x}', octet_length(b))) || b;
CREATE MACRO imported_request(import_id, sample) AS sha256(
    framed(encode('reprollm/imported/v1')) || framed(encode(import_id))
    || framed(encode(sample::VARCHAR)));
"""

_TABLES = f"""
CREATE TABLE about ("schema" VARCHAR);
INSERT INTO about VALUES ('{VERSION}');
CREATE TABLE opening ("position" UBIGINT, field VARCHAR, salt BLOB, "text" VARCHAR, bytes BLOB);
CREATE TABLE shard ("first" UBIGINT, records UBIGINT, "group" VARCHAR, sha256 VARCHAR);
CREATE TABLE checkpoint (
    size UBIGINT,
    note VARCHAR,
    origin VARCHAR GENERATED ALWAYS AS (split_part(note, chr(10), 1)) VIRTUAL,
    root VARCHAR GENERATED ALWAYS AS (lower(hex(from_base64(split_part(note, chr(10), 3))))) VIRTUAL
);
"""

_JOINED = """
CREATE VIEW checkpoints AS SELECT size, origin, root, note FROM checkpoint ORDER BY size;
CREATE VIEW attempts AS
    SELECT s.attempt, s.run, s.plan, s."first", s."last", s.requests, s.started, e.ended,
           coalesce(e.how, 'abandoned') AS how, e.generations, e.failures, e.closed_by,
           s.host, s.pid, s.job, s.environment, s.snapshot, s.snapshot_check, s.engine, s.code,
           coalesce((s.engine)->>'$.trust', 'owned') AS trust, s."position"
    FROM starts s LEFT JOIN ends e
        ON e."position" = (SELECT min(x."position") FROM ends x WHERE x.attempt = s.attempt)
    WHERE s."position" IN (SELECT min("position") FROM starts GROUP BY attempt);
CREATE VIEW planned AS
    SELECT * FROM requests
    WHERE "position" IN (SELECT min("position") FROM requests GROUP BY plan, "index");
CREATE VIEW final AS
    SELECT * FROM generations
    WHERE "position" IN (SELECT min("position") FROM generations GROUP BY run, request);
CREATE VIEW replicates AS
    SELECT g.run, g.request, f.result, f.attempt AS final_attempt, g.attempt,
           g.result AS other_result, g.result = f.result AS equal, g."position"
    FROM generations g JOIN final f USING (run, request) WHERE g.attempt != f.attempt;
CREATE VIEW answers AS
    SELECT g.run, g.plan, r."index", g.request, r.item, r.stratum, r.sampling, r.seed,
           r.repetition, prompt."text" AS prompt, source."text" AS source,
           reference."text" AS reference, output."text" AS output, g.finish,
           octet_length(ids.bytes) // 4 AS output_tokens,
           float32_sum(logprobs.bytes) AS logprob_sum,
           float32_min(margins.bytes) AS margin,
           list_position(float32_list(margins.bytes), float32_min(margins.bytes)) - 1
               AS margin_step,
           g.result, g.attempt, s.environment, ids.bytes AS output_ids,
           logprobs.bytes AS logprobs, margins.bytes AS margins, g."position",
           s.trust, (g.batch)->>'$.reused' AS reused_from, 'recorded' AS attestation
    FROM final g
    JOIN planned r ON r.plan = g.plan AND r.request = g.request
    LEFT JOIN attempts s ON s.attempt = coalesce((g.batch)->>'$.reused', g.attempt)
    LEFT JOIN opening prompt ON prompt."position" = r."position" AND prompt.field = 'prompt'
    LEFT JOIN opening source ON source."position" = r."position" AND source.field = 'source'
    LEFT JOIN opening reference
        ON reference."position" = r."position" AND reference.field = 'reference'
    LEFT JOIN opening output ON output."position" = g."position" AND output.field = 'output'
    LEFT JOIN opening ids ON ids."position" = g."position" AND ids.field = 'output_ids'
    LEFT JOIN opening logprobs
        ON logprobs."position" = g."position" AND logprobs.field = 'logprobs'
    LEFT JOIN opening margins
        ON margins."position" = g."position" AND margins.field = 'margins'
    UNION ALL
    SELECT i."import", i."import", i."index", imported_request(i."import", i."index"), i.item,
           i.stratum, i.sampling, i.seed, i.repetition, prompt."text", NULL, reference."text",
           output."text", i.finish, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           i."position", NULL, NULL, 'unattested'
    FROM imported i
    LEFT JOIN opening prompt ON prompt."position" = i."position" AND prompt.field = 'prompt'
    LEFT JOIN opening reference
        ON reference."position" = i."position" AND reference.field = 'reference'
    LEFT JOIN opening output ON output."position" = i."position" AND output.field = 'output';
CREATE VIEW runs AS
    SELECT s.run, any_value(s.plan) AS plan, any_value(p.experiment) AS experiment,
           (SELECT count(DISTINCT r.request) FROM requests r
            WHERE r.plan = any_value(s.plan)) AS planned,
           (SELECT count(DISTINCT g.request) FROM generations g WHERE g.run = s.run) AS answered,
           count(*) AS attempts, min(s.started) AS started, max(s.ended) AS ended,
           (SELECT count(DISTINCT g.request) FROM generations g
            WHERE g.run = s.run AND ((g.batch)->>'$.reused') IS NOT NULL) AS reused,
           min_by(s.trust, CASE s.trust WHEN 'owned' THEN 2 WHEN 'attested' THEN 1 ELSE 0 END)
               AS trust,
           'recorded' AS attestation
    FROM attempts s LEFT JOIN plans p ON p.plan = s.plan
    GROUP BY s.run
    UNION ALL
    SELECT i."import", i."import", i.claims->>'$.task', i.samples,
           (SELECT count(*) FROM imported a
            WHERE a."import" = i."import" AND a.output_commitment IS NOT NULL),
           0, i.created, i.created, 0, NULL, 'unattested'
    FROM imports i
    WHERE i."position" IN (SELECT min("position") FROM imports GROUP BY "import");
"""


def ddl() -> str:
    """Return the statements that make an empty projection in the current database."""
    return "\n".join([_MACROS, _log(), _TABLES, *map(_view, KINDS), _JOINED])


def overlay() -> str:
    """Return the statements that show today's views over the tables of another version's file."""
    shown = "\n".join([_MACROS, *map(_view, KINDS), _JOINED])
    return re.sub(r"^CREATE (VIEW|MACRO) ", r"CREATE TEMP \1 ", shown, flags=re.MULTILINE)


def define(connection: DuckDBPyConnection) -> None:
    """Make an empty projection in the connection's current database."""
    connection.execute(ddl())


def signature(connection: DuckDBPyConnection, database: str) -> frozenset[tuple[str, ...]]:
    """Return all that `database` defines: tables, columns, views, macros, types, indexes.

    Two databases with equal signatures show the same rows in the same way.
    """
    found: set[tuple[str, ...]] = set()
    for query in _CATALOGUE:
        rows = connection.execute(query, [database]).fetchall()
        found.update(tuple(str(cell) for cell in row) for row in rows)
    return frozenset(found)


_CATALOGUE = (
    "SELECT 'schema', schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal",
    "SELECT 'table', schema_name, table_name, sql FROM duckdb_tables() WHERE database_name = ?",
    "SELECT 'view', schema_name, view_name, sql FROM duckdb_views() "
    "WHERE database_name = ? AND NOT internal",
    "SELECT 'column', schema_name, table_name, column_name, data_type, column_default "
    "FROM duckdb_columns() WHERE database_name = ? AND NOT internal",
    "SELECT 'macro', schema_name, function_name, parameters, macro_definition "
    "FROM duckdb_functions() WHERE database_name = ? AND NOT internal",
    "SELECT 'index', schema_name, index_name, sql FROM duckdb_indexes() WHERE database_name = ?",
    "SELECT 'type', schema_name, type_name FROM duckdb_types() "
    "WHERE database_name = ? AND NOT internal",
    "SELECT 'sequence', schema_name, sequence_name, sql FROM duckdb_sequences() "
    "WHERE database_name = ?",
    "SELECT 'constraint', schema_name, table_name, constraint_text FROM duckdb_constraints() "
    "WHERE database_name = ?",
)


def _log() -> str:
    columns = ['"position" UBIGINT', "canon VARCHAR", _generated("leaf", _LEAF)]
    columns += [_generated(name, _value(name), _type(name)) for name in _COLUMNS]
    return "CREATE TABLE log (\n    " + ",\n    ".join(columns) + "\n);"


def _type(name: str) -> str:
    return "BIGINT" if name in _COUNTS else "VARCHAR"


def _value(name: str) -> str:
    """Return the SQL that reads a field of a record from its canonical text."""
    text = f"canon->>'$.{name}'"
    return f"TRY_CAST({text} AS BIGINT)" if name in _COUNTS else text


_LEAF = "sha256(unhex('00') || encode(canon))"


def _generated(name: str, expression: str, kind: str = "VARCHAR") -> str:
    return f'"{name}" {kind} GENERATED ALWAYS AS ({expression}) VIRTUAL'


def _view(kind: str) -> str:
    """Return the view of one kind: all its fields; what is committed to as `<field>_commitment`."""
    committed = COMMITTED.get(kind, ())
    shown = []
    for name in KINDS[kind]:
        value = f'"{name}"' if name in _COLUMNS else f"({_value(name)})"
        shown.append(
            f'{value} AS "{name}_commitment"' if name in committed else f'{value} AS "{name}"'
        )
    listed = ", ".join(['"position"', *shown, "leaf"])
    return f"CREATE VIEW {_VIEWS[kind]} AS SELECT {listed} FROM log WHERE kind = '{kind}';"
