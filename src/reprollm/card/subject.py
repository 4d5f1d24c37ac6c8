"""What of a snapshot its card is made from: the same from a lock and from a record in a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reprollm.snapshot.licence import Licence
from reprollm.snapshot.lock import Hub, Lock


@dataclass(frozen=True)
class Subject:
    """What is known of a snapshot.

    Attributes:
        name: for people.
        licence: its licence files, and what its model card claims.
        hub: the repository it is from, or None.
        model_type: that of `config.json`, or the architecture of a GGUF file, or None.
        bases: names of the models that it says it was made from, with the file that says so.
    """

    name: str
    licence: Licence
    hub: Hub | None
    model_type: str | None
    bases: tuple[tuple[str, str], ...]


def of_lock(lock: Lock) -> Subject:
    """Return what a lock says."""
    return of_record(lock.to_record())


def of_record(record: Mapping[str, Any]) -> Subject:
    """Return what a `snapshot` record says; what it says in no known form counts as not said."""
    facts = _object(record.get("facts"))
    licence: Licence = _parsed(Licence, facts.get("licence")) or Licence()
    adapter, merge = _object(facts.get("adapter")), _object(facts.get("merge"))
    claimed = licence.claims.base_model if licence.claims else ()
    bases: list[tuple[Any, str]] = [(name, "its model card or header") for name in claimed]
    bases.append((adapter.get("base_model"), "its adapter configuration"))
    merged = merge.get("models")
    names = [merge.get("base"), *(merged if isinstance(merged, list) else [])]
    bases += [(name, "its record of a merge") for name in names]
    model_type = facts.get("model_type")
    return Subject(
        name=str(record.get("name", "")),
        licence=licence,
        hub=_parsed(Hub, facts.get("hub")),
        model_type=model_type if isinstance(model_type, str) else None,
        bases=tuple((name, where) for name, where in bases if isinstance(name, str)),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _parsed(kind: type[Any], value: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value, strict=False) if value else None
    except ValidationError:
        return None
