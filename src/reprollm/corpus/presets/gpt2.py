"""GPT-2: the share of an item's 8-grams that stand in the corpus.

Source: Radford, Wu, Child, Luan, Amodei and Sutskever 2019, *Language models are unsupervised
multitask learners*, section 4: lower-cased alphanumeric words, one space between them; per data
set, the percentage of 8-grams that were seen in training. There a Bloom filter answers (false
positives below 1e-8); here every hit is checked on the text. The paper calls no single item
contaminated; as LLMSanitize (`gpt2.py`) does, any 8-gram found makes an item `contaminated`.
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
class Gpt2(Preset):
    """The preset; `n` words an n-gram."""

    name: ClassVar[str] = "gpt2"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "Radford et al. 2019, section 4"
    kind: ClassVar[Kind] = "words"
    n: int = 8

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the share of the item's n-grams that were found; any makes it contaminated."""
        if not item.ngrams:
            return uncheckable(item)
        found = len(item.counts)
        return Judged(item.id, answer(found > 0), item.tokens, found, item.ngrams)
