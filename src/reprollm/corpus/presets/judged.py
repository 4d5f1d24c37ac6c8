"""What a preset says of one item: an answer in one of three words, and the figures behind it.

`clean` is never said alone: nothing follows from a scan for text that was not scanned. An item
that is too short for a preset's definition is `uncheckable`, which public implementations count as
clean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from reprollm.canon import Json
from reprollm.corpus.result import ScannedItem

Verdict = Literal["contaminated", "clean in the scanned part", "uncheckable"]

CONTAMINATED: Verdict = "contaminated"
CLEAN: Verdict = "clean in the scanned part"
UNCHECKABLE: Verdict = "uncheckable"


@dataclass(frozen=True)
class Judged:
    """One item under one preset.

    Attributes:
        item: the item's id.
        verdict: the answer.
        length: the item's tokens, in the preset's own tokens.
        found: numerator of the preset's statistic, what was found in the corpus.
        of: its denominator; 0 where the item is uncheckable.
        detail: what else the definition yields; numbers are whole.
    """

    item: str
    verdict: Verdict
    length: int
    found: int
    of: int
    detail: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def share(self) -> float | None:
        """The statistic as a share; None for an uncheckable item."""
        return self.found / self.of if self.of else None


def uncheckable(item: ScannedItem) -> Judged:
    """Return the answer for an item that is too short."""
    return Judged(item.id, UNCHECKABLE, item.tokens, 0, 0, {"reason": "too short"})


def undecided(item: ScannedItem) -> Judged:
    """Return the answer where more matches were found than are listed, and those do not decide."""
    reason = "more matches than are listed; list more"
    return Judged(item.id, UNCHECKABLE, item.tokens, 0, 0, {"reason": reason})


def answer(contaminated: bool) -> Verdict:
    """Return the answer for an item that could be checked."""
    return CONTAMINATED if contaminated else CLEAN
