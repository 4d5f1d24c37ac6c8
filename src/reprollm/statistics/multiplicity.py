"""Many p-values at once: adjusted so that the whole keeps its error rate.

| function | keeps | source |
| --- | --- | --- |
| `holm` | the chance of any false claim, however the tests depend on each other | Holm 1979, Scandinavian Journal of Statistics 6:65-70 |
| `benjamini_hochberg` | the expected share of false claims, of independent or positively dependent tests | Benjamini and Hochberg 1995, JRSS B 57:289-300; Benjamini and Yekutieli 2001 |
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Sequence

from reprollm.errors import InvalidInput


def holm(ps: Sequence[float], m: int | None = None) -> list[float]:
    """Return the p-values adjusted by Holm's step-down rule, in the order given.

    The i-th smallest (from 0) becomes the largest of (m - j) p_(j), j <= i, cut at 1.

    Args:
        ps: p-values, in [0, 1].
        m: number of tests in the declared family; the number of p-values where none is given.
            Declared tests whose p-values are not here count as if they were 1.

    Raises:
        InvalidInput: the family is smaller than the number of p-values.
    """
    family = len(ps) if m is None else m
    if family < len(ps):
        raise InvalidInput(
            f"expected at most {family} tests, the declared size of the family, found {len(ps)}; "
            "declare every test before the run"
        )
    adjusted = [0.0] * len(ps)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        largest = max(largest, min(1.0, (family - rank) * ps[place]))
        adjusted[place] = largest
    return adjusted


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Return the p-values adjusted by Benjamini and Hochberg's step-up rule, in the order given.

    The i-th smallest (from 1) of n becomes the smallest of n p_(j) / j, j >= i, cut at 1. The items
    whose adjusted value is at most q are those that the rule lists at the rate q.
    """
    n = len(ps)
    adjusted = [0.0] * n
    smallest = 1.0
    for rank, place in zip(
        range(n, 0, -1), sorted(range(n), key=lambda i: ps[i], reverse=True), strict=True
    ):
        smallest = min(smallest, n * ps[place] / rank)
        adjusted[place] = smallest
    return adjusted
