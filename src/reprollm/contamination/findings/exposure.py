"""The finding `exposure`: what was sent or is public, and what time alone allows to conclude.

One finding speaks of the data set (subject `*`), one of each item that was sent, in order of the
ids. Facts, no test: nothing here says that a model was trained on anything.

- Made of: the plan's `exposed` records; the `declaration` records whose `plan` is null or the
  plan's; the plan's items. Nothing is found where there is none of these records and no section
  `exposure` among the declared checks.
- State of an item: `sent_with_gold` where a record of it has the field `gold`, in whatever role;
  `sent_without_gold` where it has records; else `not_sent`. The data set's verdict is the worst
  state of its items. `detail` counts them, and apart from them (`beside`) items of other files.
- Endpoints: the records by (address, server, policy), in the order of `str` of that triple; `first`
  and `last` are the first ten characters of the earliest and latest `created`.
- Fields: `source_text`; `gold` where any request of the plan has a reference; and every other that
  a record names; in the order `source_text`, `question`, `gold`, `rationale`.
- `temporal`: of the data set the number of items by verdict for each field, of an item its verdict
  for each field (`reprollm.exposure.verdict`), for the plan's snapshot. `parameters` hold whether
  its weights are pinned, and the last days of the shown release and the claimed cutoff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reprollm.canon import Json
from reprollm.contamination.material import Found, Material
from reprollm.exposure.account import (
    Account,
    Coverage,
    Facts,
    coverage,
    fields_of,
    states_of,
    verdicts,
)
from reprollm.exposure.declared import of_record
from reprollm.exposure.spans import Span
from reprollm.exposure.verdict import Model, model_of, pinned, verdict
from reprollm.records.evidence import evidence

METHOD = "exposure"
VERSION = "1"
RECORDED_ONLY = "recorded runs only"
DECLARED_TOO = "recorded runs and declared use"


def findings(material: Material) -> list[Found]:
    """Return what was recorded and declared; nothing where neither was."""
    declares = material.checks.get("exposure") is not None
    if not (material.exposed or material.declarations or declares):
        return []
    declared = tuple(map(of_record, material.declarations))
    account = Account(
        name=material.plan,
        items=material.items,
        fields=fields_of(material.gold, material.exposed, declared),
        exposed=material.exposed,
        declared=declared,
    )
    model = model_of(material.core["snapshot"], pinned(material.core["engine"]), declared)
    facts = Facts(material.exposed, declared)
    states = states_of(material.exposed)
    return [
        _whole(account, model, facts),
        *(_item(item, states[item], account, model, facts) for item in sorted(states)),
    ]


def _whole(account: Account, model: Model, facts: Facts) -> Found:
    found = coverage(account)
    detail: dict[str, Json] = {
        "with_gold": found.with_gold,
        "without_gold": found.without_gold,
        "beside": found.beside,
        "beside_with_gold": found.beside_with_gold,
        "covers": RECORDED_ONLY if account.outside == "undeclared" else DECLARED_TOO,
        "outside": account.outside,
        "endpoints": [
            {
                "address": each.address,
                "server": each.server,
                "policy": each.policy,
                "with_gold": each.with_gold,
                "without_gold": each.without_gold,
                "first": each.first,
                "last": each.last,
            }
            for each in found.endpoints
        ],
        "temporal": {name: dict(each) for name, each in verdicts(account, model, facts).items()},
    }
    return _found("*", _said(found), len(account.items), model, detail)


def _said(found: Coverage) -> str:
    """Return the worst that became of an item of the data set."""
    if found.with_gold:
        return "sent_with_gold"
    return "sent_without_gold" if found.sent else "not_sent"


def _item(item: str, state: str, account: Account, model: Model, facts: Facts) -> Found:
    records = facts.exposed[item]
    detail: dict[str, Json] = {
        "fields": _roles(records),
        "addresses": sorted({record["address"] for record in records}),
        "first": min(record["created"] for record in records),
        "last": max(record["created"] for record in records),
        "temporal": {name: verdict(facts.known(item, name), model) for name in account.fields},
    }
    return _found(item, state, 1, model, detail)


def _roles(records: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    """Return the roles in which each field was sent."""
    roles: dict[str, set[str]] = {}
    for record in records:
        roles.setdefault(record["field"], set()).add(record["role"])
    return {name: list[Json](sorted(found)) for name, found in sorted(roles.items())}


def _found(subject: str, said: str, n: int, model: Model, detail: Mapping[str, Json]) -> Found:
    parameters: dict[str, Json] = {
        "snapshot": model.snapshot,
        "pinned": model.pinned,
        "released": _last(model.released),
        "cutoff": _last(model.cutoff),
    }
    return Found(
        METHOD,
        subject,
        evidence(
            "fact",
            METHOD,
            VERSION,
            mode="records",
            parameters=parameters,
            n=n,
            verdict=said,
            detail=detail,
        ),
    )


def _last(day: Span | None) -> str | None:
    return None if day is None else day.last
