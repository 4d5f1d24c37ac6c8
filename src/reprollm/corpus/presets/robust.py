"""Our own: any 13-gram of an item in the corpus, whatever the typography of either.

The tokenization `robust` (`reprollm.corpus.folding`) takes case, marks, composition, long s,
ligatures, quotation marks and dashes out of the comparison, so that a copy set in capitals, in
decomposed Unicode or in another typography is found, and declares what it equates for historical
spelling. The statistic is the share of the item's n-grams that were found.
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
class Robust(Preset):
    """The preset; `n` words an n-gram, any contaminates."""

    name: ClassVar[str] = "robust"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "reprollm"
    kind: ClassVar[Kind] = "robust"
    n: int = 13

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the share of the item's n-grams that were found; any makes it contaminated."""
        if not item.ngrams:
            return uncheckable(item)
        found = len(item.counts)
        return Judged(item.id, answer(found > 0), item.tokens, found, item.ngrams)
