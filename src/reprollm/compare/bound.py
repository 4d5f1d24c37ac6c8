"""What a challenge shows: how large the share of altered answers can be, after so many were asked.

If a share p of the answers would not come out again, the number x of mismatches among k answers
drawn at random is at most as small as seen with probability P(X <= x), X binomial (k, p). The
largest p for which that is not below 1 - confidence is the exact one-sided upper bound (Clopper and
Pearson 1934, Biometrika 26:404-413). Without any mismatch it is 1 - (1 - confidence)^(1/k). Drawing
without replacement only makes it smaller, so the bound holds of a finite ledger too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CONFIDENCE = 0.95
_HALVINGS = 80


@dataclass(frozen=True)
class Statement:
    """What follows from a challenge.

    Attributes:
        of: answers that could have been drawn.
        asked: answers that were.
        mismatches: those of them that did not come out again.
        bound: the share of all answers below which those that would not come out again lie, at
            `CONFIDENCE`; exact and certain where all were asked.
    """

    of: int
    asked: int
    mismatches: int
    bound: float

    @property
    def sentence(self) -> str:
        """The statement in one sentence."""
        same = f"{self.asked - self.mismatches} of {self.asked} identical"
        if self.asked == self.of:
            return f"all answers were asked again: {same}, {self.mismatches} not"
        share = f"fewer than {percent(self.bound)} of the answers"
        sure = f"{100 * CONFIDENCE:.0f} % confidence"
        if not self.mismatches:
            return f"with {same}, {share} are altered, {sure}"
        return f"with {same}, {share} do not come out again, {sure}"


def state(of: int, asked: int, mismatches: int) -> Statement:
    """Return what follows when `mismatches` of `asked` answers, drawn from `of`, differ."""
    share = mismatches / asked if asked == of else upper_bound(mismatches, asked)
    return Statement(of, asked, mismatches, share)


def upper_bound(mismatches: int, asked: int, confidence: float = CONFIDENCE) -> float:
    """Return the exact one-sided upper bound for a binomial share.

    Args:
        mismatches: x, from 0 to `asked`.
        asked: k, at least 1.
        confidence: in (0, 1).
    """
    if mismatches >= asked:
        return 1.0
    if mismatches == 0:
        return -math.expm1(math.log1p(-confidence) / asked)
    low, high = mismatches / asked, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_most(mismatches, asked, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def at_most(mismatches: int, asked: int, share: float) -> float:
    """Return P(X <= mismatches) for X binomial with `asked` draws of probability `share`."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(mismatches >= asked)
    hit, miss = math.log(share), math.log1p(-share)
    ways = math.lgamma(asked + 1)
    terms = (
        ways - math.lgamma(x + 1) - math.lgamma(asked - x + 1) + x * hit + (asked - x) * miss
        for x in range(mismatches + 1)
    )
    return min(1.0, math.fsum(map(math.exp, terms)))


def draws_for(share: float, confidence: float = CONFIDENCE) -> int:
    """Return how many identical answers put the bound at `share` or below."""
    draws = max(1, math.floor(math.log1p(-confidence) / math.log1p(-share)))
    while upper_bound(0, draws, confidence) > share:
        draws += 1
    return draws


def chance_to_catch(altered: int, of: int, asked: int) -> float:
    """Return the probability that a draw without replacement holds an altered answer.

    It is hypergeometric: 1 - C(of - altered, asked) / C(of, asked); for a large ledger nearly
    1 - (1 - altered / of)^asked.
    """
    return 1 - math.comb(of - altered, asked) / math.comb(of, asked)


def percent(share: float) -> str:
    """Return a share as a percentage that is never too small: whole, or in tenths below one."""
    digits = 0 if share >= 0.01 else 1
    scale = 10**digits
    return f"{math.ceil(100 * share * scale - 1e-9) / scale:.{digits}f} %"
