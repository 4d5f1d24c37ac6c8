"""What a possible leak does to the headline score: all items against their cleaner half.

The *clean half* are the ceil(N / 2) items with the smallest membership score, of the score that the
examination declares first; ties by the item's id. It is defined so, and not by the items that no
list names, for three reasons: it is the same number of items whatever is found, so that its interval
tells something; it needs no threshold and no reference set, since items are only compared with one
another; and it can be computed of data that somebody else made. The unlisted items are given beside
it.

A model foresees easy items better, leaked or not. So a difference is no evidence of a leak; it says
how much of the headline could hang on the items that look most seen.
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reprollm.statistics.bootstrap import Interval, percentile_interval


@dataclass(frozen=True)
class Effect:
    """A score on all items, and on those that look least seen.

    Attributes:
        n: items that have both a score and a membership score.
        every: mean score of all of them.
        clean: items of the clean half.
        clean_mean: mean score of these.
        interval: of `difference`, items being resampled with replacement, each with its score and
            its half; None where it is not defined.
        unlisted: items that no list at the rate 0.05 names.
        unlisted_mean: mean score of these; None without any.
    """

    n: int
    every: float
    clean: int
    clean_mean: float
    interval: Interval | None
    unlisted: int
    unlisted_mean: float | None

    @property
    def difference(self) -> float:
        """Mean of all items less mean of the clean half."""
        return self.every - self.clean_mean


def clean_half(membership: Mapping[str, float]) -> frozenset[str]:
    """Return the ceil(N / 2) items with the smallest membership score, ties by id."""
    ranked = sorted(membership, key=lambda item: (membership[item], item))
    return frozenset(ranked[: (len(ranked) + 1) // 2])


def effect(
    values: Mapping[str, float],
    membership: Mapping[str, float],
    listed: Collection[str],
    seed: str,
) -> Effect | None:
    """Return the effect on one score, or None where no item has both.

    Args:
        values: score of each item.
        membership: membership score of each item; larger is more member-like.
        listed: items that the list at the rate 0.05 names.
        seed: of the resampling.
    """
    items = sorted(values.keys() & membership.keys())
    if not items:
        return None
    half = clean_half({item: membership[item] for item in items})
    scores = [values[item] for item in items]
    is_clean = [item in half for item in items]
    unlisted = [values[item] for item in items if item not in listed]

    def difference(drawn: Sequence[int]) -> float | None:
        clean = [scores[place] for place in drawn if is_clean[place]]
        return _mean([scores[place] for place in drawn]) - _mean(clean) if clean else None

    return Effect(
        len(items),
        _mean(scores),
        len(half),
        _mean([values[item] for item in items if item in half]),
        percentile_interval(difference, len(items), seed),
        len(unlisted),
        _mean(unlisted) if unlisted else None,
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
