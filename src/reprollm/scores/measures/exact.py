"""Answers that are right or wrong: each 1 or 0 of 1."""

from __future__ import annotations

from reprollm.scores.measures.labels import gold_of, predicted_of
from reprollm.scores.measures.protocol import Counts, Measure, Ratio, mean_of_ratios, ratio_of
from reprollm.scores.parsers.answer import Texts


def exact_match(output: str, reference: str) -> Ratio:
    """Return 1/1 where two texts agree but for white space at both ends, else 0/1."""
    return Ratio(int(output.strip() == reference.strip()), 1)


def _exact_match(texts: Texts) -> Counts:
    return {(): (exact_match(texts.output, texts.reference).numerator, 1)}


def _accuracy(texts: Texts) -> Counts:
    gold = gold_of(texts)
    return {(): (int(predicted_of(texts) == gold), 1)} if gold else {}


def _item(counts: Counts) -> Ratio | None:
    return ratio_of(counts, 0, 1)


# Rajpurkar et al. 2016, arXiv:1606.05250, section 5.
EXACT_MATCH = Measure(
    "exact_match",
    "exact_match/1",
    needs="text",
    proportion=True,
    lower_is_better=False,
    counts=_exact_match,
    aggregations=(mean_of_ratios(_item),),
    item=_item,
)

# Sokolova and Lapalme 2009, Information Processing and Management 45:4, table 2.
ACCURACY = Measure(
    "accuracy",
    "accuracy/1",
    needs="label",
    proportion=True,
    lower_is_better=False,
    counts=_accuracy,
    aggregations=(mean_of_ratios(_item),),
    item=_item,
)
