"""Files that cannot grow beyond some size, which is how a full disk looks, at every stage."""

from __future__ import annotations

import random
import resource
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from faults import children, jobs, worlds
from faults.attempts import World, answer_and_commit, limit_files
from faults.strace import Ended
from faults.test_kills import (
    ENDINGS,
    SLICES,
    assert_nothing_lost,
    assert_nothing_repeated,
    bounds,
    finish,
    planned,
)
from reprollm.errors import StorageFailed
from reprollm.ledger.verify import verify

COMMIT_LIMITS = (0, 100, 500, 4_096, 20_000, 200_000, 10_000_000)
JOBS, ROOM = 16, 10_000_000


def test_a_commit_on_a_full_disk_says_so_and_the_next_one_completes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, codes = worlds.differing(tmp_path), []
    for limit in COMMIT_LIMITS:
        world, said = worlds.copy(good, str(limit)), tmp_path / "said"
        code = children.ended(children.start(commit_within, world, limit, said=said))
        ended = Ended(code, said.read_text(encoding="utf-8"), "", world)
        worlds.assert_committed(good, world, ended)
        codes.append(code)
    with capsys.disabled():
        print(f"\nfull disk at {COMMIT_LIMITS} bytes: commits ended with {codes}")
    assert set(codes) == {0, 7}


def test_a_disk_that_fills_while_answers_are_journalled_loses_none_that_was_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, chance, codes = planned(tmp_path), random.Random(20261205), []
    for _ in range(JOBS):
        # A start's shard takes 16 kB here, a whole journal 36 kB, and the database 1.6 MB.
        limit = chance.choice([chance.randrange(38_000), chance.randrange(17_000, 38_000), ROOM])
        process = children.start(work_within, world, limit, [bounds(chance.randrange(SLICES))])
        codes.append(children.ended(process))
    finish(world, *range(SLICES))
    assert_nothing_lost(world, endings=ENDINGS | {"failed"})
    assert_nothing_repeated(world)
    endings = Counter(line.how for line in verify(world.ledger).attempts)
    with capsys.disabled():
        print(
            f"\nfull disk: {codes.count(7)} of {JOBS} jobs refused, attempts: {dict(endings)}, "
            f"{len(_promised(world))} answers promised"
        )
    assert set(codes) == {0, 7}
    assert endings["failed"] > 1


def commit_within(world: Path, limit: int) -> None:
    """Commit while no file can grow beyond `limit` bytes."""
    printed = StringIO()
    try:
        limit_files(limit)
        with redirect_stdout(printed), redirect_stderr(printed):
            jobs.commit_whole(world)
    finally:
        limit_files(resource.RLIM_INFINITY)
        print(printed.getvalue(), end="")


def work_within(world: World, limit: int, slices: Sequence[tuple[int, int]]) -> None:
    """Answer slices and commit while no file but the list of promises can grow beyond `limit`."""
    try:
        answer_and_commit(world, slices, limit)
    except (StorageFailed, OSError):
        raise SystemExit(7) from None


def _promised(world: World) -> list[list[str]]:
    return [words for words in world.said() if words[0] == "answer"]
