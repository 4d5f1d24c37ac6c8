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
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput, ProjectionMismatch, ReprollmError
from reprollm.ledger import coverage, projected
from reprollm.ledger.attempts import AttemptAudit
from reprollm.ledger.blocks import Block
from reprollm.ledger.deviations import DeviationAudit
from reprollm.ledger.examine import Examined, examine
from reprollm.ledger.imports import ImportAudit
from reprollm.ledger.items import ItemAudit
from reprollm.ledger.lock import reading
from reprollm.ledger.measurements import MeasurementAudit
from reprollm.ledger.plans import PlanAudit
from reprollm.ledger.projection import opened
from reprollm.ledger.remarks import (
    deviation_remarks,
    exposure_remarks,
    run_remarks,
    trust_remarks,
    withheld_remarks,
)
from reprollm.ledger.report import Check, Problem, Report, RunCoverage, Verdict
from reprollm.ledger.roots import Log, RootAudit, read_log
from reprollm.ledger.spool import Spool
from reprollm.ledger.standing import Begun, standing
from reprollm.ledger.workers import in_order, processes_for
from reprollm.records.entries import discover
from reprollm.records.shard import ShardReference

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CHECKS = (
    "log", "shards", "records", "openings", "roots", "identities", "plans", "items",
    "attempts", "deviations", "coverage", "imports", "measurements", "projection",
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
            log = read_log(ledger)
        except InvalidInput:
            raise
        except ReprollmError as error:
            problem = Problem(type(error).__name__, str(error))
            return Report("", 0, "", (Check("log", 0, "segments", Verdict.FAILED),), (problem,))
        with tempfile.TemporaryDirectory(prefix="reprollm-verify-") as folder:
            spool = Spool.for_log(Path(folder), log.size)
            return _Verification(ledger, log, spool, allow_incomplete).run(on_records)


@dataclass
class _Verification:
    """One verification on its way."""

    ledger: Path
    log: Log
    spool: Spool
    allow_incomplete: bool
    checks: list[Check] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    attempts: AttemptAudit = field(default_factory=AttemptAudit)
    plans: PlanAudit = field(default_factory=PlanAudit)
    items: ItemAudit = field(default_factory=ItemAudit)
    imports: ImportAudit = field(default_factory=ImportAudit)
    deviations: DeviationAudit = field(default_factory=DeviationAudit)
    measurements: MeasurementAudit = field(default_factory=MeasurementAudit)
    exposures: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    commitments: int = 0
    opened: int = 0
    salted: int = 0
    untrue: list[str] = field(default_factory=list)
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
            self._check_imports()
            self._check_measurements()
            self._check_projection(shards, processes)
        done = {check.name for check in self.checks}
        done |= {"items"} if self.sound else set()
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
            self.opened,
        )

    def _check(self, name: str, count: int, unit: str, problems: Sequence[Problem]) -> None:
        verdict = Verdict.FAILED if problems else Verdict.OK
        self.checks.append(Check(name, count, unit, verdict))
        self.problems += [replace(problem, check=name) for problem in problems]

    def _read_shards(
        self,
        shards: list[tuple[int, ShardReference]],
        processes: int,
        on_records: Callable[[int], None],
    ) -> None:
        """Check every shard, and the roots over their leaves in log order."""
        damages, roots, records = [], RootAudit(self.log), 0
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
        self.notices += withheld_remarks(self.commitments, self.opened, self.salted)
        if not damages:
            count = len(self.log.segments) + len(self.log.checkpoints)
            self._check("roots", count, "roots of segments and checkpoints", roots.finish())
        self.sound = not self.problems
        untrue = [Problem("LeafMismatch", sentence) for sentence in self.untrue]
        if self.sound or untrue:
            self._check("identities", records, "records, own ids recomputed where opened", untrue)

    def _take(self, found: Examined) -> None:
        self.attempts.take(found)
        self.imports.take(found)
        self.items.take(found.items, found.asked)
        self.measurements.take(found)
        for position, record in found.heads:
            if record["kind"] == "plan":
                self.deviations.plan(record)
            elif record["kind"] == "deviation":
                self.deviations.deviation(position, record)
            elif record["kind"] == "exposure":
                self.exposures.append(record)
        self.blocks += found.blocks
        self.commitments += found.commitments
        self.opened += found.opened
        self.salted += found.salted
        self.untrue += found.untrue

    def _follow(self, found: Examined, roots: RootAudit) -> None:
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
        untrue = list(self.items.finish(self.deviations.cores, self.attempts.begun()))
        if self.items.records or untrue:
            self._check("items", self.items.records, "items described", untrue)
        checkpoints = {item.size: item.root.hex() for item in self.log.checkpoints}
        problems = self.attempts.finish(self.plans.ends, checkpoints)
        lines = self.attempts.lines()
        self._check("attempts", len(lines), "attempts", problems)
        for how in ("interrupted", "killed", "failed", "abandoned"):
            count = sum(line.how == how for line in lines)
            if count:
                self.notices.append(f"{count} attempts ended otherwise than complete: {how}")

    def _check_coverage(self, processes: int) -> tuple[RunCoverage, ...]:
        pairs = self.deviations.pairs()
        work = partial(coverage.judge_part, self.spool, self.attempts.runs(), pairs)
        workers = min(processes, self.spool.parts)
        runs, overlaps, problems = coverage.total(in_order(work, range(self.spool.parts), workers))
        trust = self.attempts.trust()
        runs = tuple(replace(run, trust=trust[run.run]) for run in runs)
        untrue = self.deviations.finish(overlaps, self.attempts.begun())
        self._check("deviations", len(pairs), "changes of the plan", untrue)
        self.notices += deviation_remarks(self.deviations.records)
        problems += self._gaps(runs)
        planned = sum(run.planned for run in runs)
        self._check("coverage", planned, f"requests of {len(runs)} runs", problems)
        self.notices += run_remarks(runs)
        self.notices += trust_remarks(runs)
        self.notices += exposure_remarks(self.exposures)
        return runs

    def _gaps(self, runs: Sequence[RunCoverage]) -> list[Problem]:
        """Return what is missing of the runs that a ledger stands for; note what else is.

        One complete run is what a ledger stands for, of several models one of each. Runs that were
        given up beside it, after a change of the experiment or the code, are told and not held
        against it.
        """
        gaps = {run.run: gap for run in runs if (gap := coverage.missing_problem(run))}
        begun = [Begun(run.run, run.plan, not run.missing) for run in runs]
        stands = standing(self.deviations.cores, begun)
        counting = [each.run.run for each in stands if each.run is not None]
        problems = [gaps.pop(run) for run in counting if run in gaps]
        problems += [coverage.not_begun(each) for each in stands if each.run is None]
        if not any(run.complete for run in begun):
            problems += gaps.values()
            gaps = {}
        if not runs and self.plans.heads:
            problems = [coverage.nothing_answered(len(self.plans.heads))]
        if self.allow_incomplete:
            gaps |= {problem.sentence: problem for problem in problems}
            problems = []
        self.notices += [gap.sentence for gap in gaps.values()]
        return problems

    def _check_imports(self) -> None:
        problems = self.imports.finish()
        self._check("imports", self.imports.samples, "answers, unattested", problems)
        self.notices += self.imports.notices()

    def _check_measurements(self) -> None:
        sizes = [checkpoint.size for checkpoint in self.log.checkpoints]
        problems = self.measurements.finish(self.plans.ends, sizes, self.spool)
        unit = f"measurements for {self.measurements.examinations} examinations"
        self._check("measurements", self.measurements.measured, unit, problems)
        self.notices += self.measurements.notices

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


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
