"""Ledgers to be disturbed, and what must hold of them afterwards.

A *world* is a folder with a `ledger` and a `tmp` in it. Each fault happens in a copy of its own.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from faults import children, jobs, strace
from faults.strace import Ended, Fault, Point
from ledger.building import attempt, plan, publish_attempt
from reprollm.ledger.commit import commit
from reprollm.ledger.report import Report
from reprollm.ledger.segments import acknowledged, positions, read_checkpoints, read_segments
from reprollm.ledger.verify import verify
from reprollm.records.journal import Journal, JournalName
from reprollm.records.sealed import Sealed

SHARDS = ("shards", "openings")
_TRIES = 3


def publication(folder: Path) -> Path:
    """A ledger without a single folder, and a journal of three answers to be published in it."""
    world = _world(folder)
    made = plan(3)
    sealed = attempt(made, 0, 3)
    _journal(folder, sealed)
    (world / "ledger").mkdir()
    return world


def uncommitted(folder: Path) -> Path:
    """A plan in the log, and two shards of answers that are not."""
    world = _world(folder)
    ledger, made = world / "ledger", plan(4)
    publish_attempt(ledger, made, 0, 2)
    publish_attempt(ledger, made, 2, 4)
    return world


def differing(folder: Path) -> Path:
    """A ledger with one commit behind it, and new shards that will bring a finding."""
    world = _world(folder)
    ledger, made = world / "ledger", plan(4)
    publish_attempt(ledger, made, 0, 2)
    commit(ledger)
    publish_attempt(ledger, made, 2, 4)
    publish_attempt(ledger, made, 0, 1, name="again", answers="anders", second=30)
    return world


def copy(good: Path, name: str) -> Path:
    """Return a copy of the world `good` beside it."""
    return Path(shutil.copytree(good, good.parent / f"{good.name}-{name}", symlinks=True))


def points(work: children.Work, good: Path) -> list[Point]:
    """Return the system calls of a clean run of `work` in a copy of `good`."""
    children.run(work, copy(good, "first"), said=good.parent / "said")
    return strace.points(work, copy(good, "traced"))


def disturbed(
    work: children.Work, good: Path, faults: Iterable[Fault]
) -> Iterator[tuple[Fault, Path, Ended]]:
    """Yield each fault, the copy of `good` in which it happened to `work`, and how that ended.

    DuckDB does not make the same calls in every run. A fault that did not happen, or to another
    file, is tried again, and then given up.
    """
    for number, fault in enumerate(faults):
        for again in range(_TRIES):
            world = copy(good, f"{number}-{again}")
            ended = strace.traced(work, world, fault)
            if ended.hit or again == _TRIES - 1:
                yield fault, world, ended
                shutil.rmtree(world)
                break
            shutil.rmtree(world)


def assert_published(world: Path, ended: Ended) -> None:
    """No half file has a name, what was acknowledged is there, and doing it again completes it."""
    if ended.hit or not ended.trace:
        _assert_one_sentence(ended)
    ledger = world / "ledger"
    visible = _assert_whole_files(ledger)
    if ended.code == 0:
        assert visible == {ended.said.split()[1]}
    shard = children.run(jobs.publish_shard, world, said=world / "said").split()[1]
    assert visible <= {shard} == _assert_whole_files(ledger)
    [openings] = ledger.glob("openings/*/*/*.jsonl")
    assert openings.stem == shard


def assert_logged(good: Path, world: Path, ended: Ended) -> None:
    """The log grew by nothing or by all, and committing again completes it (no projection)."""
    ledger = world / "ledger"
    _assert_safe(good, world, ended)
    assert set(_defects(verify(ledger, allow_incomplete=True))) == {"ProjectionMismatch"}
    children.run(jobs.commit_log, world, said=world / "said")
    report = verify(ledger)
    assert _defects(report) == ["ProjectionMismatch"]
    _assert_complete(ledger, report)


def assert_committed(good: Path, world: Path, ended: Ended) -> None:
    """The same of a commit with projection and findings: one more completes it, and all holds."""
    ledger = world / "ledger"
    _assert_safe(good, world, ended)
    report = verify(ledger, allow_incomplete=True)
    assert all("behind the log" in problem.sentence for problem in report.problems), report.problems
    if ended.code == 0:
        assert report.holds
    commit(ledger)
    report = verify(ledger)
    assert report.holds, report.problems
    _assert_complete(ledger, report)
    assert len(list(ledger.glob("shards/finding-*/*.jsonl"))) == 1
    assert not list(ledger.glob(".ledger-*"))


def _assert_safe(good: Path, world: Path, ended: Ended) -> None:
    """Nothing that was acknowledged is changed or missing, right after the fault."""
    if ended.hit or not ended.trace:
        _assert_one_sentence(ended)
    ledger = world / "ledger"
    assert _files(good / "ledger", "log", *SHARDS).items() <= _files(ledger, "log", *SHARDS).items()
    published = _assert_whole_files(ledger)
    covered = acknowledged(read_segments(ledger), read_checkpoints(ledger))
    if ended.code == 0:
        assert {shard.sha256 for _, shard in positions(covered)} == published


def _assert_complete(ledger: Path, report: Report) -> None:
    times = Counter(shard.sha256 for _, shard in positions(read_segments(ledger)))
    assert times == Counter(_assert_whole_files(ledger))
    assert report.uncommitted == ()
    assert report.runs[0].answered == 4
    assert not list(ledger.glob("log/.tmp-*"))


def _assert_one_sentence(ended: Ended) -> None:
    """Assert that the process succeeded, was killed, or said what the system refused (7).

    Where the ledger's folder cannot even be asked for, click refuses the command line (2); where a
    lock cannot be taken, DuckDB takes that for somebody else's (6).
    """
    assert "Traceback" not in ended.said, ended.said
    if ended.code in (6, 7):
        assert ended.said.startswith("reprollm: ") and ended.said.count("\n") == 1, ended.said
    elif ended.code == 2:
        assert "is not readable" in ended.said or "does not exist" in ended.said, ended.said
    else:
        assert ended.code in (0, -9), (ended.code, ended.said)


def _assert_whole_files(ledger: Path) -> set[str]:
    """Return the shards that can be seen, each of which has its openings and its name's bytes."""
    seen = set()
    for path in ledger.glob("shards/**/[!.]*.jsonl"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
        seen.add(path.stem)
    for path in ledger.glob("openings/**/[!.]*.jsonl"):
        assert path.read_bytes().endswith(b"]}\n")
    return seen


def _defects(report: Report) -> list[str]:
    return [problem.defect for problem in report.problems]


def _files(ledger: Path, *tops: str) -> dict[str, bytes]:
    return {
        path.relative_to(ledger).as_posix(): path.read_bytes()
        for top in tops
        for path in (ledger / top).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def _world(folder: Path) -> Path:
    world = folder / "world"
    (world / "tmp").mkdir(parents=True)
    return world


def _journal(folder: Path, sealed: Iterable[Sealed]) -> None:
    journal = Journal(folder, JournalName("0" * 16, 0, 3, "a"))
    journal.append(sealed)
    journal.close()
    journal.path.rename(folder / "journal.jsonl")
