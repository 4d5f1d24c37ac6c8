"""A shard's publication with every one of its system calls failing, or being its last."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults import jobs, worlds
from faults.strace import Tally


def test_publication_survives_every_failing_call_and_a_kill_at_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, tally = worlds.publication(tmp_path), Tally()
    points = worlds.points(jobs.publish_shard, good)
    assert {point.name for point in points} >= {"openat", "write", "fsync", "link", "mkdir"}
    faults = [fault for point in points for fault in point.faults()]
    for fault, world, ended in worlds.disturbed(jobs.publish_shard, good, faults):
        tally.add(fault, ended)
        worlds.assert_published(world, ended)
    with capsys.disabled():
        print(f"\npublication: {len(points)} system calls, {tally}")
    assert not tally.missed
