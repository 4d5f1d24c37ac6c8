"""One change in one place; verification must fail, and name just that defect."""

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ledger.building import attempt, plan, publish_attempt, whole
from reprollm.canon import dumps, loads_object
from reprollm.errors import Busy, InvalidInput
from reprollm.ledger.commit import commit
from reprollm.ledger.lock import writing
from reprollm.ledger.report import Verdict
from reprollm.ledger.segments import (
    Segment,
    checkpoint_path,
    read_checkpoints,
    read_segments,
)
from reprollm.ledger.verify import verify
from reprollm.records.kinds import new
from reprollm.records.merkle import Frontier, leaf_hash
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish, read_lines

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of two segments with a replicate, a finding and a failure."""
    ledger = tmp_path_factory.mktemp("good")
    made = plan(6)
    made.publish(ledger)
    publish_attempt(ledger, made, 0, 3)
    commit(ledger)
    publish_attempt(ledger, made, 3, 6, failing=[5])
    publish_attempt(ledger, made, 0, 2, name="again", answers="anders", second=30)
    commit(ledger)
    return ledger


@pytest.fixture
def ledger(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "ledger"))


def test_a_good_ledger_holds_and_says_what_was_checked(ledger: Path) -> None:
    report = verify(ledger)
    assert report.holds
    assert {check.verdict for check in report.checks} == {Verdict.OK}
    counts = {check.name: check.count for check in report.checks}
    assert counts["shards"] == 5
    assert counts["plans"] == 6
    assert counts["attempts"] == 3
    assert counts["records"] == report.size == counts["projection"]


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    before = path.read_bytes()
    after = change(before)
    assert after != before, "the change must change something"
    path.chmod(0o644)
    path.write_bytes(after)


def shard_with(ledger: Path, kind: str, top: str = "shards") -> Path:
    for path in sorted(ledger.glob("shards/**/*.jsonl")):
        if any(loads_object(line)["kind"] == kind for line in read_lines(path)):
            return Path(str(path).replace("/shards/", f"/{top}/"))
    raise LookupError(kind)


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda content: b"".join(change(content.splitlines(keepends=True)))


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old, new, 1)


def in_shard(change: Callable[[bytes], bytes], kind: str = "generation") -> Change:
    return lambda ledger: rewrite(shard_with(ledger, kind), change)


def in_openings(change: Callable[[bytes], bytes], kind: str = "generation") -> Change:
    return lambda ledger: rewrite(shard_with(ledger, kind, "openings"), change)


def in_log(name: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda ledger: rewrite(ledger / "log" / name, change)


def in_database(*statements: str) -> Change:
    def change(ledger: Path) -> None:
        with duckdb.connect(str(ledger / "ledger.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    return change


def flip_salt(content: bytes) -> bytes:
    at = content.index(b'"salt":"') + 8
    digit = b"0" if content[at : at + 1] != b"0" else b"1"
    return content[:at] + digit + content[at + 1 :]


def remove_shard(ledger: Path) -> None:
    shard_with(ledger, "generation").unlink()


def rename_shard(ledger: Path) -> None:
    path = shard_with(ledger, "generation")
    path.rename(path.with_name("0" * 64 + ".jsonl"))


def segment_again(ledger: Path, change: Callable[[Segment], dict[str, object]]) -> None:
    """Write the last segment anew with some of its values changed."""
    segment = read_segments(ledger)[-1]
    value = {**segment.to_json(), **change(segment)}
    rewrite(segment.path(ledger), lambda _: dumps(value) + b"\n")  # type: ignore[arg-type]


def swap_shards(ledger: Path) -> None:
    second = read_segments(ledger)[-2]
    assert len(second.shards) > 1
    swapped = {**second.to_json(), "shards": [dict(x.to_json()) for x in second.shards[::-1]]}
    rewrite(second.path(ledger), lambda _: dumps(swapped) + b"\n")  # type: ignore[arg-type]


def repeat_shard(ledger: Path) -> None:
    first = read_segments(ledger)[0].shards[-1]

    def change(segment: Segment) -> dict[str, object]:
        shards = [dict(shard.to_json()) for shard in (*segment.shards, first)]
        return {"shards": shards, "size": segment.size + first.records}

    segment_again(ledger, change)


def forge_record(ledger: Path) -> None:
    """Change a record, its shard's name and the segment that names it, as an insider could."""
    path = shard_with(ledger, "start")
    content = path.read_bytes().replace(b'"host":"node1"', b'"host":"node9"')
    name = hashlib.sha256(content).hexdigest()
    for top in ("shards", "openings"):
        old = Path(str(path).replace("/shards/", f"/{top}/"))
        old.rename(old.with_name(f"{name}.jsonl"))
    path = path.with_name(f"{name}.jsonl")
    rewrite(path, lambda _: content)
    for segment in read_segments(ledger):
        rewritten = segment.content().replace(_old_name(segment, ledger).encode(), name.encode())
        segment.path(ledger).chmod(0o644)
        segment.path(ledger).write_bytes(rewritten)


