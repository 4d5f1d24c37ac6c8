"""What became of one request in two runs.

Two answers are *identical* when their result ids are: the same token ids and finish reason for the
same request. Log-probabilities are compared besides; they may differ in their last bits while every
token agrees. Where the tokens differ, the margin at the first differing step tells a near tie,
which another rounding decides, from a real difference. A text is committed to apart from its
tokens, so an answer whose tokens agree and whose text does not is no identical one. Of an
unattested answer there is nothing but its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

# The largest margin between the two best scores that rounding can plausibly turn over: for 16-bit
# types four units in the last place of a logit between 8 and 16, for float32 a bound well above the
# differences of 5e-6 that batch shape and CPU kernels were seen to make.
NEAR_TIE: Mapping[str, float] = {"float32": 1e-4, "float16": 2.0**-5, "bfloat16": 2.0**-2}


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
class Tokens:
    """The opened numbers of one answer: ids (n,), float32 log-probabilities (n,), margins (n,)."""

    ids: Sequence[int]
    logprobs: Sequence[float]
    margins: Sequence[float]


@dataclass(frozen=True)
class Verdict:
    """The comparison of one request's final answers.

    Attributes:
        first_difference: index of the first differing token, None where all agree.
        margin: the smaller of the two runs' top-two margins at that token.
        logprob_difference: the largest absolute difference of log-probabilities (nats) over the
            tokens both share from the start; None where they are withheld.
    """

    outcome: Outcome
    first_difference: int | None = None
    margin: float | None = None
    logprob_difference: float | None = None


def judge(same_result: bool, dtype: str, first: Tokens | None, second: Tokens | None) -> Verdict:
    """Return the verdict on the tokens of one request that both runs answered.

    Args:
        same_result: whether the result ids agree.
        dtype: the dtype in which the model computed; decides what counts as a near tie.
        first: the first run's opened answer, None where it is withheld.
        second: the second run's.
    """
    if first is None or second is None:
        return Verdict(Outcome.IDENTICAL if same_result else Outcome.WITHHELD)
    shared = common_prefix(first.ids, second.ids)
    drift = _largest_difference(first.logprobs[:shared], second.logprobs[:shared])
    if same_result:
        return Verdict(Outcome.IDENTICAL, logprob_difference=drift)
    margins = [tokens.margins[shared] for tokens in (first, second) if shared < len(tokens.margins)]
    margin = min(margins) if margins else None
    near = margin is not None and margin <= NEAR_TIE.get(dtype, 0.0)
    return Verdict(Outcome.NEAR_TIE if near else Outcome.DIFFERENT, shared, margin, drift)


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


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how many tokens two sequences share from the start."""
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second))


def _largest_difference(first: Sequence[float], second: Sequence[float]) -> float:
    return max((abs(one - other) for one, other in zip(first, second, strict=True)), default=0.0)
