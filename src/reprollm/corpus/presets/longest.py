"""Longest contaminated run: the longest stretch of an item that stands whole in one document.

Source: Singh et al. 2024 (ConTAM), arXiv:2411.03923: of several n-gram metrics the longest
contaminated substring told best which items a model gains from, better than the union of all
contaminated substrings; n at most 8 and n-grams that occur only once count, else leaks are missed.
Their threshold is chosen per model and benchmark from the gain in score, and is no part of the
metric; so none is made up here: a run of `n` words contaminates, and the statistic is the run's
share of the item, to be set against the scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json
from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged, answer, uncheckable
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.result import ScannedItem


@dataclass(frozen=True)
class Longest(Preset):
    """The preset; runs shorter than `n` words do not count."""

    name: ClassVar[str] = "longest"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "Singh et al. 2024, arXiv:2411.03923"
    kind: ClassVar[Kind] = "words"
    n: int = 8

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the longest run's share of the item's tokens."""
        if not item.ngrams:
            return uncheckable(item)
        verdict = answer(item.longest > 0)
        detail: dict[str, Json] = {"at_least": item.cut}
        return Judged(item.id, verdict, item.tokens, item.longest, item.tokens, detail)
