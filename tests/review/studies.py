"""Small committed ledgers with chosen items, answers and declarations, made of real records.

What a study says is written as an engine would write it, and then committed, scored and concluded
by the package itself, so that the stand-alone verifier can be held against it.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.building import ENVIRONMENT, FACTS, SETTINGS, TIME, fake
from reprollm.canon import digest, dumps
from reprollm.conclusions.stage import conclude
from reprollm.ledger.commit import commit
from reprollm.ledger.segments import read_checkpoints
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.identity import plan_id, request_id, result_id, run_id
from reprollm.records.kinds import new
from reprollm.records.merkle import leaf_hash, root
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import publish
from reprollm.scores.stage import score


@dataclass(frozen=True)
class Item:
    """One item of a study; `labels` are those of annotators."""

    reference: str | None
    source: str | None = None
    stratum: str | None = None
    document: str | None = None
    split: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """An experiment with its answers.

    Attributes:
        items: what is asked about.
        cells: by model (None for a single one) and cell, by (seed, repetition), the outputs in the
            order of the items; one that ends in `…` ran out of tokens.
        core: further sections of the plan's core.
    """

    items: Sequence[Item]
    cells: Mapping[str | None, Mapping[str, Mapping[tuple[str, int], Sequence[str]]]]
    core: Mapping[str, Any] = field(default_factory=dict)

    @property
    def listed(self) -> bool:
        """Whether there are item records."""
        return any(item.document or item.split or item.labels for item in self.items)


def name_of(place: int) -> str:
    return f"item-{place:03d}"


def planned(ledger: Path, study: Study) -> list[tuple[str | None, str]]:
    """Commit a study's plans; return model and plan of each."""
    ledger.mkdir(parents=True, exist_ok=True)
    plans = [_publish_plan(ledger, study, model) for model in study.cells]
    commit(ledger)
    return plans


def answered(ledger: Path, study: Study, again: bool = False) -> list[str]:
    """Commit a study's plans and one run of each; return the runs.

    With `again` every run has a second attempt that answers all once more, and every plan an
    earlier run whose answers have a `!` behind them.
    """
    plans = planned(ledger, study)
    if again:
        for number, plan in enumerate(plans):
            answer(ledger, study, *plan, second=1 + number, nonce="earlier", more="!")
    runs = [answer(ledger, study, *plan, second=10 + n) for n, plan in enumerate(plans)]
    if again:
        for number, plan in enumerate(plans):
            answer(ledger, study, *plan, second=20 + number, name="b")
    return runs


def answer(
    ledger: Path, study: Study, model: str | None, plan: str, *, second: int, name: str = "a",
    nonce: str = "nonce", more: str = "",
) -> str:  # fmt: skip
    """Commit an attempt at a whole plan, whose outputs are followed by `more`; return its run."""
    run = run_id(plan, fake("code"), nonce)
    sealed = list(_attempt(ledger, study, model, (plan, run), second, name, more))
    publish(ledger, f"run-{run[:16]}/{name}", sealed)
    commit(ledger)
    return run


def scored(ledger: Path, study: Study, again: bool = False) -> list[str]:
    """Commit a study with its scores; return its runs."""
    runs = answered(ledger, study, again)
    for run in runs:
        score(ledger, run)
    commit(ledger)
    return runs


def concluded(ledger: Path, study: Study, again: bool = False) -> list[str]:
    """Commit a study with its scores and conclusions; return its runs."""
    runs = scored(ledger, study, again)
    conclude(ledger)
    commit(ledger)
    return runs


def _publish_plan(ledger: Path, study: Study, model: str | None) -> tuple[str | None, str]:
    asked = list(_asked(study, model))
    core: dict[str, Any] = {"experiment_sha256": fake("study"), "scores": ["exact_match"]}
    core |= dict(study.core)
    core |= {} if model is None else {"model": model}
    if study.listed:
        lines = (dumps(_place(item, n)) for n, item in enumerate(study.items))
        sha256 = digest("reprollm/items/v1", *lines)
        core["items"] = {"records": len(study.items), "sha256": sha256}
    plan = plan_id(core, [record["request"] for record, _ in asked])
    sealed = [seal_record(new("request", plan=plan, **record), values) for record, values in asked]
    head = new(
        "plan", plan=plan, experiment="study", core=core, requests=len(sealed),
        requests_root=root(leaf_hash(dumps(item.record)) for item in sealed).hex(),
        created=TIME.format(0),
    )  # fmt: skip
    snapshot = new(
        "snapshot", snapshot=_snapshot(model), weights=fake(str(model)), name=str(model),
        files=_files(model), facts={},
    )  # fmt: skip
    publish(ledger, f"plan-{plan[:16]}", (Sealed(head), *sealed, Sealed(snapshot)))
    if study.listed:
        publish(ledger, f"items-{plan[:16]}", list(_item_records(study, plan)))
    return model, plan


