"""Real processes without their start-up: forks of a server that has imported the package.

A process of its own is what can be killed, traced and starved. Importing DuckDB and the package
takes longer than the work that is to be disturbed, so a server does it once and forks.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

_IMPORTED = [
    "duckdb",
    "pyarrow",
    "reprollm.cli",
    "reprollm.cli.ledger",
    "reprollm.engines.attempt",
    "reprollm.ledger.commit",
    "reprollm.ledger.projected",
]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(_IMPORTED)
_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)  # prctl(2)

Work = Callable[..., None]


def start(work: Work, *arguments: Any, said: Path | None = None) -> ForkServerProcess:
    """Start `work(*arguments)` in a process; what it prints goes into the file `said`."""
    process = _CONTEXT.Process(target=_run, args=(work, arguments, said), daemon=True)
    process.start()
    return process


def ended(process: ForkServerProcess, seconds: float = 60) -> int:
    """Wait for a process and return its exit code, negative where a signal ended it."""
    process.join(seconds)
    code = process.exitcode
    if code is None:
        process.kill()
        raise AssertionError(f"process {process.pid} did not end within {seconds} s")
    process.close()
    return code


def run(work: Work, *arguments: Any, said: Path) -> str:
    """Run `work(*arguments)` in a process, which must succeed, and return what it printed."""
    code = ended(start(work, *arguments, said=said))
    printed = said.read_text(encoding="utf-8")
    assert code == 0, printed
    return printed


def wait_for(file: Path, seconds: float = 60) -> None:
    """Wait until a process has made `file`."""
    deadline = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < deadline, f"expected {file} within {seconds} s"
        time.sleep(0.001)


def wait_for_tracer() -> None:
    """Wait until a tracer answers `sched_yield` with the error that it was told to inject.

    From the next system call on, every call of this process is seen and counted. It runs on one
    core from here on: DuckDB spreads its writes over as many threads as there are cores.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    ctypes.CDLL(None).prctl(_SET_PTRACER, _ANY, 0, 0, 0)
    while True:
        try:
            os.sched_yield()
        except OSError:
            return
        time.sleep(0.0005)


def _run(work: Work, arguments: tuple[Any, ...], said: Path | None) -> None:
    descriptor = os.open(said or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    code = 1
    try:
        work(*arguments)
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        if sys.exc_info()[0] not in (None, SystemExit):
            import traceback

            traceback.print_exc()
        os._exit(code)
