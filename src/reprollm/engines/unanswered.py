"""What a failure record says of an exception: what went wrong and where, in our own words.

A library's message may hold a prompt's token ids, its length or its text. The record stands in the
log for ever and its text can be withheld later, so the library's words go to the job's output only.
"""

from __future__ import annotations

from traceback import walk_tb

_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")


def failure_message(error: BaseException) -> str:
    """Return a sentence about `error` that holds nothing of its message."""
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in _MEMORY):
        return "the memory is not enough for this request alone"
    frames = [
        (frame.f_globals.get("__name__"), line) for frame, line in walk_tb(error.__traceback__)
    ]
    where = f"in {frames[-1][0]}, line {frames[-1][1]}" if frames else "nowhere in particular"
    return f"raised {where}; the library's own message is in the job's output"
