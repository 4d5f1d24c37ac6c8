"""Lines of a mention and its type, looked up in the tokens of the source."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reprollm.experiment.normalisation import normalised
from reprollm.scores.parsers.answer import NOWHERE, Mention
from reprollm.scores.parsers.tags import tags_of_reference, texts_of

MOST_MENTIONS = 2_000
_PIECE = re.compile(r"\w+|[^\w\s]")


def lines_of(output: str) -> list[tuple[str, str]]:
    """Return surface and type, the latter in capitals, of each line of an output that has both."""
    found = []
    for line in output.split("\n"):
        surface, tabulator, kind = line.partition("\t")
        if tabulator and surface.strip() and kind.strip():
            found.append((surface.strip(), kind.strip().upper()))
    return found[:MOST_MENTIONS]


def tokens_of(source: str, reference: str) -> list[str] | None:
    """Return the tokens of a source that has as many as the reference has tags, or None."""
    tags = tags_of_reference(reference)
    if tags is None:
        return None
    listed = texts_of(source) if source.lstrip().startswith("[") else None
    ways = ([] if listed is None else [listed]) + [source.split(), _PIECE.findall(source)]
    return next((tokens for tokens in ways if len(tokens) == len(tags)), None)


def located(
    lines: Sequence[tuple[str, str]], tokens: Sequence[str], steps: Sequence[str]
) -> tuple[Mention, ...]:
    """Return mentions where they are in tokens, one after the other; sorted.

    Args:
        lines: surface and type of each.
        tokens: the source's tokens.
        steps: how surfaces and tokens are normalised.
    """
    text = _Text([_joined(token, steps) for token in tokens])
    found = (Mention(*text.take(_joined(surface, steps)), kind) for surface, kind in lines)
    return tuple(sorted(found))


def _joined(text: str, steps: Sequence[str]) -> str:
    return "".join(normalised(text, steps).split())


class _Text:
    """Tokens, run together, and which of them a mention has taken."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._text = "".join(tokens)
        self._free = [True] * len(tokens)
        self._nowhere: set[str] = set()  # for ever, as tokens never become free again
        self._next = 0
        self._starts: list[int] = []
        self._ending: dict[int, int] = {}  # the token that ends at a place of the text
        place = 0
        for index, token in enumerate(tokens):
            self._starts.append(place)
            place += len(token)
            if token:
                self._ending[place] = index

    def take(self, surface: str) -> tuple[int, int]:
        """Return the first and last token of a surface, which are then taken; or nowhere."""
        if surface and surface not in self._nowhere:
            for first in (*range(self._next, len(self._tokens)), *range(self._next)):
                last = self._last(first, surface)
                if last is not None:
                    self._free[first : last + 1] = [False] * (last + 1 - first)
                    self._next = last + 1
                    return first, last
            self._nowhere.add(surface)
        return NOWHERE, NOWHERE

    def _last(self, first: int, surface: str) -> int | None:
        """Return the token with which a surface ends that begins with a token, if it does."""
        if not self._free[first] or not self._tokens[first]:
            return None
        place = self._starts[first]
        last = self._ending.get(place + len(surface))
        if last is None or not self._text.startswith(surface, place):
            return None
        return last if all(self._free[first : last + 1]) else None