def _old_name(segment: Segment, ledger: Path) -> str:
    gone = [shard.sha256 for shard in segment.shards if not shard.path(ledger).exists()]
    return gone[0] if gone else "nothing"


FILES: dict[str, tuple[Change, str, str]] = {
    "a byte of a record": (
        in_shard(replaced(b'"finish":"stop"', b'"finish":"stoq"')),
        "LeafMismatch", "line 3: field 'finish'",
    ),
    "a value of a record": (
        in_shard(replaced(b'"host":"node1"', b'"host":"node2"')),
        "LeafMismatch", "to hold the bytes with the SHA-256 in its name",
    ),
    "a commitment": (
        in_shard(replaced(b'"margins":"', b'"margins":"0')),
        "LeafMismatch", "field 'margins'",
    ),
    "a white space": (in_shard(replaced(b'":', b'": ')), "LeafMismatch", "canonical form"),
    "a dropped line": (in_shard(lines(lambda x: x[:1] + x[2:])), "LeafMismatch", "SHA-256"),
    "a dropped last line": (in_shard(lines(lambda x: x[:-1])), "LeafMismatch", "SHA-256"),
    "two lines swapped": (
        in_shard(lines(lambda x: [*x[:2], x[3], x[2], *x[4:]])), "LeafMismatch", "SHA-256",
    ),
    "a line inserted": (in_shard(lines(lambda x: [x[0], *x])), "LeafMismatch", "SHA-256"),
    "a truncated shard": (in_shard(lambda x: x[:-30]), "LeafMismatch", "cut off"),
    "a shard without its last line end": (in_shard(lambda x: x[:-1]), "LeafMismatch", "cut off"),
    "an emptied shard": (in_shard(lambda x: b""), "LeafMismatch", "SHA-256"),
    "a removed shard": (remove_shard, "LeafMismatch", "no such file"),
    "a renamed shard": (rename_shard, "LeafMismatch", "no such file"),
    "a changed request": (
        in_shard(replaced(b'"item":"item-0"', b'"item":"item-9"'), "request"),
        "LeafMismatch", "SHA-256",
    ),
    "a request with other settings": (
        in_shard(replaced(b'"temperature":"0"', b'"temperature":"1"'), "request"),
        "LeafMismatch", "SHA-256",
    ),
    "a salt": (in_openings(flip_salt), "CommitmentMismatch", "record 3: expected an opening"),
    "an opened text": (
        in_openings(replaced(b'"text":"', b'"text":"x')), "CommitmentMismatch", "'output'",
    ),
    "opened token ids": (
        in_openings(replaced(b'"base64":"', b'"base64":"AAAA')), "CommitmentMismatch", "record 3",
    ),
    "openings of two records swapped": (
        in_openings(lines(lambda x: [x[1], x[0], *x[2:]])), "CommitmentMismatch", "in its order",
    ),
    "openings repeated": (
        in_openings(lines(lambda x: [x[0], *x])), "CommitmentMismatch", "in its order",
    ),
    "openings of no record": (
        in_openings(replaced(b'{"leaf":"', b'{"leaf":"0')), "CommitmentMismatch", "in its order",
    ),
    "truncated openings": (in_openings(lambda x: x[:-9]), "CommitmentMismatch", "cut off"),
    "openings that are no JSON": (in_openings(lambda x: b"x\n"), "CommitmentMismatch", "line 1"),
    "a checkpoint's size": (
        in_log("000000000014.checkpoint", lambda x: x.replace(b"\n", b"\n1", 1)),
        "CheckpointMismatch", "of its file name",
    ),
    "a checkpoint's root": (
        in_log("000000000014.checkpoint", lambda x: b"\n".join(
            [*x.split(b"\n")[:2], b"A" * 43 + b"=", b""])),
        "CheckpointMismatch", "checkpoint over 14 records",
    ),
    "a checkpoint's origin": (
        in_log("000000000014.checkpoint", lambda x: x.replace(b"normalisation", b"other")),
        "CheckpointMismatch", "checkpoint over 14 records",
    ),
    "a checkpoint that is none": (
        in_log("000000000014.checkpoint", lambda x: b"\xff"), "CheckpointMismatch", "UTF-8",
    ),
    "a removed checkpoint": (
        lambda ledger: (ledger / "log" / "000000000014.checkpoint").unlink(),
        "CheckpointMismatch", "it was removed",
    ),
    "a checkpoint of another size": (
        lambda ledger: (ledger / "log" / "000000000013.checkpoint").write_text(
            (ledger / "log" / "000000000014.checkpoint").read_text().replace("\n14\n", "\n13\n")),
        "CheckpointMismatch", "at the end of a segment",
    ),
    "a removed segment": (
        lambda ledger: (ledger / "log" / "00000000.segment.json").unlink(),
        "CheckpointMismatch", "a segment is missing",
    ),
    "segments swapped": (
        lambda ledger: _swap(ledger / "log", "00000000.segment.json", "00000001.segment.json"),
        "CheckpointMismatch", "a segment is missing or was moved",
    ),
    "a segment's root": (
        lambda ledger: segment_again(ledger, lambda s: {"root": "0" * 64}),
        "CheckpointMismatch", "expected the root",
    ),
    "a segment's frontier": (
        lambda ledger: segment_again(
            ledger, lambda s: {"frontier": ["0" * 64 for _ in s.frontier]}),
        "CheckpointMismatch", "frontier",
    ),
    "a segment's first position": (
        lambda ledger: segment_again(ledger, lambda s: {"first": 0}), "CheckpointMismatch", "reach",
    ),
    "a segment's origin": (
        lambda ledger: segment_again(ledger, lambda s: {"origin": "reprollm/other/0"}),
        "CheckpointMismatch", "origin",
    ),
    "a segment with one more field": (
        lambda ledger: segment_again(ledger, lambda s: {"more": 1}), "CheckpointMismatch", "fields",
    ),
    "the order of shards": (swap_shards, "CheckpointMismatch", "changed, dropped, added or moved"),
    "a shard twice in the log": (repeat_shard, "CheckpointMismatch", "every shard once"),
}  # fmt: skip


