"""JSON Lines (jsonlines.org): one object a line, cells taken from it by paths."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from reprollm.errors import DataInvalid
from reprollm.experiment.importers.imported import Imported, Record, content_of
from reprollm.experiment.text import decode

_STEP = re.compile(r"([^.\[\]]+)|\[(0|[1-9][0-9]{0,8})\]")


@dataclass(frozen=True)
class JsonLines:
    """Objects, one a line.

    Attributes:
        fields: path by column, such as `{"answer": "output.choices[0].text"}`; without any, the
            keys of the first object are the columns.
    """

    encoding: str = "utf-8"
    fields: Mapping[str, str] = field(default_factory=dict)

    endings: ClassVar[tuple[str, ...]] = ()

    def read(self, path: Path) -> Imported:
        """Return the objects as rows; blank lines are passed over.

        Texts stay as they are, numbers and truth values as JSON writes them, null is an empty text,
        and what is nested below a path is JSON.
        """
        content = content_of(path)
        text = decode(content, self.encoding, str(path))
        steps = {column: _steps(said) for column, said in self.fields.items()}
        rows = []
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            value = _object(line, number, path)
            if not steps:
                steps = {name: [name] for name in value}
            cells = {
                column: _cell(_at(value, way, column, number, path))
                for column, way in steps.items()
            }
            rows.append(Record(cells, str(path), number))
        if not rows:
            raise DataInvalid(f"expected at least one object in {path}, found none")
        return Imported(tuple(steps), tuple(rows), hashlib.sha256(content).hexdigest())


def _steps(path: str) -> list[str | int]:
    """Return the keys and places that a path goes through."""
    found: list[str | int] = []
    at = 0
    while at < len(path):
        if path[at] == "." and found:
            at += 1
        match = _STEP.match(path, at)
        if match is None:
            raise DataInvalid(
                f"expected a path such as 'output.choices[0].text', found {path!r:.120}"
            )
        found.append(match[1] if match[1] is not None else int(match[2]))
        at = match.end()
    return found


def _object(line: str, number: int, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(line, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError) as error:
        raise DataInvalid(
            f"expected a JSON object in line {number} of {path}, found what is none ({error})"
        ) from None
    if not isinstance(value, dict):
        raise DataInvalid(
            f"expected a JSON object in line {number} of {path}, found a {type(value).__name__}"
        )
    return value


class _Number(str):
    """A number as it is written: reading it as a float could change it."""


def _at(value: Any, way: list[Any], column: str, number: int, path: Path) -> Any:
    for step in way:
        known = isinstance(value, dict) and step in value
        known = known or (isinstance(value, list) and isinstance(step, int) and step < len(value))
        if not known:
            raise DataInvalid(
                f"expected {step!r} on the way to the column {column!r} in line {number} of "
                f"{path}, found none; mend the path or the line"
            )
        value = value[step]
    return value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    return _written(value)


def _written(value: Any) -> str:
    """Return JSON in which numbers stand as they were written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k, ensure_ascii=False)}: {_written(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
