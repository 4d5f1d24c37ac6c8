"""Texts and arrays as hashes of their runs: 64 bits for each few words in a row.

Hashes of words are Python's own, which differ from process to process: they are compared here and
never kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes: TypeAlias = NDArray[np.uint64]
    Owners: TypeAlias = NDArray[np.int64]

RUN = 8
LONG = 32
PORTION_WORDS = 1 << 18
_DIFFERENT = 3
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff"
_WORD = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def words(text: str) -> list[str]:
    """Return the folded words of a text, in order."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def portions(texts: Sequence[str]) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the words of texts in portions, each with the index of its first text."""
    first, part, size = 0, [], 0
    for index, text in enumerate(texts):
        part.append(words(text))
        size += len(part[-1])
        if size > PORTION_WORDS:
            yield first, part
            first, part, size = index + 1, [], 0
    if part:
        yield first, part


def word_hashes(texts: Sequence[Sequence[str]]) -> tuple[Hashes, Owners]:
    """Return the hash of every word, and the index of the text that it stands in."""
    count = sum(map(len, texts))
    hashed = np.fromiter((hash(word) for text in texts for word in text), np.int64, count)
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    return _mixed(hashed.astype(np.uint64)), owners


def number_runs(arrays: Sequence[NDArray[np.uint32]]) -> Hashes:
    """Return a hash for each `RUN` numbers in a row of one of the arrays."""
    return owned_runs(arrays)[0]


def owned_runs(arrays: Sequence[NDArray[np.uint32]]) -> tuple[Hashes, Owners]:
    """Return the same, and of each the index of the array that it stands in."""
    items = _mixed(np.concatenate(arrays).astype(np.uint64))
    owners = np.repeat(np.arange(len(arrays)), [len(values) for values in arrays])
    return run_hashes(items, owners, RUN)


def run_hashes(items: Hashes, owners: Owners, length: int) -> tuple[Hashes, Owners]:
    """Return a hash for each `length` items in a row of one owner, and that owner."""
    count = len(items) - length + 1
    if count <= 0:
        return items[:0], owners[:0]
    hashes = np.full(count, np.uint64(length))
    for step in range(length):
        hashes = hashes * _ODD + items[step : step + count]
    inside = owners[:count] == owners[length - 1 :]
    if length == RUN:
        inside &= _telling(items, count)
    return _mixed(hashes[inside]), owners[:count][inside]


def _telling(items: Hashes, count: int) -> NDArray[np.bool_]:
    """Return which runs of `RUN` items have at least `_DIFFERENT` different ones."""
    window = np.lib.stride_tricks.sliding_window_view(items, RUN)[:count]
    ordered = np.sort(window, axis=1)
    different: NDArray[np.bool_] = (ordered[:, 1:] != ordered[:, :-1]).sum(1) + 1 >= _DIFFERENT
    return different


def slice_hashes(texts: Iterable[Sequence[str]]) -> tuple[Hashes, Owners]:
    """Return a hash for each `LONG` characters in a row of the long words, and their owners."""
    found = [
        (hash(word[at : at + LONG]), owner)
        for owner, text in enumerate(texts)
        for word in text
        if len(word) >= LONG
        for at in range(len(word) - LONG + 1)
    ]
    table = np.array(found, np.int64).reshape(-1, 2)
    return _mixed(table[:, 0].astype(np.uint64)), table[:, 1]


def distinct(hashes: Hashes) -> Hashes:
    """Return the distinct hashes in order; far quicker here than `np.unique`."""
    if not len(hashes):
        return hashes
    ordered = np.sort(hashes)
    distinct: Hashes = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return distinct


def _mixed(values: Hashes) -> Hashes:
    """Return values whose bits are spread (finalizer of SplitMix64; Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))
