"""Full disks, broken disks and kills at every step of a commit, made by the kernel itself.

`strace` lets one system call of the committing process fail, or kills the process in it. Whatever
happens, the ledger verifies up to its last checkpoint, and the next commit completes it.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from ledger.building import Plan, plan, publish_attempt
from reprollm.ledger.commit import commit
from reprollm.ledger.verify import verify

CALLS = ("mkdir", "write", "pwrite64", "fsync", "link", "rename", "unlink")
# A line of the trace: process or thread, call, arguments.
CALL = re.compile(rf"(\d+) +({'|'.join(CALLS)})\((.*)")
COMMIT = "from reprollm.cli import main; main()"


def prepared(ledger: Path) -> Plan:
    """A ledger with one commit behind it, and new shards that will bring a finding."""
    made = plan(4)
    made.publish(ledger)
    publish_attempt(ledger, made, 0, 2)
    commit(ledger)
    publish_attempt(ledger, made, 2, 4)
    publish_attempt(ledger, made, 0, 1, name="again", answers="anders", second=30)
    return made


def traced(ledger: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["strace", "-f", "-y", "-e", f"trace={','.join(CALLS)}", *options]
    commit_it = [sys.executable, "-c", COMMIT, "ledger", "commit", str(ledger)]
    # Writing byte code would change the number of calls from one run to the next.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [*command, *commit_it],
        capture_output=True, text=True, timeout=120, check=False, env=environment,
        preexec_fn=_on_one_core,
    )  # fmt: skip


def _on_one_core() -> None:
    """Leave the process one core, so that DuckDB spreads its writes over fewer threads."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int]]:
    """Every system call of a commit that touches the ledger: name and number in its thread."""
    ledger = tmp_path_factory.mktemp("traced") / "ledger"
    trace = ledger.parent / "trace"
    prepared(ledger)
    done = traced(ledger, "-o", str(trace))
    assert done.returncode == 0, done.stderr
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for call in filter(None, map(CALL.match, trace.read_text().splitlines())):
        thread, name, arguments = call.groups()
        seen[thread, name] += 1
        if str(ledger) in arguments:
            found.append((name, seen[thread, name]))
    return sorted(set(found))


def chosen(points: list[tuple[str, int]], each: int) -> list[tuple[str, int]]:
    """Return up to `each` calls of every name, spread over the commit."""
    by_name: defaultdict[str, list[int]] = defaultdict(list)
    for name, number in points:
        by_name[name].append(number)
    return [
        (name, number)
        for name, numbers in by_name.items()
        for number in numbers[:: max(1, -(-len(numbers) // each))]
    ]


def assert_recoverable(ledger: Path) -> None:
    """The log verifies as far as it is acknowledged, and one more commit completes it."""
    before = {path.name: path.read_bytes() for path in (ledger / "log").glob("0*")}
    report = verify(ledger, allow_incomplete=True)
    assert all("behind the log" in problem.sentence for problem in report.problems)
    assert report.size >= 11
    commit(ledger)
    report = verify(ledger)
    assert report.holds
    assert report.uncommitted == ()
    assert report.runs[0].answered == 4
    assert len(list(ledger.glob("shards/finding-*/*.jsonl"))) == 1
    after = {path.name: path.read_bytes() for path in (ledger / "log").glob("0*")}
    assert before.items() <= after.items()
    assert not [path for path in ledger.rglob("*") if path.name.startswith((".tmp", ".ledger-"))]


def test_strace_sees_every_kind_of_call_of_a_commit(points: list[tuple[str, int]]) -> None:
    assert {name for name, _ in points} >= {"write", "pwrite64", "fsync", "link"}


@pytest.mark.parametrize(("error", "each"), [("ENOSPC", 2), ("EIO", 1)])
def test_a_failing_disk_leaves_a_ledger_that_the_next_commit_completes(
    points: list[tuple[str, int]], tmp_path: Path, error: str, each: int
) -> None:
    prepared(tmp_path / "good")
    reached = set()
    for name, number in chosen(points, each):
        ledger = tmp_path / f"{name}-{number}"
        shutil.copytree(tmp_path / "good", ledger)
        trace = tmp_path / "trace"
        done = traced(ledger, "-e", f"inject={name}:error={error}:when={number}", "-o", str(trace))
        if "INJECTED" in trace.read_text():
            reached.add(name)
        assert done.returncode in (0, 7), (name, number, done.stderr)
        assert "Traceback" not in done.stderr
        assert_recoverable(ledger)
    # Which of DuckDB's threads makes the tenth write is not the same in every run, so a single
    # point may be missed; a kind of call may not.
    assert reached == {name for name, _ in points}


def test_a_kill_at_any_call_leaves_a_ledger_that_the_next_commit_completes(
    points: list[tuple[str, int]], tmp_path: Path
) -> None:
    prepared(tmp_path / "good")
    killed = set()
    for name, number in chosen(points, 2):
        ledger = tmp_path / f"{name}-{number}"
        shutil.copytree(tmp_path / "good", ledger)
        done = traced(ledger, "-e", f"inject={name}:signal=SIGKILL:when={number}", "-o", os.devnull)
        if done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
            killed.add(name)
        else:
            assert done.returncode == 0, (name, number, done.stderr)
        assert_recoverable(ledger)
    assert killed == {name for name, _ in points}


def test_a_kill_at_a_random_moment_loses_nothing(tmp_path: Path) -> None:
    prepared(tmp_path / "good")
    moments = random.Random(7)
    for number in range(6):
        ledger = tmp_path / str(number)
        shutil.copytree(tmp_path / "good", ledger)
        command = [sys.executable, "-c", COMMIT, "ledger", "commit", str(ledger)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.1, 0.9))
        process.kill()
        process.wait()
        assert_recoverable(ledger)
