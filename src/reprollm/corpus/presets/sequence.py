"""Finds items in documents, both token ids, where a run may differ in a few places.

Every stretch of n numbers of every item is indexed by a 64-bit polynomial hash; a document's
stretches are hashed at once with NumPy, looked up, compared number by number, and run on to the
right. Hashes only propose: what is found is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reprollm.corpus.presets.skipping import SkippingMatch, run_on

_BASE = 0x9E3779B97F4A7C15
_FILTER_BITS = 22
_SHIFT = np.uint64(64 - _FILTER_BITS)

Hashes = NDArray[np.uint64]
Ids = NDArray[np.int64]


class SequenceIndex:
    """Stretches of items, to be searched for.

    Args:
        items: each item's token ids by the item's id.
        n: tokens a stretch.
        skips: places of a run that may differ, after its first n.
    """

    def __init__(self, items: Mapping[str, Sequence[int] | Ids], n: int, skips: int = 0) -> None:
        self._n = n
        self._skips = skips
        self._names = list(items)
        self._ids = [np.asarray(ids, np.int64) for ids in items.values()]
        hashes = [_hashes(ids, n) for ids in self._ids]
        keys = np.concatenate([np.zeros(0, np.uint64), *hashes])
        order = np.argsort(keys, kind="stable")
        owners = np.repeat(np.arange(len(hashes)), [len(found) for found in hashes])
        starts = np.concatenate([np.zeros(0, np.int64), *map(_counted, hashes)])
        self._keys, self._owners, self._starts = keys[order], owners[order], starts[order]
        self._filter = np.zeros(1 << _FILTER_BITS, np.bool_)
        self._filter[self._keys >> _SHIFT] = True

    def search(
        self,
        document: str,
        ids: Sequence[int] | Ids,
        spans: Sequence[tuple[int, int]],
        muted: Collection[str] = (),
        most: int | None = None,
    ) -> Iterator[SkippingMatch]:
        """Yield every run in one document, from left to right, but those within another.

        Args:
            document: its name.
            ids: its tokens.
            spans: the characters that each token stands for.
            muted: items that are not looked for.
            most: an item is no longer looked for after so many runs.
        """
        numbers = np.asarray(ids, np.int64)
        reached: dict[tuple[int, int], int] = {}
        found: Counter[int] = Counter()
        full: set[int] = set()
        for owner, start, place in self._stretches(numbers, muted, full):
            run = run_on(self._ids[owner][start:], numbers[place:], self._skips)
            line, end = (owner, place - start), place + run.length
            if reached.get(line, 0) >= end:
                continue
            reached[line] = end
            found[owner] += 1
            if found[owner] == most:
                full.add(owner)
            yield SkippingMatch(
                item=self._names[owner],
                start=start,
                length=run.length,
                document=document,
                offset=spans[place][0],
                end=spans[place + run.length - 1][1],
                skipped=len(run.misses),
                misses=tuple(start + miss for miss in run.misses),
            )

    def _stretches(
        self, ids: Ids, muted: Collection[str], full: Collection[int]
    ) -> Iterator[tuple[int, int, int]]:
        """Yield (item, start in it, place in the document) where an exact stretch begins.

        Items of which `full` comes to hold the number meanwhile are passed over.
        """
        silent = [number for number, name in enumerate(self._names) if name in muted]
        sought = ~np.isin(self._owners, silent)
        keys, owners, starts = self._keys[sought], self._owners[sought], self._starts[sought]
        hashes = _hashes(ids, self._n)
        places = np.flatnonzero(self._filter[hashes >> _SHIFT])
        first = np.searchsorted(keys, hashes[places], side="left")
        last = np.searchsorted(keys, hashes[places], side="right")
        reached: dict[tuple[int, int], int] = {}
        for place, low, high in zip(places.tolist(), first.tolist(), last.tolist(), strict=True):
            here = ids[place : place + self._n]
            for entry in range(low, high):
                owner = int(owners[entry])
                if owner in full:
                    continue
                start = int(starts[entry])
                if not np.array_equal(self._ids[owner][start : start + self._n], here):
                    continue
                line = (owner, place - start)
                follows = reached.get(line) == place - 1
                reached[line] = place
                if not follows:
                    yield owner, start, place


def _counted(found: Hashes) -> Ids:
    return np.arange(len(found), dtype=np.int64)


def _hashes(ids: Ids, width: int) -> Hashes:
    """Return the hash of each stretch of `width` numbers, modulo 2**64, shape (m - width + 1,)."""
    if len(ids) < width:
        return np.zeros(0, np.uint64)
    values = ids.astype(np.uint64) + np.uint64(1)
    count = len(values) - width + 1
    hashes = np.zeros(count, np.uint64)
    for at in range(width):
        hashes *= np.uint64(_BASE)
        hashes += values[at : at + count]
    mixed: Hashes = hashes ^ (hashes >> np.uint64(31))
    return mixed * np.uint64(_BASE)
