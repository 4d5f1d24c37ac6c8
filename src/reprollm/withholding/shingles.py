"""Whether one text repeats another: runs of words as 64-bit hashes in sorted arrays.

A text is folded (NFKC, case folding) and cut into words; a word is a run of letters and digits, and
in scripts that write no spaces (Han, Kana, Thai, Lao, Khmer, Burmese) each character is one. A text
is repeated where another has

- any `RUN` of its words in a row,
- all its words in a row, where it has fewer, if they are at least `SHORTEST` characters together,
- any `LONG` characters in a row of one of its words.

Runs of fewer than three different words say nothing and are left out. Punctuation, white space and
markup between words do not count, so a quotation is found however it was wrapped. Arrays of numbers
are compared by runs of `RUN` numbers. Two runs share a hash by accident with probability 2**-64.
Memory: 8 bytes for each distinct run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from reprollm.withholding.runs import (
    PORTION_WORDS,
    RUN,
    distinct,
    number_runs,
    portions,
    run_hashes,
    slice_hashes,
    word_hashes,
    words,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reprollm.withholding.runs import Hashes, Owners

SHORTEST = 8


class Shingles:
    """The runs of many texts and arrays, to be looked up in others."""

    def __init__(self) -> None:
        self.too_short = 0
        self._seen: set[int] = set()
        self._buffer: list[list[str]] = []
        self._numbers: list[bytes] = []
        self._buffered = 0
        self._parts: dict[str, list[Hashes]] = {}
        self._sorted: dict[str, Hashes] = {}

    def add_text(self, text: str) -> None:
        """Add the runs of a text; a text that is too short to be told from others is counted."""
        if self._is_known(("text", text)):
            return
        found = words(text)
        if len(found) < RUN and len(" ".join(found)) < SHORTEST:
            self.too_short += 1
            return
        self._buffer.append(found)
        self._buffered += len(found)
        if self._buffered > PORTION_WORDS:
            self._flush()

    def add_numbers(self, value: bytes) -> None:
        """Add the runs of an array of 4-byte items, little-endian."""
        if self._is_known(("numbers", value)):
            return
        if len(value) < 4 * RUN:
            self.too_short += 1
            return
        self._numbers.append(value)
        self._buffered += len(value) // 4
        if self._buffered > PORTION_WORDS:
            self._flush()

    def repeated_by(self, texts: Sequence[str], *, least: int = 1) -> set[int]:
        """Return the indexes of those texts that repeat one that was added.

        Args:
            texts: any texts.
            least: look only for short texts of at least so many words, which are compared whole.
        """
        found: set[int] = set()
        for first, part in portions(texts) if self._ready() else ():
            for name, runs, whose in self._looked_for(part, least):
                known = self._known(name, runs)
                found.update((first + whose[known]).tolist())
        return found

    def forget(self, texts: Sequence[str]) -> None:
        """Look no more for what these texts repeat: it is shown, and may be."""
        for _, part in portions(texts) if self._ready() else ():
            for name, runs, _ in self._looked_for(part, 1):
                self._drop(name, runs)

    def numbers_repeated_by(self, values: NDArray[np.uint32]) -> bool:
        """Return whether an array of numbers, shape (n,), repeats a run of one that was added."""
        if len(values) < RUN or not self._ready() or "numbers" not in self._parts:
            return False
        return bool(self._known("numbers", number_runs([values])).any())

    def runs_repeated_by(self, runs: Hashes, owners: Owners) -> set[int]:
        """Return the owners of those runs of numbers (`owned_runs`) that were added."""
        if not len(runs) or not self._ready() or "numbers" not in self._parts:
            return set()
        return set(owners[self._known("numbers", runs)].tolist())

    def forget_numbers(self, values: NDArray[np.uint32]) -> None:
        """Look no more for what this array of numbers, shape (n,), repeats."""
        if len(values) >= RUN and self._ready() and "numbers" in self._parts:
            self._drop("numbers", number_runs([values]))

    def _is_known(self, key: tuple[str, str | bytes]) -> bool:
        before = len(self._seen)
        self._seen.add(hash(key))
        return len(self._seen) == before

    def _flush(self) -> None:
        if self._numbers:
            arrays = [np.frombuffer(value, "<u4") for value in self._numbers]
            self._keep("numbers", number_runs(arrays))
        if self._buffer:
            self._flush_texts()
        self._buffer, self._numbers, self._buffered = [], [], 0

    def _flush_texts(self) -> None:
        hashed, owners = word_hashes(self._buffer)
        runs, _ = run_hashes(hashed, owners, RUN)
        self._keep(f"words {RUN}", runs)
        lengths = np.array([len(found) for found in self._buffer])
        for count in range(1, RUN):
            whole = np.flatnonzero(lengths == count)
            if len(whole):
                mask = np.isin(owners, whole)
                runs, _ = run_hashes(hashed[mask], owners[mask], count)
                self._keep(f"words {count}", runs)
        slices, _ = slice_hashes(self._buffer)
        self._keep("long", slices)

    def _keep(self, family: str, hashes: Hashes) -> None:
        if len(hashes):
            self._parts.setdefault(family, []).append(hashes)
            self._sorted.pop(family, None)

    def _drop(self, family: str, hashes: Hashes) -> None:
        held = self._sorted_family(family)
        self._parts[family] = [held[~np.isin(held, hashes)]]
        self._sorted.pop(family)

    def _ready(self) -> bool:
        self._flush()
        return bool(self._parts)

    def _looked_for(
        self, texts: list[list[str]], least: int
    ) -> Iterator[tuple[str, Hashes, Owners]]:
        """Yield for each family that is held the hashes of such runs in `texts`, and whose."""
        hashed, owners = word_hashes(texts)
        for length in range(least, RUN + 1):
            if (name := f"words {length}") in self._parts:
                yield name, *run_hashes(hashed, owners, length)
        if "long" in self._parts:
            yield "long", *slice_hashes(texts)

    def _known(self, family: str, hashes: Hashes) -> NDArray[np.bool_]:
        held = self._sorted_family(family)
        if not len(held):
            return np.zeros(len(hashes), np.bool_)
        at = np.minimum(np.searchsorted(held, hashes), len(held) - 1)
        known: NDArray[np.bool_] = held[at] == hashes
        return known

    def _sorted_family(self, family: str) -> Hashes:
        if family not in self._sorted:
            merged = distinct(np.concatenate(self._parts[family]))
            self._parts[family] = [merged]
            self._sorted[family] = merged
        return self._sorted[family]
