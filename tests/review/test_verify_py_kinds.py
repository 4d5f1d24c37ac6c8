"""The stand-alone verifier's table of kinds is the package's."""

from __future__ import annotations

import re
from pathlib import Path

from reprollm.records import kinds
from reprollm.review import verify as alone

SPEC = Path(__file__).parents[2] / "docs" / "spec.md"
VALUES: tuple[object, ...] = (
    None, True, 0, 1, -1, "", "stop", "length", "complete", "killed", "full", "stat", "all",
    "stratum", "suspect", "order", "canary", "gold", "rationale", "prompt", "judge", "use",
    "policy", "creation", "1.50", "ab" * 16, "ab" * 32, "AB" * 32, "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:00Z", [], ["a"], [1], {}, {"reused": "ab" * 16}, {"reused": 1},
    {"size": 1, "root": "ab" * 32}, {"size": -1, "root": "ab" * 32},
)  # fmt: skip


def test_kinds_fields_and_what_they_may_hold_are_the_same() -> None:
    assert {kind: set(fields) for kind, fields in alone.KINDS.items()} == {
        kind: set(fields) for kind, fields in kinds.KINDS.items()
    }
    for kind, fields in kinds.KINDS.items():
        for name, holds in fields.items():
            form = alone.KINDS[kind][name]
            good = alone.FIELD_TYPES[form.rstrip("?")]
            for value in VALUES:
                said = (value is None and form[-1] == "?") or good(value)
                assert said == holds(value), (kind, name, value)


def test_the_same_fields_are_committed_to() -> None:
    assert alone.COMMITTED == kinds.COMMITTED
    assert alone.TEXT_FIELDS == kinds.TEXT_FIELDS


def test_the_description_lists_the_same_kinds_and_fields() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \| (`[a-z_]+` .*|`[a-z]+`, .*) \|$", SPEC.read_text(), re.M)
    listed = dict(rows)
    for kind, fields in kinds.KINDS.items():
        assert kind in listed, kind
        missing = [name for name in fields if f"`{name}`" not in listed[kind]]
        assert not missing, (kind, missing)
