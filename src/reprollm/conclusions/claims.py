"""What the experiment claims, held against the numbers: holds, fails, or not decided by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reprollm.canon import Json
from reprollm.conclusions.answers import Arm
from reprollm.conclusions.pair import OF, Compared
from reprollm.records.evidence import decimal as digits
from reprollm.scores.row import decimal

VERSION = "claim/1"
HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
LEVEL = 0.05


@dataclass(frozen=True)
class Estimate:
    """An estimate record, as far as a claim needs it.

    Attributes:
        position: its place in the log.
        leaf: its leaf hash, hex.
        value: as recorded; None where it is undefined.
        low: lower end of its interval, as recorded.
        high: upper end.
    """

    position: int
    leaf: str
    value: str | None
    low: str | None
    high: str | None


@dataclass(frozen=True)
class Judged:
    """What came of a claim: its verdict, and its evidence."""

    verdict: str
    evidence: dict[str, Json]


def level_of(claim: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the level and the group of the estimate that a claim is about."""
    for level in ("stratum", "split"):
        if claim.get(level) is not None:
            return level, claim[level]
    return "all", None


def of_value(
    claim: Mapping[str, Any], arm: Arm, aggregation: str, found: Estimate | None
) -> Judged:
    """Judge a claim on a value.

    Args:
        claim: as declared.
        arm: the arm that it means.
        aggregation: the aggregation that it means.
        found: the estimate; None where there is none.
    """
    verdict, because = _judged(claim, found)
    level, group = level_of(claim)
    place: dict[str, Json] | None = (
        None if found is None else {"position": found.position, "leaf": found.leaf}
    )
    return Judged(
        verdict,
        {
            "kind": "value",
            "version": VERSION,
            "says": claim["says"],
            "score": claim["score"],
            "aggregation": aggregation,
            "label": claim.get("label"),
            "level": level,
            "group": group,
            "arm": arm.to_json(),
            **{name: claim.get(name) for name in ("is", "within", "at_least", "at_most")},
            "estimate": place,
            "value": found.value if found else None,
            "low": found.low if found else None,
            "high": found.high if found else None,
            "because": because,
        },
    )


def _judged(claim: Mapping[str, Any], found: Estimate | None) -> tuple[str, str]:
    if found is None:
        return UNDECIDED, "no-estimate"
    if found.value is None:
        return UNDECIDED, "undefined"
    value = Decimal(found.value)
    if claim.get("is") is not None:
        near = abs(value - Decimal(claim["is"])) <= Decimal(claim["within"])
        return (HOLDS if near else FAILS), "value"
    if claim.get("at_least") is not None:
        bound, end = Decimal(claim["at_least"]), found.low
        sign = 1
    else:
        bound, end = Decimal(claim["at_most"]), found.high
        sign = -1
    if sign * value < sign * bound:
        return FAILS, "value"
    if end is None:
        return UNDECIDED, "no-interval"
    return (HOLDS if sign * Decimal(end) >= sign * bound else UNDECIDED), "interval"


def of_comparison(claim: Mapping[str, Any], found: Compared, p_adjusted: float | None) -> Judged:
    """Judge a claim that the first arm of a comparison does better than the second.

    Args:
        claim: as declared.
        found: the comparison that it names.
        p_adjusted: its p-value within the family.
    """
    if found.difference is None:
        verdict, because = UNDECIDED, "no-difference"
    elif found.favours != OF:
        verdict, because = FAILS, "difference"
    elif p_adjusted is None:
        verdict, because = UNDECIDED, "no-p"
    else:
        verdict, because = (HOLDS if p_adjusted <= LEVEL else UNDECIDED), "p"
    return Judged(
        verdict,
        {
            "kind": "comparison",
            "version": VERSION,
            "says": claim["says"],
            "comparison": claim["comparison"],
            "difference": decimal(found.difference),
            "p_adjusted": None if p_adjusted is None else digits(p_adjusted),
            "favours": found.favours,
            "because": because,
        },
    )
