"""The text that benchmarks/scan.py searches: German in its letters and lengths, the same each time.

Words are drawn from 60,000 invented ones by Zipf's law; a twelfth of them end a sentence, a seventh
have a comma. Every second of the items is planted in a document; every second planted one stands
there in capitals, with its umlauts decomposed and a dash in it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import numpy as np

LETTERS = "eeeeennniiirrrssstttaaadddhhhuuulllcccgggmmmooobbbwwwfffkkkzzzvvpüäößj"
WORDS = 60_000
DOCUMENT = 460
ITEM = 60
SEED = 5


class Text:
    """Draws words."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(SEED)
        lengths = np.clip(self._random.poisson(5.2, WORDS), 1, 20)
        drawn = self._random.integers(0, len(LETTERS), lengths.sum())
        letters = "".join(LETTERS[number] for number in drawn)
        ends = np.cumsum(lengths)
        words = [letters[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        words = [word.capitalize() if at % 4 == 0 else word for at, word in enumerate(words)]
        self._words = np.array(words, object)
        chances = 1 / np.arange(1, WORDS + 1)
        self._sums = np.cumsum(chances / chances.sum())

    def draw(self, count: int) -> str:
        """Return a text of so many words."""
        numbers = np.searchsorted(self._sums, self._random.random(count))
        pieces = self._words[np.minimum(numbers, WORDS - 1)]
        pieces[11::12] += "."
        pieces[3::7] += ","
        return " ".join(pieces)


def planted(item: str, variant: int) -> str:
    """Return an item as it stands in a document."""
    if variant % 2 == 0:
        return item
    half = len(item) // 2
    space = item.index(" ", half)
    text = f"{item[:space]} –{item[space:]}".upper()
    return unicodedata.normalize("NFD", text)


def items(text: Text, count: int) -> list[str]:
    """Return the items' texts."""
    return [text.draw(ITEM) for _ in range(count)]


def documents(text: Text, searched: list[str], size: int) -> Iterator[str]:
    """Yield documents of `size` bytes together, with every second item in one of them."""
    made = number = 0
    hidden = searched[::2]
    while made < size:
        document = text.draw(DOCUMENT)
        if number < len(hidden):
            document = f"{document} {planted(hidden[number], number)} {text.draw(5)}"
        number += 1
        made += len(document.encode())
        yield document
