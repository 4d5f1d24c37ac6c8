"""The scan: which n-grams of which items stand in a corpus, and where."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from reprollm import canon
from reprollm.corpus.index import Index, Ints, build_index
from reprollm.corpus.journal import Journal
from reprollm.corpus.match import Item, Match
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.presets.skipping import differing
from reprollm.corpus.result import ScannedFile, ScannedItem, ScanResult
from reprollm.corpus.run_unit import RunSearcher, scan_run_unit
from reprollm.corpus.streams import sha256_of
from reprollm.corpus.unit_scan import UnitFound, scan_unit, searcher_of, unpacked_counts
from reprollm.corpus.units import SEGMENT, Unit, cut
from reprollm.corpus.walk import CorpusFile, Listing, list_corpus
from reprollm.corpus.workers import scan_with_processes
from reprollm.errors import StorageFailed

Progress = Callable[[int], object]


def scan(
    corpus: Sequence[Path],
    items: Sequence[Item],
    options: ScanOptions | None = None,
    *,
    state: Path | None = None,
    jobs: int = 1,
    tests: Path | None = None,
    progress: Progress | None = None,
    segment: int = SEGMENT,
) -> ScanResult:
    """Return every longest run of at least n tokens that an item shares with a document.

    Args:
        corpus: files, folders and glob patterns; a folder is walked in sorted order.
        items: what is looked for; ids are unique.
        options: what counts as a token, n, where a document's text stands.
        state: a folder in which finished units are kept, so that a scan that was killed goes on
            where it stood and finds the same. A finished file counts as unchanged while its size
            and time of change are.
        jobs: processes. The result does not depend on it.
        tests: the file from which the items come, to notice it within the corpus.
        progress: told how many bytes of the corpus have been read since it was last told.
        segment: uncompressed JSON lines are shared between processes in units of so many bytes.

    Raises:
        InvalidInput: nothing to scan, a corpus that is the test file, a file of unknown kind named
            explicitly, two items of one id, a file that changed meanwhile.
        StorageFailed: the disk failed or a process was killed; what is finished is kept in `state`.
    """
    options = options or ScanOptions()
    listing = list_corpus(corpus, options.format, tests)
    index = build_index(items, options.tokenization, options.n)
    units = cut(listing.files, segment)
    if state is None:
        with tempfile.TemporaryDirectory(prefix="reprollm-scan-") as folder:
            found = _found(units, index, items, options, Path(folder), jobs, progress)
    else:
        found = _found(units, index, items, options, state, jobs, progress)
    return _result(listing, units, found, index, options, tests)


def _found(
    units: Sequence[Unit],
    index: Index,
    items: Sequence[Item],
    options: ScanOptions,
    state: Path,
    jobs: int,
    progress: Progress | None,
) -> list[UnitFound]:
    """Return what each unit holds, from the journal where it is finished."""
    journal = Journal(state)
    tell = progress or (lambda read: None)
    known = canon.dumps(
        [options.parameters(), [[_utf8(item.id), _utf8(item.text)] for item in items]]
    )
    name = canon.digest("reprollm/scan/v1", known)
    keys = [unit.key(name) for unit in units]
    rest = [unit for unit in units if journal.read(keys[unit.number]) is None]
    tell(sum(_size(unit) for unit in units) - sum(_size(unit) for unit in rest))
    look = _looking(index, options)

    def one(unit: Unit, count: Progress) -> None:
        journal.write(keys[unit.number], look(unit, count))

    if jobs > 1 and len(rest) > 1:
        scan_with_processes(rest, one, jobs, tell)
    else:
        for unit in rest:
            one(unit, tell)
    return [_whole(journal.read(key), state) for key in keys]


def _looking(index: Index, options: ScanOptions) -> Callable[[Unit, Progress], UnitFound]:
    """Return what searches one unit."""
    if options.skips:
        runs = RunSearcher(index, options)
        return lambda unit, count: scan_run_unit(unit, index, runs, options, count)
    searcher = searcher_of(index, options)
    return lambda unit, count: scan_unit(unit, index, searcher, options, count)


def _whole(found: UnitFound | None, state: Path) -> UnitFound:
    if found is None:
        raise StorageFailed(
            f"expected a finished part of the scan in {state}, found it missing or changed; "
            "start again to make it anew"
        )
    return found


def _size(unit: Unit) -> int:
    if unit.hash_only:
        return 0
    return unit.source.size if unit.stop is None else unit.stop - unit.start


def _result(
    listing: Listing,
    units: Sequence[Unit],
    found: Sequence[UnitFound],
    index: Index,
    options: ScanOptions,
    tests: Path | None,
) -> ScanResult:
    """Return what the units found, as one."""
    by_file: list[list[UnitFound]] = [[] for _ in listing.files]
    for unit, part in zip(units, found, strict=True):
        by_file[unit.file].append(part)
    own = sha256_of(tests) if tests is not None and tests.is_file() else None
    files = tuple(
        _scanned(source, parts, own) for source, parts in zip(listing.files, by_file, strict=True)
    )
    counts = np.zeros(index.grams, np.int64)
    for part in found:
        grams, times = unpacked_counts(part.counts)
        counts[grams] += times
    listed = _listed(listing.files, by_file, index, options.listed)
    items = tuple(_item(number, index, counts, listed[number], options.listed) for number in listed)
    return ScanResult(
        parameters=options.parameters(),
        items=items,
        matches=tuple(match for matches in listed.values() for match in matches[: options.listed]),
        files=files,
        corpus=_digest(files),
        ignored=listing.ignored,
    )


def _scanned(source: CorpusFile, parts: Sequence[UnitFound], tests: str | None) -> ScannedFile:
    sha256 = next(part.sha256 for part in parts if part.sha256)
    return ScannedFile(
        name=source.name,
        sha256=sha256,
        bytes=source.size,
        characters=sum(part.characters for part in parts),
        documents=sum(part.documents for part in parts),
        undecodable=sum(part.undecodable for part in parts),
        unreadable=sum(part.unreadable for part in parts),
        damaged=next((part.damaged for part in parts if part.damaged), None),
        tests=sha256 == tests,
    )


def _listed(
    files: Sequence[CorpusFile],
    by_file: Sequence[Sequence[UnitFound]],
    index: Index,
    most: int,
) -> dict[int, list[Match]]:
    """Return the first matches of each item, and one more where there are more."""
    listed: dict[int, list[Match]] = {number: [] for number in range(len(index.ids))}
    for source, parts in zip(files, by_file, strict=True):
        lines = 0
        for part in parts:
            for row in part.matches:
                matches = listed[int(str(row[0]))]
                if len(matches) <= most:
                    matches.append(_match(row, index, source.name, lines))
            lines += part.lines
    return listed


def _match(row: Sequence[canon.Json], index: Index, name: str, lines: int) -> Match:
    item, start, length, document, offset, end, digest, excerpt, *rest = row
    assert isinstance(item, int) and isinstance(start, int) and isinstance(length, int)
    assert isinstance(document, int) and isinstance(offset, int) and isinstance(end, int)
    match = Match(
        item=index.ids[item],
        start=start,
        length=length,
        document=f"{name}#{document + lines}" if document else name,
        offset=offset,
        end=end,
        digest=str(digest),
        excerpt=str(excerpt),
    )
    return differing(match, rest[0]) if rest else match


def _item(
    number: int, index: Index, counts: Ints, matches: Sequence[Match], most: int
) -> ScannedItem:
    first, last = index.place_base[number], index.place_base[number + 1]
    own = counts[index.gram[first:last]]
    seen = np.flatnonzero(own)
    return ScannedItem(
        id=index.ids[number],
        tokens=int(index.tokens[number]),
        ngrams=int(last - first),
        counts=tuple(zip(seen.tolist(), own[seen].tolist(), strict=True)),
        longest=max((match.length for match in matches), default=0),
        cut=len(matches) > most,
    )


def _digest(files: Iterable[ScannedFile]) -> str:
    parts = [
        part
        for file in files
        for part in (file.name.encode("utf-8", "replace"), file.sha256.encode())
    ]
    return canon.digest("reprollm/corpus/v1", *parts)


def _utf8(text: str) -> str:
    """Return the text with halves of characters, which JSON can hold, replaced."""
    return text.encode("utf-8", "replace").decode()
