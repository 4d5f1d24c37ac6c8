"""ROUGE-L: the longest common subsequence of words (Lin 2004, W04-1013, section 3.1, β = 1)."""

from __future__ import annotations

from reprollm.scores.measures.error_rates import numbered
from reprollm.scores.measures.protocol import (
    Counts,
    Measure,
    OfSums,
    Ratio,
    mean_of_ratios,
    ratio_of,
)
from reprollm.scores.parsers.answer import Texts


def _counts(texts: Texts) -> Counts:
    from rapidfuzz.distance import LCSseq

    said, expected = numbered(texts.output.lower().split(), texts.reference.lower().split())
    if not expected:
        return {}
    return {(): (2 * LCSseq.similarity(said, expected), len(said) + len(expected))}


def _item(counts: Counts) -> Ratio | None:
    return ratio_of(counts, 0, 1)


def _corpus(counts: Counts) -> float | None:
    ratio = ratio_of(counts, 0, 1)
    return None if ratio is None else ratio.value


ROUGE_L = Measure(
    "rouge_l",
    "rouge_l/1",
    needs="text",
    proportion=False,
    lower_is_better=False,
    counts=_counts,
    aggregations=(mean_of_ratios(_item), OfSums("corpus", _corpus)),
    item=_item,
)
