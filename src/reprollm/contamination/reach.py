"""Which findings cannot be recomputed from what is open, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reprollm.contamination.findings import LAST, METHODS, module_of
from reprollm.contamination.material import Found, Material

VERSION = "1"
"""The version of every method here."""
_MOST_DRAWN = 10_000
_ITEMS = frozenset(
    f"{name}/{field}"
    for name in ("suspect", "reference")
    for field in ("text", "logprobs", "means", "deviations")
)
_NEEDS: Mapping[str, frozenset[str]] = {
    "sealed_twins": frozenset({"twin/logprobs"}),
    "sealed_order": frozenset({"order/logprobs"}),
    "canaries": frozenset({"canary/logprobs"}),
    "screening": _ITEMS,
    "extraction": frozenset({"continuation/expected_ids", "continuation/output_ids"}),
    "effect": _ITEMS | {"answers"},
}


def part_of(method: str) -> str:
    """Return what is recomputed together with a method's findings."""
    return "effect" if method == "effect" else module_of(method)


def out_of_reach(material: Material, recorded: Sequence[Found]) -> dict[str, str]:
    """Return the parts that cannot be recomputed, with the reason."""
    found: dict[str, str] = {}
    for part in [*METHODS, LAST, "effect"]:
        missing = sorted(_NEEDS.get(part, frozenset()) & material.withheld)
        if missing:
            found[part] = f"withheld: {', '.join(missing)}"
    screened = material.checks.get("screening")
    if screened and not 0 <= screened["guard"]["permutations"] <= _MOST_DRAWN:
        found["screening"] = "the guard has more permutations than can be repeated here"
    for each in recorded:
        version = each.evidence.get("version")
        if version != VERSION:
            found.setdefault(
                part_of(each.method), f"version {str(version)[:40]!r} is not known here"
            )
    return found
