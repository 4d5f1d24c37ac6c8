"""Tokenizations that look at one code point at a time: a table says what each becomes.

A code point is ignored (it neither belongs to a token nor ends one), separates tokens, is a token
by itself, or becomes one or more letters. Tables make tokenization fast in a kernel, and the same
in every implementation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from re import Match, Pattern
from typing import Any

import numpy as np
from numpy.typing import NDArray

IGNORED = 0
SEPARATOR = 1
# Added to the code of a letter that is a token by itself. Codes of letters are code points > 1.
SINGLE = 1 << 30
_CODE = SINGLE - 1
CODE_POINTS = 0x110000


@dataclass(frozen=True, eq=False)
class Table:
    """What each code point becomes.

    Attributes:
        codes: int32, one for each code point: `IGNORED`, `SEPARATOR`, a letter's code, or -1 - r
            for row r of `expansions`.
        expansions: int32; a row is the number of letters, then their codes.
    """

    codes: NDArray[np.int32]
    expansions: NDArray[np.int32]

    def letters(self, code_point: int) -> list[int]:
        """Return the codes that a code point becomes, `[SEPARATOR]` or nothing."""
        code = int(self.codes[code_point])
        if code >= 0:
            return [code] if code else []
        row = self.expansions[-1 - code]
        return [int(letter) for letter in row[1 : 1 + row[0]]]


class TableBuilder:
    """Collects what code points become."""

    def __init__(self, codes: NDArray[np.int32]) -> None:
        self._codes = codes
        self._rows: dict[tuple[int, ...], int] = {}

    def set(self, code_point: int, letters: list[int]) -> None:
        """Let a code point become these letters; none means that it is ignored."""
        if len(letters) < 2:
            self._codes[code_point] = letters[0] if letters else IGNORED
            return
        row = self._rows.setdefault(tuple(letters), len(self._rows))
        self._codes[code_point] = -1 - row

    def set_each(self, code_points: range, mark: int) -> None:
        """Let each of these be a letter of its own, with `mark` (`SINGLE` or 0) added."""
        own = np.arange(code_points.start, code_points.stop, dtype=np.int32)
        self._codes[code_points.start : code_points.stop] = own | mark

    def table(self) -> Table:
        """Return what was collected."""
        width = 1 + max((len(row) for row in self._rows), default=0)
        expansions = np.zeros((max(1, len(self._rows)), width), np.int32)
        for row, number in self._rows.items():
            expansions[number, 0] = len(row)
            expansions[number, 1 : 1 + len(row)] = row
        self._codes.setflags(write=False)
        expansions.setflags(write=False)
        return Table(self._codes, expansions)


@dataclass(frozen=True)
class Rewriting:
    """What is rewritten before the table is asked, in place: lengths stay as they are.

    Attributes:
        pattern: what is looked for.
        text: gives as many characters as the match has.
        bytes: gives text of as many UTF-8 bytes as the match has.
    """

    pattern: Pattern[str]
    text: Callable[[Match[str]], str]
    bytes: Callable[[Match[str]], str]


@dataclass(frozen=True)
class TableTokenization:
    """Tokens by a table, after rewritings that need to see more than one code point.

    Attributes:
        name: what it is called.
        recorded: the parameters that decide it.
        table: what each code point becomes.
        rewritings: applied in order.
    """

    name: str
    recorded: dict[str, str]
    table: Table
    rewritings: tuple[Rewriting, ...] = ()
    _translation: dict[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_translation", _Translation(self.table))

    def __reduce__(self) -> tuple[Any, ...]:
        return TableTokenization, (self.name, self.recorded, self.table, self.rewritings)

    def parameters(self) -> dict[str, str]:
        """Return what decides the tokens."""
        return dict(self.recorded)

    def words(self, text: str) -> list[str]:
        """Return the tokens as their letters."""
        return self._rewritten(text).translate(self._translation).split()

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return from the first letter of each token to the character that ends it."""
        found: list[tuple[int, int]] = []
        begun = -1
        for at, character in enumerate(self._rewritten(text)):
            shown = self._translation[ord(character)]
            if " " not in shown:
                if shown and begun < 0:
                    begun = at
                continue
            if shown == " ":
                if begun >= 0:
                    found.append((begun, at))
                begun = -1
                continue
            for letter in self.table.letters(ord(character)):
                if (letter == SEPARATOR or letter & SINGLE) and begun >= 0:
                    found.append((begun, at))
                    begun = -1
                if letter & SINGLE:
                    found.append((at, at + 1))
                elif letter != SEPARATOR and begun < 0:
                    begun = at
        if begun >= 0:
            found.append((begun, len(text)))
        return found

    def utf8(self, text: str) -> bytes:
        """Return the text rewritten, as UTF-8 of the same length as that of `text`."""
        for rewriting in self.rewritings:
            text = rewriting.pattern.sub(rewriting.bytes, text)
        return text.encode("utf-8", "replace")

    def _rewritten(self, text: str) -> str:
        for rewriting in self.rewritings:
            text = rewriting.pattern.sub(rewriting.text, text)
        return text


class _Translation(dict[int, str]):
    """A table in the form that `str.translate` takes, filled as code points are met."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, code_point: int) -> str:
        letters = self._table.letters(code_point)
        self[code_point] = made = "".join(map(_shown, letters))
        return made


def _shown(letter: int) -> str:
    if letter == SEPARATOR:
        return " "
    return f" {chr(letter & _CODE)} " if letter & SINGLE else chr(letter)
