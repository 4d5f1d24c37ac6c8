"""The snapshots that answered: names, hashes, what their files say, licence, openness, memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.card import card_of
from reprollm.card.rows import rows as card_rows
from reprollm.card.subject import of_record
from reprollm.ledger.read import Plan
from reprollm.report.memory import CONTEXT, Memory, context_of, memory

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Model:
    """One snapshot.

    Attributes:
        named: its name in the experiment, where that has several models.
        licence: its licence in a word, and its class.
        quantization: empty where it is not quantized.
        parameters: None where its files do not say.
        weight_bytes: the size of its tensors.
        identity: key of a message, and what stands there.
        card: rows of two cells, as the card words them.
        memory: what each engine needs for a request of `memory_context` tokens.
    """

    name: str
    snapshot: str
    named: tuple[str, ...]
    licence: tuple[str, str]
    quantization: str
    parameters: int | None
    weight_bytes: int | None
    identity: Rows
    card: Rows
    memory: tuple[Memory, ...] = ()
    memory_context: int = CONTEXT


def models(snapshots: Iterable[dict[str, Any]], plans: Sequence[Plan]) -> tuple[Model, ...]:
    """Return the snapshots that some plans ask, in the order of the plans.

    Args:
        snapshots: snapshot records, in log order; of one snapshot the last counts.
        plans: the plans.
    """
    by_id = {record["snapshot"]: record for record in snapshots}
    wanted: dict[str, list[str]] = {}
    for plan in plans:
        parts = [part.get("snapshot") for part in plan.core.get("parts", ())]
        for snapshot in (plan.core.get("snapshot"), *parts):
            if snapshot in by_id:
                names = wanted.setdefault(str(snapshot), [])
                names += [str(plan.core["model"])] if "model" in plan.core else []
    return tuple(_model(by_id[snapshot], names) for snapshot, names in wanted.items())


def _model(record: dict[str, Any], names: Sequence[str]) -> Model:
    facts = record["facts"]
    card = card_of(of_record(record))
    return Model(
        name=record["name"],
        snapshot=record["snapshot"],
        named=tuple(names),
        licence=(card.licence.identity or "", card.licence.kind),
        quantization=_quantization(facts.get("quantization")),
        parameters=facts.get("parameters"),
        weight_bytes=facts.get("weight_bytes"),
        identity=_identity(record),
        card=tuple(card_rows(card)),
        memory=memory(record),
        memory_context=context_of(facts),
    )


def _identity(record: dict[str, Any]) -> Rows:
    facts = record["facts"]
    stored = ", ".join(
        f"{each.get('dtype')} ({each.get('elements', 0):,})"
        for each in facts.get("tensor_dtypes", ())
    )
    said = (
        ("snapshot", record["snapshot"]),
        ("weights", record["weights"]),
        ("files", len(record["files"])),
        ("architecture", facts.get("architecture")),
        ("parameters", facts.get("parameters")),
        ("stored", stored),
        ("quantization", _quantization(facts.get("quantization"))),
        ("context", facts.get("context_length")),
    )
    return tuple((name, str(value)) for name, value in said if value)


def _quantization(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    bits = value.get("bits")
    parts = (value.get("method"), value.get("scheme"), f"{bits} bit" if bits else None)
    return ", ".join(str(part) for part in parts if part)
