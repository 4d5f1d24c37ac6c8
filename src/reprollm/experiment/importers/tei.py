"""TEI-XML, or any other: an XPath for the unit, and one for each field below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from reprollm.errors import DataInvalid
from reprollm.experiment.importers.imported import (
    Imported,
    Record,
    content_of,
    files_of,
    hash_of,
)
from reprollm.experiment.importers.xml import find, line_of, one_line, parse, text_of

TEI = "http://www.tei-c.org/ns/1.0"
OWN = ("id", "file")


@dataclass(frozen=True)
class Tei:
    """Units of XML documents.

    Attributes:
        unit: XPath 1.0 of the elements that are rows, such as `//tei:sp`.
        fields: XPath by column, seen from the unit, such as `{"speaker": "@who", "text": "tei:p"}`;
            what an expression finds more than once is joined by `join`.
        namespaces: prefix by prefix; `tei` and `xml` are known.
        join: what stands between several finds.
        keep_space: keep white space as it stands instead of one space for each run.
    """

    unit: str
    fields: Mapping[str, str]
    namespaces: Mapping[str, str] = field(default_factory=dict)
    join: str = " "
    keep_space: bool = False
    endings: ClassVar[tuple[str, ...]] = (".xml", ".tei")

    def read(self, path: Path) -> Imported:
        """Return a row a unit.

        Besides the fields there are `id` (the unit's `xml:id`, else its number in the file, from 1;
        in a folder behind the file's name and `:`) and `file`.
        """
        read = [(file, content_of(file)) for file in files_of(path, self.endings)]
        rows = tuple(row for file, content in read for row in self._rows(path, file, content))
        if not rows:
            raise DataInvalid(
                f"expected units {self.unit!r:.120} in {path}, found none; TEI needs the prefix "
                "tei: before every element's name"
            )
        own = tuple(name for name in OWN if name not in self.fields)
        return Imported((*own, *self.fields), rows, hash_of(path, read))

    def _rows(self, path: Path, file: Path, content: bytes) -> Iterator[Record]:
        spaces = {
            "tei": TEI,
            **self.namespaces,
        }
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        units = find(parse(content, file), self.unit, spaces, file)
        for number, unit in enumerate(units, start=1):
            if isinstance(unit, str):
                raise DataInvalid(
                    f"expected elements for the unit {self.unit!r:.120} in {file}, found texts or "
                    "attributes; name the element and take these as fields"
                )
            own = unit.get("{http://www.w3.org/XML/1998/namespace}id") or str(number)
            cells = {"id": f"{name}:{own}" if path.is_dir() else own, "file": name}
            for column, expression in self.fields.items():
                cells[column] = self._cell(find(unit, expression, spaces, file))
            yield Record(cells, str(file), line_of(unit))

    def _cell(self, found: list[object]) -> str:
        texts = [text_of(each) for each in found]
        return self.join.join(texts if self.keep_space else map(one_line, texts))
