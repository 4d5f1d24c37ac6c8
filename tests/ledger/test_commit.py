import json
from pathlib import Path

import pytest

from ledger.building import attempt, plan, publish_attempt, whole
from reprollm.canon import dumps, loads_object
from reprollm.errors import (
    Busy,
    CheckpointMismatch,
    CommitmentMismatch,
    InvalidInput,
    LeafMismatch,
    StorageFailed,
)
from reprollm.ledger.commit import commit
from reprollm.ledger.lock import reading, writing
from reprollm.ledger.merkle import consistency_proof, verify_consistency
from reprollm.ledger.segments import positions, read_checkpoints, read_segments
from reprollm.ledger.verify import verify
from reprollm.records.entries import entries
from reprollm.records.merkle import leaf_hash
from reprollm.records.receipt import write_receipt
from reprollm.records.shard import publish, read_records


def log_of(ledger: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (ledger / "log").iterdir()}


def state_of(ledger: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in ledger.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in files}


def records_in_order(ledger: Path) -> list[str]:
    shards = positions(read_segments(ledger))
    return [loads_object(line)["kind"] for _, shard in shards for line, _ in entries(ledger, shard)]


def test_a_first_commit_writes_segment_checkpoint_and_projection(tmp_path: Path) -> None:
    plan(6).publish(tmp_path)
    done = commit(tmp_path)
    assert (done.shards, done.records, done.size) == (1, 8, 8)
    assert sorted(log_of(tmp_path)) == ["00000000.segment.json", "000000000008.checkpoint"]
    assert (tmp_path / "ledger.duckdb").is_file()
    assert done.origin.startswith("reprollm/normalisation/")


def test_with_nothing_new_nothing_is_written(tmp_path: Path) -> None:
    whole(tmp_path)
    first = commit(tmp_path)
    before = state_of(tmp_path)
    again = commit(tmp_path)
    assert state_of(tmp_path) == before
    assert (again.root, again.shards, again.records) == (first.root, 0, 0)


def test_the_plan_comes_first_then_attempts_by_start_and_range(tmp_path: Path) -> None:
    made = plan(6)
    late = publish_attempt(tmp_path, made, 0, 1, name="late", second=9)
    right = publish_attempt(tmp_path, made, 3, 6, name="right", second=2)
    left = publish_attempt(tmp_path, made, 0, 3, name="left", second=2)
    early = publish_attempt(tmp_path, made, 3, 6, name="early", second=1)
    head = made.publish(tmp_path)
    commit(tmp_path)
    first, second = read_segments(tmp_path)
    assert first.shards == (head,)
    assert second.shards == (early, left, right, late)


def test_the_order_does_not_depend_on_where_or_when_shards_were_published(tmp_path: Path) -> None:
    made = plan(6)
    parts = [attempt(made, 0, 3), attempt(made, 3, 6), attempt(made, 0, 6, name="b")]
    for name, order in (("one", [0, 1, 2]), ("other", [2, 1, 0])):
        for part in order:
            publish(tmp_path / name, f"run-{made.run[:16]}/{part:08d}-{part + 1:08d}", parts[part])
        publish(tmp_path / name, f"plan-{made.plan[:16]}", made.sealed)
    assert commit(tmp_path / "one").root == commit(tmp_path / "other").root


def test_a_later_commit_only_appends(tmp_path: Path) -> None:
    made = plan(6)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 3)
    first = commit(tmp_path)
    before = log_of(tmp_path)
    publish_attempt(tmp_path, made, 3, 6)
    second = commit(tmp_path)
    after = log_of(tmp_path)
    assert {name: after[name] for name in before} == before
    leaves = [
        leaf_hash(line)
        for _, shard in positions(read_segments(tmp_path))
        for line, _ in entries(tmp_path, shard)
    ]
    proof = consistency_proof(first.size, leaves)
    roots = [checkpoint.root for checkpoint in read_checkpoints(tmp_path)[-2:]]
    assert verify_consistency(first.size, second.size, proof, *roots)


def test_a_plan_alone_can_be_committed_before_the_first_token(tmp_path: Path) -> None:
    plan(3).publish(tmp_path)
    assert commit(tmp_path).size == 5
    assert verify(tmp_path, allow_incomplete=True).holds
    assert [problem.defect for problem in verify(tmp_path).problems] == ["PlanIncomplete"]


@pytest.mark.parametrize("lost", ["ledger.duckdb", "checkpoint", "both"])
def test_a_lost_projection_or_last_checkpoint_is_made_again(tmp_path: Path, lost: str) -> None:
    whole(tmp_path)
    commit(tmp_path)
    before = log_of(tmp_path)
    if lost != "checkpoint":
        (tmp_path / "ledger.duckdb").unlink()
    if lost != "ledger.duckdb":
        (tmp_path / "log" / "000000000020.checkpoint").unlink()
    commit(tmp_path)
    assert log_of(tmp_path) == before
    assert verify(tmp_path).holds


