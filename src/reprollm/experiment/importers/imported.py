"""What importers give, and what all of them refuse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reprollm.canon import digest
from reprollm.errors import DataInvalid

FOLDER_TAG = "reprollm/data-folder/v1"


@dataclass(frozen=True)
class Record:
    """One row: its cells by column, and where it begins.

    Attributes:
        cells: text by column; every column of the whole is there.
        file: the file that it is from, as messages name it.
        line: the line, from 1, on which it begins; of a table without lines the row, from 1.
    """

    cells: Mapping[str, str]
    file: str
    line: int


@dataclass(frozen=True)
class Imported:
    """What a file or folder holds.

    Attributes:
        columns: the names of the cells, in order.
        rows: in the order of the source.
        sha256: hash of the file's bytes, hex; of a folder `digest("reprollm/data-folder/v1", …)`
            over relative path and hash of each file, sorted by path.
    """

    columns: tuple[str, ...]
    rows: tuple[Record, ...]
    sha256: str


class Importer(Protocol):
    """Reads one form."""

    @property
    def endings(self) -> tuple[str, ...]:
        """How names end, in lower case, of the files that count in a folder; none: no folders."""
        ...

    def read(self, path: Path) -> Imported:
        """Return the rows that `path` holds.

        Raises:
            DataInvalid: it cannot be read, or is not of this form; the sentence names the place.
        """
        ...


def content_of(path: Path) -> bytes:
    """Return a file's bytes, or raise `DataInvalid`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataInvalid(f"could not read {path}: {error.strerror}") from None


def files_of(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the file itself, or the files of a folder and its subfolders, sorted by their paths.

    Args:
        path: a file, taken whatever its name, or a folder.
        suffixes: the endings, in lower case, that count in a folder.

    Raises:
        DataInvalid: there is none, or a link leads out of the folder.
    """
    if not path.is_dir():
        return [path]
    top = path.resolve()
    found = sorted(
        (file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in suffixes),
        key=lambda file: file.relative_to(path).as_posix(),
    )
    for file in found:
        if not file.resolve().is_relative_to(top):
            raise DataInvalid(
                f"expected files inside {path}, found {file}, a link that leads out of it; "
                "copy the file there"
            )
    if not found:
        raise DataInvalid(
            f"expected files that end in {' or '.join(suffixes)} in the folder {path}, found none"
        )
    return found


def hash_of(path: Path, files: Sequence[tuple[Path, bytes]]) -> str:
    """Return the hash of what was read: of the file, or of a folder's files."""
    if not path.is_dir():
        return hashlib.sha256(files[0][1]).hexdigest()
    parts: list[bytes] = []
    for file, content in files:
        parts += [file.relative_to(path).as_posix().encode(), hashlib.sha256(content).digest()]
    return digest(FOLDER_TAG, *parts)


def listed_cells(values: Iterable[str]) -> str:
    """Return a list as one cell: a JSON array of texts."""
    return json.dumps(list(values), ensure_ascii=False)


def complete(columns: Sequence[str], rows: Iterable[Record]) -> Iterator[Record]:
    """Yield rows that have every column; what a row lacks is an empty text."""
    empty = dict.fromkeys(columns, "")
    for row in rows:
        yield Record({**empty, **row.cells}, row.file, row.line)