def _swap(folder: Path, one: str, other: str) -> None:
    (folder / one).rename(folder / "x")
    (folder / other).rename(folder / one)
    (folder / "x").rename(folder / other)


@pytest.mark.parametrize("change", FILES)
def test_one_change_in_a_file_is_named(ledger: Path, change: str) -> None:
    tamper, defect, words = FILES[change]
    tamper(ledger)
    report = verify(ledger)
    assert {problem.defect for problem in report.problems} == {defect}
    assert words in report.problems[0].sentence


def test_a_record_changed_with_its_shards_name_and_segment_changes_the_root(ledger: Path) -> None:
    forge_record(ledger)
    problems = verify(ledger).problems
    assert problems[0].defect == "CheckpointMismatch"
    assert "records were changed, dropped, added or moved" in problems[0].sentence


DATABASE: dict[str, tuple[Change, str]] = {
    "a record's text": (
        in_database("UPDATE log SET canon = replace(canon, 'item-1', 'item-2') WHERE position = 2"),
        "records 0 to",
    ),
    "a record's position": (
        in_database("UPDATE log SET position = 99 WHERE position = 2"), "records 0 to",
    ),
    "a record missing": (in_database("DELETE FROM log WHERE position = 2"), "rows"),
    "a record twice": (
        in_database("INSERT INTO log SELECT position, canon FROM log WHERE position = 2"), "rows",
    ),
    "records exchanged": (
        in_database("UPDATE log SET position = 5 - position WHERE position IN (2, 3)"),
        "records 0 to",
    ),
    "a record put in another's place": (
        in_database(
            "DELETE FROM log WHERE position = 2",
            "INSERT INTO log SELECT position, canon FROM log WHERE position = 3",
        ),
        "records 0 to",
    ),
    "an opened text": (
        in_database("UPDATE opening SET text = 'und' WHERE field = 'output'"), "openings of",
    ),
    "opened bytes": (
        in_database("UPDATE opening SET bytes = 'x' WHERE field = 'output_ids'"), "openings of",
    ),
    "a salt": (
        in_database("UPDATE opening SET salt = 'x' WHERE field = 'output_ids'"), "openings of",
    ),
    "an opening of another record": (
        in_database("UPDATE opening SET position = 2 WHERE position = 3"), "openings of",
    ),
    "an opening missing": (in_database("DELETE FROM opening WHERE field = 'margins'"), "rows"),
    "an opening of an unknown field": (
        in_database("INSERT INTO opening VALUES (2, 'judge', 'x', 'y', NULL)"), "rows",
    ),
    "text and bytes at once": (
        in_database("UPDATE opening SET bytes = encode(text) WHERE field = 'output'"),
        "openings of",
    ),
    "text moved into bytes": (
        in_database("UPDATE opening SET bytes = encode(text), text = NULL WHERE field = 'output'"),
        "openings of",
    ),
    "a checkpoint": (
        in_database("UPDATE checkpoint SET note = replace(note, 'repro', 'x')"), "checkpoints",
    ),
    "a shard's place": (in_database("UPDATE shard SET records = 1"), "table of shards"),
    "a view that lies": (
        in_database(
            "CREATE OR REPLACE VIEW notes AS "
            "SELECT position, 'good' AS text, canon->>'$.created' AS created, leaf "
            "FROM log WHERE kind = 'note'"
        ),
        "view notes",
    ),
    "a macro that lies": (
        in_database("CREATE OR REPLACE MACRO float32_at(b, i) AS 0.0"), "macro float32_at",
    ),
    "a macro in front of a built-in": (
        in_database("CREATE MACRO sha256(x) AS 'good'"), "macro sha256",
    ),
    "one view more": (in_database("CREATE VIEW more AS SELECT 1"), "view more"),
    "one table more": (in_database("CREATE TABLE more (a INTEGER)"), "table more"),
    "a schema more": (in_database("CREATE SCHEMA more"), "schema more"),
    "an index more": (in_database("CREATE INDEX more ON shard (records)"), "index more"),
    "a type more": (in_database("CREATE TYPE more AS ENUM ('a')"), "type more"),
    "a view missing": (in_database("DROP VIEW notes"), "view notes"),
    "no database at all": (
        lambda ledger: rewrite(ledger / "ledger.duckdb", lambda x: b"nothing"), "cannot be opened",
    ),
    "a truncated database": (
        lambda ledger: rewrite(ledger / "ledger.duckdb", lambda x: x[:5000]), "cannot be opened",
    ),
    "a removed database": (
        lambda ledger: (ledger / "ledger.duckdb").unlink(), "no such file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", DATABASE)
def test_one_change_in_the_database_is_named(ledger: Path, change: str) -> None:
    tamper, words = DATABASE[change]
    tamper(ledger)
    report = verify(ledger)
    assert {problem.defect for problem in report.problems} == {"ProjectionMismatch"}
    assert words in report.problems[0].sentence
    verdicts = {check.name: check.verdict for check in report.checks}
    assert verdicts.pop("projection") == Verdict.FAILED
    assert set(verdicts.values()) == {Verdict.OK}


def test_a_generated_column_that_lies_is_named(ledger: Path) -> None:
    rows = duckdb.connect(str(ledger / "ledger.duckdb"))
    sql = rows.execute("SELECT sql FROM duckdb_tables() WHERE table_name = 'log'").fetchall()
    views = rows.execute("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal").fetchall()
    for name, _ in views:
        rows.execute(f"DROP VIEW {name}")
    rows.execute("CREATE TABLE kept AS SELECT position, canon FROM log")
    rows.execute("DROP TABLE log")
    rows.execute(sql[0][0].replace("canon ->> '$.item'", "canon ->> '$.seed'"))
    rows.execute("INSERT INTO log SELECT * FROM kept")
    rows.execute("DROP TABLE kept")
    pending = list(views)
    while pending:
        name, statement = pending.pop(0)
        try:
            rows.execute(statement)
        except duckdb.CatalogException:
            pending.append((name, statement))
    rows.close()
    [problem] = verify(ledger).problems
    assert problem.defect == "ProjectionMismatch"
    assert "column log.item" in problem.sentence


def test_a_projection_that_is_behind_the_log_says_so(ledger: Path) -> None:
    stale = (ledger / "ledger.duckdb").read_bytes()
    made = plan(3, experiment="other")
    made.publish(ledger)
    commit(ledger)
    (ledger / "ledger.duckdb").write_bytes(stale)
    [problem] = verify(ledger).problems
    assert problem.defect == "ProjectionMismatch"
    assert "behind the log" in problem.sentence
    commit(ledger)
    assert verify(ledger).holds


def test_an_uncommitted_shard_is_listed_and_nothing_is_wrong(ledger: Path) -> None:
    shard = plan(2, experiment="other").publish(ledger)
    report = verify(ledger)
    assert report.holds
    assert report.uncommitted == (shard.path(ledger).relative_to(ledger).as_posix(),)
    assert any("not committed yet" in notice for notice in report.notices)


def test_withheld_openings_are_counted_and_nothing_is_wrong(ledger: Path) -> None:
    for path in ledger.glob("openings/run-*/**/*.jsonl"):
        path.unlink()
    (ledger / "ledger.duckdb").unlink()
    commit(ledger)
    report = verify(ledger)
    assert report.holds
    assert any("withheld" in notice for notice in report.notices)


def test_a_commit_cut_short_before_its_checkpoint_is_a_notice(ledger: Path) -> None:
    note = new("note", text="a remark", created="2026-01-01T00:01:00.000Z")
    publish(ledger, "note", [Sealed(note)])
    stale = (ledger / "ledger.duckdb").read_bytes()
    done = commit(ledger)
    checkpoint_path(ledger, done.size).unlink()
    (ledger / "ledger.duckdb").write_bytes(stale)
    report = verify(ledger)
    assert report.holds
    assert report.size < done.size
    assert any("cut short" in notice for notice in report.notices)


def verified(tmp_path: Path, made_plan: object = None) -> set[str]:
    commit(tmp_path)
    return {problem.defect for problem in verify(tmp_path).problems}


def test_a_request_without_answer_or_failure_is_missing(tmp_path: Path) -> None:
    made = plan(6)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 4, how=None)
    commit(tmp_path)
    report = verify(tmp_path)
    [problem] = report.problems
    assert problem.defect == "PlanIncomplete"
    assert made.requests[4][:16] in problem.sentence
    assert made.requests[5][:16] in problem.sentence
    assert [line.how for line in report.attempts] == ["abandoned"]
    assert verify(tmp_path, allow_incomplete=True).holds


