"""Which files a corpus has, in which order, and how each is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.corpus.streams import compression
from reprollm.errors import InvalidInput

FORMATS = ("jsonl", "parquet", "text", "xml")
_ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".txt": "text",
    ".md": "text",
    ".xml": "xml",
    ".tei": "xml",
}


@dataclass(frozen=True)
class CorpusFile:
    """A file to scan.

    Attributes:
        path: where it lies.
        name: what findings call it: the path below the folder asked for, that folder's name first.
        format: one of `FORMATS`.
        size, changed: bytes, and time of the last change in nanoseconds, when it was listed.
    """

    path: Path
    name: str
    format: str
    size: int
    changed: int


@dataclass(frozen=True)
class Listing:
    """The files of a corpus in the order of the scan, and those of no known kind."""

    files: tuple[CorpusFile, ...]
    ignored: tuple[str, ...]


def list_corpus(
    corpus: Sequence[Path], given: str | None = None, tests: Path | None = None
) -> Listing:
    """Return the files below the paths, each folder in sorted order, each file once.

    Links are followed; a folder that was entered already is not entered again. Names that start
    with a dot are passed over. A path that does not exist is tried as a glob pattern.

    Args:
        corpus: files, folders, patterns.
        given: a format of `FORMATS` for every file, whatever its name.
        tests: the file of test items, or their folder, which is no corpus.

    Raises:
        InvalidInput: a path does not exist, a file named explicitly is of no known kind or is the
            file of test items, or nothing is left to scan.
    """
    files: list[CorpusFile] = []
    ignored: list[str] = []
    seen: set[tuple[int, int]] = set()
    names: dict[str, int] = {}
    for path in (path for pattern in corpus for path in _expanded(pattern)):
        explicit = not path.is_dir()
        for found, name in _walk(path):
            facts = found.stat()
            if (facts.st_dev, facts.st_ino) in seen:
                continue
            seen.add((facts.st_dev, facts.st_ino))
            if tests is not None and _is_of(found, tests):
                raise InvalidInput(
                    f"expected a training corpus, found the file of test items itself at {found}; "
                    "scanning it would find every item: leave it out"
                )
            kind = given or _format(found.name)
            if kind is None and explicit:
                raise InvalidInput(
                    f"expected a file that ends in {', '.join(_ENDINGS)}, with .gz or .zst or "
                    f"without, found {found}; name its kind with --format"
                )
            if kind is None:
                ignored.append(name)
                continue
            again = names[name] = names.get(name, 0) + 1
            once = name if again == 1 else f"{again}/{name}"
            files.append(CorpusFile(found, once, kind, facts.st_size, facts.st_mtime_ns))
    if not files:
        said = ", ".join(str(path) for path in corpus)
        raise InvalidInput(f"expected files to scan at {said:.200}, found none of a known kind")
    return Listing(tuple(files), tuple(ignored))


def _is_of(found: Path, tests: Path) -> bool:
    """Return whether a file is that of the test items, or lies in their folder."""
    if tests.is_dir():
        return found.resolve().is_relative_to(tests.resolve())
    return os.path.samefile(found, tests)


def _expanded(path: Path) -> Iterator[Path]:
    if path.exists():
        yield path
        return
    anchor = Path(path.anchor or ".")
    pattern = str(path.relative_to(anchor)) if path.anchor else str(path)
    found = sorted(anchor.glob(pattern)) if any(mark in pattern for mark in "*?[") else []
    if not found:
        raise InvalidInput(f"expected a corpus at {path}, found nothing there; check --corpus")
    yield from found


def _walk(path: Path) -> Iterator[tuple[Path, str]]:
    if not path.is_dir():
        yield path, path.name
        return
    yield from _walk_folder(path, path.resolve().name, set())


def _walk_folder(
    folder: Path, name: str, entered: set[tuple[int, int]]
) -> Iterator[tuple[Path, str]]:
    facts = folder.stat()
    if (facts.st_dev, facts.st_ino) in entered:
        return
    entered.add((facts.st_dev, facts.st_ino))
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        below = f"{name}/{entry.name}"
        path = Path(entry.path)
        if path.is_dir():
            yield from _walk_folder(path, below, entered)
        elif path.is_file():
            yield path, below


def _format(name: str) -> str | None:
    bare = name.lower().removesuffix(compression(name))
    kind = _ENDINGS.get(os.path.splitext(bare)[1])
    return None if kind == "parquet" and compression(name) else kind
