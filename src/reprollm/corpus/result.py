"""What a scan found, and of what it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.canon import Json
from reprollm.corpus.match import Match

_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class ScannedItem:
    """What the whole corpus holds of one item.

    Attributes:
        id: its name.
        tokens: how many tokens it has.
        ngrams: how many n-grams; with none it is `uncheckable`, never clean.
        counts: of each n-gram that was found: the token at which it begins in the item, and how
            often it stands in the corpus. Never cut.
        longest: the most tokens of one match; at least that many where `cut`.
        cut: more matches were found than are listed.
    """

    id: str
    tokens: int
    ngrams: int
    counts: tuple[tuple[int, int], ...]
    longest: int
    cut: bool

    @property
    def uncheckable(self) -> bool:
        """The item is shorter than n tokens: nothing can be said of it."""
        return self.ngrams == 0

    @property
    def found(self) -> bool:
        """At least one of its n-grams stands in the corpus."""
        return bool(self.counts)

    @property
    def status(self) -> str:
        """`match`, `uncheckable`, or `no match` (in what was scanned)."""
        if self.uncheckable:
            return "uncheckable"
        return "match" if self.found else "no match"


@dataclass(frozen=True)
class ScannedFile:
    """What was read of one file.

    Attributes:
        name: the file below the folder that was asked for, that folder's name first.
        sha256: of the whole file as it lies there, compressed or not.
        bytes: its size.
        characters: of text that was scanned.
        documents: how many texts it held.
        undecodable: byte sequences that are not of the encoding; each was read as a separator.
        unreadable: lines that are no JSON object, or rows without a text: not scanned.
        damaged: why reading ended early; what was read until there was scanned. None else.
        tests: the file is the file of test items itself, byte for byte.
    """

    name: str
    sha256: str
    bytes: int
    characters: int
    documents: int
    undecodable: int
    unreadable: int
    damaged: str | None = None
    tests: bool = False


@dataclass(frozen=True)
class ScanResult:
    """Everything a scan found; the same for any number of processes, kernels and interruptions.

    Attributes:
        parameters: what decides the findings, besides texts.
        items: in the order in which they were given.
        matches: in the order of items, then of files, documents and offsets; at most
            `parameters["listed"]` of an item.
        files: in the order in which they were scanned.
        corpus: digest of the files' names, hashes and order.
        ignored: names of files that are of no known kind and were not read.
    """

    parameters: dict[str, Json]
    items: tuple[ScannedItem, ...]
    matches: tuple[Match, ...]
    files: tuple[ScannedFile, ...]
    corpus: str
    ignored: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Size of the scanned files together."""
        return sum(file.bytes for file in self.files)

    @property
    def damaged(self) -> tuple[ScannedFile, ...]:
        """Files that could not be read to their end."""
        return tuple(file for file in self.files if file.damaged)

    def verdict(self) -> str:
        """Return what can be said, in a sentence; it speaks of the scanned part and no other."""
        n = self.parameters["n"]
        found = sum(item.found for item in self.items)
        short = sum(item.uncheckable for item in self.items)
        said = (
            f"{found} of {len(self.items)} items have at least one {n}-gram in the scanned corpus "
            f"({_size(self.bytes)} in {len(self.files)} files, sha256 "
            f"{self.corpus[:16]}…); {short} are uncheckable (fewer than {n} tokens)"
        )
        return (
            f"{said}; {len(self.damaged)} files could be read only in part"
            if (self.damaged)
            else said
        )


def _size(count: int) -> str:
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"


def matches_of(matches: Sequence[Match]) -> dict[str, list[Match]]:
    """Return the matches by item."""
    found: dict[str, list[Match]] = {}
    for match in matches:
        found.setdefault(match.item, []).append(match)
    return found
