"""Scanning one part of a corpus for runs that may differ in a few places."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise

import numpy as np

from reprollm.canon import Json
from reprollm.corpus.index import Index
from reprollm.corpus.maximal import EXCERPT
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.parts import Damaged, Tally
from reprollm.corpus.passages import Passage, passages
from reprollm.corpus.presets.sequence import SequenceIndex
from reprollm.corpus.presets.skipping import SkippingMatch
from reprollm.corpus.streams import HashedFile
from reprollm.corpus.unit_scan import UnitFound, packed_counts, unit_parts
from reprollm.corpus.units import Unit

SIZE = 1 << 20
_OVERLAP = 1 << 18


class RunSearcher:
    """The items of an index, to be searched for runs with a budget of differences."""

    def __init__(self, index: Index, options: ScanOptions) -> None:
        self._tokenization = options.tokenization
        self._vocabulary = index.vocabulary
        base = index.token_base
        items = {
            str(number): index.words[base[number] : base[number + 1]]
            for number in range(len(index.ids))
        }
        self._sequences = SequenceIndex(items, index.n, options.skips)

    def search(
        self, passage: Passage, muted: Collection[str], most: int
    ) -> Iterator[SkippingMatch]:
        """Yield the runs in a passage; items are named by their number, offsets are its own.

        Items in `muted` are passed over, others after `most` runs.
        """
        get = self._vocabulary.get
        words = [get(word, -1) for word in self._tokenization.words(passage.text)]
        spans = self._tokenization.spans(passage.text)
        yield from self._sequences.search("", np.array(words, np.int64), spans, muted, most)


def scan_run_unit(
    unit: Unit,
    index: Index,
    searcher: RunSearcher,
    options: ScanOptions,
    progress: Callable[[int], object],
) -> UnitFound:
    """Return what one unit holds; an n-gram is counted once for each listed run that holds it.

    A document longer than a passage of 2**20 characters is read in several that share 2**18. A run
    longer than that, or one that begins in the shared part, may be listed in pieces.
    """
    tally, found = Tally(), UnitFound()
    rows: dict[tuple[int, ...], list[Json]] = {}
    full: set[str] = set()
    most = options.listed + 1
    with HashedFile(unit.source.path, progress) as file:
        if not unit.hash_only:
            try:
                parts = unit_parts(unit, file, options, tally)
                for passage in passages(parts, SIZE, _OVERLAP):
                    runs = searcher.search(passage, full, most)
                    full |= _note(rows, passage, runs, most)
            except Damaged as reason:
                found.damaged = str(reason)
        if unit.stop is None:
            found.sha256 = file.sha256()
    found.documents, found.characters = tally.documents, tally.characters
    found.undecodable, found.unreadable = tally.undecodable, tally.unreadable
    found.lines = tally.lines
    found.matches = sorted(rows.values(), key=_by_item)
    grams = Counter(gram for run in rows.values() for gram in _grams(run, index))
    counts = np.zeros(index.grams, np.int64)
    counts[list(grams)] = list(grams.values())
    found.counts = packed_counts(counts)
    return found


def _note(
    rows: dict[tuple[int, ...], list[Json]],
    passage: Passage,
    runs: Iterator[SkippingMatch],
    most: int,
) -> set[str]:
    """Keep the first `most` runs of each item; of two that begin alike the longer.

    Returns:
        The items of which no more runs are kept.
    """
    kept = Counter(item for item, *_ in rows)
    for run in runs:
        text = passage.text[run.offset : run.end]
        offset, end = run.offset + passage.offset, run.end + passage.offset
        key = (int(run.item), run.start, passage.document, offset)
        known = rows.get(key)
        if known is None and kept[key[0]] >= most:
            continue
        if known is not None and int(str(known[2])) >= run.length:
            continue
        kept[key[0]] += known is None
        content = text.encode("utf-8", "replace")
        rows[key] = [
            int(run.item),
            run.start,
            run.length,
            passage.document,
            offset,
            end,
            hashlib.sha256(content).hexdigest(),
            content.decode()[:EXCERPT],
            [*run.misses],
        ]
    return {str(item) for item, count in kept.items() if count >= most}


def _grams(run: list[Json], index: Index) -> Iterator[int]:
    """Yield the n-grams of an item that stand in a run without a difference."""
    item, start, length = (int(str(value)) for value in run[:3])
    base = int(index.place_base[item])
    misses = run[-1]
    assert isinstance(misses, list)
    edges = [start - 1, *(int(str(miss)) for miss in misses), start + length]
    for before, after in pairwise(edges):
        for place in range(before + 1, after - index.n + 1):
            yield int(index.gram[base + place])


def _by_item(row: list[Json]) -> tuple[int, ...]:
    item, start, _, document, offset = (int(str(value)) for value in row[:5])
    return item, document, offset, start
