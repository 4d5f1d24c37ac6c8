"""One string out of a JSON object that is too long to hold: read as it comes.

Only structure is followed: which object, which key, where a string begins and ends. A line that is
no JSON is not noticed here before its end; what its field holds until there is text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from reprollm.corpus.decoding import Decoder
from reprollm.corpus.parts import Tally

_STRUCTURE = re.compile(r'[{}\[\],"]')
# Whole characters and whole escapes up to a quote, a broken escape or the end of what is there.
_CHARACTERS = re.compile(r'[^"\\]*+(?:\\(?:u[0-9A-Fa-f]{4}|[^u])[^"\\]*+)*+', re.DOTALL)
_LONGEST_ESCAPE = 6
_LONGEST_KEY = 1 << 16


def value_parts(
    blocks: Iterable[bytes], path: tuple[str, ...], encoding: str, tally: Tally
) -> Iterator[str]:
    """Yield the string at `path` part by part; nothing where there is none."""
    yield from _Walk(_decoded(blocks, encoding, tally), path).parts()


def _decoded(blocks: Iterable[bytes], encoding: str, tally: Tally) -> Iterator[str]:
    decoder = Decoder(encoding)
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", last=True)
    tally.undecodable += decoder.undecodable


class _Walk:
    def __init__(self, blocks: Iterator[str], path: tuple[str, ...]) -> None:
        self._blocks = blocks
        self._path = path
        self._text = ""
        self._at = 0
        # The key under which each open object or array (None) stands now.
        self._open: list[str | None] = []
        self._in_object: list[bool] = []
        self._key_next = False

    def _more(self) -> bool:
        """Get more text behind what is not read yet."""
        block = next(self._blocks, None)
        if block is None:
            return False
        self._text = self._text[self._at :] + block
        self._at = 0
        return True

    def parts(self) -> Iterator[str]:
        while True:
            found = _STRUCTURE.search(self._text, self._at)
            if not found:
                self._at = len(self._text)
                if not self._more():
                    return
                continue
            self._at = found.end()
            if found[0] == '"':
                yield from self._string()
            else:
                self._structure(found[0])

    def _structure(self, mark: str) -> None:
        if mark in "{[":
            self._open.append(None)
            self._in_object.append(mark == "{")
            self._key_next = mark == "{"
        elif mark in "}]":
            if self._open:
                self._open.pop()
                self._in_object.pop()
            self._key_next = False
        else:
            self._key_next = bool(self._in_object) and self._in_object[-1]

    def _string(self) -> Iterator[str]:
        if self._key_next:
            key = "".join(part for part in self._characters())
            self._open[-1] = key[:_LONGEST_KEY]
            self._key_next = False
        elif tuple(self._open) == self._path:
            yield from self._characters()
        else:
            for _ in self._characters():
                pass

    def _characters(self) -> Iterator[str]:
        """Yield what stands before the closing quote, escapes resolved."""
        held = ""
        while True:
            found = _CHARACTERS.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            part = held + _resolved(found[0])
            held = part[-1:] if "\ud800" <= part[-1:] <= "\udbff" else ""
            part = part[: len(part) - len(held)]
            if part:
                yield _paired(part)
            if self._text.startswith('"', self._at):
                self._at += 1
                break
            broken = len(self._text) - self._at >= _LONGEST_ESCAPE
            if broken or not self._more():
                break
        if held:
            yield held


def _resolved(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        value: str = json.loads(f'"{raw}"', strict=False)
    except ValueError:
        return raw
    return value


def _paired(text: str) -> str:
    """Return the text with halves of a character that came apart joined."""
    if not "\ud800" <= text[:1] <= "\udbff":
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
