"""Documents in passages of bounded size: for checks that look at whole stretches of text.

The scan for runs of words has its own windows (`reprollm.corpus.feeding`). These passages are for
what reads a text with a language model's tokenizer or embeds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reprollm.corpus.parts import Part

_LOOK_BACK = 256


class Passage(NamedTuple):
    """Some text of a document.

    Attributes:
        document: the document's number in its file, as in `Part`.
        offset: where the passage begins in the document, in characters.
        text: the passage.
        whole: it is the whole document.
    """

    document: int
    offset: int
    text: str
    whole: bool


def passages(parts: Iterable[Part], size: int, overlap: int) -> Iterator[Passage]:
    """Yield each document in passages of at most `size` characters, in order.

    A passage begins at most `overlap` characters before the end of the one before, so that any
    stretch of that length stands whole in one of them. Passages are cut after white space where
    there is some in the last 256 characters. A document without text has one empty passage.

    Args:
        parts: documents, long ones in parts.
        size: characters of a passage, more than twice `overlap`.
        overlap: characters that two passages of a document share.
    """
    rest, offset, document = "", 0, -1
    for part in parts:
        if part.document != document and rest:
            yield Passage(document, offset, rest, not offset)
            rest = ""
        if not rest and part.document != document:
            offset, document = 0, part.document
        rest += part.text
        while len(rest) > size:
            end = _cut(rest, size)
            yield Passage(document, offset, rest[:end], False)
            offset += end - overlap
            rest = rest[end - overlap :]
        if part.last:
            yield Passage(document, offset, rest, not offset)
            rest, document = "", -1
    if rest:
        yield Passage(document, offset, rest, not offset)


def _cut(text: str, size: int) -> int:
    """Return where a passage of at most `size` characters ends."""
    for end in range(size, max(size - _LOOK_BACK, size // 2), -1):
        if text[end - 1].isspace():
            return end
    return size
