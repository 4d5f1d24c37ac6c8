"""All passages of a corpus against all items, by embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.reading import NamedPassage, read_passages
from reprollm.corpus.rephrase import (
    Nearest,
    NearestPassages,
    Screened,
    Vectors,
    expect_control,
    screened,
    threshold,
)
from reprollm.corpus.walk import CorpusFile

BATCH = 256
LEAST, MOST = 80, 4000
"""Bounds of a passage, in characters."""

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Rephrased:
    """What was found.

    Attributes:
        level: of the control's quantile.
        threshold: the quantile, a cosine.
        size: characters of a passage at most; neighbours share half of them.
        passages: how many were embedded.
        items: each test item against the control, in their order.
        control: each control item's nearest passage.
    """

    level: float
    threshold: float
    size: int
    passages: int
    items: tuple[Screened, ...]
    control: tuple[Nearest, ...]


def rephrase_scan(
    files: Sequence[CorpusFile],
    items: Sequence[Item],
    control: Sequence[Item],
    embed: Embed,
    options: ScanOptions,
    level: float = 0.99,
    progress: Callable[[int], object] = lambda read: None,
) -> Rephrased:
    """Return each item's nearest passage, and whether it is nearer than the control's quantile.

    A passage is as long as the longest item, at least 80 and at most 4,000 characters, since a
    sentence within a long passage does not show in its mean.

    Args:
        files: the corpus.
        items: the test set.
        control: items of the same kind that cannot have leaked.
        embed: gives vectors of length 1.
        options: how files are read.
        level: of the control's quantile.
        progress: told how many bytes of the corpus have been read since it was last told.

    Raises:
        InvalidInput: the control is too small to take a quantile from.
    """
    expect_control(len(control))
    both = [*items, *control]
    size = min(MOST, max(LEAST, *(len(item.text) for item in both)))
    search = NearestPassages([item.id for item in both], embed([item.text for item in both]))
    count = 0
    for batch in _batches(_all(files, options, size, progress)):
        names = [f"{passage.document}@{passage.offset}" for passage in batch]
        search.look(names, embed([passage.text for passage in batch]))
        count += len(batch)
    nearest = search.nearest()
    suspects, reference = nearest[: len(items)], nearest[len(items) :]
    found = screened(suspects, reference, level)
    return Rephrased(
        level, threshold(reference, level), size, count, tuple(found), tuple(reference)
    )


def _all(
    files: Iterable[CorpusFile],
    options: ScanOptions,
    size: int,
    progress: Callable[[int], object],
) -> Iterator[NamedPassage]:
    for source in files:
        for passage in read_passages(source, options, size, size // 2 - 1, progress):
            if passage.text.strip():
                yield passage


def _batches(passages: Iterator[NamedPassage]) -> Iterator[list[NamedPassage]]:
    while batch := list(islice(passages, BATCH)):
        yield batch
