"""One system call after another made to fail, or to be the process's last, by `strace`.

A clean run is traced first; every call in it that touches the watched folder is a *point*, known by
its name and by how many calls of that name its thread had made before. A *fault* lets that call
fail with an error, or kills the process in it, in a run of the same work on a copy of the folder.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faults import children

_READING = (
    "read", "pread64", "readv", "preadv", "stat", "lstat", "fstat", "newfstatat", "statx",
    "access", "faccessat", "faccessat2", "getdents64", "lseek", "readlink", "readlinkat", "statfs",
    "fstatfs", "flock", "fcntl",
)  # fmt: skip
_OPENING = ("open", "openat", "creat", "close")
_CHANGING = (
    "write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "sync_file_range", "link",
    "linkat", "symlink", "symlinkat", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "mkdir", "mkdirat", "rmdir", "truncate", "ftruncate", "fallocate", "chmod", "fchmod",
    "fchmodat",
)  # fmt: skip
_TRACED = ",".join(f"?{name}" for name in (*_READING, *_OPENING, *_CHANGING))
_CALL = re.compile(r"(\d+) +(\w+)\((.*)")
_VARYING = re.compile(r"[0-9a-f]{16,}|\d{3,}|(?<=commit-)\w+")
_WRITTEN = re.compile(r"O_(WRONLY|RDWR|CREAT)")


@dataclass(frozen=True, order=True)
class Point:
    """One system call.

    Attributes:
        name: which call.
        number: its number, from 1, among the calls of this name that its thread makes.
        place: the file that it touches, without what differs between runs.
        changing: whether it changes files, or ends the writing of one.
    """

    name: str
    number: int
    place: str
    changing: bool

    def faults(self) -> Iterator[Fault]:
        """Yield what can happen at this call.

        Every call can fail; a disk can be full only for who writes; and a kill between two calls
        that change nothing leaves what a kill at the next one that does leaves.
        """
        yield Fault(self, "EIO")
        if self.changing:
            yield Fault(self, "ENOSPC")
            yield Fault(self, "KILL")


@dataclass(frozen=True)
class Fault:
    """A point and what happens there: `EIO`, `ENOSPC` or `KILL`."""

    point: Point
    how: str

    def option(self) -> str:
        """Return the fault as strace's option `inject` takes it."""
        what = "signal=SIGKILL" if self.how == "KILL" else f"error={self.how}"
        return f"{self.point.name}:{what}:when={self.point.number}"

    def __str__(self) -> str:
        return f"{self.how} at {self.point.name} {self.point.number} of {self.point.place}"


@dataclass(frozen=True)
class Ended:
    """How a traced process ended.

    Attributes:
        code: its exit code; negative where a signal ended it.
        said: what it printed.
        trace: its system calls as strace wrote them down; empty where nothing was traced.
        world: the folder in which it worked.
    """

    code: int
    said: str
    trace: str
    world: Path

    @property
    def hit(self) -> bool:
        """Whether the fault happened, and in the world: not to some file of the system's."""
        injected = (line for line in self.trace.splitlines() if "(INJECTED)" in line)
        return self.code == -signal.SIGKILL or any(f"{self.world}/" in line for line in injected)


class Tally:
    """Counts faults that happened and faults whose call never came, by kind and exit code."""

    def __init__(self) -> None:
        self._hit: Counter[str] = Counter()
        self._codes: Counter[int] = Counter()
        self.missed: list[Fault] = []

    def add(self, fault: Fault, ended: Ended) -> None:
        """Count one run."""
        if ended.hit:
            self._hit[fault.how] += 1
            self._codes[ended.code] += 1
        else:
            self.missed.append(fault)

    def __str__(self) -> str:
        kinds = ", ".join(f"{how} {count}" for how, count in sorted(self._hit.items()))
        codes = ", ".join(f"{count} times {code}" for code, count in sorted(self._codes.items()))
        return (
            f"{self._hit.total()} faults injected ({kinds}), {len(self.missed)} not reached; "
            f"exit codes: {codes}"
        )


def points(work: children.Work, world: Path) -> list[Point]:
    """Return the calls of a clean run of `work(world)` that touch files below `world`."""
    ended = traced(work, world)
    if ended.code:
        raise AssertionError(f"expected a clean run, found exit code {ended.code}: {ended.said}")
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, int], Point] = {}
    written: set[str] = set()
    for call in filter(None, map(_CALL.match, ended.trace.splitlines())):
        thread, name, arguments = call.groups()
        seen[thread, name] += 1
        key = name, seen[thread, name]
        if f"{world}/" in arguments and key not in found:
            path = re.split(r'[">,]', arguments.partition(f"{world}/")[2], maxsplit=1)[0]
            if _WRITTEN.search(arguments):
                written.add(path)
            changing = name in _CHANGING or (name in _OPENING and path in written)
            found[key] = Point(*key, _VARYING.sub("*", path), changing)
    return list(found.values())


def traced(work: children.Work, world: Path, fault: Fault | None = None) -> Ended:
    """Run `work(world)` in a process under strace, with `fault`."""
    said, trace, errors = (world.parent / f"{world.name}.{it}" for it in ("said", "trace", "err"))
    ready = world.parent / f"{world.name}.ready"
    process = children.start(_traced, work, world, ready, said=said)
    children.wait_for(ready)
    command = [
        "strace", "-f", "-y", "-qq", "-p", str(process.pid), "-o", str(trace),
        "-e", "signal=none", "-e", f"trace={_TRACED},sched_yield",
        "-e", "inject=sched_yield:error=EDOM",
    ]  # fmt: skip
    if fault:
        command += ["-e", f"inject={fault.option()}"]
    with errors.open("wb") as file:
        tracer = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        code = _code(process, tracer, errors)
    finally:
        tracer.kill()
        tracer.wait()
    printed, calls = said.read_text(encoding="utf-8"), trace.read_text(encoding="utf-8")
    return Ended(code, printed, calls, world)


def _traced(work: children.Work, world: Path, ready: Path) -> None:
    ready.touch()
    children.wait_for_tracer()
    work(world)


def _code(
    process: children.ForkServerProcess, tracer: subprocess.Popen[bytes], errors: Path
) -> int:
    """Return the exit code of a traced process, once its tracer has written down the last call."""
    deadline = time.monotonic() + 120
    while tracer.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    if tracer.returncode is None or (process.is_alive() and tracer.returncode):
        process.kill()
        raise AssertionError(f"strace ended with {tracer.returncode}: {errors.read_text()}")
    return children.ended(process)
