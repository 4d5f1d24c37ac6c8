"""Scanning one part of a corpus: read, search, collect."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from reprollm.canon import Json
from reprollm.corpus.feeding import BLOCK, Feeder
from reprollm.corpus.index import Index
from reprollm.corpus.lines import read_lines
from reprollm.corpus.markup import read_xml
from reprollm.corpus.maximal import EXCERPT, Collector
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.parts import Damaged, Part, Tally
from reprollm.corpus.searching import Ints, Searcher
from reprollm.corpus.streams import HashedFile, decompressed
from reprollm.corpus.tables import read_parquet
from reprollm.corpus.texts import read_text
from reprollm.corpus.units import Unit
from reprollm.errors import InvalidInput

_READ = 1 << 20


@dataclass
class UnitFound:
    """What one unit of a scan gave; goes into its journal as JSON.

    Attributes:
        sha256: of the whole file; empty where the unit is not all of it.
        matches: item, start, length, document, offset, end, digest and excerpt of each stretch.
        counts: gram and how often it was found, for each that was (`packed_counts`).
    """

    sha256: str = ""
    documents: int = 0
    characters: int = 0
    undecodable: int = 0
    unreadable: int = 0
    lines: int = 0
    damaged: str | None = None
    matches: list[list[Json]] = field(default_factory=list)
    counts: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the value as canonical JSON takes it."""
        value: dict[str, Any] = dict(vars(self))
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> UnitFound:
        """Return what `to_json` gave."""
        return cls(**value)


def packed_counts(counts: Ints) -> str:
    """Return grams that occur, then how often, as base64 of little-endian 64-bit integers."""
    grams = np.flatnonzero(counts)
    pairs = np.stack([grams, counts[grams]]).astype("<i8")
    return base64.b64encode(pairs.tobytes()).decode()


def unpacked_counts(packed: str) -> Ints:
    """Return what was packed: grams, and how often each occurs; shape (2, grams)."""
    return np.frombuffer(base64.b64decode(packed), "<i8").reshape(2, -1)


def searcher_of(index: Index, options: ScanOptions) -> Searcher:
    """Return the fastest searcher for the options.

    Raises:
        InvalidInput: numba is asked for and cannot be had.
    """
    from reprollm.corpus.table import TableTokenization
    from reprollm.corpus.words_search import WordsSearcher

    tokenization = options.tokenization
    if options.kernel == "numpy" or not isinstance(tokenization, TableTokenization):
        return WordsSearcher(index, tokenization)
    try:
        from reprollm.corpus.kernel_search import KernelSearcher
    except (ImportError, RuntimeError) as error:
        if options.kernel == "numba":
            raise InvalidInput(
                f"expected numba for the fast kernel, found it cannot be loaded ({error}); "
                "install reprollm[scan]"
            ) from None
        return WordsSearcher(index, tokenization)
    return KernelSearcher(index, tokenization)


def scan_unit(
    unit: Unit,
    index: Index,
    searcher: Searcher,
    options: ScanOptions,
    progress: Callable[[int], object],
    block: int = BLOCK,
) -> UnitFound:
    """Return what one unit holds.

    Raises:
        InvalidInput: the file changed since it was listed.
        OSError: the disk failed.
    """
    searcher.counts[:] = 0
    searcher.muted[:] = False
    collector = Collector(index, searcher, options.listed)
    feeder = Feeder(searcher, collector, options.tokenization, options.n, block)
    tally = Tally()
    found = UnitFound()
    with HashedFile(unit.source.path, progress) as file:
        if not unit.hash_only:
            try:
                for part in unit_parts(unit, file, options, tally):
                    feeder.add(part)
            except Damaged as reason:
                found.damaged = str(reason)
            feeder.end()
        if unit.stop is None:
            found.sha256 = file.sha256()
    _demand_unchanged(unit)
    found.documents, found.characters = tally.documents, tally.characters
    found.undecodable, found.unreadable = tally.undecodable, tally.unreadable
    found.lines = tally.lines
    found.matches = [
        [s.item, s.start, s.length, s.document, s.offset, s.end, s.digest, _excerpt(s.text)]
        for s in collector.stretches()
    ]
    found.counts = packed_counts(searcher.counts)
    return found


def unit_parts(unit: Unit, file: HashedFile, options: ScanOptions, tally: Tally) -> Iterator[Part]:
    """Yield the documents of a unit, and count in `tally` what was met.

    Raises:
        Damaged: the file cannot be read to its end.
    """
    source = unit.source
    if source.format == "parquet":
        return read_parquet(source.path, options.field, tally)
    if unit.stop is not None:
        stream, stop = _segment(unit)
        return read_lines(stream, options.field, options.encoding, tally, stop)
    stream = decompressed(file, source.name)
    if source.format == "text":
        return read_text(stream, options.encoding, tally)
    if source.format == "xml":
        return read_xml(stream, tally)
    return read_lines(stream, options.field, options.encoding, tally)


def _segment(unit: Unit) -> tuple[IO[bytes], int]:
    """Return a stream at the first line that begins in the unit, and how many bytes it has left."""
    assert unit.stop is not None
    stream = io.BufferedReader(unit.source.path.open("rb", buffering=0), _READ)
    position = max(0, unit.start - 1)
    stream.seek(position)
    while unit.start and position < unit.stop:
        passed = stream.readline(_READ)
        position += len(passed)
        if not passed or passed.endswith(b"\n"):
            break
    return stream, unit.stop - position


def _excerpt(text: str) -> str:
    cut = text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
    return cut.encode("utf-8", "replace").decode()


def _demand_unchanged(unit: Unit) -> None:
    facts = unit.source.path.stat()
    if (facts.st_size, facts.st_mtime_ns) != (unit.source.size, unit.source.changed):
        raise InvalidInput(
            f"expected {unit.source.path} unchanged while it is scanned, found another size or "
            "time of change; scan again when nothing writes to it"
        )
