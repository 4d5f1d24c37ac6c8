"""The subset of JSON Schema 2020-12 that an answer may be held against.

Small enough to be defined in one table (docs/scores.md, JSON) and written again by a verifier. Any
other keyword is refused when the experiment is loaded, because one that is silently passed over
would let wrong answers through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

DEEPEST_SCHEMA = 16
TYPES = ("object", "array", "string", "integer", "boolean", "null")
_LARGEST = 2**53 - 1


def schema_text(schema: dict[str, Any]) -> str:
    """Return a schema as it stands in a plan: JSON with sorted keys, without white space."""
    return json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def checked_schema(schema: object) -> dict[str, Any]:
    """Return a schema that is within the subset.

    Raises:
        ValueError: it is not; the sentence names the place.
    """
    if problem := next(_problems(schema, "schema", DEEPEST_SCHEMA), None):
        raise ValueError(f"{problem}; see docs/scores.md, JSON")
    assert isinstance(schema, dict)
    return schema


def _problems(schema: object, where: str, depth: int) -> Iterator[str]:
    """Yield in words what is outside the subset."""
    if not isinstance(schema, dict):
        yield f"expected a mapping as {where}, found {schema!r:.80}"
        return
    if not depth:
        yield f"expected a schema of at most {DEEPEST_SCHEMA} levels, found more"
        return
    for keyword, value in schema.items():
        if keyword not in _EXPECTED:
            yield (
                f"expected keywords among {', '.join(_EXPECTED)} in {where}, found {keyword!r:.80}"
            )
        elif not _fits(keyword, value):
            yield f"expected {_EXPECTED[keyword]} as {where}.{keyword}, found {value!r:.80}"
        elif keyword == "properties":
            for name, inner in value.items():
                yield from _problems(inner, f"{where}.properties.{name:.40}", depth - 1)
        elif keyword == "items":
            yield from _problems(value, f"{where}.items", depth - 1)


_EXPECTED = {
    "type": f"one of {', '.join(TYPES)}",
    "enum": "a list of strings, whole numbers, true, false or null",
    "properties": "a mapping from names to schemas",
    "required": "a list of names",
    "additionalProperties": "false",
    "items": "a schema",
    "minimum": "a whole number",
    "maximum": "a whole number",
}


def _fits(keyword: str, value: object) -> bool:
    """Return whether a keyword's value is of the form that the subset has."""
    if keyword == "type":
        return value in TYPES
    if keyword == "enum":
        return isinstance(value, list) and bool(value) and all(map(_is_scalar, value))
    if keyword in ("properties", "items"):
        return isinstance(value, dict) and all(isinstance(name, str) for name in value)
    if keyword == "required":
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    if keyword == "additionalProperties":
        return value is False
    return _is_integer(value)


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | bool) or _is_integer(value)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
