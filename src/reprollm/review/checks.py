"""The findings of contamination checks that a verification shows: those about whole sets.

Of several on one subject the last in the log counts. Claims stay apart: what is a fact, a test that
is valid by our own randomisation, a screening that proves nothing, and what is decided on tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reprollm.contamination.recompute import Verdict
from reprollm.records.evidence import CLAIMS, PREFIX
from reprollm.review.levels import CheckFound


def checked_of(found: Sequence[Verdict]) -> tuple[CheckFound, ...]:
    """Return the findings about whole sets by examination and claim."""
    last: dict[tuple[str, ...], CheckFound] = {}
    for each in found:
        if _is_of_set(each.record):
            made = _made(each)
            last[made.examination, made.name] = made
    return tuple(sorted(last.values(), key=lambda one: (one.examination, _place(one))))


def _is_of_set(record: dict[str, Any]) -> bool:
    return bool(record["subject"] == "*" or record["finding"] == f"{PREFIX}effect")


def _place(found: CheckFound) -> int:
    return CLAIMS.index(found.claim) if found.claim in CLAIMS else len(CLAIMS)


def _made(each: Verdict) -> CheckFound:
    record, said = each.record, each.record["evidence"]
    parameters, detail = (_object(said.get(name)) for name in ("parameters", "detail"))
    method = record["finding"].removeprefix(PREFIX)
    of = [str(parameters["scan"])] if "scan" in parameters else []
    of += [record["subject"]] if record["subject"] != "*" else []
    n, p = said.get("n"), said.get("p")
    return CheckFound(
        examination=record["run"],
        claim=str(said.get("claim")),
        name=f"{method} ({', '.join(of)})" if of else method,
        n=n if type(n) is int else 0,
        p=None if p is None else str(p),
        verdict=str(said.get("verdict")),
        recomputed=each.recomputed,
        statement=str(detail.get("statement", "")) if method == "decision" else "",
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
