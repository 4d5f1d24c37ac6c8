"""Exact: the whole item stands in one document, but for case and punctuation.

Source: Dodge et al. 2021 (C4), arXiv:2104.08758, section 4.2: exact matches, normalised for
capitalisation and punctuation. An item of a few words stands in many documents and says nothing;
the paper has no least length, here it is the parameter `n` (8 words, the shortest n-gram of the
other presets), below which an item is `uncheckable`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json
from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged, answer, uncheckable, undecided
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.result import ScannedItem


@dataclass(frozen=True)
class Exact(Preset):
    """The preset; items shorter than `n` words are not checked."""

    name: ClassVar[str] = "exact"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "Dodge et al. 2021, arXiv:2104.08758, section 4.2"
    kind: ClassVar[Kind] = "words"
    n: int = 8

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return whether the whole item stands in a document, and in how many of those listed."""
        if not item.ngrams:
            return uncheckable(item)
        whole = {match.document for match in matches if match.length == item.tokens}
        found = item.longest == item.tokens
        if item.cut and not found and len(item.counts) == item.ngrams:
            return undecided(item)
        detail: dict[str, Json] = {"documents": len(whole), "at_least": item.cut}
        return Judged(item.id, answer(found), item.tokens, int(found), 1, detail)
