"""The material of findings, read from the log as projected (`ledger.duckdb`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reprollm.contamination.answered import Answered
from reprollm.contamination.before import Before
from reprollm.contamination.findings import is_examined
from reprollm.contamination.material import Continued, Material, Measured
from reprollm.errors import InvalidInput
from reprollm.ledger.projection import opened
from reprollm.records.arrays import floats_from_bytes, ids_from_bytes
from reprollm.records.evidence import PREFIX
from reprollm.records.kinds import COMMITTED
from reprollm.scores.answers import END_OF_LOG

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_Value = TypeVar("_Value")


def examinations(ledger: Path) -> list[Mapping[str, Any]]:
    """Return the ledger's examination records in log order, each id once."""
    with opened(ledger) as connection:
        found: dict[str, Mapping[str, Any]] = {}
        for record in Before(connection, END_OF_LOG).records("examination"):
            found.setdefault(record["examination"], record)
        return list(found.values())


def read_material(
    ledger: Path,
    examination: str,
    before: int = END_OF_LOG,
    declared_before: int = END_OF_LOG,
) -> Material:
    """Return all that the committed ledger holds for an examination's findings.

    Args:
        ledger: the ledger folder.
        examination: its id, hex.
        before: only records at smaller positions of the log count.
        declared_before: the same for declarations, which an examination reads before they are
            committed.

    Raises:
        InvalidInput: the log holds no such examination.
    """
    with opened(ledger) as connection:
        material = material_of(connection, examination, before, declared_before)
    if material is None:
        raise InvalidInput(
            f"expected the examination {examination[:16]} in the log of {ledger}, found none; "
            f"run: reprollm ledger commit {ledger}"
        )
    return material


def material_of(
    connection: DuckDBPyConnection,
    examination: str,
    before: int = END_OF_LOG,
    declared_before: int = END_OF_LOG,
) -> Material | None:
    """Return what `read_material` does, None where no such examination stands there."""
    log = Before(connection, before)
    heads = log.records("examination", ("examination", examination))
    head = next(heads, None)
    if head is None:
        return None
    plan, core = str(head["plan"]), head["core"]
    likelihoods, withheld = _final(log, "likelihood", examination, _measured)
    continuations, also_withheld = _final(log, "continuation", examination, _continued)
    declared = Before(connection, declared_before).records("declaration")
    scores = Answered(log, plan)
    return Material(
        examination=examination,
        plan=plan,
        core=core,
        likelihoods=likelihoods,
        continuations=continuations,
        items=tuple(row[0] for row in log.rows(_ITEMS, plan)),
        gold=bool(log.rows(_GOLD, plan)),
        scores=tuple(scores),
        exposed=tuple(log.records("exposed", ("plan", plan))),
        exposures=tuple(log.records("exposure", ("plan", plan))),
        declarations=tuple(record for record in declared if record["plan"] in (None, plan)),
        recorded=tuple(
            record
            for record in log.records("finding", ("run", examination))
            if record["finding"].startswith(PREFIX) and not is_examined(record)
        ),
        withheld=withheld | also_withheld | ({"answers"} if scores.withheld else set()),
    )


def findings(ledger: Path) -> list[dict[str, Any]]:
    """Return the findings of contamination checks in log order.

    Of findings of one method (of scans, one scan) on one subject in one examination the last one
    counts: an earlier one was made of less, or by an earlier version.
    """
    with opened(ledger) as connection:
        rows = connection.execute(_FINDINGS).fetchall()
    last: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        record = json.loads(row[0])
        scan = record["evidence"].get("parameters", {}).get("scan")
        key = (record["run"], record["finding"], record["subject"], scan)
        last.pop(key, None)
        last[key] = record
    return list(last.values())


def _final(
    log: Before,
    kind: str,
    examination: str,
    value: Callable[[dict[str, Any], dict[str, str | bytes]], _Value],
) -> tuple[tuple[_Value, ...], set[str]]:
    """Return the first record of each index with its openings, in index order.

    Also what is withheld of them, as `set/field`.
    """
    openings: dict[int, dict[str, str | bytes]] = {}
    for position, field, text, raw in log.rows(_OPENINGS, kind, examination):
        openings.setdefault(position, {})[field] = raw if text is None else text
    final: dict[int, _Value] = {}
    withheld: set[str] = set()
    for position, canon in log.rows(_PLACES, kind, examination):
        record, shown = json.loads(canon), openings.get(position, {})
        if record["index"] in final:
            continue
        final[record["index"]] = value(record, shown)
        missing = [name for name in COMMITTED[kind] if record[name] is not None]
        withheld.update(
            f"{record.get('set', kind)}/{name}" for name in missing if name not in shown
        )
    return tuple(final[index] for index in sorted(final)), withheld


def _measured(record: dict[str, Any], openings: dict[str, Any]) -> Measured:
    text_ids = openings.get("text_ids")
    return Measured(
        **{
            name: record[name]
            for name in ("index", "set", "subject", "variant", "tokens", "bytes", "zlib", "sealed")
        },
        logprobs=_floats(openings.get("logprobs")),
        means=_floats(openings.get("means")),
        deviations=_floats(openings.get("deviations")),
        text=openings.get("text"),
        text_ids=None if text_ids is None else tuple(ids_from_bytes(text_ids)),
    )


def _continued(record: dict[str, Any], openings: dict[str, Any]) -> Continued:
    expected, output = (openings.get(name) for name in ("expected_ids", "output_ids"))
    known = None if expected is None else tuple(ids_from_bytes(expected))
    given = None if output is None else tuple(ids_from_bytes(output))
    if known is not None and given is not None:
        given = given[: len(known)]
    return Continued(record["index"], record["subject"], record["prefix"], known, given)


def _floats(value: bytes | None) -> tuple[float, ...] | None:
    return None if value is None else tuple(floats_from_bytes(value))


_PLACES = """
    SELECT "position", canon FROM log
    WHERE kind = ? AND (canon->>'$.examination') = ? AND "position" < ? ORDER BY "position"
"""

_OPENINGS = """
    SELECT o."position", o.field, o."text", o.bytes
    FROM opening o JOIN log l ON l."position" = o."position"
    WHERE l.kind = ? AND (l.canon->>'$.examination') = ? AND l."position" < ?
"""

_ITEMS = """
    SELECT item FROM log WHERE kind = 'request' AND plan = ? AND "position" < ?
    GROUP BY item ORDER BY min("index")
"""

_GOLD = """
    SELECT 1 FROM log WHERE kind = 'request' AND plan = ?
    AND (canon->>'$.reference') IS NOT NULL AND "position" < ? LIMIT 1
"""

_FINDINGS = """
    SELECT canon FROM log
    WHERE kind = 'finding' AND starts_with(canon->>'$.finding', 'contamination/')
    ORDER BY "position"
"""
