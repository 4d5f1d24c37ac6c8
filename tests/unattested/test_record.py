import json
from pathlib import Path
from typing import Any

import pytest

from ledger.building import whole
from reprollm.canon import digest
from reprollm.errors import Busy, InvalidInput
from reprollm.ledger.commit import commit
from reprollm.ledger.lock import reading
from reprollm.ledger.projection import opened
from reprollm.ledger.read import current_run, final_answers, imports, run_named, runs
from reprollm.ledger.verify import verify
from reprollm.records.shard import publish, read_records
from reprollm.unattested import inspect_log, lm_eval_log
from reprollm.unattested.claimed import ForeignLog
from reprollm.unattested.record import _sealed, take_in
from unattested.logs import EVAL, RESULTS, samples_file

NOW = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def log() -> ForeignLog:
    return inspect_log.read(EVAL, stratum="stratum")


@pytest.fixture(scope="module")
def ledger(log: ForeignLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imports") / "theirs"
    take_in(folder, log)
    take_in(folder, lm_eval_log.read(samples_file("spelling"), RESULTS, item="id"))
    commit(folder)
    return folder


def test_a_ledger_of_imports_alone_commits_and_verifies(ledger: Path) -> None:
    report = verify(ledger)
    assert report.holds
    [check] = [check for check in report.checks if check.name == "imports"]
    assert check.count == 12
    assert sum("answers are unattested" in notice for notice in report.notices) == 2


def test_imported_answers_are_read_as_answers_and_marked(ledger: Path, log: ForeignLog) -> None:
    answers = list(final_answers(ledger, log.id))
    assert [answer.index for answer in answers] == list(range(8))
    second = answers[1]
    assert (second.item, second.stratum, second.output) == ("i1", "umlaut", "und er sprach 1")
    assert (second.reference, second.seed, second.finish) == ("und er sprach 1", "7", "stop")
    assert (second.run, second.plan, second.attestation) == (log.id, log.id, "unattested")
    assert second.request == digest("reprollm/imported/v1", log.id.encode(), b"1")
    assert (second.result, second.attempt, second.environment, second.output_ids) == (None,) * 4


def test_our_own_runs_stand_before_imports_and_are_marked_as_recorded(
    tmp_path: Path, log: ForeignLog
) -> None:
    made = whole(tmp_path)
    take_in(tmp_path, log)
    commit(tmp_path)
    assert verify(tmp_path).holds
    assert current_run(tmp_path).run == made.run
    assert [run.attestation for run in runs(tmp_path)] == ["recorded"]
    assert run_named(tmp_path, log.id[:10]).attestation == "unattested"
    marks = {answer.run: answer.attestation for answer in final_answers(tmp_path)}
    assert marks == {made.run: "recorded", log.id: "unattested"}


def test_a_ledger_of_imports_stands_for_the_last_one(ledger: Path) -> None:
    run = current_run(ledger)
    assert (run.attestation, run.planned, run.answered, run.experiment) == (
        "unattested", 4, 4, "spelling",
    )  # fmt: skip
    assert [log.tool for log in imports(ledger)] != []
    with pytest.raises(InvalidInput, match="of one run or import"):
        run_named(ledger, "0")


def test_the_record_names_the_file_and_what_is_unsaid(ledger: Path, log: ForeignLog) -> None:
    [found] = [one for one in imports(ledger) if one.id == log.id]
    assert found.file == log.file.to_json()
    assert found.unsaid == log.unsaid
    assert (found.tool, found.tool_version, found.samples) == ("inspect_ai", "0.3.285", 8)


def test_the_same_file_is_taken_in_once(ledger: Path, log: ForeignLog) -> None:
    again = take_in(ledger, log)
    assert not again.new
    assert commit(ledger).shards == 0


def test_the_file_is_the_identity_whatever_it_is_called(tmp_path: Path, log: ForeignLog) -> None:
    renamed = tmp_path / "other.eval"
    renamed.write_bytes(EVAL.read_bytes())
    assert inspect_log.read(renamed).id == log.id
    version = (log.tool_version or "").encode()
    sha256 = log.file.sha256.encode()
    assert log.id == digest("reprollm/import/v1", sha256, b"inspect_ai", version)


def test_texts_are_commitments_and_the_shard_holds_none_of_them(
    tmp_path: Path, log: ForeignLog
) -> None:
    shard = take_in(tmp_path, log).shard
    content = shard.path(tmp_path).read_text(encoding="utf-8")
    assert "sprach" not in content
    assert "sprach" in shard.openings_path(tmp_path).read_text(encoding="utf-8")


def test_withheld_texts_leave_the_import_as_it_is(tmp_path: Path, log: ForeignLog) -> None:
    shard = take_in(tmp_path, log).shard
    shard.openings_path(tmp_path).unlink()
    commit(tmp_path)
    assert verify(tmp_path).holds
    assert {answer.output for answer in final_answers(tmp_path)} == {None}


def test_nothing_is_taken_in_while_another_process_works(tmp_path: Path, log: ForeignLog) -> None:
    take_in(tmp_path, log)
    with reading(tmp_path), pytest.raises(Busy):
        take_in(tmp_path, log)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput, match="found a file"):
        take_in(tmp_path / "file", log)


