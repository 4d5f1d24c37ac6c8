"""datatrove: any 12-gram of an item in the corpus, and how many of its tokens such 12-grams cover.

Source: datatrove (`pipeline/decont/n_grams.py`, `utils/text.py`, release 0.10): 12-grams of the
words that spaCy finds after lower-casing, removing marks and turning punctuation into spaces; a
training document is dropped at the first whose 64-bit hash is known, without a look at the text.
Here every hit is checked on the text, all are counted, and the covered share is the statistic. By
default datatrove looks for n-grams that touch the answer, not for those of the question alone;
which columns an item's text is made of is the user's choice here. It also writes every number as
`0`, so that the same sentence with another number matches; here numbers stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged, answer, uncheckable
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.presets.spans import covered
from reprollm.corpus.result import ScannedItem


@dataclass(frozen=True)
class Datatrove(Preset):
    """The preset; `n` words an n-gram, any contaminates."""

    name: ClassVar[str] = "datatrove"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "datatrove 0.10, pipeline/decont/n_grams.py"
    kind: ClassVar[Kind] = "words"
    n: int = 12

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the share of the item's tokens that n-grams of the corpus cover."""
        if not item.ngrams:
            return uncheckable(item)
        found = covered((start for start, _ in item.counts), self.n)
        return Judged(item.id, answer(found > 0), item.tokens, found, item.tokens)
