"""Llama 2: the share of an item's tokens in runs of more than 10 that a document shares.

Source: Touvron et al. 2023, arXiv:2307.09288, appendix A.6. Item and corpus are tokenized; a token
is contaminated that stands in an n-gram of more than 10 tokens of both; a matched run may differ in
up to 4 places (the skipgram budget), none of them among its first 10 tokens or at its end. Below
20 % contaminated tokens a sample is *clean*, from 20 % *not clean*, below 80 % *not dirty*, from
80 % *dirty*. The paper repeats this with least lengths of 20, 30, 40 and 50: the parameter `n`.

An item from 20 % on is `contaminated`, and its record names the stratum `clean`, `between` or
`dirty`, so that scores can be compared as the paper does. A token in a place that differs stands in
no n-gram of both and is not counted. Runs are found from every exact stretch of 10 tokens to the
right, as far as the budget lets them. Their code is not public.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from reprollm.canon import Json
from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged, answer, uncheckable, undecided
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.presets.skipping import SkippingMatch
from reprollm.corpus.presets.spans import Span, size, union
from reprollm.corpus.result import ScannedItem


@dataclass(frozen=True)
class Llama2(Preset):
    """The preset.

    Attributes:
        n: the shortest exact stretch; a run is longer than this.
        skips: how many places of a run may differ.
        clean: below this percentage of contaminated tokens an item is clean.
        dirty: from this one on it is dirty.
    """

    name: ClassVar[str] = "llama2"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "Touvron et al. 2023, arXiv:2307.09288, appendix A.6"
    kind: ClassVar[Kind] = "tokenizer"
    n: int = 10
    skips: int = 4
    clean: int = 20
    dirty: int = 80

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the share of contaminated tokens, and the stratum."""
        if item.tokens <= self.n:
            return uncheckable(item)
        runs = (match for match in matches if match.length > self.n)
        found = size(union(span for run in runs for span in _equal(run)))
        contaminated = 100 * found >= self.clean * item.tokens
        if item.cut and not contaminated:
            return undecided(item)
        stratum = "clean"
        if contaminated:
            stratum = "dirty" if 100 * found >= self.dirty * item.tokens else "between"
        detail: dict[str, Json] = {"stratum": stratum, "at_least": item.cut}
        return Judged(item.id, answer(contaminated), item.tokens, found, item.tokens, detail)


def _equal(run: Match) -> list[Span]:
    """Return the spans of a run in which item and document agree."""
    misses = run.misses if isinstance(run, SkippingMatch) else ()
    edges = [run.start - 1, *misses, run.start + run.length]
    return [(before + 1, after) for before, after in pairwise(edges) if before + 1 < after]
