"""What became of one request in two runs.

Two answers are *identical* when their result ids are: the same token ids and finish reason for the
same request. Log-probabilities are compared besides; they may differ in their last bits while every
token agrees, which the level says (`reprollm.compare.levels`). Where the tokens differ, the margin
at the first differing step tells a near tie, which another rounding decides, from a real difference
(`reprollm.compare.precision`). A text is committed to apart from its tokens, so an answer whose
tokens agree and whose text does not is no identical one. Of an unattested answer there is nothing
but its text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from reprollm.compare.levels import Level, Tokens, common_prefix, largest_difference, level_of
from reprollm.compare.precision import units, within_few


class Outcome(StrEnum):
    """What two runs have in common on one request."""

    IDENTICAL = "identical"
    NEAR_TIE = "differs at a near tie"
    DIFFERENT = "differs"
    ONLY_FIRST = "missing in the second"
    ONLY_SECOND = "missing in the first"
    WITHHELD = "differs, texts withheld"
    RETOLD = "same tokens, another text"
    FAILED = "could not be asked again"
    SAME_TEXT = "same text"
    OTHER_TEXT = "another text"
    NO_TEXT = "no text to compare"


@dataclass(frozen=True)
class Verdict:
    """The comparison of one request's final answers.

    Attributes:
        first_difference: index of the first differing token, None where all agree.
        margin: the smaller of the two runs' top-two margins at that token; None where neither run
            recorded any.
        logprob_difference: the largest absolute difference of log-probabilities (nats) over the
            tokens both share from the start; None where they are withheld or not given.
        level: what the two answers have in common; None where there are no two to compare.
        margin_ulps: the margin in units in the last place of the dtype.
        logprob_ulps: likewise the largest difference of log-probabilities.
    """

    outcome: Outcome
    first_difference: int | None = None
    margin: float | None = None
    logprob_difference: float | None = None
    level: Level | None = None
    margin_ulps: float | None = None
    logprob_ulps: float | None = None


def judge(same_result: bool, dtype: str, first: Tokens | None, second: Tokens | None) -> Verdict:
    """Return the verdict on the tokens of one request that both runs answered.

    Args:
        same_result: whether the result ids agree.
        dtype: the dtype in which the model computed; decides what counts as a near tie.
        first: the first run's opened answer, None where it is withheld.
        second: the second run's.
    """
    if first is None or second is None:
        if same_result:
            return Verdict(Outcome.IDENTICAL, level=Level.TOKENS)
        return Verdict(Outcome.WITHHELD, level=Level.SETTINGS)
    shared = common_prefix(first.ids, second.ids)
    drift = _drift(first, second, shared)
    drift_ulps = None if drift is None else units(drift, dtype)
    level = level_of(dtype, first, second)
    if same_result:
        return Verdict(
            Outcome.IDENTICAL, logprob_difference=drift, level=level, logprob_ulps=drift_ulps
        )
    margins = [tokens.margins[shared] for tokens in (first, second) if shared < len(tokens.margins)]
    margin = min(margins) if margins else None
    near = margin is not None and within_few(margin, dtype)
    return Verdict(
        Outcome.NEAR_TIE if near else Outcome.DIFFERENT,
        shared,
        margin,
        drift,
        Level.SETTINGS,
        None if margin is None else units(margin, dtype),
        drift_ulps,
    )


def with_texts(verdict: Verdict, first: str | None, second: str | None) -> Verdict:
    """Return the verdict, or `RETOLD` where identical tokens are published with different texts."""
    if verdict.outcome is not Outcome.IDENTICAL or None in (first, second) or first == second:
        return verdict
    return replace(verdict, outcome=Outcome.RETOLD)


def judge_texts(first: str | None, second: str | None) -> Verdict:
    """Return the verdict on two answers of which one at least is unattested: their texts alone."""
    if first is None or second is None:
        return Verdict(Outcome.NO_TEXT)
    return Verdict(Outcome.SAME_TEXT if first == second else Outcome.OTHER_TEXT)


def _drift(first: Tokens, second: Tokens, shared: int) -> float | None:
    """Return the largest difference over the shared tokens; None where a run has no numbers."""
    if shared and not (first.logprobs and second.logprobs):
        return None
    return largest_difference(first.logprobs[:shared], second.logprobs[:shared])
