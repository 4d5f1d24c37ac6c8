"""What is checked of one measurement by itself, and what of it the checks of the whole log need."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from reprollm.canon import Json
from reprollm.records.commitment import Opening
from reprollm.records.entries import Entry

MEASURES = frozenset({"likelihood", "continuation"})
_ITEMS = ("suspect", "reference")
_DRAWN = ("twin", "canary")
_VALUES = ("logprobs", "means", "deviations", "output_ids")
_KEPT = ("kind", "examination", "plan", "attempt", "index", "subject", "snapshot", "tokenizer")


def measured_row(entry: Entry, position: int) -> dict[str, Json]:
    """Return what the spool keeps of a likelihood or continuation.

    `values` is a hash of the opened numbers, null where one is withheld: commitments are salted, so
    that two measurements of one text can be compared by it alone. `wrong` is the first thing that
    is wrong with the record itself, null where nothing is.
    """
    record, openings = entry.record, entry.openings
    row: dict[str, Json] = {name: record[name] for name in _KEPT}
    row |= {name: record.get(name) for name in ("set", "variant")}
    row |= {"position": position, "values": _values(record, openings)}
    if record["kind"] == "likelihood":
        row["wrong"] = next(_defects(record, openings), None)
    return row


def _values(record: Mapping[str, Any], openings: Mapping[str, Opening]) -> str | None:
    state = hashlib.sha256()
    for name in _VALUES:
        if record.get(name) is None:
            continue
        if name not in openings:
            return None
        state.update(name.encode() + len(openings[name].value).to_bytes(8, "big"))
        state.update(openings[name].value)
    return state.hexdigest()


def _defects(record: Mapping[str, Any], openings: Mapping[str, Opening]) -> Iterator[str]:
    """Yield in words what is wrong with a likelihood, whatever the examination says."""
    shown = record["text"] is not None or record["text_ids"] is not None
    if record["sealed"] is not None and shown:
        yield "commits to the words of a sealed text"
    if record["sealed"] is not None and record["set"] not in _DRAWN:
        yield f"says that a text of the set {record['set']} is sealed"
    if record["set"] in _ITEMS and None in (record["text"], record["text_ids"]):
        yield "commits to no words of an item"
    spread = record["means"] is not None or record["deviations"] is not None
    if spread and record["set"] not in _ITEMS:
        yield f"tells more than one number a text of the set {record['set']}"
    if "text" in openings and len(openings["text"].value) != record["bytes"]:
        yield f"says {record['bytes']} bytes of a text of {len(openings['text'].value)}"
    for name in ("logprobs", "means", "deviations"):
        if name in openings:
            yield from _length(record, name, len(openings[name].value))


def _length(record: Mapping[str, Any], name: str, size: int) -> Iterator[str]:
    if size % 4:
        yield f"opens {name} of {size} bytes, no whole number of values"
    expected = {
        **dict.fromkeys(_ITEMS, record["tokens"]),
        **dict.fromkeys(_DRAWN, min(1, record["tokens"])),
    }.get(record["set"])
    if expected is not None and size // 4 != expected:
        yield f"opens {size // 4} {name} where {expected} are expected"
