"""Reader of JSON lines: each line is an object, of which one field holds a document's text."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import IO, Any

from reprollm.corpus.decoding import decode
from reprollm.corpus.long_line import value_parts
from reprollm.corpus.parts import Part, Tally
from reprollm.corpus.streams import breaking_off

# A longer line is not held in memory; its text is read as it comes.
LONGEST = 1 << 24


def read_lines(
    stream: IO[bytes],
    field: str,
    encoding: str,
    tally: Tally,
    stop: int | None = None,
    longest: int = LONGEST,
) -> Iterator[Part]:
    """Yield the texts of the lines that begin in the next `stop` bytes, or of all.

    Blank lines are passed over. A line that is no JSON object, or has no text in the field, is
    counted as unreadable. A list of strings in the field is one text, joined by line ends.

    Raises:
        Damaged: the compression breaks off.
    """
    path = tuple(field.split("."))
    passed = 0
    while stop is None or passed < stop:
        with breaking_off():
            line = stream.readline(longest)
        if not line:
            return
        tally.lines += 1
        passed += len(line)
        if len(line) == longest and not line.endswith(b"\n"):
            rest = _Rest(stream, line, longest)
            yield from _long(rest, path, encoding, tally)
            passed += rest.passed
            continue
        if tally.lines == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if not line.strip():
            continue
        text = _text(line, path, encoding, tally)
        if text is None:
            tally.unreadable += 1
            continue
        tally.documents += 1
        tally.characters += len(text)
        yield Part(tally.lines, text, last=True)


def _text(line: bytes, path: tuple[str, ...], encoding: str, tally: Tally) -> str | None:
    decoded, undecodable = decode(line, encoding)
    tally.undecodable += undecodable
    try:
        value: Any = json.loads(decoded)
    except (ValueError, RecursionError):
        return None
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None


class _Rest:
    """The rest of a line that is too long to hold, block by block."""

    def __init__(self, stream: IO[bytes], head: bytes, size: int) -> None:
        self._stream = stream
        self._head = head
        self._size = size
        self.passed = 0

    def __iter__(self) -> Iterator[bytes]:
        block = self._head
        while block:
            yield block
            if block.endswith(b"\n"):
                return
            with breaking_off():
                block = self._stream.readline(self._size)
            self.passed += len(block)


def _long(rest: _Rest, path: tuple[str, ...], encoding: str, tally: Tally) -> Iterator[Part]:
    found = False
    for text in value_parts(rest, path, encoding, tally):
        if not found:
            tally.documents += 1
        found = True
        tally.characters += len(text)
        yield Part(tally.lines, text, last=False)
    if found:
        yield Part(tally.lines, "", last=True)
    else:
        tally.unreadable += 1
