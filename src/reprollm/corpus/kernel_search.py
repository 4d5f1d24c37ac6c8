"""Search by the compiled kernel: for tokenizations by table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reprollm.corpus import kernel
from reprollm.corpus.index import Index
from reprollm.corpus.searching import Hits, Ints
from reprollm.corpus.steps import pages, steps
from reprollm.corpus.table import SINGLE, Table, TableTokenization

# With 16 bits an n-gram the filter lets 0.5 % of foreign blocks through; half a million n-grams
# then take 1 MiB, which stays in the second-level cache of present processors.
_FILTER_BITS = 16


class KernelSearcher:
    """Runs `kernel.find` over the texts' UTF-8."""

    def __init__(self, index: Index, tokenization: TableTokenization, bits: int = 64) -> None:
        """Prepare the search; fewer `bits` of the hash make collisions, for tests."""
        self.counts = np.zeros(index.grams, np.int64)
        self.muted = np.zeros(index.grams, np.bool_)
        self._tokenization = tokenization
        self._n = index.n
        letters, letter_base = _letters(index)
        first = index.token_of(index.first)
        mask = np.uint64((1 << bits) - 1)
        hashes = kernel.gram_hashes(letters, letter_base, first, index.n, mask)
        slots = 1 << max(4, (2 * index.grams - 1).bit_length())
        keys = np.zeros(slots, np.uint64)
        grams = np.zeros(slots, np.int32)
        bitmap = np.zeros(1 << max(4, (_FILTER_BITS * index.grams // 64).bit_length()), np.uint64)
        kernel.fill(hashes, keys, grams)
        kernel.fill_filter(letters, letter_base, first, index.n, bitmap)
        self._lookup = (keys, grams, bitmap, mask)
        self._items = (letters, letter_base[first])
        table = tokenization.table
        self._dense = _most_tokens(table)
        self._table = (table.codes, table.expansions, steps(table), pages(), self._dense)
        self._found: tuple[NDArray[np.int32], ...] = ()
        # Compiles the kernel now, before processes are forked that would each do it.
        self.search([""])

    def search(self, texts: Sequence[str]) -> Hits:
        """Return the hits in these texts, and count them."""
        encoded = [text.encode("utf-8", "replace") for text in texts]
        ends = np.cumsum([len(text) + 1 for text in encoded]) - 1
        begins = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
        plain = b"\n".join(encoded)
        rewritten = plain
        if self._tokenization.rewritings:
            # One by one: a hyphen at the end of a text has no next line.
            rewritten = b"\n".join(map(self._tokenization.utf8, texts))
        return self.search_bytes(plain, rewritten, begins, ends)

    def search_bytes(self, plain: bytes, rewritten: bytes, begins: Ints, ends: Ints) -> Hits:
        """Return the hits in texts of a buffer, of which each runs from a byte to another."""
        found = self._room(len(rewritten) * self._dense + 2)
        count, tokens = kernel.find(
            np.frombuffer(rewritten, np.uint8),
            begins,
            ends,
            self._table,
            self._n,
            self._lookup,
            self._items,
            self.counts,
            self.muted,
            found,
        )
        gram, text, token, start, end = (column[:count].astype(np.int64) for column in found)
        buffer = np.frombuffer(plain, np.uint8)

        def characters(numbers: Ints, positions: Ints) -> Ints:
            return _characters(buffer, begins[numbers], positions)

        def excerpt(number: int, first: int, last: int) -> str:
            return plain[first:last].decode("utf-8")

        return Hits(gram, text, token, start, end, tokens, characters, excerpt)

    def _room(self, size: int) -> tuple[NDArray[np.int32], ...]:
        """Return columns for as many hits as there could be; pages never written cost nothing."""
        if not self._found or len(self._found[0]) < size:
            self._found = tuple(np.empty(size, np.int32) for _ in range(5))
        return self._found


def _most_tokens(table: Table) -> int:
    """Return how many tokens a byte can give at most.

    More than one only where a code point of two bytes or more stands for several letters that are
    tokens by themselves, such as U+3316 for six.
    """
    singles = int((table.expansions[:, 1:] >= SINGLE).sum(axis=1).max(initial=0))
    return max(1, (singles + 1) // 2)


def _letters(index: Index) -> tuple[NDArray[np.int32], Ints]:
    """Return the letters of all tokens, each token closed by 0, and where each token begins."""
    names = list(index.vocabulary)
    joined = "".join(f"{names[word]}\0" for word in index.words.tolist())
    letters = np.frombuffer(joined.encode("utf-32-le"), np.int32)
    closed = np.flatnonzero(letters == 0)
    return letters, np.concatenate([np.zeros(1, np.int64), closed[:-1] + 1])


def _characters(text: NDArray[np.uint8], begins: Ints, positions: Ints) -> Ints:
    """Return positions as characters from their texts' begins; each byte is counted once."""
    order = np.lexsort((positions, begins))
    begin, position = begins[order], positions[order]
    goes_on = np.concatenate([np.zeros(1, np.bool_), begin[1:] == begin[:-1]])
    since = np.where(goes_on, np.concatenate([position[:1], position[:-1]]), begin)
    steps = np.cumsum(kernel.count_characters(text, since, position))
    group = np.cumsum(~goes_on) - 1
    before = np.concatenate([np.zeros(1, np.int64), steps])[np.flatnonzero(~goes_on)]
    counted = np.empty(len(positions), np.int64)
    counted[order] = steps - before[group]
    return counted
