"""The methods: one module each, with one pure function that turns what was recorded into findings.

A module `findings/<name>.py` has

    def findings(material: Material) -> list[Found]

and `decision`, which draws on the others,

    def findings(material: Material, before: Sequence[Found]) -> list[Found]

where `before` holds what the others found, in the order of `METHODS`. A method that was not
declared (`material.checks`) finds nothing: an empty list. A method that was declared and cannot
work (an engine without log-probabilities, nothing measured, withheld openings) finds one thing:
evidence with the mode `not possible`. Where `evidence["detail"]` has `error_rate`, a text, it is
shown beside the verdict: how often such a verdict is given where nothing leaked.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from reprollm.contamination.material import Found, Material
from reprollm.records.evidence import PREFIX

METHODS = (
    "sealed_twins",
    "sealed_order",
    "canaries",
    "screening",
    "extraction",
    "scan",
    "exposure",
)
"""The modules, in the order in which they are asked; `screening` asks its guard itself."""

LAST = "decision"


def is_examined(record: Mapping[str, Any]) -> bool:
    """Return whether a finding record is one of those that `findings_of` makes.

    A scan's is not where it has a result: nobody can find that again in the log.
    """
    method = str(record["finding"]).removeprefix(PREFIX)
    if method == "scan":
        return bool(record["evidence"].get("mode") == "not possible")
    return method in _MADE or method.startswith("screening_")


_MADE = frozenset(
    {"sealed_twins", "sealed_order", "canaries", "guard", "extraction", "exposure"}
    | {"decision", "effect"}
)


def findings_of(material: Material) -> list[Found]:
    """Return what all methods find, in their order, and what is decided on it."""
    found: list[Found] = []
    for name in METHODS:
        found += find_by(name, material)
    return [*found, *find_by(LAST, material, tuple(found))]


def find_by(name: str, material: Material, *before: tuple[Found, ...]) -> list[Found]:
    """Return what one module of `METHODS`, or `LAST` with what was found before, finds."""
    module: Any = importlib.import_module(f"{__name__}.{name}")
    found: list[Found] = module.findings(material, *before)
    return found


def module_of(method: str) -> str:
    """Return the module that makes the findings of a method."""
    if method == "guard" or method.startswith("screening_"):
        return "screening"
    return LAST if method in (LAST, "effect") else method