def test_a_plan_that_nobody_ran_is_incomplete(tmp_path: Path) -> None:
    plan(6).publish(tmp_path)
    assert verified(tmp_path) == {"PlanIncomplete"}


def test_a_run_given_up_beside_a_complete_one_is_told_and_not_held_against_it(
    tmp_path: Path,
) -> None:
    whole(tmp_path)
    commit(tmp_path)
    other = plan(6, experiment="other")
    other.publish(tmp_path)
    commit(tmp_path)
    seen = read_checkpoints(tmp_path)[-1]
    publish_attempt(tmp_path, other, 0, 4, how=None, checkpoint=seen)
    commit(tmp_path)
    report = verify(tmp_path)
    assert report.holds
    assert sorted(run.missing for run in report.runs) == [0, 2]
    assert any(other.run[:16] in notice for notice in report.notices)


def test_a_request_that_failed_with_a_reason_is_explained(tmp_path: Path) -> None:
    made = plan(4)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 4, failing=[2])
    commit(tmp_path)
    report = verify(tmp_path)
    [run] = report.runs
    assert report.holds
    assert (run.answered, run.failed, run.missing) == (3, 1, 0)
    assert any("1 requests failed" in notice for notice in report.notices)


@pytest.mark.parametrize("how", ["interrupted", "killed", "failed", "complete", None])
def test_every_attempt_is_listed_however_it_ended(tmp_path: Path, how: str | None) -> None:
    made = plan(2)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 1, how=how)
    publish_attempt(tmp_path, made, 0, 2, name="second", second=9)
    commit(tmp_path)
    report = verify(tmp_path)
    assert report.holds
    assert {line.how for line in report.attempts} == {how or "abandoned", "complete"}
    [run] = report.runs
    assert run.rerolled == 1


