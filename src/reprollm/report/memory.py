"""How much memory a recorded model needs, as `reprollm model footprint` estimates it of a lock."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from reprollm.errors import InvalidInput

CONTEXT = 4096
"""Tokens of the longest request that is estimated for; less where the model holds less."""


@dataclass(frozen=True)
class Memory:
    """What one engine needs in one place.

    Attributes:
        place: `cpu` or `gpu`.
        gigabytes: decimal, with one digit.
        machine: GB of the smallest usual machine that it fits, decimal; empty for none.
    """

    engine: str
    place: str
    gigabytes: str
    machine: str


def context_of(facts: dict[str, Any]) -> int:
    """Return the length of request in tokens that is estimated for."""
    return min(int(facts.get("context_length") or CONTEXT), CONTEXT)


def memory(record: dict[str, Any]) -> tuple[Memory, ...]:
    """Return what each engine needs for one request at a time; nothing where sizes are not said.

    Args:
        record: a snapshot record.
    """
    from pydantic import TypeAdapter, ValidationError

    from reprollm.footprint.demand import BYTES, Demand
    from reprollm.footprint.machines import GB, footprint
    from reprollm.snapshot.facts import Facts
    from reprollm.snapshot.licence import Licence
    from reprollm.snapshot.lock import Lock
    from reprollm.snapshot.manifest import File

    names = {field.name for field in fields(Facts)}
    said = {name: value for name, value in record["facts"].items() if name in names}
    try:
        facts = TypeAdapter(Facts).validate_python(said, strict=False)
        files = TypeAdapter(tuple[File, ...]).validate_python(record["files"], strict=False)
        lock = Lock("", record["name"], "", "", "", None, Licence(), None, (), facts, files)
        declared = facts.declared_dtype
        dtype = declared if declared in BYTES else "float16"
        found = footprint(lock, Demand(context_of(record["facts"]), 1, dtype))
    except (ValidationError, InvalidInput):
        return ()
    return tuple(
        Memory(
            each.estimate.engine,
            each.estimate.place,
            f"{each.estimate.total / GB:.1f}",
            str(each.machine or ""),
        )
        for each in found
    )
