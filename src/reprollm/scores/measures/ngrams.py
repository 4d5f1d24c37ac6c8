"""N-grams that two texts share: chrF of characters, BLEU of tokens, both as sacrebleu has them.

Popović 2015 (W15-3049); Papineni et al. 2002 (P02-1040), with tokenization and smoothing as Post
2018 (W18-6319) fixed them. sacrebleu cuts texts into n-grams; the arithmetic on counts is here,
because aggregates and resamples need it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable
from typing import TypeVar

from reprollm.scores.measures.protocol import Counts, Measure, OfSums, mean_of_ratios
from reprollm.scores.parsers.answer import Texts

CHARACTER_ORDER, TOKEN_ORDER = 6, 4
_KEPT_LINES = 1_024
_Gram = TypeVar("_Gram", bound=Hashable)


def _matches(said: Counter[_Gram], expected: Counter[_Gram]) -> int:
    return sum(min(number, expected[gram]) for gram, number in said.items() if gram in expected)


def _chrf_counts(texts: Texts) -> Counts:
    from sacrebleu.metrics.helpers import extract_all_char_ngrams

    said = extract_all_char_ngrams(texts.output, CHARACTER_ORDER)
    expected = extract_all_char_ngrams(texts.reference, CHARACTER_ORDER)
    if not expected[0]:
        return {}
    numbers: list[int] = []
    for ours, theirs in zip(said, expected, strict=True):
        numbers += (ours.total() if theirs else 0, theirs.total(), _matches(ours, theirs))
    return {(): tuple(numbers)}


def chrf(counts: Counts) -> float | None:
    """Return chrF2, 0 to 100, of counts; the steps are in docs/scores.md."""
    numbers = counts.get(())
    if numbers is None:
        return None
    precision = recall = 0.0
    effective = 0
    for order in range(CHARACTER_ORDER):
        said, expected, matches = numbers[3 * order : 3 * order + 3]
        if said and expected:
            precision += matches / said
            recall += matches / expected
            effective += 1
    if not effective:
        return 0.0
    precision /= effective
    recall /= effective
    if not precision + recall:
        return 0.0
    return 100 * (5 * precision * recall / (4 * precision + recall))


def tokens_13a(text: str) -> list[str]:
    """Return the tokens of a text by sacrebleu's tokenization `13a`."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

    for kept in (Tokenizer13a.__call__, TokenizerRegexp.__call__):
        if kept.cache_info().currsize >= _KEPT_LINES:  # else it grows to 65,536 texts
            kept.cache_clear()
    tokens: list[str] = Tokenizer13a()(text.strip()).split()  # type: ignore[no-untyped-call]
    return tokens


def _bleu_counts(texts: Texts) -> Counts:
    said, expected = tokens_13a(texts.output), tokens_13a(texts.reference)
    if not expected:
        return {}
    matches, totals = [], []
    for order in range(1, TOKEN_ORDER + 1):
        ours, theirs = _token_ngrams(said, order), _token_ngrams(expected, order)
        matches.append(_matches(ours, theirs))
        totals.append(ours.total())
    return {(): (len(said), len(expected), *matches, *totals)}


def _token_ngrams(tokens: list[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))


def corpus_bleu(counts: Counts) -> float | None:
    """Return BLEU, 0 to 100, of the counts of a corpus."""
    numbers = counts.get(())
    return None if numbers is None else _bleu(numbers, TOKEN_ORDER)


def sentence_bleu(counts: Counts) -> float | None:
    """Return BLEU, 0 to 100, of one text, of as many orders as it has n-grams."""
    numbers = counts.get(())
    if numbers is None:
        return None
    return _bleu(numbers, sum(1 for total in numbers[2 + TOKEN_ORDER :] if total))


def _bleu(numbers: tuple[int, ...], orders: int) -> float:
    said, expected = numbers[:2]
    matches, totals = numbers[2 : 2 + TOKEN_ORDER], numbers[2 + TOKEN_ORDER :]
    if not any(matches) or not all(totals[:orders]):
        return 0.0
    penalty = 1.0 if said >= expected else math.exp(1 - expected / said)
    smoothing, logarithms = 1, []
    for matched, total in zip(matches[:orders], totals[:orders], strict=True):
        if matched:
            logarithms.append(math.log(100 * matched / total))
        else:
            smoothing *= 2
            logarithms.append(math.log(100 / (smoothing * total)))
    return penalty * math.exp(math.fsum(logarithms) / orders)


CHRF = Measure(
    "chrf",
    "chrf/1",
    needs="text",
    proportion=False,
    lower_is_better=False,
    counts=_chrf_counts,
    aggregations=(mean_of_ratios(chrf), OfSums("corpus", chrf)),
    item=chrf,
)

BLEU = Measure(
    "bleu",
    "bleu/1",
    needs="text",
    proportion=False,
    lower_is_better=False,
    counts=_bleu_counts,
    aggregations=(mean_of_ratios(sentence_bleu), OfSums("corpus", corpus_bleu)),
    item=sentence_bleu,
)
