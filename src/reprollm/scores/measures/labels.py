"""Gold and predicted labels, and precision, recall and F1 of counted pairs of them.

Sokolova and Lapalme 2009, Information Processing and Management 45:4, table 3; the empty text is no
label, and stands for outputs without an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from reprollm.scores.measures.protocol import ByLabel, Counts, Measure, OfSums
from reprollm.scores.parsers.answer import Texts
from reprollm.statistics.kappa import kappa

NO_LABEL = ""


def gold_of(texts: Texts) -> str:
    """Return the right label; empty where the reference is none."""
    return texts.reference.strip()


def predicted_of(texts: Texts) -> str:
    """Return the label that was answered; empty where there is no answer, or mentions."""
    parsed = texts.parsed
    if parsed.status != "answered" or not isinstance(parsed.value, str):
        return NO_LABEL
    return parsed.value.strip()


def _pair(texts: Texts) -> Counts:
    gold = gold_of(texts)
    return {(gold, predicted_of(texts)): (1,)} if gold else {}


def precision(right: int, false: int, missed: int) -> float:
    """Return TP / (TP + FP), 0 where nothing is predicted."""
    return right / (right + false) if right + false else 0.0


def recall(right: int, false: int, missed: int) -> float:
    """Return TP / (TP + FN), 0 where there is nothing to find."""
    return right / (right + missed) if right + missed else 0.0


def f1(right: int, false: int, missed: int) -> float:
    """Return 2 TP / (2 TP + FP + FN), 0 where nothing is predicted and nothing to be found."""
    return 2 * right / (2 * right + false + missed) if right + false + missed else 0.0


def tallies(counts: Counts) -> dict[str, tuple[int, int, int]]:
    """Return TP, FP and FN of every label that is gold or predicted."""
    found: dict[str, list[int]] = {}
    for (gold, predicted), (number,) in counts.items():
        if not number:
            continue
        if gold == predicted:
            found.setdefault(gold, [0, 0, 0])[0] += number
            continue
        found.setdefault(gold, [0, 0, 0])[2] += number
        if predicted != NO_LABEL:
            found.setdefault(predicted, [0, 0, 0])[1] += number
    return {label: (right, false, missed) for label, (right, false, missed) in found.items()}


Formula = Callable[[int, int, int], float]


def _of_labels(name: str, formula: Formula) -> Measure:
    def micro(counts: Counts) -> float | None:
        found = tallies(counts).values()
        right, false, missed = (sum(each[place] for each in found) for place in range(3))
        return formula(right, false, missed) if found else None

    def macro(counts: Counts) -> float | None:
        found = tallies(counts).values()
        return math.fsum(formula(*each) for each in found) / len(found) if found else None

    def of_label(counts: Counts, label: str) -> float | None:
        found = tallies(counts)
        return formula(*found[label]) if label in found else None

    return Measure(
        name,
        f"{name}/1",
        needs="label",
        proportion=False,
        lower_is_better=False,
        counts=_pair,
        aggregations=(
            OfSums("micro", micro),
            OfSums("macro", macro),
            ByLabel("label", _gold_labels, of_label),
        ),
    )


def _gold_labels(counts: Counts) -> tuple[str, ...]:
    return tuple(sorted({key[0] for key, (number,) in counts.items() if number}))


def _kappa(counts: Counts) -> float | None:
    return kappa({(gold, predicted): number for (gold, predicted), (number,) in counts.items()})


PRECISION = _of_labels("precision", precision)
RECALL = _of_labels("recall", recall)
F1 = _of_labels("f1", f1)

COHENS_KAPPA = Measure(
    "cohens_kappa",
    "cohens_kappa/1",
    needs="label",
    proportion=False,
    lower_is_better=False,
    counts=_pair,
    aggregations=(OfSums("corpus", _kappa),),
)
