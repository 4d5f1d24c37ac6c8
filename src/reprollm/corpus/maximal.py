"""From n-grams found to the longest matches: neighbours on one diagonal are one match.

An n-gram that stands at token s of an item and at token p of a document lies on the diagonal p - s.
n-grams that follow each other without a gap on one diagonal are one stretch of equal tokens, and
since every n-gram of every item is looked for, no stretch could be longer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from reprollm.corpus.index import Index
from reprollm.corpus.searching import Hits, Ints, Searcher

EXCERPT = 160
# So many pairs of an n-gram in a text and its place in an item are held at once.
_PAIRS = 2_000_000


@dataclass(frozen=True)
class Stretch:
    """A longest match, by numbers: item, its first token, tokens; document, first token, span."""

    item: int
    start: int
    length: int
    document: int
    token: int
    offset: int
    end: int
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Origin:
    """Where texts that were searched come from.

    Attributes:
        documents: number of each text's document, shape (texts,).
        token: number of the first text's first token in its document, else 0.
        character: likewise its first character.
    """

    documents: Ints
    token: int = 0
    character: int = 0


class Collector:
    """Joins hits to stretches, and stops listing for an item of which there are enough.

    An item is full at twice as many stretches as shall be listed: those beyond the list may be cut
    short, those on it are whole. An n-gram of which all items are full is muted in the searcher,
    which then only counts it.
    """

    def __init__(self, index: Index, searcher: Searcher, listed: int) -> None:
        self._index = index
        self._searcher = searcher
        self._listed = listed
        self._counted = np.zeros(len(index.ids), np.int64)
        self._full = np.zeros(len(index.ids), np.bool_)
        self._open_places = np.diff(index.spread)
        self._stretches: list[Stretch] = []

    def add(self, hits: Hits, origin: Origin) -> None:
        """Take in the hits of one search."""
        places = self._index.spread[hits.gram + 1] - self._index.spread[hits.gram]
        reach = np.cumsum(places)
        first = 0
        while first < len(reach):
            before = reach[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(reach, before + _PAIRS, side="right")))
            self._add(hits, np.arange(first, last), places[first:last], origin)
            first = last

    def _add(self, hits: Hits, chosen: Ints, places: Ints, origin: Origin) -> None:
        hit = np.repeat(chosen, places)
        since = np.repeat(np.cumsum(places) - places, places)
        place = self._index.places[self._index.spread[hits.gram[hit]] + np.arange(len(hit)) - since]
        item = self._index.item[place]
        kept = ~self._full[item]
        hit, place, item = hit[kept], place[kept], item[kept]
        if not len(hit):
            return
        start = place - self._index.place_base[item]
        text, token = hits.text[hit], hits.token[hit]
        order = np.lexsort((token, token - start, item, text))
        hit, item, start, text, token = (x[order] for x in (hit, item, start, text, token))
        new = np.ones(len(hit), np.bool_)
        new[1:] = (
            (text[1:] != text[:-1])
            | (item[1:] != item[:-1])
            | (start[1:] != start[:-1] + 1)
            | (token[1:] != token[:-1] + 1)
        )
        heads = np.flatnonzero(new)
        tails = np.append(heads[1:], len(hit)) - 1
        self._keep(hits, origin, item[heads], start[heads], tails - heads, hit[heads], hit[tails])

    def _keep(
        self,
        hits: Hits,
        origin: Origin,
        items: Ints,
        starts: Ints,
        steps: Ints,
        heads: Ints,
        tails: Ints,
    ) -> None:
        """Keep the stretches from the hits `heads` to the hits `tails`."""
        text, begin, end = hits.text[heads], hits.start[heads], hits.end[tails]
        offsets = hits.characters(text, begin) + origin.character
        ends = hits.characters(text, end) + origin.character
        columns = (
            items,
            starts,
            steps + self._index.n,
            origin.documents[text],
            hits.token[heads] + origin.token,
            offsets,
            ends,
        )
        rows = np.stack(columns, axis=1).tolist()
        spans = zip(text.tolist(), begin.tolist(), end.tolist(), strict=True)
        self._stretches += (
            _stretch(row, hits.excerpt(*span)) for row, span in zip(rows, spans, strict=True)
        )
        self._close(items)

    def _close(self, items: Ints) -> None:
        """Note which items are full now, and mute what no open item needs."""
        self._counted += np.bincount(items, minlength=len(self._counted))
        full = (self._counted >= 2 * self._listed) & ~self._full
        self._full |= full
        for item in np.flatnonzero(full).tolist():
            base = self._index.place_base
            np.subtract.at(self._open_places, self._index.gram[base[item] : base[item + 1]], 1)
        self._searcher.muted |= self._open_places == 0

    def stretches(self) -> list[Stretch]:
        """Return the stretches by item, document and offset, at most one more than are listed."""
        whole = sorted(_joined(self._stretches), key=_by_item)
        kept: list[Stretch] = []
        for stretch in whole:
            enough = len(kept) > self._listed
            if not enough or kept[-1 - self._listed].item != stretch.item:
                kept.append(stretch)
        return kept


def _by_item(stretch: Stretch) -> tuple[int, int, int, int]:
    return stretch.item, stretch.document, stretch.offset, stretch.start


def _joined(stretches: list[Stretch]) -> Iterator[Stretch]:
    """Yield the stretches, those joined that two searches saw the parts of."""
    held: Stretch | None = None
    for piece in sorted(stretches, key=lambda s: (s.item, s.document, s.token - s.start, s.token)):
        if held is not None and _goes_on(held, piece):
            last = piece.start + piece.length
            held = replace(
                held,
                length=last - held.start,
                end=piece.end,
                text=held.text + piece.text[held.end - piece.offset :],
            )
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def _goes_on(held: Stretch, piece: Stretch) -> bool:
    """Say whether two pieces overlap on one diagonal of one item and document."""
    return (
        (held.item, held.document) == (piece.item, piece.document)
        and held.token - held.start == piece.token - piece.start
        and piece.start < held.start + held.length
    )


def _stretch(row: list[int], text: str) -> Stretch:
    item, start, length, document, token, offset, end = row
    return Stretch(item, start, length, document, token, offset, end, text)
