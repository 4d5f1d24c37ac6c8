"""Measures of answers: counts of one answer, and aggregates of summed counts.

Every definition is in docs/scores.md, exact enough to be programmed again.

| module | what it measures |
| --- | --- |
| `exact` | right or wrong: exact match, accuracy |
| `error_rates` | characters and words that are wrong, and how many of them a correction mends |
| `ngrams` | chrF and BLEU |
| `rouge` | ROUGE-L |
| `labels` | precision, recall, F1 and Cohen's kappa of labels |
| `entities` | precision, recall and F1 of mentions, strict and fuzzy |
"""

from __future__ import annotations

from collections.abc import Mapping

from reprollm.errors import InvalidInput
from reprollm.scores.measures.entities import ENTITIES
from reprollm.scores.measures.error_rates import (
    CHARACTER_ERROR_RATE,
    CHARACTER_ERROR_REDUCTION,
    SOURCE_CHARACTER_ERROR_RATE,
    WORD_ERROR_RATE,
    character_error_rate,
    word_error_rate,
)
from reprollm.scores.measures.exact import ACCURACY, EXACT_MATCH, exact_match
from reprollm.scores.measures.labels import COHENS_KAPPA, F1, PRECISION, RECALL
from reprollm.scores.measures.ngrams import BLEU, CHRF
from reprollm.scores.measures.protocol import (
    Aggregation,
    ByLabel,
    Counts,
    Measure,
    OfItems,
    OfSums,
    Ratio,
    Sums,
    Term,
    add,
)
from reprollm.scores.measures.rouge import ROUGE_L
from reprollm.scores.parsers.answer import Texts

MEASURES: Mapping[str, Measure] = {
    one.name: one
    for one in (
        EXACT_MATCH,
        CHARACTER_ERROR_RATE,
        WORD_ERROR_RATE,
        SOURCE_CHARACTER_ERROR_RATE,
        CHARACTER_ERROR_REDUCTION,
        CHRF,
        BLEU,
        ROUGE_L,
        ACCURACY,
        PRECISION,
        RECALL,
        F1,
        COHENS_KAPPA,
        *ENTITIES,
    )
}
LOWER_IS_BETTER = frozenset(one.name for one in MEASURES.values() if one.lower_is_better)


def measure(name: str) -> Measure:
    """Return the measure called `name`; raise `InvalidInput` where there is none."""
    if name not in MEASURES:
        raise InvalidInput(f"expected a score among {', '.join(MEASURES)}, found {name!r:.80}")
    return MEASURES[name]


__all__ = [
    "LOWER_IS_BETTER",
    "MEASURES",
    "Aggregation",
    "ByLabel",
    "Counts",
    "Measure",
    "OfItems",
    "OfSums",
    "Ratio",
    "Sums",
    "Term",
    "Texts",
    "add",
    "character_error_rate",
    "exact_match",
    "measure",
    "word_error_rate",
]