def test_a_projection_of_an_older_release_is_built_again(tmp_path: Path) -> None:
    import duckdb

    whole(tmp_path)
    commit(tmp_path)
    with duckdb.connect(str(tmp_path / "ledger.duckdb")) as connection:
        connection.execute("DROP VIEW notes")
    commit(tmp_path)
    assert verify(tmp_path).holds


def test_two_answers_to_one_request_are_a_finding_written_once(tmp_path: Path) -> None:
    made = whole(tmp_path)
    commit(tmp_path)
    publish_attempt(tmp_path, made, 0, 2, name="again", answers="anders", second=30)
    assert commit(tmp_path).findings == 2
    assert commit(tmp_path).findings == 0
    publish_attempt(tmp_path, made, 0, 2, name="thrice", answers="anders", second=40)
    assert commit(tmp_path).findings == 0
    [shard] = (tmp_path / "shards" / f"finding-{made.run[:16]}").iterdir()
    findings = list(read_records(shard))
    assert [finding["subject"] for finding in findings] == list(made.requests[:2])
    assert all(f["finding"] == "nondeterminism" for f in findings)
    assert findings[0]["evidence"]["final"] != findings[0]["evidence"]["other"]
    assert verify(tmp_path).holds


def test_equal_answers_are_replicates_and_no_finding(tmp_path: Path) -> None:
    made = whole(tmp_path)
    publish_attempt(tmp_path, made, 0, 3, name="again", second=30)
    assert commit(tmp_path).findings == 0
    [run] = verify(tmp_path).runs
    assert (run.rerolled, run.replicates, run.differing) == (3, 3, 0)


def test_a_finding_is_the_same_on_every_machine(tmp_path: Path) -> None:
    made = plan(2)
    parts = [attempt(made, 0, 2), attempt(made, 0, 2, name="b", answers="x", second=5)]
    roots = set()
    for name in ("one", "other"):
        publish(tmp_path / name, f"plan-{made.plan[:16]}", made.sealed)
        for part in parts:
            publish(tmp_path / name, f"run-{made.run[:16]}/00000000-00000002", part)
        roots.add(commit(tmp_path / name).root)
    assert len(roots) == 1


def test_a_receipt_must_name_shards_that_exist(tmp_path: Path) -> None:
    made = plan(2)
    shard = made.publish(tmp_path)
    receipt = tmp_path / "receipts" / "plan.json"
    write_receipt(receipt, "plan", [shard])
    commit(tmp_path, [receipt])
    shard.path(tmp_path).unlink()
    with pytest.raises(LeafMismatch, match=f"{receipt} names the shard {shard.sha256}"):
        commit(tmp_path, [receipt])


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"shards":1}', b'{"shards":[{}]}', b'{"shards":["x"]}', b"\xff"],
)
def test_what_is_no_receipt_is_refused(tmp_path: Path, content: bytes) -> None:
    plan(2).publish(tmp_path)
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(content)
    with pytest.raises(InvalidInput, match="receipt"):
        commit(tmp_path, [receipt])
    assert not (tmp_path / "log").exists()


def test_a_receipt_cannot_point_out_of_the_ledger(tmp_path: Path) -> None:
    shard = plan(2).publish(tmp_path / "elsewhere")
    receipt = tmp_path / "receipt.json"
    entry = {**shard.to_json(), "group": f"../../elsewhere/shards/{shard.group}"}
    receipt.write_text(json.dumps({"shards": [entry]}))
    (tmp_path / "ledger").mkdir()
    with pytest.raises(LeafMismatch):
        commit(tmp_path / "ledger", [receipt])


def test_a_missing_receipt_ledger_or_shard_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        commit(tmp_path, [tmp_path / "absent.json"])
    with pytest.raises(InvalidInput, match="expected a ledger folder"):
        commit(tmp_path / "absent")
    with pytest.raises(InvalidInput, match="expected shards"):
        commit(tmp_path)


def changed_line(content: bytes) -> bytes:
    return content.replace(b"node1", b"node2")


DAMAGES = {
    "a changed value": changed_line,
    "a line that is not canonical": lambda content: content.replace(b'{"', b'{ "', 1),
    "an unknown field": lambda content: content.replace(b'"cpu":"x"', b'"cpu":"x"},"more":{'),
    "a float": lambda content: content.replace(b'"pid":1', b'"pid":1.5'),
    "a truncated line": lambda content: content[:-20],
    "a dropped line": lambda content: content.partition(b"\n")[2],
    "a repeated line": lambda content: content.partition(b"\n")[0] + b"\n" + content,
    "an empty file": lambda content: b"",
    "no UTF-8": lambda content: content.replace(b"node1", b"node\xff"),
    "no text at all": lambda content: b"\x00" * 100 + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_shard_stops_the_commit_and_is_named(tmp_path: Path, damage: str) -> None:
    made = plan(4)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 2)
    commit(tmp_path)
    before = state_of(tmp_path)
    shard = publish_attempt(tmp_path, made, 2, 4).path(tmp_path)
    shard.chmod(0o644)
    shard.write_bytes(DAMAGES[damage](shard.read_bytes()))
    with pytest.raises(LeafMismatch, match=str(shard)):
        commit(tmp_path)
    assert {name: state_of(tmp_path)[name] for name in before} == before
    assert verify(tmp_path, allow_incomplete=True).holds


