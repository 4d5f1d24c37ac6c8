"""Searching an output for a pattern, in a time that has an end."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reprollm.errors import InvalidInput

LONGEST_SEARCHED = 20_000
SECONDS = 10.0


def search(pattern: re.Pattern[str], output: str, seconds: float = SECONDS) -> re.Match[str] | None:
    """Return the first match in the beginning of an output, or None.

    Raises:
        InvalidInput: there is no answer within `seconds`. Only the main thread can be broken off;
            in others the search goes on to its end.
    """
    with _within(seconds, pattern.pattern):
        return pattern.search(output[:LONGEST_SEARCHED])


@contextmanager
def _within(seconds: float, pattern: str) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise InvalidInput(
            f"expected the pattern {pattern!r:.80} to be found or not within {seconds:g} seconds, "
            "found it still searching; use fewer quantifiers that can match the same characters"
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
