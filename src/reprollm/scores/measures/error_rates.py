"""Rates of errors in characters and words, and how far a correction reduces them.

Morris, Maier and Green 2004, Interspeech, "From WER and RIL to MER and WIL": edits over the length
of the reference. Undefined where the reference is empty; without an upper bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from reprollm.scores.measures.protocol import (
    Counts,
    Measure,
    OfItems,
    OfSums,
    Ratio,
    Term,
    mean_of_ratios,
    ratio_of,
)
from reprollm.scores.parsers.answer import Texts


def character_error_rate(output: str, reference: str) -> Ratio:
    """Return edits over reference length, both in code points, without white space at the ends."""
    from rapidfuzz.distance import Levenshtein

    expected = reference.strip()
    return Ratio(Levenshtein.distance(output.strip(), expected), len(expected))


def word_error_rate(output: str, reference: str) -> Ratio:
    """Return edits over reference length, both in words."""
    from rapidfuzz.distance import Levenshtein

    said, expected = numbered(output.split(), reference.split())
    return Ratio(Levenshtein.distance(said, expected), len(expected))


def numbered(first: Sequence[str], second: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return words as numbers, equal ones as the same: a hash of words could make others equal."""
    numbers: dict[str, int] = {}
    one, other = ([numbers.setdefault(w, len(numbers)) for w in words] for words in (first, second))
    return one, other


def _rate(name: str, needs: Literal["text", "source"], rate: Callable[[Texts], Ratio]) -> Measure:
    def counts(texts: Texts) -> Counts:
        found = rate(texts)
        return {(): (found.numerator, found.denominator)} if found.denominator else {}

    return Measure(
        name,
        f"{name}/1",
        needs=needs,
        proportion=False,
        lower_is_better=True,
        counts=counts,
        aggregations=(mean_of_ratios(_item), OfSums("corpus", _corpus)),
        item=_item,
    )


def _item(counts: Counts) -> Ratio | None:
    return ratio_of(counts, 0, 1)


def _corpus(counts: Counts) -> float | None:
    ratio = ratio_of(counts, 0, 1)
    return None if ratio is None else ratio.value


CHARACTER_ERROR_RATE = _rate(
    "character_error_rate", "text", lambda t: character_error_rate(t.output, t.reference)
)
WORD_ERROR_RATE = _rate("word_error_rate", "text", lambda t: word_error_rate(t.output, t.reference))
SOURCE_CHARACTER_ERROR_RATE = _rate(
    "source_character_error_rate", "source", lambda t: character_error_rate(t.source, t.reference)
)


def _reduction_counts(texts: Texts) -> Counts:
    """Return edits of the source, edits of the output, length of the reference."""
    before = character_error_rate(texts.source, texts.reference)
    after = character_error_rate(texts.output, texts.reference)
    if not before.denominator:
        return {}
    return {(): (before.numerator, after.numerator, before.denominator)}


def _reduction(counts: Counts) -> Ratio | None:
    before, after, _ = counts.get((), (0, 0, 0))
    return Ratio(before - after, before) if before else None


def _corpus_reduction(counts: Counts) -> float | None:
    ratio = _reduction(counts)
    return None if ratio is None else ratio.value


def _both_rates(counts: Counts) -> tuple[Term, ...] | None:
    before, after = ratio_of(counts, 0, 2), ratio_of(counts, 1, 2)
    return None if before is None or after is None else (before, after)


def _of_both_rates(sums: Sequence[float], ones: float) -> float | None:
    before, after = sums
    return (before - after) / before if before else None


CHARACTER_ERROR_REDUCTION = Measure(
    "character_error_reduction",
    "character_error_reduction/1",
    needs="source",
    proportion=False,
    lower_is_better=False,
    counts=_reduction_counts,
    aggregations=(
        mean_of_ratios(_reduction),
        OfSums("corpus", _corpus_reduction),
        OfItems("ratio_of_means", _both_rates, _of_both_rates),
    ),
    item=_reduction,
)
