"""PAGE-XML (PRImA; versions since 2010): text lines or regions as they were transcribed.

The text of an element is its own `TextEquiv/Unicode`; of several, that with the smallest `index`
(PAGE content schema 2019-07-15, TextEquivType). Regions come in reading order where the page
declares a flat one, else in the order of the document.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from reprollm.errors import DataInvalid
from reprollm.experiment.importers.imported import (
    Imported,
    Record,
    content_of,
    files_of,
    hash_of,
)
from reprollm.experiment.importers.xml import find, line_of, parse

if TYPE_CHECKING:
    from lxml.etree import _Element

COLUMNS = ("id", "file", "page", "region", "line", "text")


@dataclass(frozen=True)
class PageXml:
    """Pages.

    Attributes:
        unit: what a row is: a `line` or a `region`.
    """

    unit: Literal["line", "region"] = "line"
    endings: ClassVar[tuple[str, ...]] = (".xml",)

    def read(self, path: Path) -> Imported:
        """Return a row a unit; units without any transcribed text are passed over."""
        read = [(file, content_of(file)) for file in files_of(path, self.endings)]
        rows = tuple(row for file, content in read for row in self._rows(path, file, content))
        if not rows:
            raise DataInvalid(
                f"expected transcribed {self.unit}s of PAGE-XML in {path}, found none"
            )
        return Imported(COLUMNS, rows, hash_of(path, read))

    def _rows(self, path: Path, file: Path, content: bytes) -> Iterator[Record]:
        root = parse(content, file)
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        for page in find(root, "//*[local-name()='Page']", {}, file):
            image = page.get("imageFilename") or ""
            for region in _ordered(page, file):
                for unit in self._units(region, file):
                    text = _text(unit, file)
                    if text is None:
                        continue
                    line = unit.get("id") or "" if unit is not region else ""
                    own = f"{region.get('id') or ''}/{line}" if line else region.get("id") or ""
                    cells = (f"{name}:{own}", name, image, region.get("id") or "", line, text)
                    yield Record(dict(zip(COLUMNS, cells, strict=True)), str(file), line_of(unit))

    def _units(self, region: _Element, file: Path) -> list[_Element]:
        if self.unit == "region":
            return [region]
        return find(region, "./*[local-name()='TextLine']", {}, file)


def _ordered(page: _Element, file: Path) -> list[_Element]:
    """Return the text regions in reading order, those that it does not name behind."""
    regions = find(page, ".//*[local-name()='TextRegion']", {}, file)
    named = find(page, "./*[local-name()='ReadingOrder']//*[@regionRef]/@regionRef", {}, file)
    places = {name: place for place, name in enumerate(named)}
    return sorted(regions, key=lambda region: places.get(region.get("id") or "", len(places)))


def _text(unit: _Element, file: Path) -> str | None:
    found = find(unit, "./*[local-name()='TextEquiv']", {}, file)
    if not found:
        return None
    chosen = min(found, key=_index)
    texts = find(chosen, "./*[local-name()='Unicode']", {}, file)
    return (texts[0].text or "") if texts else None


def _index(equivalent: _Element) -> int:
    """Return a reading's rank; one without stands first, one that is no number last."""
    said = equivalent.get("index") or "0"
    return int(said) if said.isascii() and said.isdecimal() else sys.maxsize
