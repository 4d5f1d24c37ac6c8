"""What `ledger.duckdb` must define, by the version that the file names: every release's, for ever.

A published file is never rebuilt, so it is held against the definitions of its own time. Today's
are `reprollm.ledger.schema`; a release that changes them puts the statements of the version before
into `definitions/<number>.sql` beside this module. How a statement is written out again depends on
the DuckDB that does it, so both signatures that are compared come from the one at work.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

from reprollm.ledger.schema import CONFIG, VERSION, ddl, signature

_VERSION = re.compile(r"reprollm/projection/([1-9][0-9]{0,5})\Z")
_FROZEN = resources.files("reprollm.ledger") / "definitions"


def statements(version: str) -> str | None:
    """Return the statements of a version, or None for one that this release does not know."""
    if version == VERSION:
        return ddl()
    match = _VERSION.match(version)
    if match is None:
        return None
    file = _FROZEN / f"{match[1]}.sql"
    return file.read_text(encoding="utf-8") if file.is_file() else None


@lru_cache(maxsize=8)
def expected(version: str) -> frozenset[tuple[str, ...]] | None:
    """Return the signature of an empty file of a version, or None for an unknown version."""
    import duckdb

    text = statements(version)
    if text is None:
        return None
    with duckdb.connect(":memory:", config={**CONFIG}) as connection:
        connection.execute(text)
        return signature(connection, "memory")
