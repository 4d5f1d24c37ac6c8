"""JSON and texts from outside: read under limits, numbers kept as they were written."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from reprollm.canon import MAX_DEPTH
from reprollm.errors import InvalidInput
from reprollm.unattested.claimed import LogFile

MAX_FILE_BYTES = 2 * 1024**3
MAX_JSON_BYTES = 64 * 1024**2
MAX_SAMPLES = 1_000_000
MAX_NAME = 400
_SHOWN = 60
_BLOCK = 1 << 20
_REPLACEMENT = "\ufffd"
_NO_TEXT = {ord("\0"): _REPLACEMENT}


class Written(str):
    """A number as the file spells it."""

    __slots__ = ()


def parse(content: bytes, where: str) -> Any:
    """Return the JSON value in `content`, its numbers as `Written`.

    Raises:
        InvalidInput: it is no JSON, too large, nested too deeply, or has a key twice.
    """
    if len(content) > MAX_JSON_BYTES:
        raise InvalidInput(
            f"expected at most {MAX_JSON_BYTES} bytes of JSON in {where}, found {len(content)}"
        )
    try:
        return _DECODER.decode(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"expected JSON in {where}, found {error!s:.200}") from None


def parse_object(content: bytes, where: str) -> dict[str, Any]:
    """Return the JSON object in `content`; raise `InvalidInput` for anything else."""
    value = parse(content, where)
    if not isinstance(value, dict):
        raise InvalidInput(f"expected a JSON object in {where}, found {type(value).__name__}")
    return value


def describe(path: Path) -> LogFile:
    """Return name, hash and size of a file.

    Raises:
        InvalidInput: there is no such file, or it is too large.
    """
    state, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                state.update(block)
                size += len(block)
                if size > MAX_FILE_BYTES:
                    raise InvalidInput(
                        f"expected at most {MAX_FILE_BYTES} bytes in {path}, found more"
                    )
    except OSError as error:
        raise InvalidInput(f"could not read {path}: {error.strerror}") from None
    return LogFile(clean(path.name), state.hexdigest(), size)


def clean(text: str) -> str:
    """Return `text` with what is no Unicode text (lone surrogates, NUL) as U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.translate(_NO_TEXT)


def text_of(value: Any) -> str | None:
    """Return a JSON scalar as text, None for null and for arrays and objects."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value))


def name_of(value: Any) -> str | None:
    """Return a JSON scalar as a short text fit to stand openly in a record, else None."""
    text = text_of(value)
    return None if text is None or len(text) > MAX_NAME else text


def number_of(value: Any) -> str | None:
    """Return a JSON number or truth value as its text, None for anything else."""
    return text_of(value) if isinstance(value, Written | bool) else None


def field(value: Any, *path: str) -> Any:
    """Return what lies at `path` in nested objects; None where a step is missing."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def items_of(value: Any, *path: str) -> list[Any]:
    """Return the array that lies at `path` in nested objects; empty where there is none."""
    found = field(value, *path)
    return found if isinstance(found, list) else []


def listed(values: Any, names: tuple[str, ...]) -> list[dict[str, str]]:
    """Return those of an object's scalars that are in `names`, as name and value."""
    told = ((name, name_of(field(values, name))) for name in names)
    return [{"name": name, "value": value} for name, value in told if value is not None]


def is_zero(number: str) -> bool:
    """Return whether a number's text writes zero, as in `0`, `0.0` or `-0e5`."""
    return not re.split("[eE]", number)[0].strip("0.-+")


def canonical(value: Any) -> str:
    """Return any parsed JSON as one line of text, its numbers as strings."""
    _check_depth(value, MAX_DEPTH)
    return clean(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def shown(value: Any) -> str:
    """Return how an error message names a value."""
    return repr(value)[:_SHOWN]


def _check_depth(value: Any, depth: int) -> None:
    if depth == 0:
        raise InvalidInput(f"expected at most {MAX_DEPTH} nested levels, found more")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, depth - 1)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object with a key twice")
    return found


_DECODER = json.JSONDecoder(
    parse_float=Written, parse_int=Written, parse_constant=Written, object_pairs_hook=_once
)
