"""The ways in which published tables define a rate: what is done to the texts, and what divides.

Each way is named in words, so that a reader can be told which of them a column follows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import TypeAlias

from reprollm.evaluation.rates import (
    CER,
    CER_REDUCTION,
    EXACT,
    SOURCE_CER,
    SOURCE_WER,
    WER,
    WER_REDUCTION,
    as_they_are,
    edits,
)

Text: TypeAlias = Callable[[str], str]
_RUN = re.compile(r"\s\s+")
_OF_WORDS = frozenset({WER, SOURCE_WER, WER_REDUCTION})


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _unspaced(text: str) -> str:
    return "".join(text.split())


def _between_spaces(text: str) -> list[str]:
    return [word for word in _RUN.sub(" ", text).strip().split(" ") if word]


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _letters(text: str) -> str:
    """Drop what is neither letter, mark, number nor white space."""
    return "".join(
        each for each in text if each.isspace() or unicodedata.category(each)[0] in "LMN"
    )


SPACE: Mapping[str, Text] = {
    "texts as they are": as_they_are,
    "texts stripped at both ends": str.strip,
    "white space as single spaces": _spaced,
    "without white space": _unspaced,
}
LETTERS: Mapping[str, Text] = {
    "": as_they_are,
    "lower-cased": str.lower,
    "without punctuation": _letters,
    "lower-cased, without punctuation": lambda text: _letters(text.lower()),
    "composed (NFC)": _composed,
}
# What rates in words count; "" is for rates in characters. Some tools, jiwer among them, take a
# line break between two words for part of one.
WORDS: Mapping[str, Callable[[str], Sequence[str]]] = {
    "": as_they_are,
    "words between white space": str.split,
    "words between spaces": _between_spaces,
}
DIVISORS: Mapping[str, Callable[[int, int], int]] = {
    "divided by the reference's length": lambda text, reference: reference,
    "divided by the longer text's length": max,
    "divided by the length of the text that is rated": lambda text, reference: text,
}
FRACTION = "as a fraction"
SCALES: Mapping[str, int] = {FRACTION: 1, "as per cent": 100}
RATE, ACCURACY, RELATIVE, ABSOLUTE = "", "as 1 less the rate", "relative", "as a difference"


@dataclass(frozen=True)
class Convention:
    """One way: what each choice is called, in the order of the module's tables."""

    space: str
    letters: str
    words: str
    divisor: str
    form: str
    scale: str

    def __str__(self) -> str:
        """Return the choices in words."""
        parts = (self.space, self.letters, self.words, self.divisor, self.form, self.scale)
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Triple:
    """The texts of a row; the source is None where there is none."""

    reference: str
    output: str
    source: str | None


def conventions(rate: str) -> Iterator[Convention]:
    """Yield every way of defining a rate, the plainest first."""
    forms: tuple[str, ...] = (RATE, ACCURACY)
    if rate in (CER_REDUCTION, WER_REDUCTION):
        forms = (RELATIVE, ABSOLUTE)
    divisors: tuple[str, ...] = tuple(DIVISORS)
    if rate == EXACT:
        forms, divisors = (RATE,), ("",)
    words = tuple(name for name in WORDS if bool(name) == (rate in _OF_WORDS))
    for letters in LETTERS:
        for space, word in product(SPACE, words):
            for choice in product(divisors, forms, SCALES):
                yield Convention(space, letters, word, *choice)


class Rows:
    """The texts of a table's rows, prepared and counted once for each way of preparing them."""

    def __init__(self, texts: Sequence[Triple]) -> None:
        self._texts = texts
        self.prepared = cache(self._prepared)
        self.counted = cache(self._counted)

    def _prepared(self, space: str, letters: str) -> tuple[Triple, ...]:
        def done(text: str) -> str:
            return SPACE[space](LETTERS[letters](text))

        return tuple(
            Triple(done(each.reference), done(each.output), each.source and done(each.source))
            for each in self._texts
        )

    def is_plain(self, convention: Convention) -> bool:
        """Return whether the way of preparing changes a text, or changes none by doing nothing.

        Two ways that leave all texts alike are one way, which goes by the plainer name.
        """
        space, letters = convention.space, convention.letters
        own = self.prepared(space, letters)
        for plainer_letters in LETTERS:
            for plainer_space in SPACE:
                if (plainer_space, plainer_letters) == (space, letters):
                    return True
                if self.prepared(plainer_space, plainer_letters) == own:
                    return False
        return True

    def _counted(
        self, space: str, letters: str, words: str, of_source: bool
    ) -> tuple[tuple[int, int, int], ...]:
        """Return (edits, length of the rated text, length of the reference) of each row."""
        found = []
        units = WORDS[words]
        for each in self.prepared(space, letters):
            text, expected = (each.source or "") if of_source else each.output, each.reference
            pair = units(text), units(expected)
            found.append((edits(*pair), len(pair[0]), len(pair[1])))
        return tuple(found)


def values(rows: Rows, name: str, convention: Convention) -> list[tuple[Fraction, ...]]:
    """Return what each row's rate is in one way: the exact value, and that of float arithmetic.

    Empty where the rate has no value.
    """
    if name == EXACT:
        scale = SCALES[convention.scale]
        prepared = rows.prepared(convention.space, convention.letters)
        return [(Fraction(scale * (each.output == each.reference)),) for each in prepared]
    after = _rates(rows, convention, of_source=False)
    if name in (CER, WER):
        return [_shown(each, convention) for each in after]
    before = _rates(rows, convention, of_source=True)
    if name in (SOURCE_CER, SOURCE_WER):
        return [_shown(each, convention) for each in before]
    return [reduced(was, came, convention) for was, came in zip(before, after, strict=True)]


def _rates(rows: Rows, convention: Convention, *, of_source: bool) -> list[Fraction | None]:
    divisor = DIVISORS[convention.divisor]
    counted = rows.counted(convention.space, convention.letters, convention.words, of_source)
    found: list[Fraction | None] = []
    for count, length, expected in counted:
        below = divisor(length, expected)
        found.append(Fraction(count, below) if below else None)
    return found


def _shown(rate: Fraction | None, convention: Convention) -> tuple[Fraction, ...]:
    if rate is None:
        return ()
    scale = SCALES[convention.scale]
    if convention.form == ACCURACY:
        return (1 - rate) * scale, Fraction((1 - float(rate)) * scale)
    return rate * scale, Fraction(float(rate) * scale)


def reduced(
    was: Fraction | None, came: Fraction | None, convention: Convention
) -> tuple[Fraction, ...]:
    """Return by how much a rate fell: exactly, and as float arithmetic has it."""
    if was is None or came is None:
        return ()
    scale, fell = SCALES[convention.scale], float(was) - float(came)
    if convention.form == ABSOLUTE:
        return (was - came) * scale, Fraction(fell * scale)
    if not was:
        return ()
    return (was - came) / was * scale, Fraction(fell / float(was) * scale)