def test_a_rerolled_answer_is_counted_and_the_first_stays_final(tmp_path: Path) -> None:
    made = whole(tmp_path, 4)
    publish_attempt(tmp_path, made, 0, 2, name="b", answers="x", second=30)
    publish_attempt(tmp_path, made, 0, 2, name="c", second=40)
    commit(tmp_path)
    report = verify(tmp_path)
    [run] = report.runs
    assert (run.rerolled, run.replicates, run.differing) == (2, 2, 2)
    assert report.holds


def test_asking_a_whole_plan_again_is_told(tmp_path: Path) -> None:
    made = whole(tmp_path, 4)
    again = dataclasses.replace(made, nonce="another")
    assert again.run != made.run
    publish_attempt(tmp_path, again, 0, 4, name="b", answers="x", second=30)
    commit(tmp_path)
    report = verify(tmp_path)
    assert report.holds
    [notice] = [notice for notice in report.notices if "was run" in notice]
    assert "run 2 times, 2 of them to the end" in notice


def test_the_same_answer_rescued_twice_is_no_replicate(tmp_path: Path) -> None:
    made = plan(2)
    made.seal(tmp_path)
    records = attempt(made, 0, 2)
    group = f"run-{made.run[:16]}/00000000-00000002"
    publish(tmp_path, group, records)
    publish(tmp_path, group, records[:-1])
    commit(tmp_path)
    [run] = verify(tmp_path).runs
    assert (run.answered, run.rerolled, run.replicates) == (2, 0, 0)


