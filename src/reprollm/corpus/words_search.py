"""Search in numpy: for every tokenization, and where numba is not installed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reprollm.corpus.index import Index
from reprollm.corpus.searching import Hits, Ints
from reprollm.corpus.tokens import Tokenization

_BASE = 0x9E3779B97F4A7C15


class WordsSearcher:
    """Looks texts' tokens up in the items' vocabulary and hashes runs of known ones.

    A hash (a polynomial in the tokens' numbers modulo 2**64) only selects candidates: each is
    compared token by token with the items' n-grams of that hash.
    """

    def __init__(self, index: Index, tokenization: Tokenization, bits: int = 64) -> None:
        """Prepare the search; fewer `bits` of the hash make collisions, for tests."""
        self.counts = np.zeros(index.grams, np.int64)
        self.muted = np.zeros(index.grams, np.bool_)
        self._tokenization = tokenization
        self._vocabulary = index.vocabulary
        self._n = index.n
        self._bits = np.uint64((1 << bits) - 1)
        self._rows = index.rows()
        hashes = self._hash(self._rows)
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]
        # Bit h of the filter stands for hashes that end in these 20 bits.
        self._filter = np.zeros(1 << 20, np.bool_)
        self._filter[(hashes & np.uint64((1 << 20) - 1)).astype(np.int64)] = True

    def search(self, texts: Sequence[str]) -> Hits:
        """Return the hits in these texts, and count them."""
        words, base = self._numbered(texts)
        begins, grams = self._found(words)
        self.counts += np.bincount(grams, minlength=len(self.counts))
        kept = ~self.muted[grams]
        begins, grams = begins[kept], grams[kept]
        text = np.searchsorted(base, begins, side="right") - 1
        token = begins - base[text]
        start = np.zeros(len(grams), np.int64)
        end = np.zeros(len(grams), np.int64)
        for number in np.unique(text).tolist():
            spans = np.array(self._tokenization.spans(texts[number]), np.int64)
            own = text == number
            start[own] = spans[token[own], 0]
            end[own] = spans[token[own] + self._n - 1, 1]
        tokens = int(base[-1] - base[-2] - 1)
        return Hits(grams, text, token, start, end, tokens, _same, lambda at, a, b: texts[at][a:b])

    def _numbered(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Return the tokens' numbers, -1 for a foreign one and after each text; texts' begins."""
        get = self._vocabulary.get
        numbers: list[int] = []
        base = [0]
        for text in texts:
            numbers += [get(word, -1) for word in self._tokenization.words(text)]
            numbers.append(-1)
            base.append(len(numbers))
        return np.array(numbers, np.int64), np.array(base, np.int64)

    def _found(self, words: Ints) -> tuple[Ints, Ints]:
        """Return where n-grams of the index begin among these tokens, and which they are."""
        n = self._n
        if len(words) < n or not self.counts.size:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        foreign = np.concatenate([np.zeros(1, np.int64), np.cumsum(words < 0)])
        begins = np.flatnonzero(foreign[n:] == foreign[:-n])
        hashes = self._hash(words[begins[:, None] + np.arange(n)])
        likely = self._filter[(hashes & np.uint64((1 << 20) - 1)).astype(np.int64)]
        begins, hashes = begins[likely], hashes[likely]
        low = np.searchsorted(self._sorted, hashes, side="left")
        high = np.searchsorted(self._sorted, hashes, side="right")
        found = np.full(len(begins), -1, np.int64)
        for step in range(int((high - low).max(initial=0))):
            rest = np.flatnonzero((found < 0) & (low + step < high))
            candidate = self._order[low[rest] + step]
            rows = words[begins[rest][:, None] + np.arange(n)]
            same = (self._rows[candidate] == rows).all(axis=1)
            found[rest[same]] = candidate[same]
        return begins[found >= 0], found[found >= 0]

    def _hash(self, rows: Ints) -> NDArray[np.uint64]:
        total = np.zeros(len(rows), np.uint64)
        for column in range(rows.shape[1]):
            power = np.uint64(pow(_BASE, column + 1, 1 << 64))
            total += (rows[:, column].astype(np.uint64) + np.uint64(1)) * power
        total ^= total >> np.uint64(29)
        total *= np.uint64(_BASE)
        total ^= total >> np.uint64(32)
        return total & self._bits


def _same(texts: Ints, positions: Ints) -> Ints:
    return positions
