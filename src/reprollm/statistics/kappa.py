"""Cohen's kappa: agreement of two raters beyond chance (Cohen 1960, Educational and Psychological
Measurement 20:1, p. 40).

With N items, A labelled alike, and E the sum over the categories of the product of both raters'
numbers, kappa = (A/N - E/N^2) / (1 - E/N^2) = (N A - E) / (N^2 - E): whole numbers and one
division.
"""  # noqa: D205

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


def kappa(pairs: Mapping[tuple[str, str], int]) -> float | None:
    """Return kappa of counted pairs of labels.

    Args:
        pairs: how often the first rater gave the one label and the second the other.

    Returns:
        None where it is undefined: no items, or both raters gave one and the same label to all.
    """
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (one, other), number in pairs.items():
        first[one] += number
        second[other] += number
    items = first.total()
    alike = sum(number for (one, other), number in pairs.items() if one == other)
    chance = sum(number * second[label] for label, number in first.items())
    beyond = items * items - chance
    return (items * alike - chance) / beyond if beyond else None
