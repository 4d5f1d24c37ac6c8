"""Small ledgers with chosen answers, from plan to conclusions, made of real records.

A `Study` says which arm answers what; it is written as an engine would write it and then committed,
scored and concluded by the package itself.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.building import ENVIRONMENT, FACTS, SETTINGS, TIME, fake
from reprollm.canon import digest, dumps
from reprollm.conclusions.stage import Concluded, conclude
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import read_checkpoints
from reprollm.prompts.described import Described, described_sha256, publish_items
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.identity import plan_id, request_id, result_id, run_id
from reprollm.records.kinds import new
from reprollm.records.merkle import leaf_hash, root
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import publish, read_records
from reprollm.scores.stage import score

# What an arm answers: by (seed, repetition), the outputs in the order of the items.
Outputs = Mapping[tuple[str, int], Sequence[str]]
Change = Callable[[list[dict[str, Any]]], Sequence[dict[str, Any]]]


@dataclass(frozen=True)
class Study:
    """An experiment with its answers.

    Attributes:
        cells: by model (None for a single one) and cell, what is answered.
        references: the right answers, in the order of the items.
        core: further sections of the plan's core.
        documents: the items' documents, in their order; empty without any.
        splits: likewise their splits.
        strata: likewise their strata.
        annotations: by annotator, the labels in the order of the items.
    """

    cells: Mapping[str | None, Mapping[str, Outputs]]
    references: Sequence[str]
    core: Mapping[str, Any] = field(default_factory=dict)
    documents: Sequence[str | None] = ()
    splits: Sequence[str | None] = ()
    strata: Sequence[str | None] = ()
    annotations: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def items(self) -> list[str]:
        return [f"item-{number:03d}" for number in range(len(self.references))]


def answered(ledger: Path, study: Study) -> list[str]:
    """Commit a study's plans and answers; return its runs in the order of its models."""
    ledger.mkdir(parents=True, exist_ok=True)
    plans = []
    for model in study.cells:
        plans.append(_publish_plan(ledger, study, model))
        commit(ledger)
    return [answer_again(ledger, study, plan, second=place + 1) for place, plan in enumerate(plans)]


def answer_again(
    ledger: Path,
    study: Study,
    plan: tuple[str | None, str],
    *,
    second: int,
    name: str = "a",
    change: Callable[[str], str] = lambda output: output,
    nonce: str = "nonce",
) -> str:
    """Commit one attempt that answers a whole plan, and return its run."""
    model, identity = plan
    run = run_id(identity, fake("code"), nonce)
    sealed = _attempt(ledger, study, model, identity, run, second, name, change)
    publish(ledger, f"run-{run[:16]}/{name}", sealed)
    commit(ledger)
    return run


def scored(ledger: Path, study: Study) -> list[str]:
    """Commit a study with its scores; return its runs."""
    runs = answered(ledger, study)
    for run in runs:
        score(ledger, run)
    commit(ledger)
    return runs


def concluded(ledger: Path, study: Study) -> Concluded:
    """Commit a study with its scores and conclusions; return these."""
    scored(ledger, study)
    done = conclude(ledger)
    commit(ledger)
    return done


def falsely_concluded(ledger: Path, change: Change) -> None:
    """Commit conclusions of a scored ledger that an author changed before they were published."""
    done = conclude(ledger)
    assert done.shard is not None
    true = list(read_records(done.shard.path(ledger)))
    done.shard.path(ledger).unlink()
    records = [
        new(record["kind"], **{k: v for k, v in record.items() if k not in ("schema", "kind")})
        for record in change(true)
    ]
    publish(ledger, done.shard.group, [Sealed(record) for record in records])
    commit(ledger)


def _publish_plan(ledger: Path, study: Study, model: str | None) -> tuple[str | None, str]:
    asked = list(_asked(study, model))
    core: dict[str, Any] = {"experiment_sha256": fake("study"), "scores": ["exact_match"]}
    core |= dict(study.core)
    core |= {"snapshot": _snapshot_of(model), "tokenizer": fake("tokenizer")}
    core |= {} if model is None else {"model": model}
    described = _described(study)
    if described:
        core["items"] = {"records": len(described), "sha256": described_sha256(described)}
    identity = plan_id(core, [record["request"] for record, _ in asked])
    sealed = [
        seal_record(new("request", plan=identity, **record), values) for record, values in asked
    ]
    head = new(
        "plan",
        plan=identity,
        experiment="study",
        core=core,
        requests=len(sealed),
        requests_root=root(leaf_hash(dumps(item.record)) for item in sealed).hex(),
        created=TIME.format(0),
    )
    publish(ledger, f"plan-{identity[:16]}", (Sealed(head), *sealed, Sealed(_snapshot(model))))
    if described:
        publish_items(described, identity, ledger)
    return model, identity