def test_an_answer_to_a_request_of_no_plan_is_named(tmp_path: Path) -> None:
    made, other = plan(3), plan(5)
    made.seal(tmp_path)
    records = attempt(made, 0, 3)
    stray = attempt(other, 4, 5, name="stray")[2]
    first = records[0 + 1].record
    stray.record.update({key: first[key] for key in ("attempt", "run", "plan")})
    group = f"run-{made.run[:16]}/00000000-00000003"
    publish(tmp_path, group, [*records[:-1], stray, records[-1]])
    assert verified(tmp_path) == {"RecordsDisagree"}


def test_an_answer_of_no_attempt_is_named(tmp_path: Path) -> None:
    made = plan(2)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 2)
    lone = attempt(made, 0, 1, name="lone", second=30)[2]
    publish(tmp_path, f"run-{made.run[:16]}/00000000-00000001", [lone])
    assert verified(tmp_path) == {"RecordsDisagree"}


def test_an_attempt_that_began_before_its_plan_was_in_the_log_is_named(tmp_path: Path) -> None:
    made = plan(2)
    publish(tmp_path, f"run-{made.run[:16]}/00000000-00000002", attempt(made, 0, 2))
    commit(tmp_path)
    made.publish(tmp_path)
    commit(tmp_path)
    report = verify(tmp_path)
    assert [problem.defect for problem in report.problems] == ["RecordsDisagree"]
    assert "no plan record before it" in report.problems[0].sentence


def test_an_attempt_in_the_same_commit_as_its_plan_is_named(tmp_path: Path) -> None:
    made = plan(2)
    made.publish(tmp_path)
    publish(tmp_path, f"run-{made.run[:16]}/00000000-00000002", attempt(made, 0, 2))
    commit(tmp_path)
    [problem] = verify(tmp_path).problems
    assert problem.defect == "RecordsDisagree"
    assert "a checkpoint that the log does not have" in problem.sentence


def test_an_attempt_whose_checkpoint_does_not_cover_its_plan_is_named(tmp_path: Path) -> None:
    whole(tmp_path)
    early = commit(tmp_path)
    seen = read_checkpoints(tmp_path)[-1]
    assert seen.size == early.size
    other = plan(3, experiment="other")
    other.publish(tmp_path)
    commit(tmp_path)
    publish_attempt(tmp_path, other, 0, 3, checkpoint=seen)
    commit(tmp_path)
    [problem] = verify(tmp_path).problems
    assert problem.defect == "RecordsDisagree"
    assert "before a checkpoint covered its plan" in problem.sentence


