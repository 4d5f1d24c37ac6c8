"""Reading a server's JSON: what is there and of the right type, or a refusal in our own words."""

from __future__ import annotations

import math
from typing import Any

from reprollm.engines.server.client import BadReplyError

Step = str | int


def at(value: Any, *path: Step) -> Any:
    """Return what lies in `value` at a path of keys and positions, None where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text(value: Any, *path: Step) -> str | None:
    """Return the text at a path, None where there is none that UTF-8 can hold."""
    found = at(value, *path)
    if not isinstance(found, str):
        return None
    try:
        found.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return found


def count(value: Any, *path: Step) -> int | None:
    """Return the integer from 0 at a path, None where there is none."""
    found = at(value, *path)
    return found if type(found) is int and 0 <= found < 2**53 else None


def number(value: Any, *path: Step) -> float | None:
    """Return the finite number at a path, None where there is none."""
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if abs(found) < 1e30 and math.isfinite(found) else None


def items(value: Any, *path: Step) -> list[Any]:
    """Return the list at a path, empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def needed_text(value: Any, *path: Step) -> str:
    """Return the text at a path; raise `BadReplyError` where there is none."""
    found = text(value, *path)
    if found is None:
        raise _lacking("a text", path)
    return found


def ids(value: Any, *path: Step) -> tuple[int, ...] | None:
    """Return the token ids at a path, None where there is no list.

    Raises:
        BadReplyError: the list holds anything but ids of 32 bits.
    """
    found = at(value, *path)
    if not isinstance(found, list):
        return None
    if not all(type(item) is int and 0 <= item < 2**32 for item in found):
        raise _lacking("token ids", path)
    return tuple(found)


def numbers(value: Any, *path: Step) -> tuple[float, ...] | None:
    """Return the finite numbers at a path, None where there is no list of just such numbers."""
    found = [number(item) for item in items(value, *path)]
    if not found or any(item is None for item in found):
        return None
    return tuple(item for item in found if item is not None)


def _lacking(what: str, path: tuple[Step, ...]) -> BadReplyError:
    where = ".".join(map(str, path))
    return BadReplyError("malformed", f"its reply lacks {what} at {where}")
