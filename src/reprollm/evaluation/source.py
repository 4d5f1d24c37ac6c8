"""Files as they were published: which form they have, and their rows with the columns that count.

Others' files are read as they lie: a header may leave the index column without a name, as pandas
writes it, or give a name twice; a byte order mark is taken away; the separator is the one that
splits the first line into most cells. What is not read so is said by `form`.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.errors import DataInvalid
from reprollm.experiment.importers.imported import Imported, Importer, Record, content_of
from reprollm.experiment.words import listed, meant

SEPARATORS = (",", "\t", ";", "|")
_KINDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_FIRST_BYTES = 65_536
MOST_CHARACTERS = 4 * 1024 * 1024


@dataclass(frozen=True)
class Columns:
    """The names of the columns that count; None where there is none of its sort."""

    reference: str
    outputs: tuple[str, ...]
    source: str | None = None
    id: str | None = None
    document: str | None = None
    stratum: str | None = None
    published: tuple[str, ...] = ()

    def needed(self) -> tuple[str, ...]:
        """Return the names of all of them, each once."""
        single = (self.reference, *self.outputs, self.source, self.id, self.document, self.stratum)
        return tuple(dict.fromkeys(name for name in (*single, *self.published) if name is not None))


@dataclass(frozen=True)
class Item:
    """One output of one row.

    Attributes:
        system: what made the output: the name of its column, of its file, or both.
        number: the row, from 1.
        line: the line of the file on which it begins.
        id: its id; the row's number where there is no column of ids.
        document: its document, if the table says one.
        published: cells by column.
    """

    system: str
    file: str
    number: int
    line: int
    id: str
    document: str | None
    stratum: str | None
    reference: str
    output: str
    source: str | None
    published: dict[str, str]

    @property
    def cluster(self) -> tuple[str, int]:
        """What is drawn together with others: the document, or the row where it is of none."""
        return (self.document, 0) if self.document else ("", self.number)


@dataclass(frozen=True)
class Source:
    """Every output of every row, and the files' names with the SHA-256 of their bytes."""

    items: tuple[Item, ...]
    files: tuple[tuple[str, str], ...]


