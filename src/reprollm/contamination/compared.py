"""One finding as it is recorded, against what the records give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprollm.canon import Json, dumps
from reprollm.contamination.material import Found


def difference(
    found: Found, expected: Mapping[tuple[str, ...], Found], seen: Mapping[tuple[str, ...], Found]
) -> str:
    """Return in words what a finding says otherwise than the records; empty where nothing."""
    right = expected.get(key_of(found))
    if key_of(found) in seen:
        return f"{words(found)} is recorded twice"
    if right is None:
        return f"{words(found)} is recorded, the records give no such finding"
    place = _first("", right.evidence, found.evidence)
    if place is None:
        return ""
    name, true, said = place
    return f"{words(found)}: expected {name} {true!r:.160} from the records, found {said!r:.160}"


def _first(name: str, right: Json, found: Json) -> tuple[str, Json, Json] | None:
    """Return name and values of the first place in which two values differ."""
    if dumps(right) == dumps(found):
        return None
    if isinstance(right, dict) and isinstance(found, dict):
        for key in sorted(right.keys() | found.keys()):
            place = _first(f"{name}.{key}".lstrip("."), right.get(key), found.get(key))
            if place is not None:
                return place
    return name, right, found


def key_of(found: Found) -> tuple[str, ...]:
    """Return what tells the findings of one examination apart: method, subject, scan."""
    parameters: Any = found.evidence.get("parameters")
    scan = parameters.get("scan", "") if isinstance(parameters, dict) else ""
    return found.method, found.subject, str(scan) if found.method == "scan" else ""


def words(found: Found) -> str:
    """Return how a finding is named in sentences."""
    return f"{found.method} on {found.subject!r:.60}"
