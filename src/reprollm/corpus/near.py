"""Near duplicates: corpus documents that, as a whole, are almost an item.

MinHash (Broder 1997) by datasketch proposes, an exact Jaccard index of the shingles decides. Of
the two maintained libraries, datasketch (MIT, since 2015, needs NumPy and SciPy) is taken and not
rensa (MIT, no dependency, 4 times as fast): rensa 0.5 gives other signatures than 0.4 and asks that
old ones be made again, datasketch names its scheme, which is fixed here and recorded.

This is the wrong tool for a short item inside a long document. An item of 40 words in a page of 400
has a Jaccard index of at most 0.1 with it, however exact the copy; no threshold that means *nearly
the same* finds it. Copies within documents are found by the scan for runs of words
(`reprollm.corpus.presets`). This one finds what that misses: an item that is a document of its own
in a corpus of items (a benchmark among others, an instruction set), with words changed so often
that no run is left whole.

A document is compared only with items between `threshold` times and 1 / `threshold` times its
number of shingles, since no other can reach the threshold. A pair with Jaccard index J is proposed
with probability 1 - (1 - J ** rows) ** bands: with 32 bands of 4 rows all but 5e-8 at J = 0.8.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.canon import Json
from reprollm.errors import EngineUnavailable

Shingle = tuple[str, ...]

_SCHEME = "affine32"


@dataclass(frozen=True)
class NearSettings:
    """What decides the pairs.

    Attributes:
        words: words a shingle.
        threshold: least Jaccard index, in percent.
        bands: of the locality-sensitive hashing.
        rows: hash values a band.
        seed: of the permutations.
    """

    words: int = 3
    threshold: int = 80
    bands: int = 32
    rows: int = 4
    seed: int = 1

    def parameters(self) -> dict[str, Json]:
        """Return the settings as they are recorded."""
        return {
            "words": self.words,
            "threshold": self.threshold,
            "bands": self.bands,
            "rows": self.rows,
            "seed": self.seed,
            "scheme": _SCHEME,
        }

    def proposed(self, jaccard: float) -> float:
        """Return the probability that a pair with this Jaccard index is compared at all."""
        return float(1 - (1 - jaccard**self.rows) ** self.bands)


@dataclass(frozen=True)
class Near:
    """An item and a document that share most of their shingles: `shared` of `together`."""

    item: str
    document: str
    shared: int
    together: int

    @property
    def jaccard(self) -> float:
        """The exact Jaccard index of the two sets of shingles."""
        return self.shared / self.together


class NearIndex:
    """Items, to be compared with documents.

    Args:
        items: each item's words, as the normaliser gives them, by its id.
        settings: what decides the pairs.

    Raises:
        EngineUnavailable: datasketch is not installed.
    """

    def __init__(
        self, items: Mapping[str, Sequence[str]], settings: NearSettings | None = None
    ) -> None:
        self.settings = settings or NearSettings()
        shingled = {item: shingles(words, self.settings.words) for item, words in items.items()}
        self.uncheckable = sorted(item for item, found in shingled.items() if not found)
        self._items = {item: found for item, found in shingled.items() if found}
        self._sizes = sorted(len(found) for found in self._items.values())
        self._minhash, lsh = _datasketch()
        self._lsh = lsh(
            num_perm=self.settings.bands * self.settings.rows,
            params=(self.settings.bands, self.settings.rows),
        )
        for item, found in self._items.items():
            self._lsh.insert(item, self._signature(found))

    def search(self, document: str, words: Sequence[str]) -> Iterator[Near]:
        """Yield the items that a document is nearly the same as, by id."""
        found = shingles(words, self.settings.words)
        if not self._may_reach(len(found)):
            return
        for item in sorted(self._lsh.query(self._signature(found))):
            near = _compared(item, self._items[item], document, found)
            if 100 * near.shared >= self.settings.threshold * near.together:
                yield near

    def _may_reach(self, size: int) -> bool:
        """Return whether any item has a number of shingles with which the threshold is possible."""
        least = size * self.settings.threshold / 100
        most = size * 100 / self.settings.threshold
        return 0 < size and bisect_left(self._sizes, least) < bisect_right(self._sizes, most)

    def _signature(self, found: frozenset[Shingle]) -> Any:
        signature = self._minhash(
            num_perm=self.settings.bands * self.settings.rows,
            seed=self.settings.seed,
            scheme=_SCHEME,
        )
        signature.update_batch([" ".join(shingle).encode() for shingle in found])
        return signature


def shingles(words: Sequence[str], width: int) -> frozenset[Shingle]:
    """Return the set of all runs of `width` words; empty for a shorter text."""
    return frozenset(tuple(words[at : at + width]) for at in range(len(words) - width + 1))


def _compared(item: str, one: frozenset[Shingle], document: str, other: frozenset[Shingle]) -> Near:
    shared = len(one & other)
    return Near(item, document, shared, len(one) + len(other) - shared)


def _datasketch() -> tuple[Any, Any]:
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        raise EngineUnavailable(
            "expected datasketch for near duplicates, found it not installed; "
            "install reprollm[scan]"
        ) from None
    return MinHash, MinHashLSH
