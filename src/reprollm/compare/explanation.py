"""A comparison in sentences: the level reached, where answers part, and what that speaks for.

A request that both runs answered has one id in both, so both claim the same weights, settings and
dtype. Where the margin at the first differing token is a few units in the last place, and the
log-probabilities before it differ by no more, rounding explains the difference; where they are
more, it does not, and one of the claims deserves a look.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprollm.compare.levels import MEANING, Level
from reprollm.compare.precision import ASSUMED_LOGIT, FEW
from reprollm.compare.runs import Comparison, Row, Side
from reprollm.compare.verdict import Verdict


def explain(comparison: Comparison) -> list[str]:
    """Return what a comparison of recorded runs shows, in sentences; none where texts were all."""
    if not comparison.attested or not comparison.levels:
        return []
    return [_reached(comparison), *_divergence(comparison), *_around(comparison)]


def is_numeric(verdict: Verdict, dtype: str) -> bool | None:
    """Return whether rounding explains why two answers differ; None where that cannot be seen.

    Args:
        verdict: of two answers with different tokens.
        dtype: the type in which the model computed.
    """
    few = FEW.get(dtype)
    if few is None or verdict.margin_ulps is None:
        return None
    before = 0.0 if verdict.logprob_ulps is None else verdict.logprob_ulps
    return verdict.margin_ulps <= few and before <= few


def _reached(comparison: Comparison) -> str:
    levels = comparison.levels
    counted = ", ".join(
        f"{levels[level]} at {level.value} ({MEANING[level]})"
        for level in sorted(levels, reverse=True)
    )
    lowest = comparison.level
    said = "no level, as requests are missing" if lowest is None else f"level {lowest.value}"
    return f"the runs together reach {said}: {counted}"


def _divergence(comparison: Comparison) -> Iterator[str]:
    differing = [row for row in comparison.rows if row.verdict.first_difference is not None]
    if not differing:
        return
    dtype = comparison.first.dtype
    earliest = min(differing, key=_step)
    yield (
        f"first differing tokens: step {_step(earliest)} at the earliest (item {earliest.item}), "
        f"step {_step(max(differing, key=_step))} at the latest"
    )
    ulps = [row.verdict.margin_ulps for row in differing if row.verdict.margin_ulps is not None]
    if not ulps:
        yield "no margin between the best two tokens was recorded there"
        return
    yield (
        f"the best two tokens were {min(ulps):.3g} to {max(ulps):.3g} units in the last place of "
        f"{dtype} apart there, logits taken to lie between {ASSUMED_LOGIT:.0f} and "
        f"{2 * ASSUMED_LOGIT:.0f}"
    )
    numeric = [is_numeric(row.verdict, dtype) for row in differing]
    if numeric.count(True):
        yield (
            f"{numeric.count(True)} of {len(differing)} differ by what rounding does (at most "
            f"{FEW[dtype]} units): another processor, library, thread count or batch suffices"
        )
    if numeric.count(False):
        yield (
            f"{numeric.count(False)} of {len(differing)} differ by more than rounding does: look "
            "for other weights, settings or an engine that applied something unasked"
        )


def _around(comparison: Comparison) -> Iterator[str]:
    if comparison.level is Level.BITS:
        return
    if comparison.causes:
        cause = comparison.causes[0]
        yield (
            f"most likely cause: {cause.fact}, {cause.first:.60} in the first run and "
            f"{cause.second:.60} in the second"
        )
        return
    if "fast" in (_policy(comparison.first), _policy(comparison.second)):
        yield (
            "nothing recorded around the runs differs; under the fast batch policy an answer "
            "depends on which others share its batch"
        )
    else:
        yield "nothing recorded around the runs differs"


def _policy(side: Side) -> str:
    return str(side.facts.get("engine", {}).get("policy", ""))


def _step(row: Row) -> int:
    return row.verdict.first_difference or 0
