"""The parts into which a scan is cut: each is read by one process and finished as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprollm import canon
from reprollm.canon import Json
from reprollm.corpus.streams import compression
from reprollm.corpus.walk import CorpusFile

# Uncompressed JSON lines are cut at line ends after so many bytes; other files are one part each.
SEGMENT = 1 << 26


@dataclass(frozen=True)
class Unit:
    """Some of a file.

    Attributes:
        number: its place in the scan.
        file: the file's place in the scan.
        source: the file.
        start, stop: the lines that begin from one byte to before the other; None for all.
        hash_only: nothing is scanned, the file as a whole is hashed.
    """

    number: int
    file: int
    source: CorpusFile
    start: int = 0
    stop: int | None = None
    hash_only: bool = False

    def key(self, scan: str) -> str:
        """Return what the unit's journal entry is called; it changes when the file does."""
        value: Json = {
            "name": self.source.name,
            "path": str(self.source.path.absolute()),
            "format": self.source.format,
            "size": self.source.size,
            "changed": str(self.source.changed),
            "start": self.start,
            "stop": self.stop,
            "hash_only": self.hash_only,
        }
        return canon.digest("reprollm/scan-unit/v1", scan.encode(), canon.dumps(value))


def cut(files: Sequence[CorpusFile], segment: int = SEGMENT) -> list[Unit]:
    """Return the parts of a scan, in order."""
    return [
        Unit(number, file, source, *span)
        for number, (file, source, span) in enumerate(
            (file, source, span)
            for file, source in enumerate(files)
            for span in _spans(source, segment)
        )
    ]


def _spans(source: CorpusFile, segment: int) -> Iterator[tuple[int, int | None, bool]]:
    plain = source.format == "jsonl" and not compression(source.name)
    if not plain or source.size <= segment:
        yield 0, None, False
        return
    for start in range(0, source.size, segment):
        yield start, min(start + segment, source.size), False
    yield 0, None, True
