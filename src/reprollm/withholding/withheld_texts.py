"""The values that a bundle withholds, ready to be looked for in whatever else it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from reprollm.records.sealed import TEXT_FIELDS
from reprollm.withholding.runs import RUN
from reprollm.withholding.shingles import Shingles
from reprollm.withholding.spellings import blobs, numbers, spellings, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBER_BYTES = 4
# From how many words on a short text is looked for: everywhere, in prose, in machine-made text.
ALL, PROSE, SEVERAL = 1, 2, 4


class WithheldTexts:
    """The values that are withheld, by field, ready to be looked for."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._fields = {field: Shingles() for field in sorted(fields)}

    def add(self, field: str, value: bytes) -> None:
        """Add one withheld value as its opening holds it."""
        if field in TEXT_FIELDS:
            self._fields[field].add_text(value.decode("utf-8"))
        else:
            self._fields[field].add_numbers(value)

    @property
    def too_short(self) -> int:
        """How many different texts and arrays are too short to be told from others."""
        return sum(shingles.too_short for shingles in self._fields.values())

    def shown_in(self, texts: Sequence[str], *, least: int = ALL) -> dict[str, set[int]]:
        """Return for each withheld field the indexes of those of `texts` that show one of it.

        Args:
            texts: any texts, read in all their spellings.
            least: look only for short texts of at least so many words, which are compared whole.
        """
        spelled, owners = [], []
        for index, text in enumerate(texts):
            for spelling in spellings(text):
                spelled.append(spelling)
                owners.append(index)
        found = {}
        for field, shingles in self._fields.items():
            if field in TEXT_FIELDS:
                hits = {owners[at] for at in shingles.repeated_by(spelled, least=least)}
            else:
                hits = {
                    index
                    for spelling, index in zip(spelled, owners, strict=True)
                    if self._shows_numbers(shingles, spelling)
                }
            if hits:
                found[field] = hits
        return found

    def shown_plainly(self, texts: Sequence[str]) -> dict[str, set[int]]:
        """Return the same as `shown_in` for texts that are read as they stand."""
        found = {
            field: shingles.repeated_by(texts)
            for field, shingles in self._fields.items()
            if field in TEXT_FIELDS
        }
        return {field: hits for field, hits in found.items() if hits}

    def accept(self, texts: Sequence[str]) -> None:
        """Look no more for what these texts show: the publisher accepts that they do."""
        spelled = [spelling for text in texts for spelling in spellings(text)]
        for field, shingles in self._fields.items():
            if field in TEXT_FIELDS:
                shingles.forget(spelled)

    def accept_array(self, value: bytes) -> None:
        """Look no more for what this array of 4-byte items shows."""
        for field, shingles in self._fields.items():
            if field not in TEXT_FIELDS:
                shingles.forget_numbers(np.frombuffer(value, "<u4"))

    def shown_by_numbers(self, values: NDArray[np.uint32]) -> set[str]:
        """Return the withheld arrays that show in an array of numbers, by field."""
        return {
            field
            for field, shingles in self._fields.items()
            if field not in TEXT_FIELDS and shingles.numbers_repeated_by(values)
        }

    def shown_by_bytes(self, value: bytes) -> set[str]:
        """Return the withheld arrays that show in some bytes, by field."""
        return {
            field
            for field, shingles in self._fields.items()
            if field not in TEXT_FIELDS
            and any(shingles.numbers_repeated_by(values) for values in words_of(value))
        }

    def _shows_numbers(self, shingles: Shingles, text: str) -> bool:
        if any(shingles.numbers_repeated_by(values) for values in numbers(text)):
            return True
        return any(
            shingles.numbers_repeated_by(values)
            for blob in blobs(text)
            if len(blob) >= _NUMBER_BYTES * RUN
            for values in words_of(blob)
        )
