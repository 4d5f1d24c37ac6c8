"""Short texts and lengths: what a record says in the clear of its own withheld values.

A short answer cannot be looked for everywhere: `no` is in every text. But a field that is, record
after record, the same as the withheld value beside it does tell it; and so does a number that is,
record after record, the length of that value, or the length and a constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reprollm.records.commitment import Opening
from reprollm.records.sealed import TEXT_FIELDS
from reprollm.withholding.clear import Clear, clear_numbers
from reprollm.withholding.runs import words
from reprollm.withholding.withheld_texts import ALL

_FEWEST_LENGTHS = 3
_LONGEST = 256
_LENGTH_NAMES = ("token", "length", "chars", "characters", "words", "bytes", "padded")
_BESIDE = {"padded": "prompt"}


@dataclass
class _Equal:
    """How often a clear text was the withheld one, of how often they could be compared."""

    first: int
    equal: int = 0
    compared: int = 0


@dataclass
class _Length:
    """A number that may be a length: their difference in all records so far."""

    first: int
    difference: int
    records: int = 0
    lengths: set[int] = field(default_factory=set)
    holds: bool = True


class SameRecord:
    """Compares clear fields with the withheld values of the same record, over all records."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._fields = frozenset(fields)
        self._equal: dict[tuple[str, str], _Equal] = {}
        self._lengths: dict[tuple[str, str, str], _Length] = {}
        self._named: dict[tuple[str, str], tuple[int, set[int]]] = {}

    def take(
        self,
        position: int,
        record: dict[str, Any],
        clear: Iterable[Clear],
        openings: Mapping[str, Opening],
    ) -> None:
        """Take up the record at `position` with its clear texts and its openings."""
        kind = record["kind"]
        hidden = {name: value for name, value in openings.items() if name in self._fields}
        texts = {name: words(_text(value)) for name, value in hidden.items() if _is_short(value)}
        for found in clear if texts else ():
            if found.least == ALL:
                self._compare(f"{kind} records, field {found.path}", found.text, position, texts)
        for path, number in clear_numbers(record):
            self._measure(f"{kind} records, field {path}", number, position, hidden)

    def found(self) -> Iterator[tuple[str, str, int, int]]:
        """Yield (place, withheld field, records, first position) of what tells a text or length."""
        for (place, name), equal in sorted(self._equal.items()):
            if equal.equal and 2 * equal.equal >= equal.compared:
                yield place, name, equal.equal, equal.first
        named = {key for key, (_, values) in self._named.items() if len(values) > 1}
        for place, name in sorted(named):
            first, values = self._named[place, name]
            yield f"{place} (its length)", name, len(values), first
        for (place, name, _), length in sorted(self._lengths.items()):
            several = len(length.lengths) >= _FEWEST_LENGTHS
            if length.holds and several and (place, name) not in named:
                named.add((place, name))
                yield f"{place} (its length)", name, length.records, length.first

    def _compare(
        self, place: str, text: str, position: int, texts: Mapping[str, list[str]]
    ) -> None:
        said = words(text)
        for name, hidden in texts.items():
            if hidden:
                found = self._equal.setdefault((place, name), _Equal(position))
                found.compared += 1
                found.equal += said == hidden

    def _measure(
        self, place: str, number: int, position: int, hidden: Mapping[str, Opening]
    ) -> None:
        last = place.rpartition(".")[2]
        if any(name in last for name in _LENGTH_NAMES):
            told = _BESIDE.get(last) or min(hidden, default="")
            if told in self._fields:
                self._named.setdefault((place, told), (position, set()))[1].add(number)
        for name, opening in hidden.items():
            for measure, length in _measures(opening).items():
                found = self._lengths.setdefault(
                    (place, name, measure), _Length(position, number - length)
                )
                found.holds = found.holds and number - length == found.difference
                if found.holds:
                    found.records += 1
                    found.lengths.add(length)


def _is_short(opening: Opening) -> bool:
    return opening.field in TEXT_FIELDS and len(opening.value) <= _LONGEST


def _measures(opening: Opening) -> dict[str, int]:
    if opening.field not in TEXT_FIELDS:
        return {"items": len(opening.value) // 4}
    text = _text(opening)
    return {"bytes": len(opening.value), "characters": len(text), "words": len(text.split())}


def _text(opening: Opening) -> str:
    return opening.value.decode("utf-8")
