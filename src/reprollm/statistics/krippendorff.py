"""Krippendorff's alpha for nominal labels, any number of raters, and missing labels.

Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C. In an item with m >= 2
labels of which c are the value v, v coincides with itself c (c - 1) / (m - 1) times; items with
fewer labels are left out. With D the sum of all these, n the number of labels in the items that are
left and n_v of the value v,

    alpha = ((n - 1) D - S) / (n (n - 1) - S),  S = sum of n_v (n_v - 1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction


def alpha(items: Iterable[Sequence[str | None]]) -> float | None:
    """Return alpha of the labels that raters gave to each of some items.

    Args:
        items: the labels of each item; None where a rater gave none. Which rater gave which does
            not matter.

    Returns:
        None where it is undefined: no item with two labels, or all labels the same.
    """
    total: Counter[str] = Counter()
    alike = Fraction(0)
    for given in items:
        labels = Counter(label for label in given if label is not None)
        number = labels.total()
        if number < 2:
            continue
        total.update(labels)
        alike += Fraction(sum(count * (count - 1) for count in labels.values()), number - 1)
    labels_in_all = total.total()
    chance = sum(count * (count - 1) for count in total.values())
    beyond = labels_in_all * (labels_in_all - 1) - chance
    if not beyond:
        return None
    value = ((labels_in_all - 1) * alike - chance) / beyond
    return value.numerator / value.denominator
