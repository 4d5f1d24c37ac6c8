"""Which fields of which items a plan's prompts carry, and what one attempt therefore exposes.

A plan says it once, in `carried.json` beside its requests; the plan's core holds the digest of that
file, so that the list is fixed in the log before anything is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reprollm.canon import Json, dumps, loads_object
from reprollm.errors import InvalidInput
from reprollm.records.kinds import ITEM_FIELDS

SCHEMA = "reprollm/carried/1"
FILE = "carried.json"
Fields = Mapping[str, tuple[str, ...]]


class Carrier(NamedTuple):
    """A request that is about to be sent, with the items whose texts its prompt may hold."""

    request: str
    item: str
    few_shot: tuple[str, ...]


class Exposed(NamedTuple):
    """One field of one item that leaves in one role, in so many distinct requests."""

    item: str
    field: str
    role: str
    requests: int


@dataclass(frozen=True)
class Carried:
    """What prompts carry, as item ids with their fields.

    Attributes:
        prompt: of the item that a prompt asks about.
        few_shot: of an item that a prompt shows as an example.
        always: of items whose texts stand in the template itself, and so in every prompt.
    """

    prompt: Fields = field(default_factory=dict)
    few_shot: Fields = field(default_factory=dict)
    always: Fields = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the content of `carried.json`: canonical JSON, items in order of their ids."""
        parts = {name: _listed(getattr(self, name)) for name in ("prompt", "few_shot", "always")}
        return dumps({"schema": SCHEMA, **parts})

    @property
    def sha256(self) -> str:
        """SHA-256 of that content, hex."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def carried_together(parts: Sequence[Carried]) -> Carried:
    """Return what the prompts of several variants carry between them, as if all carried it."""
    made: dict[str, dict[str, set[str]]] = {}
    for part in parts:
        for role in ("prompt", "few_shot", "always"):
            for item, names in getattr(part, role).items():
                made.setdefault(role, {}).setdefault(item, set()).update(names)
    return Carried(
        **{
            role: {item: tuple(sorted(names)) for item, names in found.items()}
            for role, found in made.items()
        }
    )


def read_carried(content: bytes) -> Carried:
    """Return what `Carried.to_bytes` wrote; raise `InvalidInput` for anything else."""
    value = loads_object(content)
    try:
        if value.pop("schema") != SCHEMA:
            raise ValueError("another schema")
        made = Carried(**{name: _mapped(listed) for name, listed in value.items()})
    except (KeyError, TypeError, ValueError):
        made = None
    if made is None or made.to_bytes() != content:
        raise InvalidInput(f"expected item ids with their fields ({SCHEMA}), found something else")
    return made


def exposures(
    carried: Carried, carriers: Iterable[Carrier], asked: Collection[str]
) -> list[Exposed]:
    """Return what an attempt exposes, ordered by item, field and role.

    Args:
        carried: what the plan's prompts carry.
        carriers: the planned rows of the attempt's slice; items with equal prompts share a request.
        asked: ids of the requests that it is about to send; what is taken over is not among them.
    """
    found: dict[tuple[str, str, str], set[str]] = {}

    def add(item: str, fields: Iterable[str], role: str, request: str) -> None:
        for name in fields:
            found.setdefault((item, name, role), set()).add(request)

    for carrier in carriers:
        if carrier.request not in asked:
            continue
        add(carrier.item, carried.prompt.get(carrier.item, ()), "prompt", carrier.request)
        for example in carrier.few_shot:
            add(example, carried.few_shot.get(example, ()), "few_shot", carrier.request)
        for item, fields in carried.always.items():
            add(item, fields, "few_shot", carrier.request)
    return [Exposed(*key, len(requests)) for key, requests in sorted(found.items())]


def _listed(fields: Fields) -> list[Json]:
    return [[item, list(names)] for item, names in sorted(fields.items()) if names]


def _mapped(listed: Any) -> dict[str, tuple[str, ...]]:
    made = {str(item): tuple(names) for item, names in listed}
    if any(name not in ITEM_FIELDS for names in made.values() for name in names):
        raise ValueError("an unknown field")
    return made
