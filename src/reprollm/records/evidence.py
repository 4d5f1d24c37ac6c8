"""What one contamination check says, as it stands in a finding record.

Three kinds of claim are never merged: a *fact* about texts, a *test* whose p-value is valid by our
own randomisation, and *screening*, which proves nothing. A *decision* draws on tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from reprollm.canon import Json
from reprollm.errors import InvalidInput

CLAIMS = ("fact", "test", "screening", "decision")
PREFIX = "contamination/"


def decimal(value: float) -> str:
    """Return a number as records hold it: nine significant digits, as C's `%.9g` writes them.

    Raises:
        InvalidInput: it is infinite or no number.
    """
    if not math.isfinite(value):
        raise InvalidInput(f"expected a finite number for a record, found {value!r}")
    return format(value + 0.0, ".9g")


def evidence(
    claim: str,
    method: str,
    version: str,
    *,
    mode: str,
    parameters: Mapping[str, Json],
    n: int,
    verdict: str,
    statistic: float | None = None,
    p: float | None = None,
    interval: tuple[float, float] | None = None,
    level: str = "0.95",
    detail: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """Return the `evidence` of a finding record.

    Args:
        claim: one of `CLAIMS`.
        method: the check's name; the finding is called `contamination/<method>`.
        version: version of its definition.
        mode: what it could work on: `corpus`, `log-probabilities`, `outputs`, `records`, or
            `not possible` with the reason in `verdict` and `detail`.
        parameters: everything that decides the result besides the data.
        n: how many items it speaks of.
        verdict: one of the method's own words.
        statistic: its value, if it has one.
        p: its p-value, if it has one.
        interval: confidence interval of the statistic.
        level: the interval's level, decimal.
        detail: whatever else a reader needs; decimals as strings.

    Raises:
        InvalidInput: a number is not finite, or the claim is unknown.
    """
    if claim not in CLAIMS:
        raise InvalidInput(f"expected a claim among {', '.join(CLAIMS)}, found {claim!r:.40}")
    return {
        "claim": claim,
        "method": method,
        "version": version,
        "mode": mode,
        "parameters": dict(parameters),
        "n": n,
        "statistic": None if statistic is None else decimal(statistic),
        "p": None if p is None else decimal(p),
        "low": None if interval is None else decimal(interval[0]),
        "high": None if interval is None else decimal(interval[1]),
        "level": None if interval is None else level,
        "verdict": verdict,
        "detail": dict(detail or {}),
    }
