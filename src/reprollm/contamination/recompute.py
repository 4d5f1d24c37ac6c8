"""Every finding of contamination checks in a log, held against what the log's records give.

A shard of findings speaks of the records that stand before its segment: what its author could
read, the log being committed up to there; and of the declarations before the shard itself. Its
findings on one examination must be exactly those that the methods find: none missing, none more,
none twice, none different. Where texts are withheld that a method needs, or the method has another
version here, its findings are named as not checked, and the decision is recomputed from them as
they are recorded. What a scan found nobody can find again without the corpus.

Of several shards on one examination the last counts. What does not come out of an earlier one is
told and not held against the log: it may have been made of less than its segment shows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from reprollm.contamination.compared import difference, key_of, words
from reprollm.contamination.findings import LAST, METHODS, find_by, is_examined
from reprollm.contamination.material import Found, Material
from reprollm.contamination.reach import out_of_reach, part_of
from reprollm.contamination.reading import material_of
from reprollm.errors import FindingMismatch, ReprollmError
from reprollm.ledger.by_shard import by_shard
from reprollm.ledger.projection import opened
from reprollm.ledger.report import Problem
from reprollm.records.evidence import PREFIX

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAME, WRONG, UNCHECKED, SCANNED = "same", "WRONG", "not recomputed", "needs the corpus"
Record: TypeAlias = dict[str, Any]
_SHOWN = 5
_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, LookupError, ReprollmError, TypeError,
    ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """One recorded finding, and what came of it: one of the four words above."""

    record: Record
    recomputed: str


@dataclass(frozen=True)
class Rechecked:
    """What came of recomputing findings of contamination checks.

    Attributes:
        findings: all of them, by shard in log order.
        problems: those that are not what the records give, and those that are missing.
        unchecked: sentences that name what could not be recomputed, and why.
        notices: what a reader should know.
    """

    findings: tuple[Verdict, ...] = ()
    problems: tuple[Problem, ...] = ()
    unchecked: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def same(self) -> int:
        """How many findings are what the records give."""
        return sum(each.recomputed == SAME for each in self.findings)


def recompute(ledger: Path) -> Rechecked:
    """Compare every finding of a contamination check in the log with what its records give.

    The log is read as `ledger.duckdb` shows it, which must have been compared with the shards.

    Raises:
        InvalidInput: there is no projection.
        ProjectionMismatch: the projection is no database.
    """
    with opened(ledger) as connection:
        groups = list(_groups(connection))
        last = {group.examination: group for group in groups}
        found = [_judge(connection, group, last[group.examination] is group) for group in groups]
        every = [record for members in _findings(connection) for _, record in members]
    scans = [record for record in every if not is_examined(record)]
    found += [_scanned(scans)] if scans else []
    return Rechecked(
        tuple(each for one in found for each in one.findings),
        tuple(each for one in found for each in one.problems),
        tuple(each for one in found for each in one.unchecked),
        tuple(each for one in found for each in one.notices),
    )


@dataclass(frozen=True)
class _Group:
    """The findings of one shard on one examination, in log order.

    Attributes:
        examination: its id.
        first: position of the first of them.
        before: position of the first record of the shard's segment.
        records: the findings.
    """

    examination: str
    first: int
    before: int
    records: list[Record]

    @property
    def where(self) -> str:
        return f"findings at {self.first} of examination {self.examination[:16]}"


def _findings(connection: DuckDBPyConnection) -> Iterator[list[tuple[int, Record]]]:
    """Yield the findings of contamination checks, shard by shard, each with its position."""
    for members in by_shard(connection, "finding"):
        yield [each for each in members if each[1]["finding"].startswith(PREFIX)]


def _groups(connection: DuckDBPyConnection) -> Iterator[_Group]:
    sizes = [0, *(row[0] for row in connection.execute(_SIZES).fetchall())]
    for members in _findings(connection):
        groups: dict[str, _Group] = {}
        for position, record in members:
            if is_examined(record):
                before = sizes[bisect_right(sizes, position) - 1]
                empty = _Group(record["run"], position, before, [])
                groups.setdefault(record["run"], empty).records.append(record)
        yield from groups.values()


def _judge(connection: DuckDBPyConnection, group: _Group, counts: bool) -> Rechecked:
    """Return what holds of one shard's findings on one examination.

    Args:
        connection: the log.
        group: the findings.
        counts: whether no later shard speaks of the same examination.
    """
    material = material_of(connection, group.examination, group.before, group.first)
    if material is None:
        said = f"{group.where}: expected its examination before them in the log, found none"
        return _made(group, {WRONG: group.records}, [said], [], counts)
    recorded = [
        Found(record["finding"].removeprefix(PREFIX), record["subject"], record["evidence"])
        for record in group.records
    ]
    try:
        unchecked = out_of_reach(material, recorded)
        expected = _expected(material, recorded, unchecked)
    except _BROKEN as error:
        said = f"{group.where}: expected an examination to compute them from, found {error!r:.200}"
        return _made(group, {WRONG: group.records}, [said], [], counts)
    wrong: list[str] = []
    verdicts: dict[str, list[Record]] = {}
    seen: dict[tuple[str, ...], Found] = {}
    for record, found in zip(group.records, recorded, strict=True):
        part = part_of(found.method)
        said = "" if part in unchecked else difference(found, expected, seen)
        seen[key_of(found)] = found
        wrong += [f"{group.where}: {said}"] if said else []
        verdict = UNCHECKED if part in unchecked else WRONG if said else SAME
        verdicts.setdefault(verdict, []).append(record)
    wrong += [
        f"{group.where}: {words(each)} is not recorded, expected {each.evidence['verdict']!r}"
        for key, each in expected.items()
        if key not in seen and part_of(each.method) not in unchecked
    ]
    told = [f"{group.where}: {part} not recomputed: {why}" for part, why in unchecked.items()]
    return _made(group, verdicts, wrong, told, counts)


def _made(
    group: _Group,
    verdicts: Mapping[str, Sequence[Record]],
    wrong: Sequence[str],
    unchecked: Sequence[str],
    counts: bool,
) -> Rechecked:
    found = [Verdict(record, word) for word, records in verdicts.items() for record in records]
    shown = list(wrong[:_SHOWN])
    if len(wrong) > _SHOWN:
        shown.append(f"{group.where}: and {len(wrong) - _SHOWN} more findings are wrong")
    made = Rechecked(tuple(found), unchecked=tuple(unchecked))
    if not counts:
        told = [f"{said}; later findings on it count" for said in shown[:1]]
        return replace(made, notices=tuple(told))
    name = FindingMismatch.__name__
    return replace(made, problems=tuple(Problem(name, said) for said in shown))


def _scanned(records: Sequence[Record]) -> Rechecked:
    corpora: dict[str, None] = {}
    for record in records:
        parameters = record["evidence"].get("parameters")
        corpus = parameters.get("corpus") if isinstance(parameters, dict) else None
        corpora[str(corpus)[:64]] = None
    said = (
        f"{len(records)} findings of scans: what stands in a corpus can only be found again in "
        f"it; corpora with the digests {', '.join(corpora)}"
    )
    return Rechecked(tuple(Verdict(record, SCANNED) for record in records), unchecked=(said,))


def _expected(
    material: Material, recorded: Sequence[Found], unchecked: Mapping[str, str]
) -> dict[tuple[str, ...], Found]:
    """Return what the records give; of what cannot be recomputed what is recorded."""
    found: list[Found] = []
    for name in METHODS:
        if name in unchecked:
            found += [each for each in recorded if part_of(each.method) == name]
        else:
            found += find_by(name, material)
    found += find_by(LAST, material, tuple(found))
    return {key_of(each): each for each in found}


_SIZES = "SELECT size FROM checkpoint ORDER BY size"