def test_the_sentence_about_a_damaged_line_names_the_line(tmp_path: Path) -> None:
    made = plan(2)
    made.publish(tmp_path)
    shard = publish_attempt(tmp_path, made, 0, 2).path(tmp_path)
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes().replace(b'"pid":1', b'"pid":"1"'))
    with pytest.raises(LeafMismatch, match=f"{shard}, line 2: field 'pid' of a start record"):
        commit(tmp_path)


def test_an_opening_that_does_not_open_stops_the_commit(tmp_path: Path) -> None:
    made = plan(2)
    openings = made.publish(tmp_path).openings_path(tmp_path)
    openings.chmod(0o644)
    openings.write_bytes(openings.read_bytes().replace(b"vnd er", b"und er", 1))
    with pytest.raises(CommitmentMismatch, match=str(openings)):
        commit(tmp_path)


def test_a_result_id_that_is_not_that_of_the_output_stops_the_commit(tmp_path: Path) -> None:
    made = plan(1)
    made.publish(tmp_path)
    records = attempt(made, 0, 1)
    records[2].record["result"] = "0" * 64
    publish(tmp_path, f"run-{made.run[:16]}/00000000-00000001", records)
    with pytest.raises(LeafMismatch, match="record 2: expected the result id"):
        commit(tmp_path)


def test_a_copy_of_a_shard_in_another_group_is_refused(tmp_path: Path) -> None:
    made = whole(tmp_path)
    shard = made.publish(tmp_path)
    copy = tmp_path / "shards" / "plan-0000000000000000" / f"{shard.sha256}.jsonl"
    copy.parent.mkdir()
    copy.write_bytes(shard.path(tmp_path).read_bytes())
    with pytest.raises(LeafMismatch, match="expected each shard once"):
        commit(tmp_path)


def test_a_half_published_shard_is_not_taken_for_one(tmp_path: Path) -> None:
    whole(tmp_path)
    (tmp_path / "shards" / ".tmp-1-00").write_bytes(b"half")
    assert commit(tmp_path).shards == 2


def test_leftovers_of_killed_commits_are_removed(tmp_path: Path) -> None:
    plan(6).publish(tmp_path)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / ".tmp-1-00").write_bytes(b"half")
    (tmp_path / ".ledger-1.duckdb").write_bytes(b"half")
    commit(tmp_path)
    assert len(log_of(tmp_path)) == 2
    assert not list(tmp_path.glob(".ledger-*"))


def test_a_changed_last_checkpoint_is_never_overwritten(tmp_path: Path) -> None:
    made = whole(tmp_path)
    commit(tmp_path)
    path = tmp_path / "log" / "000000000020.checkpoint"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("normalisation", "other"))
    publish_attempt(tmp_path, made, 0, 1, name="b")
    with pytest.raises(CheckpointMismatch):
        verify_or_commit(tmp_path)


def verify_or_commit(ledger: Path) -> None:
    commit(ledger)
    report = verify(ledger)
    if report.problems:
        raise CheckpointMismatch(report.problems[0].sentence)


def test_a_second_committer_is_refused_politely_or_waits(tmp_path: Path) -> None:
    whole(tmp_path)
    with writing(tmp_path), pytest.raises(Busy, match="another process"):
        commit(tmp_path)
    with reading(tmp_path), pytest.raises(Busy, match="another process"):
        commit(tmp_path)
    assert commit(tmp_path, wait=True).shards == 2


def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    plan(6).publish(tmp_path)
    (tmp_path / "log").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed, match="could not write"):
        commit(tmp_path)


def test_the_log_keeps_whole_lines_whatever_texts_hold(tmp_path: Path) -> None:
    made = plan(1, experiment="line\nbreak \u2028 \x1b[31m \u202e")
    made.publish(tmp_path)
    commit(tmp_path)
    assert records_in_order(tmp_path) == ["plan", "request", "snapshot"]
    assert "\x1b" not in read_checkpoints(tmp_path)[0].origin
    assert dumps(loads_object(b'{"a":"\xe2\x80\xa8"}'))


def test_a_commit_killed_before_its_checkpoint_is_completed_before_the_next_segment(
    tmp_path: Path,
) -> None:
    made = plan(6)
    made.publish(tmp_path)
    commit(tmp_path)
    publish_attempt(tmp_path, made, 0, 3)
    commit(tmp_path)
    sizes = [checkpoint.size for checkpoint in read_checkpoints(tmp_path)]
    # What a kill leaves between the second segment and its checkpoint, with more shards to come.
    (tmp_path / "log" / f"{sizes[-1]:012d}.checkpoint").unlink()
    publish_attempt(tmp_path, made, 3, 6)
    commit(tmp_path)
    assert [checkpoint.size for checkpoint in read_checkpoints(tmp_path)][:2] == sizes
    assert verify(tmp_path, allow_incomplete=True).holds