def _snapshot(model: str | None) -> dict[str, Any]:
    return new(
        "snapshot",
        snapshot=_snapshot_of(model),
        weights=fake(str(model)),
        name=str(model),
        files=[{"path": str(model), "sha256": fake(str(model)), "size": 1}],
        facts={"quantization": {"scheme": f"of {model}"}},
    )


def _snapshot_of(model: str | None) -> str:
    files = [{"path": str(model), "sha256": fake(str(model)), "size": 1}]
    return digest("reprollm/snapshot/v1", dumps({"files": files}))


def _described(study: Study) -> list[Described]:
    if not (study.documents or study.splits or study.annotations):
        return []
    return [
        Described(
            item,
            study.documents[place] if study.documents else None,
            study.splits[place] if study.splits else None,
            {name: said[place] for name, said in study.annotations.items() if said[place]},
        )
        for place, item in enumerate(study.items)
    ]


def _asked(study: Study, model: str | None) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = []
    for place, item in enumerate(study.items):
        for cell, outputs in study.cells[model].items():
            for seed, repetition in outputs:
                found.append(
                    _request(study, model, len(found), place, item, cell, seed, repetition)
                )
    return found


def _request(
    study: Study, model: str | None, index: int, place: int, item: str, cell: str, seed: str,
    repetition: int,
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    greedy = cell.endswith("greedy")
    prompt_ids = [1, *hashlib.sha256(f"{cell} {item}".encode()).digest()[:6]]
    record: dict[str, Any] = {
        "snapshot": _snapshot_of(model),
        "tokenizer": fake("tokenizer"),
        "settings": {**SETTINGS, "temperature": "0" if greedy else "0.8"},
        "seed": seed,
        "repetition": repetition,
        "engine": "transformers",
        "dtype": "float32",
    }
    identity = request_id(**record, prompt_ids=prompt_ids)
    record |= {
        "request": identity,
        "index": index,
        "item": item,
        "stratum": study.strata[place] if study.strata else None,
        "sampling": cell,
        "few_shot": [],
    }
    values = {
        "prompt": f"{cell}: {item}".encode(),
        "prompt_ids": ids_to_bytes(prompt_ids),
        "source": study.references[place].encode(),
        "reference": study.references[place].encode(),
    }
    return record, values


def _attempt(
    ledger: Path, study: Study, model: str | None, plan: str, run: str, second: int, name: str,
    change: Callable[[str], str],
) -> list[Sealed]:  # fmt: skip
    asked = _asked(study, model)
    identity = digest("test/attempt", run.encode(), name.encode())[:32]
    common = {"attempt": identity, "run": run, "plan": plan}
    checkpoint = read_checkpoints(ledger)[-1]
    start = new(
        "start", **common, first=0, last=len(asked), requests=len(asked), environment=ENVIRONMENT,
        snapshot=_snapshot_of(model), snapshot_check="full",
        checkpoint={"size": checkpoint.size, "root": checkpoint.root.hex()},
        engine={"family": "transformers"}, code=fake("code"), host="node1", pid=1, job=None,
        started=TIME.format(second),
    )  # fmt: skip
    sealed = [Sealed(new("environment", environment=ENVIRONMENT, facts=FACTS)), Sealed(start)]
    for record, _ in asked:
        place = study.items.index(record["item"])
        outputs = study.cells[model][record["sampling"]]
        text = change(outputs[record["seed"], record["repetition"]][place])
        sealed.append(_generation(common, record["request"], text, second))
    end = new(
        "end", **common, how="complete", generations=len(asked), failures=0, closed_by=identity,
        ended=TIME.format(second + 2),
    )  # fmt: skip
    return [*sealed, Sealed(end)]


def _generation(common: dict[str, str], request: str, text: str, second: int) -> Sealed:
    ids = list(text.encode())
    record = new(
        "generation",
        **common,
        request=request,
        result=result_id(request, ids, "stop"),
        finish="stop",
        batch={"id": "b", "row": 0, "rows": 1, "policy": "strict"},
        finished=TIME.format(second + 1),
    )
    values = {
        "output": text.encode(),
        "output_ids": ids_to_bytes(ids),
        "logprobs": array("f", [-0.5] * len(ids)).tobytes(),
        "margins": array("f", [0.25] * len(ids)).tobytes(),
    }
    return seal_record(record, values)
