"""Small committed ledgers in which something repeats what could be withheld."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

from ledger.building import Plan, plan, publish_attempt
from reprollm.ledger.commit import commit
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.identity import result_id
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import publish

TIME = "2026-01-01T00:01:00.000Z"
LONG = "Dô gewuohs in Niderlanden eins edelen küneges kint"


def answered(ledger: Path, answers: str = "nichts") -> Plan:
    """Commit a plan of six requests and their answers; references are `und er sprach`."""
    made = plan(6)
    made.publish(ledger)
    commit(ledger)
    publish_attempt(ledger, made, 0, 6, answers=answers)
    commit(ledger)
    return made


def say(ledger: Path, kind: str, **fields: Any) -> None:
    """Commit one further record, whatever it says."""
    publish(ledger, f"{kind}-test", [Sealed(new(kind, **fields))])
    commit(ledger)


def imported(ledger: Path, samples: list[tuple[dict[str, bytes], dict[str, Any]]]) -> None:
    """Commit an import of samples: their texts, and what the other tool claims of each."""
    name = "ab" * 32
    head = new(
        "import",
        **{"import": name},
        tool="other",
        tool_version=None,
        format="other/1",
        file={"name": "log", "sha256": name, "size": 1},
        claims={},
        unsaid=[],
        samples=len(samples),
        created=TIME,
    )
    sealed = [Sealed(head)]
    for index, (texts, facts) in enumerate(samples):
        record = new(
            "imported",
            **{"import": name},
            index=index,
            **{
                "item": f"i{index}",
                "stratum": None,
                "sampling": "default",
                "seed": None,
                "repetition": 0,
                "model": "m",
                "finish": None,
                "claimed": {},
                **facts,
            },
        )
        values = {field: texts.get(field) for field in ("prompt", "reference", "output")}
        sealed.append(seal_record(record, values))
    publish(ledger, f"import-{name[:16]}", sealed)
    commit(ledger)


def generation(made: Plan, index: int, output: str, ids: list[int]) -> Sealed:
    """Return a further answer to a request of `made`, in an attempt that is not recorded."""
    request = made.requests[index]
    record = new(
        "generation",
        attempt="0" * 32,
        run=made.run,
        plan=made.plan,
        request=request,
        result=result_id(request, ids, "length"),
        finish="length",
        batch={"id": "b", "row": 0, "rows": 1, "policy": "strict"},
        finished=TIME,
    )
    values = {
        "output": output.encode(),
        "output_ids": ids_to_bytes(ids),
        "logprobs": array("f", [-0.5] * len(ids)).tobytes(),
        "margins": array("f", [0.5] * len(ids)).tobytes(),
    }
    return seal_record(record, values)