def plan_changed(tmp_path: Path, change: Callable[[list[Sealed]], list[Sealed]]) -> set[str]:
    made = plan(3)
    publish(tmp_path, f"plan-{made.plan[:16]}", change(list(made.sealed)))
    return verified(tmp_path)


def head_with(**values: object) -> Callable[[list[Sealed]], list[Sealed]]:
    return lambda sealed: [Sealed({**sealed[0].record, **values}), *sealed[1:]]


@pytest.mark.parametrize(
    ("change", "defect"),
    [
        (head_with(requests=4), "PlanIncomplete"),
        (head_with(requests_root="0" * 64), "LeafMismatch"),
        (head_with(core={"scores": []}), "LeafMismatch"),
        (lambda sealed: [*sealed[:2], *sealed[3:]], "PlanIncomplete"),
        (lambda sealed: [sealed[0], sealed[2], sealed[1], *sealed[3:]], "RecordsDisagree"),
        (lambda sealed: sealed[1:], "RecordsDisagree"),
        (lambda sealed: [*sealed[1:], sealed[0]], "RecordsDisagree"),
    ],
    ids=["count", "root", "core", "a request dropped", "swapped", "no head", "head last"],
)
def test_a_plan_that_does_not_match_its_requests_is_named(
    tmp_path: Path, change: Callable[[list[Sealed]], list[Sealed]], defect: str
) -> None:
    assert defect in plan_changed(tmp_path, change)


def test_a_rewritten_history_has_another_root(tmp_path: Path) -> None:
    """An author who rebuilds the log from the start cannot keep an earlier checkpoint."""
    made = whole(tmp_path / "one")
    commit(tmp_path / "one")
    publish(tmp_path / "two", f"plan-{made.plan[:16]}", made.sealed)
    publish_attempt(tmp_path / "two", made, 0, 6, answers="better")
    commit(tmp_path / "two")
    for path in (tmp_path / "two" / "log").glob("*.checkpoint"):
        shutil.copy(tmp_path / "one" / "log" / "000000000020.checkpoint", path)
    assert "CheckpointMismatch" in {p.defect for p in verify(tmp_path / "two").problems}


def test_a_ledger_being_committed_to_is_not_verified(ledger: Path) -> None:
    with writing(ledger), pytest.raises(Busy):
        verify(ledger)


def test_a_read_only_ledger_without_lock_file_is_verified(ledger: Path) -> None:
    (ledger / ".lock").unlink()
    before = sorted(os.listdir(ledger))
    assert verify(ledger).holds
    assert sorted(os.listdir(ledger)) == before


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected a ledger folder"):
        verify(tmp_path / "absent")
    with pytest.raises(InvalidInput, match="expected a log"):
        verify(tmp_path)


def test_the_report_is_plain_json(ledger: Path) -> None:
    import json

    value = json.loads(json.dumps(verify(ledger).to_json()))
    assert value["holds"] is True
    assert value["checks"][0]["verdict"] == "ok"
    assert len(value["attempts"]) == 3


def test_many_shards_are_checked_in_processes_with_the_same_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reprollm.ledger import workers

    made = plan(64)
    made.publish(tmp_path)
    for first in range(0, 64, 8):
        publish_attempt(tmp_path, made, first, first + 8)
    monkeypatch.setattr(workers, "SMALL_BYTES", 0)
    commit(tmp_path)
    report = verify(tmp_path)
    assert report.holds
    assert report.runs[0].answered == 64
    rewrite(shard_with(tmp_path, "generation"), replaced(b"node1", b"node2"))
    assert [problem.defect for problem in verify(tmp_path).problems] == ["LeafMismatch"]


def test_the_root_is_the_one_of_the_lines_in_log_order(ledger: Path) -> None:
    tree = Frontier()
    for segment in read_segments(ledger):
        for shard in segment.shards:
            assert isinstance(shard, ShardReference)
            for line in read_lines(shard.path(ledger)):
                tree.append(leaf_hash(line))
    assert verify(ledger).root == tree.root().hex()
