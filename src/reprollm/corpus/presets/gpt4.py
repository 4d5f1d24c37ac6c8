"""GPT-4: any of three random stretches of 50 characters of an item stands in the corpus.

Source: OpenAI 2023, arXiv:2303.08774, appendix C: spaces and symbols are removed from both sides,
characters and numbers stay, case too; three substrings of 50 characters are drawn at random.
LLMSanitize (`gpt4.py`) removes numbers as well and never draws an item's last substring; the paper
is followed here, not that code. A shorter item is taken whole in the paper, which finds any item of
a few letters anywhere; here it is `uncheckable`.

The draws are recorded by their seed: stretch k of an item begins at
`digest("reprollm/gpt4-substring/v1", seed, item, k) mod (length - 50 + 1)`, the digest read as a
big-endian integer, seed and k in decimal. Three draws miss a copy of another part of the item; the
statistic says how many of the three were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json, digest
from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged, answer, uncheckable
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.result import ScannedItem


@dataclass(frozen=True)
class Gpt4(Preset):
    """The preset; `n` characters a stretch, `draws` of them, drawn from `seed`."""

    name: ClassVar[str] = "gpt4"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "OpenAI 2023, arXiv:2303.08774, appendix C"
    kind: ClassVar[Kind] = "letters"
    n: int = 50
    draws: int = 3
    seed: str = "1"

    def starts(self, item: str, length: int) -> list[int]:
        """Return where the drawn stretches of an item of `length` characters begin."""
        places = length - self.n + 1
        return [self._start(item, draw) % places for draw in range(self.draws)]

    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return how many of the drawn stretches stand in the corpus; any contaminates."""
        if not item.ngrams:
            return uncheckable(item)
        starts = self.starts(item.id, item.tokens)
        seen = {start for start, _ in item.counts}
        found = sum(start in seen for start in starts)
        detail: dict[str, Json] = {"starts": [*starts]}
        return Judged(item.id, answer(found > 0), item.tokens, found, self.draws, detail)

    def _start(self, item: str, draw: int) -> int:
        parts = (self.seed.encode(), item.encode(), str(draw).encode())
        return int(digest("reprollm/gpt4-substring/v1", *parts), 16)
