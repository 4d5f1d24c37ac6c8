"""Every comparison and claim of a log, held against what the log before it gives.

The records of one shard speak of the log before the checkpoint that they name. They must be exactly
the conclusions that the plans declared: none missing, none more, none twice, none different, in
their order. Where texts are withheld that a comparison needs, it is named as not checked; a claim
on a value is judged all the same, since it speaks of a recorded estimate. Declarations from which
nobody concluded are told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.conclusions.compared import SAME, UNCHECKED, WRONG, Record, compared
from reprollm.conclusions.conclude import CLAIM, COMPARISON, Conclusion, conclusions, declared_in
from reprollm.conclusions.reading import Reading, read
from reprollm.errors import ConclusionMismatch, ReprollmError
from reprollm.ledger.by_shard import by_shard
from reprollm.ledger.projection import opened
from reprollm.ledger.report import Problem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SHOWN = 5
_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, LookupError, ReprollmError, TypeError,
    ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """One recorded conclusion, and what came of it.

    Attributes:
        record: as it stands in the log.
        position: its place in the log.
        recomputed: `same`, `WRONG` or `not recomputed`.
        counts: whether no later shard speaks of the same run.
    """

    record: Record
    position: int
    recomputed: str
    counts: bool = True

    @property
    def name(self) -> str:
        """The comparison's or claim's name."""
        return str(self.record[self.record["kind"]])


@dataclass(frozen=True)
class Rechecked:
    """What came of drawing a log's conclusions again.

    Attributes:
        found: the recorded conclusions, in log order.
        problems: those that are not what the log gives, and those that are missing.
        unchecked: sentences that name what could not be recomputed, and why.
    """

    found: tuple[Checked, ...] = ()
    problems: tuple[Problem, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def same(self) -> int:
        """How many conclusions are what the log gives."""
        return sum(each.recomputed == SAME for each in self.found)


def recompute(ledger: Path) -> Rechecked:
    """Compare every comparison and claim in the log of `ledger` with what the log gives.

    The log is read as `ledger.duckdb` shows it, which must have been compared with the shards.

    Raises:
        InvalidInput: there is no projection.
        ProjectionMismatch: the projection is no database.
    """
    with opened(ledger) as connection:
        groups = list(_groups(connection))
        last = {group.records[0]["run"]: group for group in groups}
        found = [
            _judge(connection, group, last[group.records[0]["run"]] is group) for group in groups
        ]
        silent = () if groups else tuple(_not_concluded(connection))
    return Rechecked(
        tuple(each for one in found for each in one.found),
        tuple(each for one in found for each in one.problems),
        (*(each for one in found for each in one.unchecked), *silent),
    )


@dataclass(frozen=True)
class _Group:
    """The conclusions of one shard, in log order."""

    position: int
    records: list[Record]

    @property
    def where(self) -> str:
        return f"conclusions at {self.position}"


def _groups(connection: DuckDBPyConnection) -> Iterator[_Group]:
    for members in by_shard(connection, COMPARISON, CLAIM):
        yield _Group(members[0][0], [record for _, record in members])


def _not_concluded(connection: DuckDBPyConnection) -> Iterator[str]:
    """Yield what is declared by a run's plan, where the log holds no conclusion at all."""
    for (core,) in connection.execute(_DECLARING).fetchall():
        if declared := declared_in(json.loads(core)):
            yield (
                f"{' and '.join(declared)} declared, but nothing is concluded in the log; "
                "run reprollm conclude and commit the ledger"
            )
            return


def _judge(connection: DuckDBPyConnection, group: _Group, counts: bool) -> Rechecked:
    checkpoint = group.records[0]["checkpoint"]
    reading: Reading | None = None
    expected: list[Conclusion] = []
    said = _of_no_checkpoint(connection, group)
    if not said:
        try:
            reading = read(connection, checkpoint["size"])
            expected = conclusions(reading.material) if reading.material else []
        except _BROKEN as error:
            said = f"expected declarations to conclude from, found {error!r:.200}"
    if reading is None or said:
        verdicts = [WRONG] * len(group.records)
        return _made(group, verdicts, [f"{group.where}: {said}"], (), counts)
    return _compared(group, expected, reading.withheld, counts)


def _of_no_checkpoint(connection: DuckDBPyConnection, group: _Group) -> str:
    """Return what is wrong with the checkpoint that conclusions speak of, or nothing."""
    named = group.records[0]["checkpoint"]
    if any(record["checkpoint"] != named for record in group.records):
        return "expected one checkpoint for all of a shard, found several"
    row = connection.execute(_CHECKPOINT, [named["size"]]).fetchone()
    if row is None or row[0] != named["root"] or named["size"] > group.position:
        return (
            f"expected a checkpoint of this log before them, found size {named['size']} with root "
            f"{named['root'][:16]}"
        )
    return ""


def _compared(
    group: _Group, expected: Sequence[Conclusion], withheld: set[str], counts: bool
) -> Rechecked:
    found = compared(group.records, expected, withheld)
    unknown = found.verdicts.count(UNCHECKED)
    told = (
        (f"{group.where}: {unknown} not recomputed: {', '.join(sorted(withheld))} withheld",)
        if unknown
        else ()
    )
    wrong = [f"{group.where}: {said}" for said in found.wrong]
    return _made(group, found.verdicts, wrong, told, counts)


def _made(
    group: _Group,
    verdicts: Sequence[str],
    wrong: Sequence[str],
    unchecked: tuple[str, ...],
    counts: bool,
) -> Rechecked:
    shown = list(wrong[:_SHOWN])
    if len(wrong) > _SHOWN:
        shown.append(f"{group.where}: and {len(wrong) - _SHOWN} more are wrong")
    return Rechecked(
        tuple(
            Checked(record, group.position + place, verdict, counts)
            for place, (record, verdict) in enumerate(zip(group.records, verdicts, strict=True))
        ),
        tuple(Problem(ConclusionMismatch.__name__, said) for said in shown),
        unchecked,
    )


_CHECKPOINT = "SELECT root FROM checkpoint WHERE size = ?"
_DECLARING = """
    SELECT p.canon->'$.core' FROM log p
    WHERE p.kind = 'plan' AND p.plan IN (SELECT plan FROM log WHERE kind = 'start')
    ORDER BY p."position" DESC
"""
