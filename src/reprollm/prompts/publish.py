"""Commit, then run: a plan enters the ledger before its first token is generated.

The plan's shard holds the plan record, the snapshot record, and one record a request whose texts
are salted commitments. The salts are random, so a plan is published once: where the shard of the
same plan stands already, it is kept, and so are its root and its time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filelock import FileLock

from reprollm.canon import dumps, loads_object
from reprollm.errors import Busy, LeafMismatch, StorageFailed
from reprollm.exposure import carried
from reprollm.prompts.described import expect_items, publish_items
from reprollm.prompts.plan import Plan
from reprollm.prompts.requests import Planned
from reprollm.prompts.stored import StoredPlan, read_plan
from reprollm.prompts.table import to_table, write_table
from reprollm.records import kinds, merkle
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.sealed import Sealed, seal_record
from reprollm.records.shard import ShardReference, make_folder, publish, read_lines, write_once
from reprollm.records.time import utc_now
from reprollm.snapshot.lock import Lock

_WAIT_SECONDS = 600


def publish_plan(plan: Plan, lock: Lock, ledger: Path) -> StoredPlan:
    """Publish a plan's shard and files in `ledger`; do nothing that was done before.

    Raises:
        StorageFailed: the file system refused; what was whole before is whole still.
        Busy: another process has been publishing a plan there for ten minutes.
    """
    folder = ledger / "plans" / plan.plan
    table = to_table(plan.rows)
    try:
        make_folder(folder)
        with FileLock(folder.parent / ".lock", timeout=_WAIT_SECONDS):
            write_table(table, folder / "requests.parquet")
            if plan.carried is not None:
                write_once(folder / carried.FILE, plan.carried.to_bytes())
            return _stored(plan, lock, ledger, folder)
    except TimeoutError:
        raise Busy(
            f"expected to be alone in publishing a plan in {ledger}, found another process at "
            f"it for {_WAIT_SECONDS} seconds; wait for it, or end it"
        ) from None
    except OSError as error:
        raise StorageFailed(
            f"could not write the plan below {ledger}: {error.strerror}; make room or allow "
            "writing and start again"
        ) from error


def _stored(plan: Plan, lock: Lock, ledger: Path, folder: Path) -> StoredPlan:
    if (folder / "plan.json").exists():
        stored = read_plan(folder)
        if plan.described is not None:
            expect_items(ledger, plan.plan)
        if not stored.shard.path(ledger).is_file():
            raise LeafMismatch(
                f"expected the plan's shard {stored.shard.path(ledger)}, found none; it was "
                "removed, restore it from a copy or begin a new ledger"
            )
        return stored
    _publish_derivation(lock, ledger)
    head, shard = published(ledger, plan.plan) or _publish(plan, lock, ledger)
    if plan.described is not None:
        publish_items(plan.described, plan.plan, ledger)
    stored = StoredPlan(
        folder=folder,
        plan=plan.plan,
        experiment=plan.experiment,
        core=plan.core,
        requests=len(plan.rows),
        requests_root=head["requests_root"],
        slices=plan.slices,
        shard=shard,
        created=head["created"],
    )
    write_once(folder / "plan.json", dumps(stored.to_json()))
    return stored


def _publish_derivation(lock: Lock, ledger: Path) -> None:
    """Publish how the weights were made from others, once a snapshot, where the lock says it."""
    group = f"derivation-{lock.snapshot[:16]}"
    if lock.derivation is None or any((ledger / "shards" / group).glob("*.jsonl")):
        return
    made = lock.derivation.to_record()
    record = kinds.new(
        "derivation", snapshot=lock.snapshot, weights=lock.weights, **made, created=utc_now()
    )
    publish(ledger, group, [Sealed(record)])


def published(ledger: Path, plan: str) -> tuple[dict[str, Any], ShardReference] | None:
    """Return the plan record and the shard of a plan that `ledger` holds already, or None."""
    group = f"plan-{plan[:16]}"
    for path in sorted((ledger / "shards" / group).glob("*.jsonl")):
        head = loads_object(next(read_lines(path), b""))
        if head.get("kind") == "plan" and head.get("plan") == plan:
            return head, ShardReference(group, path.stem, head["requests"] + 2)
    return None


def _publish(plan: Plan, lock: Lock, ledger: Path) -> tuple[dict[str, Any], ShardReference]:
    requests = [_request(plan, row) for row in plan.rows]
    leaves = (merkle.leaf_hash(dumps(sealed.record)) for sealed in requests)
    head = kinds.new(
        "plan",
        plan=plan.plan,
        experiment=plan.experiment,
        core=plan.core,
        requests=len(requests),
        requests_root=merkle.root(leaves).hex(),
        created=utc_now(),
    )
    records = [Sealed(head), Sealed(kinds.new("snapshot", **lock.to_record())), *requests]
    return head, publish(ledger, f"plan-{plan.plan[:16]}", records)


def _request(plan: Plan, row: Planned) -> Sealed:
    prompt, core = row.prompt, plan.core
    record = kinds.new(
        "request",
        plan=plan.plan,
        index=row.index,
        request=row.asked.request,
        item=prompt.item,
        stratum=prompt.stratum,
        sampling=row.sampling,
        settings=row.asked.settings.to_json(),
        seed=row.asked.seed,
        repetition=row.repetition,
        snapshot=core["snapshot"],
        tokenizer=core["tokenizer"],
        engine=plan.engine.family,
        dtype=plan.engine.numerics,
        few_shot=list(prompt.few_shot),
    )
    values = {
        "prompt": prompt.text.encode(),
        "prompt_ids": ids_to_bytes(prompt.ids),
        "source": None if prompt.source is None else prompt.source.encode(),
        "reference": None if prompt.reference is None else prompt.reference.encode(),
    }
    return seal_record(record, values)
