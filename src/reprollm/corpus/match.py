"""What a scan looks for, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """A text to look for.

    Attributes:
        id: its name.
        text: as it stands in the data file.
    """

    id: str
    text: str


@dataclass(frozen=True)
class Match:
    """A longest stretch of an item's tokens that stands in a document, checked on the text.

    Attributes:
        item: the item's id.
        start: the first matched token of the item, from 0.
        length: matched tokens, skipped ones included.
        document: file and, where a file holds many, the number or id of the document in it.
        offset: where the stretch begins in the document's text, in characters.
        end: where it ends, exclusive.
        skipped: how many tokens within differ, where a definition allows that; else 0.
        digest: SHA-256 of the document's text from `offset` to `end`, as UTF-8.
        excerpt: the beginning of that text, for a local report only.
    """

    item: str
    start: int
    length: int
    document: str
    offset: int
    end: int
    skipped: int = 0
    digest: str = ""
    excerpt: str = ""
