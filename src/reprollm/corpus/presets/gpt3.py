"""GPT-3: an item is dirty when any of its N-grams stands in the corpus.

Source: Brown et al. 2020, arXiv:2005.14165, appendix C. N is the 5th percentile of the items'
lengths in words, without punctuation and case, at least 8 and at most 13. An item is dirty where
any N-gram of it collides with any training document, clean else. Which percentile is meant is not
said: as overlapy does, the value at index floor(5 m / 100) of the m sorted lengths.

N-grams that stand in more than 10 documents were ignored when training text was filtered (first
part of the appendix), as mostly boilerplate. Here that is the parameter `documents`: an item found
through nothing else is not contaminated, and its record says how many such n-grams it has. Set it
to 0 to ignore none. LLMSanitize deletes n-grams of 10 or more documents, and crashes in doing so.

Items shorter than N words have no N-gram; the paper counts them as clean, here they are
`uncheckable`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from reprollm.canon import Json
from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged, answer, uncheckable, undecided
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.presets.spans import Span, in_more_documents, size
from reprollm.corpus.result import ScannedItem


@dataclass(frozen=True)
class Gpt3(Preset):
    """The preset.

    Attributes:
        n: N, from `fitted`.
        documents: n-grams in more documents than these are ignored; 0 ignores none.
        least: the smallest N.
        most: the largest N.
        percentile: of the items' lengths, in percent.
    """

    name: ClassVar[str] = "gpt3"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "Brown et al. 2020, arXiv:2005.14165, appendix C"
    kind: ClassVar[Kind] = "words"
    n: int = 13
    documents: int = 10
    least: int = 8
    most: int = 13
    percentile: int = 5

    def with_n(self, n: int) -> Gpt3:
        """Return the preset with this N, whatever the items' lengths."""
        return replace(self, n=n, least=n, most=n)

    def fitted(self, lengths: Sequence[int]) -> Gpt3:
        """Return the preset with N from the items' lengths in words."""
        if not lengths:
            return self
        at = len(lengths) * self.percentile // 100
        return replace(self, n=min(max(sorted(lengths)[at], self.least), self.most))

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the item's n-grams in the corpus, frequent ones apart; any makes it dirty."""
        if not item.ngrams:
            return uncheckable(item)
        spans = in_more_documents(matches, self.n, self.documents) if self.documents else []
        frequent = size(spans)
        found = len(item.counts) - frequent
        if item.cut and self.documents and not self._surely(item, spans):
            return undecided(item)
        detail: dict[str, Json] = {"frequent": frequent, "at_least": item.cut}
        return Judged(item.id, answer(found > 0), item.tokens, found, item.ngrams, detail)

    def _surely(self, item: ScannedItem, frequent: Sequence[Span]) -> bool:
        """Return whether listing more matches could not change the answer.

        What occurs seldom stands in few documents; what occurs often and is not seen to stand in
        many could be either.
        """
        seldom = any(count <= self.documents for _, count in item.counts)
        return seldom or size(frequent) == len(item.counts)
