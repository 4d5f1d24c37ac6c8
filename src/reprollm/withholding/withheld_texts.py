"""The values that a bundle withholds, ready to be looked for in whatever else it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from reprollm.records.sealed import TEXT_FIELDS
from reprollm.withholding.runs import RUN, owned_runs
from reprollm.withholding.shingles import Shingles
from reprollm.withholding.spellings import blobs, numbers, spellings, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reprollm.withholding.runs import Hashes, Owners

_NUMBER_BYTES = 4
_PORTION = 1 << 20  # numbers that are hashed together
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
        found: dict[str, set[int]] = {}
        for field, shingles in self._fields.items():
            if field in TEXT_FIELDS:
                hits = {owners[at] for at in shingles.repeated_by(spelled, least=least)}
                found.setdefault(field, set()).update(hits)
        for runs, places in self._runs_in(spelled):
            for field, shingles in self._fields.items():
                if field not in TEXT_FIELDS:
                    hits = {owners[at] for at in shingles.runs_repeated_by(runs, places)}
                    found.setdefault(field, set()).update(hits)
        return {field: hits for field, hits in found.items() if hits}

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

    def _runs_in(self, texts: Sequence[str]) -> Iterator[tuple[Hashes, Owners]]:
        """Yield the runs of numbers in the texts, portion by portion, each with its text's index.

        All withheld fields are looked for in the same runs.
        """
        if self._fields.keys() <= TEXT_FIELDS:
            return
        arrays: list[NDArray[np.uint32]] = []
        places: list[int] = []
        size = 0
        for at, text in enumerate(texts):
            for values in _arrays_in(text):
                if len(values) >= RUN:
                    arrays.append(values)
                    places.append(at)
                    size += len(values)
            if size > _PORTION:
                yield _owned(arrays, places)
                arrays, places, size = [], [], 0
        if arrays:
            yield _owned(arrays, places)


def _arrays_in(text: str) -> Iterator[NDArray[np.uint32]]:
    """Yield the arrays of numbers that a text can be read as."""
    yield from numbers(text)
    for blob in blobs(text):
        if len(blob) >= _NUMBER_BYTES * RUN:
            yield from words_of(blob)


def _owned(arrays: Sequence[NDArray[np.uint32]], places: Sequence[int]) -> tuple[Hashes, Owners]:
    runs, owners = owned_runs(arrays)
    return runs, np.asarray(places)[owners]
