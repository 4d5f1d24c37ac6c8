"""Every fault at every system call of publication and commit, counted.

    PYTHONPATH=tests python -m faults

The tests try every call of publication and of a commit's log part, and a sample of DuckDB's calls;
this tries them all, which takes a while, and goes on after a failure to say how many there are.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path

from faults import jobs, strace, worlds

_TRIALS = {
    "publication": (worlds.publication, jobs.publish_shard),
    "log": (worlds.uncommitted, jobs.commit_log),
    "commit": (worlds.differing, jobs.commit_whole),
}


def main() -> None:
    failed = 0
    for name in sys.argv[1:] or _TRIALS:
        with tempfile.TemporaryDirectory(prefix=f"reprollm-faults-{name}-") as folder:
            failed += _try(name, Path(folder))
    sys.exit(failed > 0)


def _try(name: str, folder: Path) -> int:
    prepare, work = _TRIALS[name]
    good = prepare(folder)
    check = {
        "publication": worlds.assert_published,
        "log": partial(worlds.assert_logged, good),
        "commit": partial(worlds.assert_committed, good),
    }[name]
    found = worlds.points(work, good)
    faults = [fault for point in found for fault in point.faults()]
    print(f"{name}: {len(found)} system calls, {len(faults)} faults", flush=True)
    tally, failed = strace.Tally(), 0
    for fault, world, ended in worlds.disturbed(work, good, faults):
        tally.add(fault, ended)
        try:
            check(world, ended)
        except Exception:
            failed += 1
            print(f"FAILED: {fault}, exit code {ended.code}: {ended.said}")
            traceback.print_exc(limit=4)
    print(f"{name}: {tally}; {failed} failed", flush=True)
    return failed


if __name__ == "__main__":
    main()
