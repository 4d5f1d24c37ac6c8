"""A ledger that was forged from the start: altered answers, all around them consistent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from reprollm.ledger.commit import commit
from reprollm.records.arrays import ids_from_bytes, ids_to_bytes
from reprollm.records.commitment import Opening
from reprollm.records.identity import result_id
from reprollm.records.merkle import leaf_hash
from reprollm.records.sealed import Sealed, openings_line, parse_openings_line, seal_record
from reprollm.records.shard import publish, read_lines, read_openings, read_records, write_once

Values: TypeAlias = "dict[str, bytes]"
Alter: TypeAlias = Callable[[Values], Values]


def other_tokens(values: Values) -> Values:
    """Return the answer with another first token, and a text to go with it."""
    first, *rest = ids_from_bytes(values["output_ids"])
    return {**values, "output_ids": ids_to_bytes([first ^ 1, *rest]), "output": b"as I like it"}


def other_text(values: Values) -> Values:
    """Return the answer with its tokens as they are and another text."""
    return {**values, "output": b"as I like it"}


def forge(source: Path, target: Path, altered: dict[str, Alter]) -> Path:
    """Build the ledger that an author makes who altered answers before publishing any shard.

    Args:
        source: an honest ledger.
        target: the new ledger's folder.
        altered: how the answer to a request is altered, by request id.
    """
    _copy(source, target, "shards/plan-*/*", "openings/plan-*/*", "plans/*/*")
    commit(target)
    for path in sorted((source / "shards").glob("run-*/*/*.jsonl"), key=_published):
        group = path.parent.relative_to(source / "shards").as_posix()
        openings = read_openings(source / "openings" / group / path.name)
        leaves = [leaf_hash(line).hex() for line in read_lines(path)]
        records = [
            _altered(Sealed(record, tuple(openings.get(leaf, {}).values())), altered)
            for leaf, record in zip(leaves, read_records(path), strict=True)
        ]
        publish(target, group, records)
    commit(target)
    return target


def withhold_prompts(ledger: Path) -> None:
    """Leave the prompts' token ids out of the openings, and rebuild the projection."""
    [path] = (ledger / "openings").glob("plan-*/*.jsonl")
    lines = path.read_bytes().splitlines()
    path.chmod(0o644)
    path.write_bytes(b"".join(_without_ids(line) + b"\n" for line in lines))
    (ledger / "ledger.duckdb").unlink()
    commit(ledger)


def _without_ids(line: bytes) -> bytes:
    leaf, found = parse_openings_line(line)
    return openings_line(leaf, [opening for opening in found if opening.field != "prompt_ids"])


def _altered(sealed: Sealed, altered: dict[str, Alter]) -> Sealed:
    record = sealed.record
    alter = altered.get(record.get("request", ""))
    if record["kind"] != "generation" or alter is None:
        return sealed
    values = alter({o.field: o.value for o in sealed.openings if isinstance(o, Opening)})
    ids = ids_from_bytes(values["output_ids"])
    result = result_id(record["request"], ids, record["finish"])
    return seal_record({**record, "result": result}, values)


def _copy(source: Path, target: Path, *patterns: str) -> None:
    for path in (path for pattern in patterns for path in source.glob(pattern)):
        if path.is_file():
            write_once(target / path.relative_to(source), path.read_bytes())


def _published(path: Path) -> int:
    return path.stat().st_mtime_ns
