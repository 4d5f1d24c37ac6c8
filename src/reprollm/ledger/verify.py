"""The whole ledger checked against itself, trusting nothing in it.

One pass over all shards, in processes, checks every byte: names, canonical lines, kinds, openings,
identities. Its small leftovers on the disk feed the rest: roots at every segment and checkpoint,
plans, coverage of every run, and the comparison with `ledger.duckdb`. Memory does not grow with
the log. Defects are collected, so that one report names them all; what a defect makes impossible
to judge is said to be not checked.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reprollm.errors import InvalidInput, ProjectionMismatch, ReprollmError
from reprollm.ledger import coverage, projected
from reprollm.ledger.attempts import AttemptAudit
from reprollm.ledger.checkpoint import Checkpoint
from reprollm.ledger.examine import Block, Examined, examine
from reprollm.ledger.lock import reading
from reprollm.ledger.plans import PlanAudit
from reprollm.ledger.projection import opened
from reprollm.ledger.report import Check, Problem, Report, RunCoverage, Verdict
from reprollm.ledger.segments import (
    Segment,
    acknowledged,
    positions,
    read_checkpoints,
    read_segments,
)
from reprollm.ledger.shards import discover
from reprollm.ledger.spool import Spool
from reprollm.ledger.workers import in_order, processes_for
from reprollm.records.merkle import Frontier
from reprollm.records.shard import ShardReference

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CHECKS = (
    "log", "shards", "records", "openings", "roots", "plans", "attempts", "coverage", "projection",
)  # fmt: skip


def verify(
    ledger: Path,
    *,
    allow_incomplete: bool = False,
    on_records: Callable[[int], None] = lambda records: None,
) -> Report:
    """Return what holds of `ledger` and what does not.

    Args:
        ledger: the ledger folder.
        allow_incomplete: a run without all its answers is a notice, not a problem.
        on_records: called with the number of records after each shard.

    Raises:
        InvalidInput: there is no log to verify.
        Busy: a commit is going on.
    """
    if not ledger.is_dir():
        raise InvalidInput(f"expected a ledger folder at {ledger}, found none")
    with reading(ledger):
        try:
            log = _read_log(ledger)
        except InvalidInput:
            raise
        except ReprollmError as error:
            problem = Problem(type(error).__name__, str(error))
            return Report("", 0, "", (Check("log", 0, "segments", Verdict.FAILED),), (problem,))
        with tempfile.TemporaryDirectory(prefix="reprollm-verify-") as folder:
            spool = Spool.for_log(Path(folder), log.size)
            return _Verification(ledger, log, spool, allow_incomplete).run(on_records)


@dataclass(frozen=True)
class _Log:
    segments: list[Segment]
    checkpoints: list[Checkpoint]
    pending: Segment | None

    @property
    def size(self) -> int:
        return self.segments[-1].size

    def shards(self) -> list[tuple[int, ShardReference]]:
        return list(positions(self.segments))


def _read_log(ledger: Path) -> _Log:
    segments, checkpoints = read_segments(ledger), read_checkpoints(ledger)
    covered = acknowledged(segments, checkpoints)
    if not covered:
        raise InvalidInput(
            f"expected a log in {ledger / 'log'}, found none; run: reprollm ledger commit {ledger}"
        )
    return _Log(covered, checkpoints, None if covered == segments else segments[-1])


@dataclass
class _Verification:
    """One verification on its way."""

    ledger: Path
    log: _Log
    spool: Spool
    allow_incomplete: bool
    checks: list[Check] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    attempts: AttemptAudit = field(default_factory=AttemptAudit)
    plans: PlanAudit = field(default_factory=PlanAudit)
    blocks: list[Block] = field(default_factory=list)
    commitments: int = 0
    opened: int = 0
    sound: bool = False

    def run(self, on_records: Callable[[int], None]) -> Report:
        log, shards = self.log, self.log.shards()
        size = sum(_bytes(shard.path(self.ledger)) for _, shard in shards)
        self._check("log", len(log.segments), "segments, contiguous", [])
        processes = processes_for(size, len(shards))
        self._read_shards(shards, processes, on_records)
        uncommitted = self._uncommitted({shard.sha256 for _, shard in shards})
        runs: tuple[RunCoverage, ...] = ()
        if self.sound:
            self._check_plans_and_attempts()
            runs = self._check_coverage(processes)
            self._check_projection(shards, processes)
        done = {check.name for check in self.checks}
        skipped = [name for name in _CHECKS if name not in done]
        self.checks += [Check(name, 0, "", Verdict.NOT_CHECKED) for name in skipped]
        last = log.checkpoints[-1]
        return Report(
            last.origin,
            last.size,
            last.root.hex(),
            tuple(self.checks),
            tuple(self.problems),
            tuple(self.notices),
            runs,
            self.attempts.lines(),
            uncommitted,
        )

    def _check(self, name: str, count: int, unit: str, problems: Sequence[Problem]) -> None:
        verdict = Verdict.FAILED if problems else Verdict.OK
        self.checks.append(Check(name, count, unit, verdict))
        self.problems += problems

    def _read_shards(
        self,
        shards: list[tuple[int, ShardReference]],
        processes: int,
        on_records: Callable[[int], None],
    ) -> None:
        """Check every shard, and the roots over their leaves in log order."""
        damages, roots, records = [], _Roots(self.log), 0
        work = partial(_examine_placed, self.ledger, self.spool)
        for found in in_order(work, shards, processes):
            records += sum(found.kinds.values())
            self._take(found)
            if found.damage:
                damages.append(Problem(found.damage.defect, found.damage.sentence))
            elif not damages:
                self._follow(found, roots)
            self.spool.drop(found.shard.sha256)
            on_records(found.shard.records)
        self._check("shards", len(shards), "shards, named by their bytes", damages)
        unit = f"commitments, {self.opened} opened"
        self.checks.append(Check("records", records, "canonical records", self.checks[-1].verdict))
        self.checks.append(Check("openings", self.commitments, unit, self.checks[-1].verdict))
        if self.opened < self.commitments:
            self.notices.append(
                f"{self.commitments - self.opened} of {self.commitments} texts and arrays are "
                "withheld: their commitments stand, their openings are not here"
            )
        if not damages:
            count = len(self.log.segments) + len(self.log.checkpoints)
            self._check("roots", count, "roots of segments and checkpoints", roots.finish())
        self.sound = not self.problems

    def _take(self, found: Examined) -> None:
        self.attempts.take(found)
        self.blocks += found.blocks
        self.commitments += found.commitments
        self.opened += found.opened

    def _follow(self, found: Examined, roots: _Roots) -> None:
        for leaf in self.spool.leaves(found.shard.sha256):
            roots.append(leaf)
        heads = deque(item for item in found.heads if item[1]["kind"] == "plan")
        for row in self.spool.planned(found.shard.sha256):
            while heads and heads[0][0] < row.position:
                self.plans.head(*heads.popleft())
            self.plans.request(row)
        for head in heads:
            self.plans.head(*head)

    def _uncommitted(self, known: set[str]) -> tuple[str, ...]:
        found = [path for _, path in discover(self.ledger) if path.stem not in known]
        names = tuple(sorted(path.relative_to(self.ledger).as_posix() for path in found))
        if names:
            self.notices.append(f"{len(names)} shards are not committed yet")
        if self.log.pending:
            self.notices.append(
                f"segment {self.log.pending.number} has no checkpoint: a commit was cut short; "
                "run: reprollm ledger commit"
            )
        return names

    def _check_plans_and_attempts(self) -> None:
        self._check("plans", self.plans.requests, "planned requests", self.plans.finish())
        problems = self.attempts.finish(self.plans.heads)
        lines = self.attempts.lines()
        self._check("attempts", len(lines), "attempts", problems)
        for how in ("interrupted", "killed", "failed", "abandoned"):
            count = sum(line.how == how for line in lines)
            if count:
                self.notices.append(f"{count} attempts ended otherwise than complete: {how}")

    def _check_coverage(self, processes: int) -> tuple[RunCoverage, ...]:
        work = partial(coverage.judge_part, self.spool, self.attempts.runs())
        workers = min(processes, self.spool.parts)
        runs, problems = coverage.total(in_order(work, range(self.spool.parts), workers))
        gaps = [gap for run in runs if (gap := coverage.missing_problem(run))]
        if not runs and self.plans.heads:
            gaps = [coverage.nothing_answered(len(self.plans.heads))]
        # One complete run is what a ledger stands for. Runs that were given up beside it, after a
        # change of the experiment or the code, are told and not held against it.
        if self.allow_incomplete or any(not run.missing for run in runs):
            self.notices += [gap.sentence for gap in gaps]
        else:
            problems += gaps
        planned = sum(run.planned for run in runs)
        self._check("coverage", planned, f"requests of {len(runs)} runs", problems)
        self.notices += _remarks(runs)
        return runs

    def _check_projection(self, shards: list[tuple[int, ShardReference]], processes: int) -> None:
        problems = list(self._projection_problems(shards, processes))
        self._check("projection", self.log.size, "records in ledger.duckdb", problems)

    def _projection_problems(
        self, shards: list[tuple[int, ShardReference]], processes: int
    ) -> Iterator[Problem]:
        try:
            # Held open over the checks, which then need not each open the file afresh.
            with opened(self.ledger) as connection:
                yield from self._compare_projection(connection, shards, processes)
        except (InvalidInput, ProjectionMismatch) as error:
            yield Problem(ProjectionMismatch.__name__, str(error))

    def _compare_projection(
        self,
        connection: DuckDBPyConnection,
        shards: list[tuple[int, ShardReference]],
        processes: int,
    ) -> Iterator[Problem]:
        problems = projected.check_definitions(connection) or projected.check_small_tables(
            connection, shards, self.log.checkpoints, self.opened
        )
        yield from problems
        if not problems:
            work = partial(projected.check_blocks, self.ledger)
            for found in in_order(work, projected.tasks(self.blocks), processes):
                yield from found


def _examine_placed(ledger: Path, spool: Spool, place: tuple[int, ShardReference]) -> Examined:
    return examine(ledger, spool, *place)


class _Roots:
    """Compares the tree, as it grows, with what segments and checkpoints say of it."""

    def __init__(self, log: _Log) -> None:
        self._tree = Frontier()
        self._segments = {segment.size: segment for segment in log.segments}
        self._checkpoints = {checkpoint.size: checkpoint for checkpoint in log.checkpoints}
        self._origin = log.segments[0].origin
        self._problems: list[Problem] = []

    def append(self, leaf: bytes) -> None:
        if not self._tree.size and not self._origin.endswith(f"/{leaf.hex()[:16]}"):
            self._report(f"the log's name {self._origin!r} does not end in its first leaf's hash")
        self._tree.append(leaf)
        segment = self._segments.get(self._tree.size)
        if segment:
            self._compare(segment)

    def finish(self) -> list[Problem]:
        return self._problems

    def _compare(self, segment: Segment) -> None:
        root = self._tree.root().hex()
        if segment.root != root:
            self._report(
                f"segment {segment.number}: expected the root {root}, found "
                f"{segment.root}; records were changed, dropped, added or moved"
            )
        elif segment.frontier != tuple(item.hex() for item in self._tree.roots):
            self._report(f"segment {segment.number}: its frontier is not that of its root")
        checkpoint = self._checkpoints[segment.size]
        if (checkpoint.root.hex(), checkpoint.origin) != (root, self._origin):
            self._report(
                f"checkpoint over {checkpoint.size} records: expected {self._origin} with root "
                f"{root}, found {checkpoint.origin} with {checkpoint.root.hex()}"
            )

    def _report(self, sentence: str) -> None:
        self._problems.append(Problem("CheckpointMismatch", sentence))


def _remarks(runs: Sequence[RunCoverage]) -> Iterator[str]:
    for run in runs:
        name = f"run {run.run[:16]}"
        if run.failed:
            yield f"{name}: {run.failed} requests failed with a recorded reason"
        if run.rerolled:
            yield (
                f"{name}: {run.rerolled} requests were answered again; {run.replicates} later "
                f"answers are equal, {run.differing} differ from the final one"
            )


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
