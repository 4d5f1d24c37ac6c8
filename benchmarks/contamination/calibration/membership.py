"""How well membership scores tell planted texts from a reference set drawn like them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calibration.foreseen import Foreseen
from reprollm.screening.scores import score
from reprollm.statistics.auroc import auroc, auroc_interval, tpr_at_fpr
from reprollm.statistics.conformal import conformal_ps
from reprollm.statistics.mann_whitney import mann_whitney_greater

SCORES = ("loss", "zlib", "min_k_20", "min_k_pp_20")
LEVEL = 0.05


@dataclass(frozen=True)
class Row:
    """One method at one repetition count in one model.

    Attributes:
        method: a score, or `extraction`.
        count: how often the texts were planted.
        area, low, high: area under the ROC curve with its 95 % interval.
        found: true-positive rate at a false-positive rate of 1 %.
        items: share of the items with a conformal p of at most 5 %.
        p: one-sided Mann–Whitney p of the whole set.
        n, others: how many texts and reference texts were compared.
    """

    method: str
    count: int
    area: float
    low: float
    high: float
    found: float
    items: float
    p: float
    n: int
    others: int


def scored(method: str, texts: Sequence[Foreseen]) -> list[float]:
    """Return one score of each text, larger for texts that look more like members."""
    values = [
        score(method, text.logprobs, text.means, text.deviations, text.zlib) for text in texts
    ]
    return [value for value in values if value is not None]


def compare(method: str, count: int, own: Sequence[float], reference: Sequence[float]) -> Row:
    """Return the row of one method and repetition count."""
    area = auroc(own, reference)
    found = tpr_at_fpr(own, reference, 0.01)
    test = mann_whitney_greater(own, reference)
    if area is None or found is None or test is None:
        raise ValueError(f"expected scores by {method} on both sides, found none")
    low, high = auroc_interval(area, len(own), len(reference))
    ps = conformal_ps(own, reference)
    items = sum(p <= LEVEL for p in ps) / len(ps)
    sizes = len(own), len(reference)
    return Row(method, count, area, low, high, found, items, test.p, *sizes)


def compare_all(
    groups: Mapping[int, Sequence[Foreseen]], reference: Sequence[Foreseen]
) -> list[Row]:
    """Return the rows of every score and repetition count."""
    return [
        compare(method, count, scored(method, texts), scored(method, reference))
        for method in SCORES
        for count, texts in groups.items()
    ]


def finite(texts: Sequence[Foreseen]) -> bool:
    """Return whether every text with a token has finite scores, and every text without has none."""
    return all(
        (len(values) == 1 and math.isfinite(values[0])) if text.logprobs else not values
        for method in SCORES
        for text in texts
        for values in [scored(method, [text])]
    )
