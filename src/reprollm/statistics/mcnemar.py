"""McNemar's exact test of two shares over the same items, with its mid-p and its odds ratio.

| number | source |
| --- | --- |
| exact p | McNemar 1947, Psychometrika 12:153-157, with the binomial in place of chi-squared |
| mid-p | Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91, section 2.3 |
| interval of the odds ratio | from Clopper and Pearson's of b among b + c; same paper, section 3 |

Only items that one arm alone gets right tell anything: b of them for the first arm, c for the
second. Both p-values are fractions of integers that are divided once.
"""

from __future__ import annotations

from dataclasses import dataclass

from reprollm.statistics.proportion import clopper_pearson


@dataclass(frozen=True)
class McNemar:
    """The test of one pair of arms.

    Attributes:
        b: items that the first arm alone gets right.
        c: items that the second arm alone gets right.
        p: exact and two-sided; never above its level too often.
        mid_p: two-sided; nearer to its level, and at times a little above it.
        odds_ratio: b / c, None where c is 0.
        low: lower end of its exact interval.
        high: upper end, None where it has none.
    """

    b: int
    c: int
    p: float
    mid_p: float
    odds_ratio: float | None
    low: float
    high: float | None


def mcnemar(b: int, c: int, level: float = 0.95) -> McNemar:
    """Return the exact test of `b` items against `c`.

    Args:
        b: items that the first arm alone gets right.
        c: items that the second arm alone gets right.
        level: coverage of the odds ratio's interval, in (0, 1).
    """
    n = b + c
    tail, last = _ways_up_to(min(b, c), n)
    ways = 1 << n
    low, high = clopper_pearson(b, n, level)
    return McNemar(
        b=b,
        c=c,
        p=min(2 * tail, ways) / ways,
        mid_p=_mid_p(b, c, tail, last),
        odds_ratio=b / c if c else None,
        low=low / (1 - low),
        high=high / (1 - high) if high < 1 else None,
    )


def _mid_p(b: int, c: int, tail: int, last: int) -> float:
    """Return the two-sided mid-p; 1 where no item tells anything."""
    if not b + c:
        return 1.0
    ways = 1 << (b + c)
    return (2 * ways - last) / (2 * ways) if b == c else (2 * tail - last) / ways


def _ways_up_to(most: int, n: int) -> tuple[int, int]:
    """Return the sum of the binomial coefficients C(n, 0) … C(n, most), and the last of them."""
    total = term = 1
    for number in range(1, most + 1):
        term = term * (n - number + 1) // number
        total += term
    return total, term
