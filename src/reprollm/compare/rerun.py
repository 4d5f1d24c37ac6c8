"""Asking a recorded plan again: the same requests, the same weights, a ledger of its own.

The plan's shard is taken over byte for byte, so that both ledgers hold the same plan record and the
same request records; runs, answers and log are new. The weights are found by their hash. No data
file, template or Snakemake is needed: a request's token ids stand in the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reprollm.engines.attempt import Advance, answer_slice
from reprollm.engines.opening import open_checked
from reprollm.engines.slices import Slice
from reprollm.environment import code_digest
from reprollm.errors import InvalidInput, SnapshotNotFound
from reprollm.exposure.carried import FILE as CARRIED
from reprollm.ledger.commit import commit
from reprollm.ledger.read import run_of_model
from reprollm.ledger.segments import covering
from reprollm.ledger.verify import verify
from reprollm.prompts.described import published_items
from reprollm.prompts.requests import slice_bounds
from reprollm.prompts.runs import open_run
from reprollm.prompts.stored import StoredPlan, read_plan
from reprollm.records.shard import write_once
from reprollm.snapshot.lock import load_lock
from reprollm.snapshot.model import Model, load_model


def rerun(
    source: Path,
    target: Path,
    lock_file: Path | None = None,
    advance: Advance = lambda requests, tokens: None,
    model: str | None = None,
) -> None:
    """Ask the plan of the run that `source` stands for again, into `target`.

    Cut short at any point, the same call goes on where it ended.

    Args:
        source: a ledger with a run.
        target: the folder of the new ledger, empty, or begun by an earlier rerun of `source`.
        lock_file: the lock of the plan's snapshot, of the base where adapters are applied; None to
            look for it beside `source`. Locks of adapters are looked for in its folder too.
        advance: told of each finished batch: answers, tokens.
        model: which of several models' runs, by its name.

    Raises:
        VerificationFailed: `source` is not what it claims to be.
        SnapshotNotFound, SnapshotChanged: the weights are not on this machine.
    """
    verify(source, allow_incomplete=True).require()
    plan = adopt(source, target, model)
    asked = model_of(source, plan.core, lock_file)
    commit(target)
    for number in range(1, plan.slices + 1):
        work = _slice(target, plan, number)
        answer_slice(work, partial(open_checked, asked, plan.engine, run=work.run), advance)
    commit(target)


def current_plan(ledger: Path, model: str | None = None) -> StoredPlan:
    """Return the plan of the run that a ledger stands for, of several that of a model."""
    return read_plan(ledger / "plans" / run_of_model(ledger, model).plan)


def model_of(ledger: Path, core: Mapping[str, Any], lock_file: Path | None) -> Model:
    """Return the model that a plan in `ledger` asks, from the locks of its parts.

    Args:
        ledger: a ledger folder.
        core: what the plan was made from.
        lock_file: the lock of the snapshot, of the base where there are adapters; None to look for
            it beside the ledger. Locks of adapters are looked for in its folder too.

    Raises:
        SnapshotNotFound: a lock is missing, or is of another snapshot.
    """
    parts = core.get("parts") or [{"snapshot": core["snapshot"], "scale": "1"}]
    base, *adapters = parts
    file = lock_file or lock_beside(ledger, base["snapshot"])
    applied = [
        (lock_beside(ledger, part["snapshot"], file.parent), part["scale"]) for part in adapters
    ]
    model = load_model(file, applied)
    if model.lock.snapshot != core["snapshot"]:
        raise SnapshotNotFound(
            f"expected the lock of snapshot {base['snapshot'][:16]} in {file}, found that of "
            f"{model.base.lock.snapshot[:16]}; name the right one with --lock"
        )
    return model


def lock_beside(ledger: Path, snapshot: str, first: Path | None = None) -> Path:
    """Return the lock of `snapshot` in the experiment folder or bundle in which a ledger lies.

    Args:
        ledger: a ledger folder.
        snapshot: the snapshot's id, hex.
        first: a folder to look into before.

    Raises:
        SnapshotNotFound: there is none; it must be named.
    """
    beside = ledger.resolve().parent
    folders = [beside / "models", beside / "experiment" / "models"]
    folders = folders if first is None else [first, *folders]
    for path in (path for folder in folders for path in sorted(folder.glob("*.lock.json"))):
        if load_lock(path).snapshot == snapshot:
            return path
    raise SnapshotNotFound(
        f"expected the lock of snapshot {snapshot[:16]} in {' or '.join(map(str, folders))}, "
        "found none; name it with --lock"
    )


def adopt(source: Path, target: Path, model: str | None = None) -> StoredPlan:
    """Take the plan of the run that `source` stands for over into `target`, byte for byte.

    Raises:
        InvalidInput: `target` holds another plan.
    """
    plan = current_plan(source, model)
    others = [path.name for path in (target / "plans").glob("*") if path.name != plan.plan]
    if others:
        raise InvalidInput(
            f"expected {target} to be empty or to hold plan {plan.plan[:16]} alone, found plan "
            f"{others[0][:16]}; name another folder with --output"
        )
    items = published_items(source, plan.plan)
    for shard in (plan.shard, *([items] if items else [])):
        for path in (shard.openings_path(source), shard.path(source)):
            if shard == plan.shard or path.is_file():
                write_once(target / path.relative_to(source), path.read_bytes())
    for name in ("requests.parquet", "plan.json"):
        content = (plan.folder / name).read_bytes()
        write_once(target / "plans" / plan.plan / name, content)
    if (listed := plan.folder / CARRIED).is_file():
        write_once(target / "plans" / plan.plan / CARRIED, listed.read_bytes())
    return read_plan(target / "plans" / plan.plan)


def _slice(target: Path, plan: StoredPlan, number: int) -> Slice:
    code = code_digest("generate")
    first, last = slice_bounds(plan.requests, plan.slices, number)
    run = open_run(target, plan.plan, code)
    checkpoint = covering(target, plan.shard)
    return Slice(target, plan, run, code, checkpoint, first, last, target / "journals")
