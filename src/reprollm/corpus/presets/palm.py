"""PaLM: an item is contaminated when at least 70 % of its 8-grams stand in the corpus.

Source: Chowdhery et al. 2022, arXiv:2204.02311, section 8 (*Dataset contamination*): of question,
prompt or target, at least 70 % of the 8-grams seen at least once in training. Words and their
normalisation are not defined there, and LLMSanitize (`palm.py`) takes NLTK's tokens, cased and with
punctuation as words; here the declared normaliser's words. The 8-grams may come from different
documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged, answer, uncheckable
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.result import ScannedItem


@dataclass(frozen=True)
class Palm(Preset):
    """The preset; `n` words an n-gram, `percent` of them contaminate."""

    name: ClassVar[str] = "palm"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "Chowdhery et al. 2022, arXiv:2204.02311, section 8"
    kind: ClassVar[Kind] = "words"
    n: int = 8
    percent: int = 70

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the share of the item's n-grams that were found, against the threshold."""
        if not item.ngrams:
            return uncheckable(item)
        found = len(item.counts)
        verdict = answer(100 * found >= self.percent * item.ngrams)
        return Judged(item.id, verdict, item.tokens, found, item.ngrams)
