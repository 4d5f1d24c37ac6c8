"""A slow scan straight from the definitions: every stretch of every item in every document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reprollm.corpus.match import Match
from reprollm.corpus.result import ScannedItem

Found = tuple[ScannedItem, list[Match]]


def found_of(
    words: Sequence[str], documents: Mapping[str, Sequence[str]], n: int, item: str = "item"
) -> Found:
    """Return what a scan for runs of `n` words finds of one item; offsets are words."""
    counts = {
        start: count
        for start in range(len(words) - n + 1)
        if (count := sum(_count(words[start : start + n], text) for text in documents.values()))
    }
    matches = [
        Match(item, start, length, name, place, place + length)
        for name, text in documents.items()
        for place, start, length in _runs(words, text, n)
    ]
    longest = max((match.length for match in matches), default=0)
    ngrams = max(0, len(words) - n + 1)
    scanned = ScannedItem(item, len(words), ngrams, tuple(counts.items()), longest, False)
    return scanned, matches


def _count(stretch: Sequence[str], text: Sequence[str]) -> int:
    width = len(stretch)
    return sum(text[at : at + width] == stretch for at in range(len(text) - width + 1))


def _runs(words: Sequence[str], text: Sequence[str], n: int) -> list[tuple[int, int, int]]:
    """Return (place, start, length) of every longest run of at least n words."""
    runs = []
    for place in range(len(text)):
        for start in range(len(words)):
            if place and start and text[place - 1] == words[start - 1]:
                continue
            length = 0
            while (
                place + length < len(text)
                and start + length < len(words)
                and text[place + length] == words[start + length]
            ):
                length += 1
            if length >= n:
                runs.append((place, start, length))
    return runs