def forged(ledger: Path, log: ForeignLog, change: Any) -> list[tuple[str, str]]:
    """Publish a log's records with something changed, and return what verification says."""
    sealed = list(_sealed(log, NOW))
    publish(ledger, f"import-{log.id[:16]}", change(sealed))
    commit(ledger)
    return [(problem.defect, problem.sentence) for problem in verify(ledger).problems]


@pytest.mark.parametrize(
    ("change", "defect", "words"),
    [
        (lambda s: s[:-1], "RecordsDisagree", "promises 8 samples, the log holds 7"),
        (lambda s: [*s, s[3]], "RecordsDisagree", "has more than once sample 2 of 8"),
        (lambda s: [*s[:3], *s[4:]], "RecordsDisagree", "lacks sample 2 of 8"),
        (lambda s: s[1:], "RecordsDisagree", "has imported records but no import record"),
        (lambda s: [*s[1:], s[0]], "RecordsDisagree", "before its import record"),
        (lambda s: [s[0], *s], "RecordsDisagree", "has more than one import record"),
    ],
)
def test_imported_records_that_do_not_add_up_are_found(
    tmp_path: Path, log: ForeignLog, change: Any, defect: str, words: str
) -> None:
    problems = forged(tmp_path, log, change)
    assert any(found == defect and words in said for found, said in problems), problems


def test_samples_in_another_order_are_no_defect(tmp_path: Path, log: ForeignLog) -> None:
    assert forged(tmp_path, log, lambda s: [s[0], *reversed(s[1:])]) == []


def test_an_import_of_another_file_than_its_id_names_is_found(
    tmp_path: Path, log: ForeignLog
) -> None:
    def another(sealed: list[Any]) -> list[Any]:
        sealed[0].record["file"]["sha256"] = "0" * 64
        return sealed

    [(defect, sentence)] = forged(tmp_path, log, another)
    assert defect == "LeafMismatch"
    assert "not the hash of its file and tool" in sentence


def test_the_views_show_every_claim(ledger: Path, log: ForeignLog) -> None:
    with opened(ledger) as connection:
        rows = connection.execute(
            'SELECT item, claimed FROM imported WHERE "import" = ? ORDER BY "index"', [log.id]
        ).fetchall()
    assert [row[0] for row in rows] == [sample.item for sample in log.samples]
    assert json.loads(rows[1][1]) == log.samples[1].claimed


def test_hostile_names_are_kept_and_break_no_query(tmp_path: Path, log: ForeignLog) -> None:
    name = "i0'; DROP TABLE log; -- \x1b[2J \u202e \ufffd"
    sample = type(log.samples[0])(**{**log.samples[0].__dict__, "item": name})
    odd = type(log)(**{**log.__dict__, "samples": (sample,)})
    shard = take_in(tmp_path, odd).shard
    commit(tmp_path)
    records = list(read_records(shard.path(tmp_path)))
    assert [record["item"] for record in records[1:]] == [name]
    [answer] = final_answers(tmp_path)
    assert answer.item == name
