"""A corpus document by document, for checks beside the scan for runs of words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from reprollm.corpus.options import ScanOptions
from reprollm.corpus.parts import Damaged, Tally
from reprollm.corpus.passages import passages
from reprollm.corpus.streams import HashedFile
from reprollm.corpus.unit_scan import unit_parts
from reprollm.corpus.units import Unit
from reprollm.corpus.walk import CorpusFile

Progress = Callable[[int], object]


class NamedPassage(NamedTuple):
    """Some text of a document.

    Attributes:
        document: file, and the document's number in it where it holds many; as in `Match`.
        offset: where the passage begins in the document, in characters.
        text: the passage.
        whole: it is the whole document.
    """

    document: str
    offset: int
    text: str
    whole: bool


def read_passages(
    source: CorpusFile,
    options: ScanOptions,
    size: int,
    overlap: int,
    progress: Progress = lambda read: None,
) -> Iterator[NamedPassage]:
    """Yield the documents of a file in passages of at most `size` characters.

    A damaged file is read as far as it goes; the scan reports the damage.

    Args:
        source: the file.
        options: which field holds the text, and the encoding.
        size: characters of a passage, more than twice `overlap`.
        overlap: characters that two passages of a document share.
        progress: told how many bytes have been read since it was last told.
    """
    with HashedFile(source.path, progress) as file:
        parts = unit_parts(Unit(0, 0, source), file, options, Tally())
        try:
            for passage in passages(parts, size, overlap):
                number = passage.document
                name = f"{source.name}#{number}" if number else source.name
                yield NamedPassage(name, passage.offset, passage.text, passage.whole)
        except Damaged:
            return
