"""What the kernel does at a byte, where that needs no second look.

A step is a number of 64 bits: a letter turns the hash of its token to the left and is mixed in by
exclusive or; a separator ends the token; a byte that only begins a character of two does nothing,
and the byte behind it is looked up in a page of its own. All else (longer characters, letters that
are tokens by themselves, code points with a separator among their letters) is `OTHER`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reprollm.corpus.table import SEPARATOR, SINGLE, Table

XOR = (1 << 48) - 1
TURN = 48
LETTER = 54
ENDS = 55
OTHER = 1 << 63

LETTER_TURN = 11
_MOST_LETTERS = 3
_LEADS = range(0xC2, 0xE0)
_PAGE = 256


def pages() -> NDArray[np.uint64]:
    """Return where the page for the byte behind each byte begins, uint64, (256,)."""
    begins = np.zeros(256, np.uint64)
    for number, lead in enumerate(_LEADS, start=1):
        begins[lead] = number * _PAGE
    return begins


def steps(table: Table) -> NDArray[np.uint64]:
    """Return the pages of a table's steps, uint64; the first is that of characters' first bytes."""
    made = np.full((1 + len(_LEADS)) * _PAGE, OTHER, np.uint64)
    made[:0x80] = [_step(table.letters(point)) for point in range(0x80)]
    for number, lead in enumerate(_LEADS, start=1):
        made[lead] = 0
        first = (lead & 0x1F) << 6
        begin = number * _PAGE + 0x80
        made[begin : begin + 0x40] = [_step(table.letters(first + low)) for low in range(0x40)]
    return made


def _step(letters: list[int]) -> int:
    if letters == [SEPARATOR]:
        return 1 << ENDS
    letters = [letter for letter in letters if letter]
    if len(letters) > _MOST_LETTERS or any(not SEPARATOR < each < SINGLE for each in letters):
        return OTHER
    mixed = 0
    for letter in letters:
        mixed = (mixed << LETTER_TURN) ^ letter
    if mixed > XOR:
        return OTHER
    begins = bool(letters) << LETTER
    return begins | (LETTER_TURN * len(letters)) << TURN | mixed
