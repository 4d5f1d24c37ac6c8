"""The claims that a verification shows: those of the last conclusions on each run."""

from __future__ import annotations

from collections.abc import Sequence

from reprollm.conclusions.recompute import Checked
from reprollm.conclusions.wording import claim_found
from reprollm.review.levels import Claimed


def claimed_of(found: Sequence[Checked]) -> tuple[Claimed, ...]:
    """Return the recorded claims that count, in log order."""
    return tuple(
        Claimed(
            run=each.record["run"],
            name=each.name,
            says=str(each.record["evidence"].get("says", "")),
            verdict=each.record["verdict"],
            found=_found(each),
            recomputed=each.recomputed,
        )
        for each in found
        if each.counts and each.record["kind"] == "claim"
    )


def _found(each: Checked) -> str:
    """Return what a claim was held against; evidence of another form tells nothing here."""
    try:
        return claim_found(each.record["evidence"])
    except (KeyError, TypeError, ValueError):
        return ""