def _place(item: Item, number: int) -> dict[str, Any]:
    return {"document": item.document, "item": name_of(number), "split": item.split}


def _item_records(study: Study, plan: str) -> Iterator[Sealed]:
    for number, item in enumerate(study.items):
        labels = dumps(dict(item.labels)) if item.labels else None
        record = new("item", plan=plan, **_place(item, number))
        yield seal_record(record, {"annotations": labels})


def _files(model: str | None) -> list[dict[str, Any]]:
    return [{"path": str(model), "sha256": fake(str(model)), "size": 1}]


def _snapshot(model: str | None) -> str:
    return digest("reprollm/snapshot/v1", dumps({"files": _files(model)}))


def _asked(study: Study, model: str | None) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    index = 0
    for number, item in enumerate(study.items):
        for cell, passes in study.cells[model].items():
            for seed, repetition in passes:
                yield _request(item, number, model, cell, (seed, repetition), index)
                index += 1


def _request(
    item: Item, number: int, model: str | None, cell: str, asked: tuple[str, int], index: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    prompt_ids = [1, *hashlib.sha256(f"{cell} {number}".encode()).digest()[:6]]
    record: dict[str, Any] = {
        "snapshot": _snapshot(model),
        "tokenizer": fake("tokenizer"),
        "settings": {**SETTINGS, "temperature": "0" if cell.endswith("greedy") else "0.8"},
        "seed": asked[0],
        "repetition": asked[1],
        "engine": "transformers",
        "dtype": "float32",
    }
    record["request"] = request_id(**record, prompt_ids=prompt_ids)
    record |= {"index": index, "item": name_of(number), "stratum": item.stratum}
    record |= {"sampling": cell, "few_shot": []}
    values = {
        "prompt": f"{cell}: {number}".encode(),
        "prompt_ids": ids_to_bytes(prompt_ids),
        "source": None if item.source is None else item.source.encode(),
        "reference": None if item.reference is None else item.reference.encode(),
    }
    return record, values


def _attempt(
    ledger: Path, study: Study, model: str | None, of: tuple[str, str], second: int, name: str,
    more: str,
) -> Iterator[Sealed]:  # fmt: skip
    plan, run = of
    asked = list(_asked(study, model))
    attempt = digest("test/attempt", run.encode(), name.encode())[:32]
    common = {"attempt": attempt, "run": run, "plan": plan}
    seen = read_checkpoints(ledger)[-1]
    yield Sealed(new("environment", environment=ENVIRONMENT, facts=FACTS))
    yield Sealed(new(
        "start", **common, first=0, last=len(asked), requests=len(asked), environment=ENVIRONMENT,
        snapshot=_snapshot(model), snapshot_check="full",
        checkpoint={"size": seen.size, "root": seen.root.hex()},
        engine={"family": "transformers"}, code=fake("code"), host="node1", pid=1, job=None,
        started=TIME.format(second),
    ))  # fmt: skip
    for record, _ in asked:
        outputs = study.cells[model][record["sampling"]][record["seed"], record["repetition"]]
        text = outputs[int(record["item"].rpartition("-")[2])] + more
        yield _generation(common, record["request"], text, second)
    yield Sealed(new(
        "end", **common, how="complete", generations=len(asked), failures=0, closed_by=attempt,
        ended=TIME.format(second + 2),
    ))  # fmt: skip


def _generation(common: dict[str, str], request: str, text: str, second: int) -> Sealed:
    ids, finish = list(text.encode()), "length" if text.endswith("…") else "stop"
    record = new(
        "generation", **common, request=request, result=result_id(request, ids, finish),
        finish=finish, batch={"id": "b", "row": 0, "rows": 1, "policy": "strict"},
        finished=TIME.format(second + 1),
    )  # fmt: skip
    values = {
        "output": text.encode(),
        "output_ids": ids_to_bytes(ids),
        "logprobs": array("f", [-0.5] * len(ids)).tobytes(),
        "margins": array("f", [0.25] * len(ids)).tobytes(),
    }
    return seal_record(record, values)
