"""Work on many shards at once, in processes, with results in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from reprollm.errors import StorageFailed

Task = TypeVar("Task")
Result = TypeVar("Result")

SMALL_BYTES = 8 * 1024 * 1024


def processes_for(size: int, tasks: int) -> int:
    """Return how many processes are worth their start for `tasks` over `size` bytes."""
    if size < SMALL_BYTES:
        return 1
    return max(1, min(tasks, len(os.sched_getaffinity(0))))


def in_order(
    function: Callable[[Task], Result], tasks: Iterable[Task], processes: int
) -> Iterator[Result]:
    """Yield `function(task)` for each task, in the tasks' order.

    With one process the work is done here. Processes are started afresh (no fork), so `function`
    and tasks must be picklable.

    Raises:
        StorageFailed: a process was killed, most likely for want of memory.
    """
    if processes == 1:
        yield from map(function, tasks)
        return
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        yield from pool.map(function, tasks)
    except BrokenProcessPool as error:
        raise StorageFailed(
            "a process that read shards was killed by the system; give it more memory and "
            "start again"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
