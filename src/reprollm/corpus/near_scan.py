"""All documents of a corpus against all items, for near duplicates, on several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from reprollm.corpus.match import Item
from reprollm.corpus.near import Near, NearIndex, NearSettings
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.reading import read_passages
from reprollm.corpus.walk import CorpusFile

LONGEST = 1 << 24
"""Longer documents, in characters, are passed over and counted."""


@dataclass(frozen=True)
class NearFound:
    """What was found.

    Attributes:
        settings: what decided the pairs.
        pairs: in the order of files and documents, then of item ids.
        uncheckable: items shorter than a shingle.
        documents: how many were compared.
        passed_over: how many were longer than `LONGEST`.
    """

    settings: NearSettings
    pairs: tuple[Near, ...]
    uncheckable: tuple[str, ...]
    documents: int
    passed_over: int


def near_scan(
    files: Sequence[CorpusFile],
    items: Sequence[Item],
    options: ScanOptions,
    settings: NearSettings | None = None,
    *,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda read: None,
) -> NearFound:
    """Return the pairs of item and document whose shingles are nearly the same.

    Args:
        files: the corpus.
        items: what is compared; ids are unique.
        options: the words of which shingles are made, and how files are read.
        settings: what decides the pairs.
        jobs: processes; a file is read by one of them. The result does not depend on it.
        progress: told how many bytes of the corpus have been read since it was last told.

    Raises:
        EngineUnavailable: datasketch is not installed.
    """
    words = {item.id: options.tokenization.words(item.text) for item in items}
    index = NearIndex(words, settings)
    look = partial(_compared, index, options)
    found = []
    for source, part in zip(files, _mapped(look, files, jobs), strict=True):
        found.append(part)
        progress(source.size)
    return NearFound(
        settings=index.settings,
        pairs=tuple(pair for pairs, _, _ in found for pair in pairs),
        uncheckable=tuple(index.uncheckable),
        documents=sum(count for _, count, _ in found),
        passed_over=sum(count for _, _, count in found),
    )


_Found = tuple[list[Near], int, int]


def _compared(index: NearIndex, options: ScanOptions, source: CorpusFile) -> _Found:
    """Return a file's pairs, how many documents were compared, and how many passed over."""
    pairs: list[Near] = []
    compared, passed_over = 0, 0
    for passage in read_passages(source, options, LONGEST, 0):
        if not passage.whole:
            passed_over += not passage.offset
            continue
        compared += 1
        pairs += index.search(passage.document, options.tokenization.words(passage.text))
    return pairs, compared, passed_over


def _mapped(
    look: Callable[[CorpusFile], _Found], files: Sequence[CorpusFile], jobs: int
) -> Iterator[_Found]:
    if jobs < 2 or len(files) < 2:
        yield from map(look, files)
        return
    global _look
    _look = look
    with multiprocessing.get_context("fork").Pool(min(jobs, len(files))) as pool:
        yield from pool.imap(_forked, files)


_look: Callable[[CorpusFile], _Found] | None = None


def _forked(source: CorpusFile) -> _Found:
    assert _look is not None
    return _look(source)
