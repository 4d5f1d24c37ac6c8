"""`reprollm status` tells stages apart, and what lives from what was killed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reprollm.canon import dumps
from reprollm.ledger.status import ledgers, status
from reprollm.prompts.stored import StoredPlan
from reprollm.records.journal import Journal, JournalName
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference
from workspaces import REQUESTS, make_workspace

NOW = datetime(2026, 1, 1, 0, 1, 40, tzinfo=UTC)
ATTEMPT = "a" * 32


def test_each_stage_is_told(tmp_path: Path) -> None:
    space = make_workspace(tmp_path)
    ledger = str(space.ledger)
    steps = (
        ("plan", "tiny", "--ledger", ledger),
        ("ledger", "commit", ledger),
        ("generate", "tiny", "--ledger", ledger, "--slice", "1/2"),
    )
    stages = []
    for step in steps:
        done = space.reprollm(*step)
        assert done.returncode == 0, done.stderr
        found = status(space.ledger, NOW)
        stages.append((found.stage, found.answered, found.uncommitted))
    assert stages == [("planned", 0, 1), ("planned", 0, 0), ("interrupted", REQUESTS // 2, 2)]

    run = next((space.ledger / "shards").glob("run-*")).name.removeprefix("run-")
    name = JournalName(run, REQUESTS // 2, REQUESTS, ATTEMPT)
    journal = Journal(space.ledger / "journals", name)
    started = (NOW - timedelta(seconds=100)).isoformat(timespec="milliseconds")
    begun = new("start", started=started.replace("+00:00", "Z"))
    journal.append([Sealed(begun), Sealed(new("generation", request="f" * 64))])

    running = status(space.ledger, NOW)
    assert (running.stage, running.answered) == ("running", REQUESTS // 2 + 1)
    assert running.seconds_left == 100 * (REQUESTS // 2 - 1)

    journal.close()
    left = status(space.ledger, NOW)
    assert (left.stage, [each.alive for each in left.working]) == ("interrupted", [False])

    shown = space.reprollm("status", "--json")
    assert shown.returncode == 0, shown.stderr
    [said] = json.loads(shown.stdout)
    assert (said["experiment"], said["planned"]) == ("tiny", REQUESTS)


def test_requests_that_items_share_are_counted_once(tmp_path: Path) -> None:
    shard = ShardReference("plan-x", "0" * 64, 5)
    plan = StoredPlan(tmp_path / "plans" / "x", "x", "tiny", {}, 3, "r", 1, shard, "2026")
    plan.folder.mkdir(parents=True)
    (plan.folder / "plan.json").write_bytes(dumps(plan.to_json()))
    assert status(tmp_path, NOW).planned == 3
    table = pa.table({"request": ["a" * 64, "b" * 64, "a" * 64]})
    pq.write_table(table, plan.folder / "requests.parquet")
    assert status(tmp_path, NOW).planned == 2


def test_only_folders_with_shards_are_ledgers(tmp_path: Path) -> None:
    (tmp_path / "one" / "shards").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    assert ledgers(tmp_path) == [tmp_path / "one"]
    assert ledgers(tmp_path / "one") == [tmp_path / "one"]
