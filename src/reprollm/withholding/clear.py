"""What a record says in the clear, besides hashes, times and counts that its kind fixes.

These words cannot be withheld: they are part of the record's leaf. Some name one item and may quote
it (ids, strata, what another tool claimed); some are prose, in which a single word means little
(titles, reasons, notes); and some are machine-made (environments, snapshots, engines), in which a
few words mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from reprollm.records.kinds import COMMITTED, KINDS
from reprollm.withholding.withheld_texts import ALL, PROSE, SEVERAL

_MACHINE_KINDS = frozenset({"environment", "snapshot", "start", "end"})
_MACHINE_FIELDS = frozenset(
    "batch settings engine dtype score aggregation version interval counted passes warnings".split()
)
_OF_ONE_ITEM = frozenset("item stratum document split group label few_shot claimed subject".split())
_BATCH = frozenset({"id", "row", "rows", "policy"})
_COUNTING = frozenset({"index", "item", "repetition", "row", "rows", "seed"})


class Clear(NamedTuple):
    """One text in the clear: its place, and from how many words on a short text counts in it."""

    path: str
    text: str
    least: int


def clear_texts(record: dict[str, Any]) -> Iterator[Clear]:
    """Yield the texts of a record that its kind leaves free; rows of numbers as decimal text."""
    kind = record["kind"]
    for name in free_fields(kind):
        value = record[name]
        if name == "batch" and isinstance(value, dict) and value.keys() == _BATCH:
            continue
        machine = kind in _MACHINE_KINDS or name in _MACHINE_FIELDS
        least = SEVERAL if machine else ALL if name in _OF_ONE_ITEM else PROSE
        for path, text in _texts(name, value):
            yield Clear(path, text, least)


def clear_numbers(record: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the free numbers of a record with their places, those that count requests left out."""
    for name in free_fields(record["kind"]):
        if isinstance(record[name], dict) and name != "settings":
            yield from _numbers(name, record[name])


@lru_cache(maxsize=64)
def free_fields(kind: str) -> tuple[str, ...]:
    """Return the fields of a kind that may hold any text, number, list or object."""
    free = []
    for name, holds in KINDS[kind].items():
        anything = holds("any words") or holds({}) or holds([]) or holds(["any words"])
        if anything and name not in COMMITTED.get(kind, ()):
            free.append(name)
    return tuple(free)


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield f"{path} (a key)", key
            yield from _texts(f"{path}.{key}", child)
    elif isinstance(value, list):
        if value and all(type(item) is int for item in value):
            yield path, " ".join(map(str, value))
        for item in value:
            yield from _texts(path, item)


def _numbers(path: str, value: Any) -> Iterator[tuple[str, int]]:
    name = path.rpartition(".")[2]
    if name in _COUNTING:
        return
    if type(value) is int or (isinstance(value, str) and value.isdecimal() and len(value) < 16):
        yield path, int(value)
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _numbers(f"{path}.{key}", child)
