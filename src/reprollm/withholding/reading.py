"""The second reading of a ledger: everything that stays, looked through for what is withheld."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reprollm.errors import InvalidInput
from reprollm.records.commitment import Opening
from reprollm.records.kinds import COMMITTED
from reprollm.records.sealed import TEXT_FIELDS
from reprollm.withholding.clear import Clear, clear_texts
from reprollm.withholding.leaks import leak_in
from reprollm.withholding.made_from import Ingredients
from reprollm.withholding.same_record import SameRecord
from reprollm.withholding.tells import Tells
from reprollm.withholding.withheld_texts import ALL, PROSE, SEVERAL, WithheldTexts
from reprollm.withholding.withhold import Withholding

if TYPE_CHECKING:
    from reprollm.bundles.members import Member

OPENINGS = "openings of "
_PORTION = 4096


@dataclass(frozen=True, order=True)
class Overlap:
    """A place that repeats withheld texts of a field, and how often.

    Attributes:
        field: the withheld field.
        shown_by: the place, for people and for the statement.
        count: number of records, or of openings.
        first: position of the first record concerned.
    """

    field: str
    shown_by: str
    count: int
    first: int

    def to_json(self) -> dict[str, str | int]:
        """Return the overlap as the statement holds it."""
        return {"field": self.field, "shown_by": self.shown_by, "count": self.count}


@dataclass(frozen=True, order=True)
class LeftOut:
    """A file that is left out of the bundle because it shows withheld texts."""

    path: str
    sha256: str


@dataclass
class Reading:
    """The second reading on its way: records in log order, then the places that show something."""

    withholding: Withholding
    texts: WithheldTexts
    values: int = 0
    tells: Tells = field(default_factory=Tells)
    ingredients: Ingredients = field(default_factory=Ingredients)
    _clear: list[tuple[str, int, str, int]] = field(default_factory=list)
    _openings: list[tuple[str, int, str]] = field(default_factory=list)
    _showing: list[str] = field(default_factory=list)
    _arrays: list[bytes] = field(default_factory=list)
    _looked_at: set[int] = field(default_factory=set)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _firsts: dict[tuple[str, str], int] = field(default_factory=dict)
    _same: SameRecord = field(init=False)

    def __post_init__(self) -> None:
        self._same = SameRecord(self.withholding.fields)

    def take(self, position: int, record: dict[str, Any], openings: dict[str, Opening]) -> None:
        """Take up one record with its openings."""
        kind = record["kind"]
        clear = list(clear_texts(record))
        self._same.take(position, record, clear, openings)
        self.tells.take(record, openings)
        if kind == "plan":
            self.ingredients.take(record)
        for name in COMMITTED.get(kind, ()):
            shown = name in openings and not self.withholding.hides(name)
            self.values += record[name] is not None and not shown
        for found in clear:
            self._note_clear(kind, position, found)
        for name, opening in openings.items():
            if not self.withholding.hides(name):
                self._note_opening(position, opening)
        if len(self._clear) + len(self._openings) > _PORTION:
            self._look()

    def finish(self) -> list[Overlap]:
        """Return the places that repeat withheld texts, in order."""
        self._look()
        for place, name, count, first in self._same.found():
            self._found(name, place, count, first)
        return sorted(
            Overlap(*key, count, self._firsts[key]) for key, count in self._counts.items()
        )

    def left_out(self, candidates: Sequence[Member], encodings: Sequence[str]) -> Iterator[LeftOut]:
        """Yield the candidates that hold or show withheld texts, in their order.

        What the publisher accepted as shown elsewhere is not looked for any more.
        """
        self.texts.accept(self._showing)
        for value in self._arrays:
            self.texts.accept_array(value)
        for member in candidates:
            if self.texts.shown_in([member.path]):
                raise InvalidInput(
                    "expected names of files that show nothing withheld, found a file of the "
                    "experiment whose name does; rename it, plan and run again"
                )
            content = member.read()
            sha256 = hashlib.sha256(content).hexdigest()
            made_from = self.ingredients.shows(member.path, sha256, content, self.withholding)
            if made_from or leak_in(member, self.texts, encodings, least=PROSE):
                yield LeftOut(member.path, sha256)

    def _note_clear(self, kind: str, position: int, found: Clear) -> None:
        place = f"{kind} records, field {found.path}"
        if self._is_new((place, found.text)):
            self._clear.append((place, position, found.text, found.least))

    def _note_opening(self, position: int, opening: Opening) -> None:
        place = f"{OPENINGS}{opening.field}"
        if opening.field in TEXT_FIELDS:
            text = opening.value.decode("utf-8")
            if self._is_new((place, text)):
                self._openings.append((place, position, text))
        elif self._is_new((place, opening.value)):
            for name in self.texts.shown_by_bytes(opening.value):
                self._found(name, place, 1, position)
                self._arrays.append(opening.value)

    def _is_new(self, key: tuple[str, str | bytes]) -> bool:
        before = len(self._looked_at)
        self._looked_at.add(hash(key))
        return len(self._looked_at) > before

    def _look(self) -> None:
        for least in (ALL, PROSE, SEVERAL):
            part = [item[:3] for item in self._clear if item[3] == least]
            self._count(part, self.texts.shown_in([item[2] for item in part], least=least))
        shown = self.texts.shown_plainly([item[2] for item in self._openings])
        self._count(self._openings, shown)
        self._clear, self._openings = [], []

    def _count(self, places: Sequence[tuple[str, int, str]], shown: Mapping[str, set[int]]) -> None:
        for name, indexes in shown.items():
            for index in sorted(indexes):
                place, position, text = places[index]
                self._found(name, place, 1, position)
                self._showing.append(text)

    def _found(self, name: str, place: str, count: int, position: int) -> None:
        key = (name, place)
        self._counts[key] += count
        self._firsts.setdefault(key, position)
