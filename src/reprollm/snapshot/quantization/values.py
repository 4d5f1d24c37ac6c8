"""Values of a declaration, which may hold anything: what has another type counts as not said."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

Declared: TypeAlias = "Mapping[str, Any]"

_LIMIT = 2**53


def number(values: Declared, *names: str) -> str | None:
    """Return the first of `names` that is a number, as a decimal string."""
    for name in names:
        value = values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if math.isfinite(value) and abs(value) < _LIMIT:
            return str(int(value)) if value == int(value) else str(value)
    return None


def integer(values: Declared, *names: str) -> int | None:
    """Return the first of `names` that is an integer."""
    for name in names:
        value = values.get(name)
        if type(value) is int and abs(value) < _LIMIT:
            return value
    return None


def text(values: Declared, *names: str) -> str | None:
    """Return the first of `names` that is a text and not empty."""
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def flag(values: Declared, *names: str) -> bool | None:
    """Return the first of `names` that is true or false."""
    for name in names:
        value = values.get(name)
        if isinstance(value, bool):
            return value
    return None


def texts(values: Declared, *names: str) -> tuple[str, ...]:
    """Return the first of `names` that is a list, its texts only."""
    for name in names:
        value = values.get(name)
        if isinstance(value, list):
            return tuple(item for item in value if isinstance(item, str))
    return ()


def inner(values: Declared, *path: str) -> Declared:
    """Return the object at `path`, an empty one where there is none."""
    for name in path:
        value = values.get(name)
        if not isinstance(value, dict):
            return {}
        values = value
    return values


def as_text(value: Any) -> str:
    """Return JSON text with sorted keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def joined(value: Any) -> str | None:
    """Return a text as it is, anything else that is not empty as JSON text."""
    if isinstance(value, str):
        return value or None
    return as_text(value) if value else None


def integers(bits: str | None) -> str | None:
    """Return the scheme of plain integers of so many bits."""
    return f"int{bits}" if bits is not None and "." not in bits else None
