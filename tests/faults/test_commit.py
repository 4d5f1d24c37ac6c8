"""A commit with its system calls failing, or being its last: all of the log's, some of DuckDB's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from faults import jobs, worlds
from faults.strace import Fault, Point, Tally

SAMPLE = 20


def test_the_log_survives_every_failing_call_of_a_commit_and_a_kill_at_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, tally = worlds.uncommitted(tmp_path), Tally()
    points = worlds.points(jobs.commit_log, good)
    assert {point.name for point in points} >= {"openat", "write", "fsync", "link", "flock"}
    faults = [fault for point in points for fault in point.faults()]
    for fault, world, ended in worlds.disturbed(jobs.commit_log, good, faults):
        tally.add(fault, ended)
        worlds.assert_logged(good, world, ended)
    with capsys.disabled():
        print(f"\nlog: {len(points)} system calls, {tally}")
    assert not tally.missed


def test_a_whole_commit_survives_failing_calls_and_kills_while_duckdb_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, tally = worlds.differing(tmp_path), Tally()
    points = worlds.points(jobs.commit_whole, good)
    assert {point.name for point in points} >= {"pwrite64", "fdatasync", "rename"}
    faults = _sample([point for point in points if _is_of_the_projection(point)])
    for fault, world, ended in worlds.disturbed(jobs.commit_whole, good, faults):
        tally.add(fault, ended)
        worlds.assert_committed(good, world, ended)
    with capsys.disabled():
        print(f"\ncommit: {len(points)} system calls, {tally}")
    # DuckDB does not make the same number of calls in every run, so that one may never come.
    assert len(tally.missed) < SAMPLE // 5


def _is_of_the_projection(point: Point) -> bool:
    return "duckdb" in point.place or "finding" in point.place


def _sample(points: list[Point]) -> list[Fault]:
    """Return one fault at a call of each name, and others up to `SAMPLE`."""
    chance = random.Random(20261204)
    faults = [fault for point in points for fault in point.faults()]
    chance.shuffle(faults)
    first = {fault.point.name: fault for fault in faults}
    others = [fault for fault in faults if fault not in first.values()]
    return [*first.values(), *others][:SAMPLE]
