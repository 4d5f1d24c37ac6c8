"""Recorded conclusions held against those that the log gives: which differ, and in what."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from reprollm.conclusions.conclude import CLAIM, Conclusion
from reprollm.conclusions.stage import fields_of

SAME, WRONG, UNCHECKED = "same", "WRONG", "not recomputed"
_ANNOTATED = ("comparison", "agreement/annotators")
Record: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Compared:
    """What came of comparing the records of one shard.

    Attributes:
        verdicts: for each record `same`, `WRONG` or `not recomputed`.
        wrong: in words what is wrong.
    """

    verdicts: tuple[str, ...]
    wrong: tuple[str, ...]


def compared(
    records: Sequence[Record], expected: Sequence[Conclusion], withheld: Collection[str]
) -> Compared:
    """Compare the records of a shard with what is expected, each with that of its name and run.

    Args:
        records: in log order.
        expected: the conclusions in the order in which they are recorded.
        withheld: which texts are withheld, so that what needs them cannot be judged.
    """
    verdicts, wrong = [], []
    # Without a label of theirs, what annotators agree on is not expected, and may yet be true.
    alone = {_ANNOTATED} if "annotations" in withheld else set()
    keys = [_key(record) for record in records]
    listed = [(each.kind, each.name, each.run) for each in expected]
    if [key for key in keys if key[:2] not in alone] != [k for k in listed if k[:2] not in alone]:
        names = ", ".join(each.name for each in expected) or "none"
        found = ", ".join(_key(record)[1] for record in records)
        wrong.append(f"expected just the conclusions {names:.500}, found {found:.500}")
    by_key = {(each.kind, each.name, each.run): each for each in expected}
    for record in records:
        right = by_key.get(_key(record))
        said = _difference(record, right)
        known = right is not None or _key(record)[:2] in alone
        if said and known and withheld and _needs_texts(record):
            verdicts.append(UNCHECKED)
        else:
            verdicts.append(WRONG if said else SAME)
            wrong += [said] if said else []
    return Compared(tuple(verdicts), tuple(wrong))


def _key(record: Record) -> tuple[str, str, str]:
    return record["kind"], record[record["kind"]], record["run"]


def _needs_texts(record: Record) -> bool:
    return not (record["kind"] == CLAIM and record["evidence"].get("kind") == "value")


def _difference(record: Record, expected: Conclusion | None) -> str:
    """Return in words how a record differs from what is expected; nothing where it does not."""
    kind, name, run = _key(record)
    if expected is None:
        return f"the {kind} {name} of run {run[:16]} is recorded, none is declared"
    right = fields_of(expected)
    wrong = [field for field, value in right.items() if record.get(field) != value]
    if not wrong:
        return ""
    if kind == CLAIM and "verdict" in wrong:
        return f"the claim {name}: expected {expected.verdict}, found {record['verdict']}"
    if "evidence" not in wrong:
        return f"the {kind} {name}: expected plan {expected.plan[:16]}, found {record['plan'][:16]}"
    said, found = _part(expected.evidence, record["evidence"])
    return f"the {kind} {name}: expected {said}, found {found}"


def _part(right: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, str]:
    """Return the first part of two objects that differs, spelled out."""
    keys = sorted(right.keys() | found.keys())
    key = next(key for key in keys if right.get(key) != found.get(key))
    return f"{key} {_excerpt(right.get(key))}", _excerpt(found.get(key))


def _excerpt(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:200]}…"
