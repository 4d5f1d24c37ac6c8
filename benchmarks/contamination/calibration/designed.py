"""The sealed tests on a benchmark model: twins, order and canaries, by the package's statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calibration.planted import Group
from reprollm.contamination.findings.sealed_order import totals
from reprollm.sealing.order import order_texts
from reprollm.statistics.permutation import permutation_p
from reprollm.statistics.rank_sum import rank, twin_p

Measure = Callable[[Sequence[str]], list[float]]
"""Gives each text one number that is larger the better the model foresees the text."""


@dataclass(frozen=True)
class Sealed:
    """One sealed test of one model: how often what it tests was planted, and its p-value."""

    test: str
    count: int
    n: int
    p: float


def twins(chosen: Sequence[int], scores: Sequence[Sequence[float]]) -> float:
    """Return the p-value of groups whose variants have these scores and these published ones."""
    ranks = []
    for at, values in zip(chosen, scores, strict=True):
        others = [value for place, value in enumerate(values) if place != at]
        ranks.append((rank(values[at], others), len(values)))
    return twin_p(ranks)


def variant_scores(groups: Sequence[Group], measure: Measure) -> list[list[float]]:
    """Return the score of every variant of every group."""
    values = iter(measure([text for group in groups for text in group.variants]))
    return [[next(values) for _ in group.variants] for group in groups]


def order(
    rows: Sequence[str], shards: int, permutations: int, measure: Measure, seed: str = "1"
) -> float:
    """Return the p-value of rows that stand in the order in which they were published."""
    texts = list(order_texts(rows, shards, permutations, seed))
    values: dict[int, dict[int, float]] = {}
    for text, value in zip(texts, measure([text.text for text in texts]), strict=True):
        values.setdefault(text.shard, {})[text.permutation] = value
    table = [[of_shard[b] for b in range(permutations + 1)] for of_shard in values.values()]
    first, *others = totals(table)
    return permutation_p(first, others)


def canary(values: Sequence[float]) -> float:
    """Return the p-value of a published canary, the first, among those that were held back."""
    return permutation_p(values[0], values[1:])
