"""The first JSON object in an output, what a path in it leads to, and whether it fits a schema.

Read with the standard library's decoder, strictly: no `NaN`, no control characters in strings.
Numbers stay as they are written, so that no float and no limit on digits can come between two
programs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from reprollm.scores.parsers.tags import whole

DEEPEST = 32
MOST_BEGINNINGS = 100
_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")
_BEYOND = 10**19


class Integer(str):
    """A number as it is written, without fraction and exponent."""

    __slots__ = ()

    def number(self) -> int:
        """Return its value; anything of 20 characters and more is as good as 10^19."""
        if len(self) < 20:
            return int(self)
        return -_BEYOND if self.startswith("-") else _BEYOND


class Decimal(str):
    """Any other number as it is written."""

    __slots__ = ()


def first_object(text: str) -> dict[str, Any] | None:
    """Return the first JSON object that begins anywhere in a text, or None."""
    at = text.find("{")
    for _ in range(MOST_BEGINNINGS):
        if at < 0:
            return None
        try:
            found, _end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and not _deeper(found, DEEPEST):
            return found
        at = text.find("{", at + 1)
    return None


def at_path(value: Any, path: str) -> str | None:
    """Return the scalar at a path of names joined by dots, as text; None where there is none."""
    for name in path.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and _INDEX.match(name) and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) and whole(value) else None


def conforms(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value conforms to a schema of the subset (docs/scores.md, JSON)."""
    if "type" in schema and _type(value) != schema["type"]:
        return False
    if "enum" in schema and not any(_same(value, each) for each in schema["enum"]):
        return False
    if isinstance(value, dict):
        return _object_conforms(value, schema)
    if isinstance(value, list) and "items" in schema:
        return all(conforms(each, schema["items"]) for each in value)
    if isinstance(value, Integer):
        number = value.number()
        return bool(schema.get("minimum", number) <= number <= schema.get("maximum", number))
    return True


def _object_conforms(value: dict[str, Any], schema: Mapping[str, Any]) -> bool:
    properties = schema.get("properties", {})
    if any(name not in value for name in schema.get("required", ())):
        return False
    if "additionalProperties" in schema and any(name not in properties for name in value):
        return False
    return all(conforms(value[name], properties[name]) for name in properties if name in value)


def _type(value: Any) -> str:
    if isinstance(value, Integer):
        return "integer"
    if isinstance(value, Decimal):
        return "number"
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names[type(value)]


def _same(value: Any, listed: object) -> bool:
    """Return whether a decoded value is the one that an `enum` lists."""
    if isinstance(listed, bool) or listed is None:
        return value is listed
    if isinstance(listed, int):
        return isinstance(value, Integer) and value.number() == listed
    return type(value) is str and value == listed


def _deeper(value: Any, levels: int) -> bool:
    """Return whether objects and arrays nest deeper than so many levels."""
    if not isinstance(value, dict | list):
        return False
    if not levels:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_deeper(each, levels - 1) for each in inner)


def _no_constant(name: str) -> object:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_int=Integer, parse_float=Decimal, parse_constant=_no_constant)
