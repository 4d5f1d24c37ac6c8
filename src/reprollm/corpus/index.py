"""The items' n-grams: which there are, and where in the items each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reprollm.corpus.match import Item
from reprollm.corpus.tokens import Tokenization
from reprollm.errors import InvalidInput

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Index:
    """Every n-gram of every item; equal ones are one *gram*, numbered by first occurrence.

    A *place* is an n-gram's number in reading order over all items; token numbers run over all
    items likewise.

    Attributes:
        n: tokens in an n-gram.
        ids: the items' ids.
        tokens: number of tokens of each item, shape (items,).
        token_base: number of an item's first token, shape (items + 1,).
        place_base: number of an item's first place, shape (items + 1,).
        item: the item of a place, shape (places,).
        gram: the gram at a place, shape (places,).
        first: a gram's first place, shape (grams,).
        spread: where a gram's places begin in `places`, shape (grams + 1,).
        places: places by gram, shape (places,).
        vocabulary: numbers of the items' distinct tokens, from 0.
        words: the items' tokens as numbers, shape (all tokens,).
    """

    n: int
    ids: tuple[str, ...]
    tokens: Ints
    token_base: Ints
    place_base: Ints
    item: Ints
    gram: Ints
    first: Ints
    spread: Ints
    places: Ints
    vocabulary: dict[str, int]
    words: Ints

    @property
    def grams(self) -> int:
        """How many different n-grams the items have."""
        return len(self.first)

    def token_of(self, places: Ints) -> Ints:
        """Return the number of the first token of each place."""
        item = self.item[places]
        tokens: Ints = self.token_base[item] + places - self.place_base[item]
        return tokens

    def rows(self) -> Ints:
        """Return the tokens of each gram, shape (grams, n)."""
        rows: Ints = self.words[self.token_of(self.first)[:, None] + np.arange(self.n)]
        return rows


def build_index(items: Sequence[Item], tokenization: Tokenization, n: int) -> Index:
    """Return the index of the items' n-grams.

    Raises:
        InvalidInput: there are no items, or two have one id.
    """
    _check_ids(items)
    vocabulary: dict[str, int] = {}
    tokenized = [tokenization.words(item.text) for item in items]
    words = np.fromiter(
        (vocabulary.setdefault(word, len(vocabulary)) for text in tokenized for word in text),
        np.int64,
    )
    tokens = np.array([len(text) for text in tokenized], np.int64)
    token_base = _sums(tokens)
    place_base = _sums(np.maximum(tokens - n + 1, 0))
    item = np.repeat(np.arange(len(items)), np.diff(place_base))
    starts = token_base[item] + np.arange(place_base[-1]) - place_base[item]
    gram, first = _number(words[starts[:, None] + np.arange(n)])
    return Index(
        n=n,
        ids=tuple(item.id for item in items),
        tokens=tokens,
        token_base=token_base,
        place_base=place_base,
        item=item,
        gram=gram,
        first=first,
        spread=_sums(np.bincount(gram, minlength=len(first)).astype(np.int64)),
        places=np.argsort(gram, kind="stable"),
        vocabulary=vocabulary,
        words=words,
    )


def _check_ids(items: Sequence[Item]) -> None:
    if not items:
        raise InvalidInput("expected test items to look for, found none")
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise InvalidInput(
                f"expected every item under an id of its own, found {item.id!r:.80} twice; name "
                "the column of unique ids with --id"
            )
        seen.add(item.id)


def _sums(counts: Ints) -> Ints:
    """Return the sums of the first 0, 1, … counts."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def _number(rows: Ints) -> tuple[Ints, Ints]:
    """Number equal rows by first occurrence; return each row's number, each number's first row."""
    as_bytes = np.ascontiguousarray(rows.astype(np.int32)).view(f"V{4 * rows.shape[1]}").ravel()
    numbers: dict[bytes, int] = {}
    number = np.fromiter(
        (numbers.setdefault(row, len(numbers)) for row in as_bytes.tolist()),
        np.int64,
        count=len(rows),
    )
    _, first = np.unique(number, return_index=True)
    return number, first.astype(np.int64)
