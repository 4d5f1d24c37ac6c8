"""Being told to stop: SIGTERM and SIGINT end the work at once, but never a write in its middle."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from reprollm.errors import Interrupted

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interruption:
    """While entered, turns the two signals into `Interrupted`, where that does no harm.

    A scheduler sends SIGTERM and kills a little later, so that a batch in progress is given up;
    what was finished before is still to be written, and a second signal must not cut that short.
    """

    def __init__(self) -> None:
        self.requested = False
        self._harmless = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruption:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    @contextmanager
    def harmless(self) -> Iterator[None]:
        """Let a signal raise `Interrupted` at any point of the block, or at its start."""
        if self.requested:
            raise _interrupted()
        self._harmless = True
        try:
            yield
        finally:
            self._harmless = False

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if self._harmless:
            self._harmless = False
            raise _interrupted()


def _interrupted() -> Interrupted:
    return Interrupted("told to stop; start again to go on")
