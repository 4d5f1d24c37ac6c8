"""`provenance/prov.jsonld`: how the results came to be, in the words of W3C PROV (PROV-O, JSON-LD).

Entities are the experiment, plans, snapshots, environments, the requests of a plan and the answers
of an attempt in bulk, scores, the log and the bundle; activities are planning, attempts, imports,
scoring and publication; agents are the software and the keys that signed. Times are those of the
records. The context stands in the file, so that it is read without a network; every reference in
it is described in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from reprollm import __version__
from reprollm.ledger.read import Attempt, Plan
from reprollm.publish.account import Account
from reprollm.records.checkpoint import Checkpoint

PATH = "provenance/prov.jsonld"
_PROV = "http://www.w3.org/ns/prov#"
_REFERENCES = (
    "used", "wasGeneratedBy", "wasDerivedFrom", "wasAssociatedWith", "wasAttributedTo",
    "wasInformedBy", "hadMember", "specializationOf",
)  # fmt: skip
_TIMES = ("startedAtTime", "endedAtTime", "generatedAtTime")
_CONTEXT: dict[str, Any] = {
    "prov": _PROV,
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "label": "rdfs:label",
    "value": "prov:value",
    **{name: {"@id": f"prov:{name}", "@type": "@id"} for name in _REFERENCES},
    **{name: {"@id": f"prov:{name}", "@type": "xsd:dateTime"} for name in _TIMES},
}
_SOFTWARE = "#reprollm"


def provenance(
    account: Account, title: str, signers: Mapping[int, list[str]], withheld: Iterable[str]
) -> bytes:
    """Return the provenance of a bundle.

    Args:
        account: what the ledger says.
        title: the experiment's title.
        signers: file names of the keys that signed each checkpoint, by its size.
        withheld: the fields that are withheld.
    """
    graph = [*_agents(signers), *_plans(account, title), *_attempts(account)]
    graph += [*_imports(account), *_scores(account), *_log(account, signers, tuple(withheld))]
    document = {"@context": _CONTEXT, "@graph": graph}
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)
    return text.encode() + b"\n"


def _node(identity: str, kind: str | list[str], label: str, **facts: Any) -> dict[str, Any]:
    kinds = [kind] if isinstance(kind, str) else kind
    known = {name: value for name, value in facts.items() if value not in (None, [], "")}
    return {"@id": identity, "@type": [f"prov:{name}" for name in kinds], "label": label, **known}


def _agents(signers: Mapping[int, list[str]]) -> Iterator[dict[str, Any]]:
    yield _node(_SOFTWARE, "SoftwareAgent", f"reprollm {__version__}")
    for key in sorted({key for keys in signers.values() for key in keys}):
        yield _node(_key(key), "Agent", f"whoever holds the key ledger/keys/{key}")


def _plans(account: Account, title: str) -> Iterator[dict[str, Any]]:
    before = {record["plan"]: record["before"] for record in account.deviations}
    known = {snapshot["snapshot"] for snapshot in account.snapshots}
    for snapshot in account.snapshots:
        identity = snapshot["snapshot"]
        label = f"model {snapshot['name']}, snapshot {identity}"
        yield _node(_snapshot(identity), "Entity", label, value=snapshot["weights"])
    for plan in account.plans:
        model = plan.core.get("snapshot")
        used = [_snapshot(str(model))] if model in known else []
        yield from _plan(plan, title, before.get(plan.plan), used)


def _plan(
    plan: Plan, title: str, before: str | None, snapshots: list[str]
) -> Iterator[dict[str, Any]]:
    name = plan.plan[:16]
    source = f"#experiment-{name}"
    yield _node(
        source,
        "Entity",
        f"experiment {plan.experiment}: {plan.core.get('title') or title}",
        value=plan.core.get("experiment_sha256"),
    )
    yield _node(
        f"#planning-{name}",
        "Activity",
        f"planning of {plan.requests} requests",
        used=[source, *snapshots],
        wasAssociatedWith=_SOFTWARE,
    )
    yield _node(
        f"#plan-{name}",
        ["Entity", "Plan"],
        f"plan {plan.plan}",
        wasGeneratedBy=f"#planning-{name}",
        wasDerivedFrom=[source, *([f"#plan-{before[:16]}"] if before else [])],
    )
    yield _node(
        f"#requests-{name}",
        ["Entity", "Collection"],
        f"{plan.requests} requests",
        value=plan.requests_root,
        wasGeneratedBy=f"#planning-{name}",
        specializationOf=f"#plan-{name}",
    )


def _attempts(account: Account) -> Iterator[dict[str, Any]]:
    known = {item.environment for item in account.environments}
    planned = {plan.plan for plan in account.plans}
    for environment in sorted(known):
        yield _node(_environment(environment), "Entity", f"environment {environment}")
    for run in account.runs:
        members = [
            f"#answers-{item.attempt}"
            for item in account.attempts
            if item.run == run.run and item.generations
        ]
        label = f"answers of run {run.run}: {run.answered} of {run.planned}"
        kinds = ["Entity", "Collection"]
        yield _node(_answers(run.run), kinds, label, hadMember=members)
    for attempt in account.attempts:
        yield from _attempt(attempt, planned, known)


def _attempt(
    attempt: Attempt, planned: set[str], environments: set[str]
) -> Iterator[dict[str, Any]]:
    identity = f"#attempt-{attempt.attempt}"
    used = [f"#requests-{attempt.plan[:16]}"] if attempt.plan in planned else []
    if attempt.environment in environments:
        used.append(_environment(attempt.environment))
    span = f"requests {attempt.first} to {attempt.last - 1}"
    yield _node(
        identity,
        "Activity",
        f"attempt {attempt.attempt} at {span}: {attempt.how}",
        startedAtTime=attempt.started,
        endedAtTime=attempt.ended,
        used=used,
        wasAssociatedWith=_SOFTWARE,
    )
    if attempt.generations:
        yield _node(
            f"#answers-{attempt.attempt}",
            ["Entity", "Collection"],
            f"{attempt.generations} answers",
            wasGeneratedBy=identity,
        )


def _imports(account: Account) -> Iterator[dict[str, Any]]:
    for record in account.imports:
        name = record["import"][:16]
        file, activity = f"#imported-file-{name}", f"#importing-{name}"
        label = f"log of {record['tool']}: {record['file']['name']} (unattested)"
        yield _node(file, "Entity", label, value=record["file"]["sha256"])
        yield _node(
            activity,
            "Activity",
            f"import of {record['samples']} samples",
            endedAtTime=record["created"],
            used=file,
            wasAssociatedWith=_SOFTWARE,
        )
        yield _node(
            _answers(record["import"]),
            ["Entity", "Collection"],
            f"{record['samples']} imported samples",
            wasGeneratedBy=activity,
            wasDerivedFrom=file,
        )


def _scores(account: Account) -> Iterator[dict[str, Any]]:
    told = {run.run for run in account.runs} | {record["import"] for record in account.imports}
    for run, scored in groupby(sorted(account.scored), key=lambda pair: pair[0]):
        names = ", ".join(name for _, name in scored)
        source = [_answers(run)] if run in told else []
        activity = f"#scoring-{run[:16]}"
        yield _node(
            activity,
            "Activity",
            f"scoring: {names}",
            used=source,
            wasAssociatedWith=_SOFTWARE,
        )
        yield _node(
            f"#scores-{run[:16]}",
            ["Entity", "Collection"],
            f"scores: {names}",
            wasGeneratedBy=activity,
            wasDerivedFrom=source,
        )


def _log(
    account: Account, signers: Mapping[int, list[str]], withheld: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    last = account.checkpoint
    parts = [
        *(f"#requests-{plan.plan[:16]}" for plan in account.plans),
        *(_answers(run.run) for run in account.runs),
        *(_answers(record["import"]) for record in account.imports),
        *dict.fromkeys(f"#scores-{run[:16]}" for run, _ in account.scored),
    ]
    yield _checkpoint(last, account, signers.get(last.size, []), parts)
    yield _node(
        "#publication",
        "Activity",
        "publication of the bundle" + (f", without {', '.join(withheld)}" if withheld else ""),
        used="#log",
        wasAssociatedWith=_SOFTWARE,
    )
    yield _node(
        "#bundle",
        ["Entity", "Bundle"],
        "this bundle",
        wasGeneratedBy="#publication",
        wasDerivedFrom="#log",
    )


def _checkpoint(
    last: Checkpoint, account: Account, keys: list[str], parts: list[str]
) -> dict[str, Any]:
    return _node(
        "#log",
        ["Entity", "Collection"],
        f"log {last.origin}, {last.size} records",
        value=account.root,
        generatedAtTime=account.ended,
        hadMember=parts,
        wasAttributedTo=[_key(key) for key in keys],
    )


def _key(key: str) -> str:
    return f"#key-{key.partition('.')[0]}"


def _snapshot(identity: str) -> str:
    return f"#snapshot-{identity[:16]}"


def _environment(identity: str) -> str:
    return f"#environment-{identity[:16]}"


def _answers(run: str) -> str:
    return f"#answers-of-{run[:16]}"
