"""Tülu 3: more than half of an item's tokens are covered by 8-grams of one training document.

Source: Lambert et al. 2024, arXiv:2411.15124, section 3.2, and open-instruct
(`decontamination/search.py`): a token matches a document that holds an 8-gram of the item around
it; the item's score is the largest share of its tokens that match the *same* document; above 50 %
it overlaps. There, spaCy's tokens (punctuation among them) are asked of an Elasticsearch index
whose phrases drop case and punctuation, and at most `search_size` documents a phrase are looked at,
so that documents can be missed; here the declared normaliser's words and every document.

The paper goes on to call a training *set* contaminated in which more than 2 % of an evaluation's
items overlap; that share is in the summary of the set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json
from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged, answer, uncheckable, undecided
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.presets.spans import covered, most_covered
from reprollm.corpus.result import ScannedItem


@dataclass(frozen=True)
class Tulu3(Preset):
    """The preset; `n` words an n-gram, more than `percent` of the tokens contaminate."""

    name: ClassVar[str] = "tulu3"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "Lambert et al. 2024, arXiv:2411.15124, section 3.2"
    kind: ClassVar[Kind] = "words"
    n: int = 8
    percent: int = 50

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the largest share of the item's tokens that one document covers."""
        if not item.ngrams:
            return uncheckable(item)
        found, document = most_covered(matches)
        contaminated = self._exceeds(found, item.tokens)
        at_most = covered((start for start, _ in item.counts), self.n)
        if item.cut and not contaminated and self._exceeds(at_most, item.tokens):
            return undecided(item)
        detail: dict[str, Json] = {"document": document, "at_least": item.cut}
        return Judged(item.id, answer(contaminated), item.tokens, found, item.tokens, detail)

    def _exceeds(self, found: int, length: int) -> bool:
        return 100 * found > self.percent * length