def read_items(
    files: Sequence[Path],
    columns: Columns,
    form: dict[str, Any] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Source:
    """Return every output of every row, file by file and column by column.

    Args:
        files: tables that have the same columns.
        columns: which of them count.
        form: the form as `data.form` of an experiment says it; by the file's ending without one.
        encoding: a Python codec name; UTF-8, or what a byte order mark says, without one.
        delimiter: one character; the likeliest without one.

    Raises:
        DataInvalid: a file cannot be read so, lacks a column, or holds a text of
            more than `MOST_CHARACTERS`; or there is no such encoding or delimiter.
    """
    _check_reading(encoding, delimiter)
    names = _systems(files, columns.outputs)
    found: list[Item] = []
    hashes: list[tuple[str, str]] = []
    for path in files:
        table = read_table(path, form, encoding, delimiter)
        _check(table, columns.needed(), path)
        hashes.append((str(path), table.sha256))
        for output in columns.outputs:
            found += _items(table, columns, output, (names[path, output], str(path)))
    return Source(tuple(found), tuple(hashes))


def read_table(
    path: Path, form: dict[str, Any] | None, encoding: str | None, delimiter: str | None
) -> Imported:
    """Return the rows of a file, with a name for every column."""
    kind = _KINDS.get(path.suffix.lower(), "table")
    said = form or {"kind": kind}
    head = b"" if path.is_dir() else content_of(path)[:_FIRST_BYTES]
    codec = encoding or next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
    separator = delimiter or likeliest_separator(head.decode(codec, errors="replace"))
    if said.get("kind") != "table" or not said.get("header", True):
        return _importer(said, codec, separator).read(path)
    headless = {**said, "header": False}
    return _headed(_importer(headless, codec, separator).read(path), path)


def likeliest_separator(text: str) -> str:
    """Return the separator that splits the first row of a table into most cells."""

    def cells(separator: str) -> int:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            return len(next(rows, []))
        except csv.Error:
            return 0

    return max(SEPARATORS, key=lambda each: (cells(each), -SEPARATORS.index(each)))


def _importer(said: dict[str, Any], encoding: str, delimiter: str) -> Importer:
    from pydantic import TypeAdapter, ValidationError

    from reprollm.experiment.form import Form

    try:
        form: Any = TypeAdapter(Form).validate_json(json.dumps(said))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the form"
        raise DataInvalid(
            f"expected a form as data.form of an experiment says it, found at {place}: "
            f"{first['msg']}"
        ) from None
    importer: Importer = form.importer(encoding, delimiter)
    return importer


def _headed(table: Imported, path: Path) -> Imported:
    """Return the table with its first row as the names of its columns."""
    first, *rest = table.rows
    if not rest:
        raise DataInvalid(f"expected at least one row below the header of {path}, found none")
    names: list[str] = []
    for number, cell in enumerate(first.cells.values(), start=1):
        name, again = cell or f"column_{number}", 2
        while name in names:
            name, again = f"{cell} ({again})", again + 1
        names.append(name)
    rows = tuple(
        dataclasses.replace(row, cells=dict(zip(names, row.cells.values(), strict=True)))
        for row in rest
    )
    return Imported(tuple(names), rows, table.sha256)


def _check_reading(encoding: str | None, delimiter: str | None) -> None:
    from pydantic import TypeAdapter, ValidationError

    from reprollm.experiment.fields import Encoding

    try:
        TypeAdapter(Encoding | None).validate_python(encoding)
    except ValidationError:
        raise DataInvalid(
            f"expected an encoding such as utf-8 or cp1252, found {encoding!r:.80}"
        ) from None
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise DataInvalid(
            "expected one character as the delimiter, neither a quotation mark nor a line end, "
            f"found {delimiter!r:.80}"
        )


def _check(table: Imported, needed: Sequence[str], path: Path) -> None:
    for name in needed:
        if name not in table.columns:
            raise DataInvalid(
                f"expected the column {name!r} in {path}, found {listed(table.columns)}"
                f"{meant(name, table.columns)}"
            )
    for row in table.rows:
        for name in needed:
            if (size := len(row.cells[name])) > MOST_CHARACTERS:
                raise DataInvalid(
                    f"expected texts of at most {MOST_CHARACTERS:,} characters in {path}, found "
                    f"{size:,} in column {name!r} of line {row.line}; is a quote not closed before "
                    "it? A longer text must be divided before it can be compared"
                )


def _systems(files: Sequence[Path], outputs: Sequence[str]) -> dict[tuple[Path, str], str]:
    """Return a name for each file and column: the part of both that tells them apart."""
    stems = [path.stem for path in files]
    by_name = len(set(stems)) == len(stems)
    found: dict[tuple[Path, str], str] = {}
    for path in files:
        file = path.stem if by_name else str(path)
        for output in outputs:
            parts = [file] if len(files) > 1 else []
            parts += [output] if len(outputs) > 1 or len(files) == 1 else []
            found[path, output] = ": ".join(parts)
    return found


def _items(table: Imported, columns: Columns, output: str, named: tuple[str, str]) -> list[Item]:
    system, file = named

    def item(number: int, row: Record) -> Item:
        cell = row.cells.get
        return Item(
            system=system,
            file=file,
            number=number,
            line=row.line,
            id=cell(columns.id or "") or str(number),
            document=(columns.document and cell(columns.document)) or None,
            stratum=row.cells[columns.stratum] if columns.stratum else None,
            reference=row.cells[columns.reference],
            output=row.cells[output],
            source=row.cells[columns.source] if columns.source else None,
            published={name: row.cells[name] for name in columns.published},
        )

    return [item(number, row) for number, row in enumerate(table.rows, start=1)]
