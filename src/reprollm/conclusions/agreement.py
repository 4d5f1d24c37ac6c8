"""How often two say the same of an item, beyond chance: annotators, passes and models.

Labels are nominal. The label of an answer that is empty, refused or not parsed is the empty one,
which is a label like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reprollm.canon import Json
from reprollm.conclusions.answers import Answered, Arm, Standing
from reprollm.records.evidence import decimal
from reprollm.statistics.kappa import kappa
from reprollm.statistics.krippendorff import alpha

VERSION = "agreement/1"
ANNOTATORS, PASSES, MODELS = "annotators", "passes", "models"
Labels = Mapping[str, str]
"""What one rater says, by item."""


@dataclass(frozen=True)
class Rater:
    """Someone who labels items: an annotator, the reference, or an arm."""

    who: str
    name: str | None
    arm: Arm | None
    labels: Labels

    def to_json(self) -> dict[str, Json]:
        """Return the rater as it stands in evidence."""
        if self.arm is not None:
            return {"who": self.who, **self.arm.to_json()}
        return {"who": self.who} if self.name is None else {"who": self.who, "name": self.name}


def among_annotators(runs: Sequence[Standing]) -> dict[str, Json] | None:
    """Return the agreement of annotators, reference and arms; None without annotations.

    Annotations and references are those of the first run.
    """
    annotators = _annotators(runs[0])
    if not annotators:
        return None
    gold = dict(
        (answer.item, answer.gold)
        for cell in runs[0].cells
        for answer in cell.answers
        if answer.gold is not None
    )
    raters = [Rater("annotator", name, None, labels) for name, labels in sorted(annotators.items())]
    alone = [rater.labels for rater in raters]
    raters += [Rater("reference", None, None, gold)] if gold else []
    raters += [
        Rater("arm", None, cell.arm, first_labels(cell)) for run in runs for cell in run.cells
    ]
    pairs: list[Json] = [
        _pair(i, j, raters[i].labels, raters[j].labels)
        for i in range(len(raters))
        for j in range(i + 1, len(raters))
        if raters[i].arm is None
    ]
    said: list[Json] = [rater.to_json() for rater in raters]
    return {**_head(ANNOTATORS), "raters": said, **_together(alone), "pairs": pairs}


def among_passes(run: Standing) -> dict[str, Json] | None:
    """Return the agreement of a run's passes; None where no cell has two."""
    cells: list[Json] = []
    for cell in run.cells:
        passes: dict[tuple[str | None, int], dict[str, str]] = {}
        for answer in cell.answers:
            passes.setdefault(answer.asking, {}).setdefault(answer.item, answer.label)
        if len(passes) > 1:
            asked: dict[str, Json] = {"asked": cell.asked, "distinct": cell.distinct}
            cells.append({"cell": cell.arm.cell, **asked, **_together(list(passes.values()))})
    return {**_head(PASSES), "cells": cells} if cells else None


def among_models(runs: Sequence[Standing]) -> dict[str, Json] | None:
    """Return the agreement of models on the cells that several have; None where none is shared."""
    by_cell: dict[str, list[Answered]] = {}
    for run in runs:
        for cell in run.cells:
            by_cell.setdefault(cell.arm.cell, []).append(cell)
    cells: list[Json] = [
        _models(name, answered) for name, answered in by_cell.items() if len(answered) > 1
    ]
    return {**_head(MODELS), "cells": cells} if cells else None


def first_labels(cell: Answered) -> dict[str, str]:
    """Return what an arm says of each item: the label of its first answer."""
    found: dict[str, str] = {}
    for answer in cell.answers:
        found.setdefault(answer.item, answer.label)
    return found


def _models(cell: str, answered: Sequence[Answered]) -> dict[str, Json]:
    labels = [first_labels(each) for each in answered]
    pairs: list[Json] = [
        _pair(i, j, labels[i], labels[j])
        for i in range(len(labels))
        for j in range(i + 1, len(labels))
    ]
    models: list[Json] = [each.arm.model for each in answered]
    return {"cell": cell, "models": models, **_together(labels), "pairs": pairs}


def _annotators(run: Standing) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for item, said in run.items.items():
        for name, label in (said.annotations or {}).items():
            labels = found.setdefault(name, {})
            if label:
                labels[item] = label
    return found


def _head(among: str) -> dict[str, Json]:
    return {"kind": "agreement", "version": VERSION, "among": among}


def _together(raters: Sequence[Labels]) -> dict[str, Json]:
    """Return the agreement of all raters at once."""
    units = list(_units(raters))
    found = alpha(units)
    return {
        "items": len(units),
        "unanimous": sum(len(set(unit)) == 1 for unit in units),
        "alpha": None if found is None else decimal(found),
    }


def _units(raters: Sequence[Labels]) -> Iterable[list[str]]:
    """Yield the labels of each item that has two or more, items by first appearance."""
    for item in dict.fromkeys(item for rater in raters for item in rater):
        labels = [rater[item] for rater in raters if item in rater]
        if len(labels) > 1:
            yield labels


def _pair(first: int, second: int, one: Labels, other: Labels) -> dict[str, Json]:
    both = [(label, other[item]) for item, label in one.items() if item in other]
    found = kappa(Counter(both))
    return {
        "first": first,
        "second": second,
        "n": len(both),
        "agree": sum(label == counterpart for label, counterpart in both),
        "kappa": None if found is None else decimal(found),
    }
