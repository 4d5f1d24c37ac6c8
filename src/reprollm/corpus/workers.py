"""Processes that share the units of a scan.

They are forked when the index stands, so that all read one copy of it. Each takes the next unit
from a counter in shared memory and writes what it found into the journal; nothing is sent between
processes. One whose parent is gone stops at its next reading.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkProcess
from typing import Any

from reprollm.corpus.units import Unit
from reprollm.errors import InvalidInput, StorageFailed

_POLL_SECONDS = 0.05
_INPUT, _STORAGE = 3, 7

Scan = Callable[[Unit, Callable[[int], object]], None]


def scan_with_processes(
    units: Sequence[Unit], scan: Scan, jobs: int, progress: Callable[[int], object]
) -> None:
    """Let `jobs` processes scan the units.

    Raises:
        InvalidInput, StorageFailed: a process met what raised it, or was killed from outside.
    """
    context = multiprocessing.get_context("fork")
    following = context.Value("q", 0)
    done = context.Value("q", 0)
    readers: list[Any] = []
    processes: list[ForkProcess] = []
    for _ in range(min(jobs, len(units))):
        reader, writer = context.Pipe(duplex=False)
        process = context.Process(
            target=_work, args=(units, scan, following, done, writer), daemon=True
        )
        process.start()
        writer.close()
        readers.append(reader)
        processes.append(process)
    try:
        _wait(processes, done, progress)
        for process, reader in zip(processes, readers, strict=True):
            _demand_success(process, reader)
    finally:
        for process in processes:
            process.kill()
            process.join()


def _wait(processes: list[ForkProcess], done: Any, progress: Callable[[int], object]) -> None:
    told = 0
    while True:
        alive = any(process.is_alive() for process in processes)
        failed = any(process.exitcode not in (None, 0) for process in processes)
        count = done.value
        progress(count - told)
        told = count
        if failed or not alive:
            return
        time.sleep(_POLL_SECONDS)


def _demand_success(process: ForkProcess, reader: Any) -> None:
    code = process.exitcode
    if code is None or code == 0:
        return
    said = _said(reader)
    if code == _INPUT:
        raise InvalidInput(said)
    if said:
        raise StorageFailed(said)
    raise StorageFailed(
        f"expected all processes of the scan to end by themselves, found one ended by "
        f"{_signal(code)}; start it again to go on (with fewer --jobs where memory is short)"
    )


def _said(reader: Any) -> str:
    """Return the sentence that a process left, or nothing."""
    try:
        return str(reader.recv()) if reader.poll() else ""
    except EOFError:
        return ""


def _signal(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _work(units: Sequence[Unit], scan: Scan, following: Any, done: Any, writer: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()

    def count(read: int) -> None:
        if os.getppid() != parent:
            os._exit(1)
        with done.get_lock():
            done.value += read

    try:
        while True:
            with following.get_lock():
                number = following.value
                following.value += 1
            if number >= len(units):
                return
            scan(units[number], count)
    except InvalidInput as error:
        writer.send(str(error))
        os._exit(_INPUT)
    except (OSError, MemoryError) as error:
        writer.send(f"a process of the scan failed: {error or 'not enough memory'}")
        os._exit(_STORAGE)
