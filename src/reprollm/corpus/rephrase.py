"""Rephrasings: the corpus passages whose meaning is nearest to an item, by an embedding model.

This is screening and never a fact. Two texts of one subject are near each other whether or not one
was made from the other, and nobody can say where *rephrased* begins; Lambert et al. 2024
(arXiv:2411.15124, section 3.2) gave embeddings up for that reason. So nothing is chosen on the
suspects: the threshold is a quantile of what the control set reaches in the same corpus, and an
item is only ever `nearer than the control` or not. The conformal p-value beside it holds where item
and control are exchangeable but for the leak.

A text's embedding is the mean over its tokens of the model's last hidden states, divided by its
length; the similarity of two texts is the cosine, their product. No text leaves the machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reprollm.errors import InvalidInput
from reprollm.statistics.conformal import conformal_ps

Vectors = NDArray[np.float32]

NEARER = "nearer than the control"
NOT_NEARER = "not nearer than the control"
LEAST_CONTROL = 20
"""Control items without which no quantile is taken."""


@dataclass(frozen=True)
class Nearest:
    """The passage nearest to one item.

    Attributes:
        item: the item's id.
        document: the passage's name; empty where the corpus has no passage.
        cosine: their similarity, in [-1, 1].
    """

    item: str
    document: str
    cosine: float


@dataclass(frozen=True)
class Screened:
    """One item against the control.

    Attributes:
        nearest: its nearest passage.
        p: (1 + control items that are as near) / (1 + control items).
        verdict: `NEARER` where the cosine is above the control's quantile, else `NOT_NEARER`.
    """

    nearest: Nearest
    p: float
    verdict: str


class NearestPassages:
    """The nearest passage of each item so far; memory does not grow with the corpus.

    Args:
        items: ids.
        vectors: their embeddings, float32, shape (items, width), each of length 1.
    """

    def __init__(self, items: Sequence[str], vectors: Vectors) -> None:
        self._items = list(items)
        self._vectors = vectors
        self._best = np.full(len(self._items), -2.0, np.float32)
        self._names = [""] * len(self._items)

    def look(self, documents: Sequence[str], passages: Vectors) -> None:
        """Take passages into account; of equally near ones the first stays.

        Args:
            documents: their names.
            passages: their embeddings, float32, shape (passages, width), each of length 1.
        """
        if not documents or not self._items:
            return
        cosines = self._vectors @ passages.T
        at = cosines.argmax(axis=1)
        best = cosines[np.arange(len(self._items)), at]
        for number in np.flatnonzero(best > self._best):
            self._names[number] = documents[at[number]]
        self._best = np.maximum(self._best, best)

    def nearest(self) -> list[Nearest]:
        """Return each item's nearest passage, in the order of the items."""
        cosines = np.clip(self._best, -1.0, 1.0).tolist()
        triples = zip(self._items, self._names, cosines, strict=True)
        return [Nearest(item, name, cosine) for item, name, cosine in triples]


def normalised(vectors: Vectors) -> Vectors:
    """Return the vectors divided by their lengths; one of length 0 stays 0."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    divided: Vectors = (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return divided


def expect_control(items: int) -> None:
    """Raise `InvalidInput` where there are fewer than `LEAST_CONTROL` control items."""
    if items < LEAST_CONTROL:
        raise InvalidInput(
            f"expected at least {LEAST_CONTROL} control items to take a threshold from, found "
            f"{items}; without a control set no similarity means anything"
        )


def threshold(control: Sequence[Nearest], level: float) -> float:
    """Return the control's quantile: the smallest cosine that `level` of them do not exceed.

    Raises:
        InvalidInput: there are fewer than `LEAST_CONTROL` control items.
    """
    expect_control(len(control))
    ranked = sorted(each.cosine for each in control)
    return ranked[_rank(len(control), level) - 1]


def nearer_by_chance(control: int, level: float) -> float:
    """Return with which probability an item that is like the control lies above its quantile.

    Of the control's size n and the rank k of the quantile it is (n + 1 - k) / (n + 1), without
    ties: with few control items well above 1 - level.
    """
    return (control + 1 - _rank(control, level)) / (control + 1)


def _rank(control: int, level: float) -> int:
    return math.ceil(level * control - 1e-9)


def screened(
    suspects: Sequence[Nearest], control: Sequence[Nearest], level: float = 0.99
) -> list[Screened]:
    """Return each suspect against the control's quantile, in the order given."""
    limit = threshold(control, level)
    reference = [each.cosine for each in control]
    ps = conformal_ps([each.cosine for each in suspects], reference)
    return [
        Screened(each, p, NEARER if each.cosine > limit else NOT_NEARER)
        for each, p in zip(suspects, ps, strict=True)
    ]
