"""Publication: the plan is in the ledger, whole and once, before anything is asked."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from experiment_files import change, write_experiment
from model_parts import alone, at
from reprollm.canon import dumps, loads_object
from reprollm.errors import ExperimentInvalid, InvalidInput, LeafMismatch, StorageFailed
from reprollm.experiment.load import load
from reprollm.prompts.plan import Plan, make_plan, read_sources
from reprollm.prompts.publish import publish_plan
from reprollm.prompts.runs import answered, find_run, open_run
from reprollm.prompts.stored import StoredPlan, find_plan, read_plan
from reprollm.prompts.table import ARROW_SCHEMA, read_table, to_table, write_table
from reprollm.records import kinds, merkle
from reprollm.records.arrays import ids_to_bytes
from reprollm.records.commitment import check_opening
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish, read_lines, read_openings
from reprollm.snapshot.lock import Lock, load_lock

CODE = "c" * 64


@pytest.fixture
def file(tmp_path: Path, models: Path) -> Path:
    return write_experiment(tmp_path / "spelling", models / "llama.lock.json")


@pytest.fixture
def lock(models: Path) -> Lock:
    return load_lock(models / "llama.lock.json")


@pytest.fixture
def plan(file: Path, models: Path, lock: Lock) -> Plan:
    return make_plan(read_sources(load(file), alone(lock)), at(models / "llama"))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "spelling"


@pytest.fixture
def stored(plan: Plan, lock: Lock, ledger: Path) -> StoredPlan:
    return publish_plan(plan, lock, ledger)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_shard_holds_plan_snapshot_and_every_request(
    stored: StoredPlan, plan: Plan, ledger: Path
) -> None:
    lines = list(read_lines(stored.shard.path(ledger)))
    head, snapshot, *requests = (loads_object(line) for line in lines)
    assert head["kind"] == "plan"
    assert head["plan"] == plan.plan
    assert head["requests"] == len(requests) == len(plan.rows)
    assert snapshot["kind"] == "snapshot"
    assert snapshot["snapshot"] == head["core"]["snapshot"]
    assert [record["request"] for record in requests] == [r.asked.request for r in plan.rows]
    assert [record["index"] for record in requests] == list(range(len(plan.rows)))
    assert head["requests_root"] == merkle.root(map(merkle.leaf_hash, lines[2:])).hex()
    assert stored.requests_root == head["requests_root"]
    assert stored.shard.group == f"plan-{plan.plan[:16]}"
    assert stored.shard.records == len(lines)


def test_texts_are_commitments_in_the_shard_and_open_beside_it(
    stored: StoredPlan, plan: Plan, ledger: Path
) -> None:
    shard = stored.shard.path(ledger)
    assert b"vnd er" not in shard.read_bytes()
    openings = read_openings(stored.shard.openings_path(ledger))
    assert len(openings) == len(plan.rows)
    for line, row in zip(list(read_lines(shard))[2:], plan.rows, strict=True):
        record, opened = loads_object(line), openings[merkle.leaf_hash(line).hex()]
        for field, opening in opened.items():
            check_opening(record[field], opening)
        assert row.prompt.source is not None and row.prompt.reference is not None
        assert {field: opening.value for field, opening in opened.items()} == {
            "prompt": row.prompt.text.encode(),
            "prompt_ids": ids_to_bytes(row.prompt.ids),
            "source": row.prompt.source.encode(),
            "reference": row.prompt.reference.encode(),
        }


def test_publishing_again_changes_no_byte(
    stored: StoredPlan, plan: Plan, lock: Lock, ledger: Path
) -> None:
    before = files(ledger)
    assert publish_plan(plan, lock, ledger) == stored
    assert files(ledger) == before


def test_a_publisher_that_was_killed_is_taken_up_where_it_stopped(
    stored: StoredPlan, plan: Plan, lock: Lock, ledger: Path
) -> None:
    before = files(ledger)
    (stored.folder / "plan.json").unlink()
    (stored.folder / "requests.parquet").unlink()
    assert publish_plan(plan, lock, ledger) == stored
    assert files(ledger) == before


def test_a_plan_whose_shard_is_gone_is_refused(
    stored: StoredPlan, plan: Plan, lock: Lock, ledger: Path
) -> None:
    stored.shard.path(ledger).unlink()
    with pytest.raises(LeafMismatch, match="it was removed"):
        publish_plan(plan, lock, ledger)


def _publish(plan: Plan, lock: Lock, ledger: Path, go: multiprocessing.synchronize.Event) -> None:
    go.wait()
    publish_plan(plan, lock, ledger)


def test_processes_that_publish_at_once_publish_one_shard(
    plan: Plan, lock: Lock, ledger: Path
) -> None:
    context = multiprocessing.get_context("fork")
    go = context.Event()
    processes = [context.Process(target=_publish, args=(plan, lock, ledger, go)) for _ in range(4)]
    for process in processes:
        process.start()
    go.set()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(list(ledger.glob("shards/*/*.jsonl"))) == 1
    assert read_plan(ledger / "plans" / plan.plan).shard.path(ledger).is_file()


def test_a_ledger_that_cannot_be_made_is_reported(plan: Plan, lock: Lock, tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed, match="ledger"):
        publish_plan(plan, lock, tmp_path / "ledger" / "spelling")


def test_the_requests_are_read_back_as_they_were_planned(stored: StoredPlan, plan: Plan) -> None:
    again = read_plan(stored.folder)
    assert again == stored
    assert again.engine == plan.engine
    assert again.asked(2, 7) == [row.asked for row in plan.rows[2:7]]


def test_the_same_requests_give_the_same_parquet_bytes(plan: Plan, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table(to_table(plan.rows), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_table(tmp_path / "a").schema.equals(ARROW_SCHEMA)


def test_an_edited_request_is_refused(stored: StoredPlan) -> None:
    path = stored.folder / "requests.parquet"
    rows = read_table(path).to_pylist()
    rows[0]["prompt_ids"][0] += 1
    write_table(read_table(path).from_pylist(rows, schema=ARROW_SCHEMA), path)
    with pytest.raises(LeafMismatch, match="other token ids or settings"):
        stored.asked(0, 1)


def test_a_request_that_was_dropped_or_moved_is_refused(stored: StoredPlan) -> None:
    path = stored.folder / "requests.parquet"
    table = read_table(path)
    for changed in (table.slice(1), table.take([1, 0, *range(2, table.num_rows)])):
        write_table(changed, path)
        with pytest.raises(LeafMismatch, match="found others"):
            stored.asked(0, 1)


@pytest.mark.parametrize("column", ["request", "prompt_ids", "stratum"])
def test_a_table_without_a_column_is_refused(stored: StoredPlan, column: str) -> None:
    path = stored.folder / "requests.parquet"
    pq.write_table(pq.read_table(path).drop_columns([column]), path)
    with pytest.raises(InvalidInput, match=column):
        read_table(path)


def test_a_truncated_table_is_refused(stored: StoredPlan) -> None:
    path = stored.folder / "requests.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InvalidInput, match="run `reprollm plan` again"):
        read_table(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda value: value | {"schema": "reprollm/plan-file/2"},
        lambda value: value | {"requests": "9"},
        lambda value: {**value, "extra": 1},
        lambda value: {key: value[key] for key in value if key != "core"},
        lambda value: {**value, "shard": {"group": "x"}},
    ],
)
def test_an_edited_plan_file_is_refused(
    stored: StoredPlan, edit: Callable[[dict[str, object]], dict[str, object]]
) -> None:
    path = stored.folder / "plan.json"
    value = json.loads(path.read_bytes())
    path.chmod(0o644)
    path.write_bytes(dumps(edit(value)))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="plan"):
        read_plan(stored.folder)


def test_a_plan_file_that_was_cut_off_is_refused_by_name(stored: StoredPlan) -> None:
    path = stored.folder / "plan.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InvalidInput, match=r"expected a plan in .*plan\.json"):
        read_plan(stored.folder)


def test_an_edited_core_is_refused(stored: StoredPlan) -> None:
    edited = replace(stored, core={**stored.core, "title": "Another"})
    with pytest.raises(LeafMismatch, match="found others"):
        edited.table()
    with pytest.raises(InvalidInput, match="engine settings with family"):
        _ = replace(stored, core={**stored.core, "engine": {"family": "x"}}).engine


def test_the_plan_of_an_experiment_is_found_until_a_file_is_edited(
    stored: StoredPlan, file: Path, lock: Lock, ledger: Path
) -> None:
    assert find_plan(ledger, load(file), lock.snapshot) == stored
    change(file.parent / "data" / "items.csv", "seyn", "sein")
    with pytest.raises(ExperimentInvalid, match="found one from other files; run `reprollm plan"):
        find_plan(ledger, load(file), lock.snapshot)


def test_without_a_plan_none_is_found(file: Path, lock: Lock, ledger: Path) -> None:
    with pytest.raises(ExperimentInvalid, match="found none; run `reprollm plan spelling` first"):
        find_plan(ledger, load(file), lock.snapshot)


def test_a_run_belongs_to_one_plan_and_one_state_of_the_code(ledger: Path) -> None:
    assert find_run(ledger, "a" * 64, CODE) is None
    run = open_run(ledger, "a" * 64, CODE)
    assert open_run(ledger, "a" * 64, CODE) == run
    assert find_run(ledger, "a" * 64, CODE) == run
    assert len({run, open_run(ledger, "a" * 64, "d" * 64), open_run(ledger, "b" * 64, CODE)}) == 3


def test_an_edited_run_is_refused(ledger: Path) -> None:
    open_run(ledger, "a" * 64, CODE)
    path = next(ledger.glob("plans/*/runs/*.json"))
    path.chmod(0o644)
    path.write_bytes(dumps({"run": "b" * 64, "plan": "a" * 64, "code": CODE, "nonce": "0" * 64}))
    with pytest.raises(LeafMismatch, match="the file was changed"):
        open_run(ledger, "a" * 64, CODE)


def test_what_a_run_has_answered_is_counted_once(ledger: Path) -> None:
    run = open_run(ledger, "a" * 64, CODE)
    for slice_name, requests in (("00000000-00000002", "12"), ("00000002-00000004", "32")):
        records = [Sealed(generation(run, request * 64)) for request in requests]
        publish(ledger, f"run-{run[:16]}/{slice_name}", records)
    publish(ledger, f"run-{run[:16]}/00000004-00000005", [Sealed(generation("e" * 64, "4" * 64))])
    assert answered(ledger, run) == {"1" * 64, "2" * 64, "3" * 64}


def generation(run: str, request: str) -> dict[str, object]:
    hashes = dict.fromkeys(("result", "output", "output_ids", "logprobs", "margins"), "0" * 64)
    return kinds.new(
        "generation",
        attempt="0" * 32,
        run=run,
        plan="a" * 64,
        request=request,
        finish="stop",
        batch={},
        finished="2026-01-01T00:00:00.000Z",
        **hashes,
    )
