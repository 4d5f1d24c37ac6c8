"""What counts as a token of a text: one protocol for every definition in the literature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Tokenization(Protocol):
    """A way to cut a text into tokens that are compared for equality.

    `words(text)` and `spans(text)` have equal lengths. A tokenization that also has a `table`
    (`reprollm.corpus.table.TableTokenization`) is scanned by the fast kernel; any other is
    scanned through `words`.
    """

    @property
    def name(self) -> str:
        """What the tokenization is called in a finding."""

    def parameters(self) -> dict[str, str]:
        """Everything that decides the tokens, as it is recorded in a finding."""

    def words(self, text: str) -> list[str]:
        """Return the tokens in the form in which they are compared."""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where each token begins and ends (exclusive) in `text`, in characters."""


@dataclass(frozen=True)
class TokenIds:
    """The tokens of a language model's tokenizer, compared by id.

    Texts longer than a window (`reprollm.corpus.windows`) are cut at white space, where a
    tokenizer may cut otherwise than in the whole text.

    Attributes:
        name: what the tokenization is called.
        digest: identity of the tokenizer's files.
        encode: gives ids and character spans of a text, without special tokens.
    """

    name: str
    digest: str
    encode: Callable[[str], tuple[Sequence[int], Sequence[tuple[int, int]]]]

    def parameters(self) -> dict[str, str]:
        """Return name and digest of the tokenizer."""
        return {"tokens": self.name, "tokenizer": self.digest}

    def words(self, text: str) -> list[str]:
        """Return the ids as decimal numbers."""
        return [str(number) for number in self.encode(text)[0]]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the characters that each id stands for."""
        return [(int(start), int(end)) for start, end in self.encode(text)[1]]
