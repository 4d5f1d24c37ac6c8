"""What every preset is: a published definition and its parameters, applied to a scan's findings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Literal, TypeVar

from reprollm.canon import Json
from reprollm.corpus.match import Match
from reprollm.corpus.presets.judged import Judged
from reprollm.corpus.result import ScannedItem

Kind = Literal["words", "robust", "letters", "tokenizer"]
Self = TypeVar("Self", bound="Preset")


@dataclass(frozen=True)
class Preset(ABC):
    """A definition of contamination.

    Attributes:
        name: what it is called on the command line and in records.
        version: of this implementation of the definition.
        source: where it was published.
        kind: the tokenization it counts in, unless another one is declared.
        n: tokens of the shortest stretch that a scan has to look for.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    source: ClassVar[str]
    kind: ClassVar[Kind]
    n: int

    def with_n(self: Self, n: int) -> Self:
        """Return the preset with an n that the user declares."""
        return replace(self, n=n)

    def fitted(self: Self, lengths: Sequence[int]) -> Self:
        """Return the preset with what depends on the test items' lengths in tokens."""
        return self

    def parameters(self) -> dict[str, Json]:
        """Return what decides the answers besides texts and tokenization."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @abstractmethod
    def judge(self, item: ScannedItem, matches: Sequence[Match]) -> Judged:
        """Return the answer for one item.

        Args:
            item: what a scan for stretches of `n` tokens found of it.
            matches: its listed matches; all of them unless `item.cut`.
        """
