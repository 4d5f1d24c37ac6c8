"""What readers yield: the text of documents, long ones in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Part(NamedTuple):
    """Some text of a document.

    Attributes:
        document: its number in the file (the line, the row), from 1; 0 where the file is one text.
        text: what comes next of it.
        last: nothing comes after.
    """

    document: int
    text: str
    last: bool


class Damaged(Exception):
    """A file cannot be read any further; says why."""


@dataclass
class Tally:
    """What a reader met, beside texts.

    Attributes:
        documents: texts begun.
        characters: of text.
        undecodable: byte sequences that are not of the encoding.
        unreadable: lines that are no JSON object, or hold no text.
        lines: lines passed, in JSON lines.
    """

    documents: int = 0
    characters: int = 0
    undecodable: int = 0
    unreadable: int = 0
    lines: int = 0
