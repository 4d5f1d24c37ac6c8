"""The stand-alone verifier, as a reviewer runs it: on good bundles and on every kind of bad one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.building import attempt, fake, plan
from reprollm.canon import dumps
from reprollm.publish.order import Published
from reprollm.records.sealed import Sealed
from reprollm.review import verify
from reprollm.review.released import RELEASED
from reprollm.review.verification import verify_path
from reprollm.signing import note
from reprollm.signing.note_key import SigningKey
from review import forging
from review.forging import REQUESTS, VERIFIER, Shard, bundle, honest, planned, seal

Edit = Callable[[dict[str, Any]], dict[str, Any]]


def pythons() -> list[str]:
    """Return an interpreter of each minor version of Python 3 from 3.9 on that is found."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = {(3, sys.version_info[1]): sys.executable}
    for path in sorted(root.glob("versions/3.*/bin/python3.*")):
        if match := re.fullmatch(r"python3\.(\d+)", path.name):
            found.setdefault((3, int(match[1])), str(path))
    for minor in range(9, 20):
        named = shutil.which(f"python3.{minor}")
        if named and "shims" not in named:
            found.setdefault((3, minor), named)
    return [path for version, path in sorted(found.items()) if version >= (3, 9)]


def run(
    path: Path, *options: str, python: str = sys.executable, program: Path = VERIFIER
) -> subprocess.CompletedProcess[str]:
    command = [python, "-I", "-S", str(program), *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def judged(path: Path, **options: Any) -> verify.Report:
    """Verify in this process."""
    asked = {"keys": [], "kept": [], "disclosed": {}, "processes": 1, **options}
    return verify.verify(str(path), verify.Options(**asked))


def defects(report: verify.Report) -> set[tuple[int, str]]:
    return {(level, defect) for level, defect, _ in report.problems}


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, path.relative_to(folder).as_posix())
    return archive


@pytest.fixture(scope="session")
def honest_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("honest"), honest())


@pytest.fixture
def good(honest_once: Path, tmp_path: Path) -> Path:
    """A bundle whose author is honest, to be changed."""
    return Path(shutil.copytree(honest_once, tmp_path / "bundle"))


@pytest.mark.parametrize("python", pythons())
def test_a_good_bundle_holds_under_every_python(python: str, published_once: Published) -> None:
    done = run(published_once.path, python=python)
    assert (done.returncode, done.stderr) == (0, "")
    assert "VERDICT: nothing that was checked is wrong" in done.stdout


def test_the_bundles_own_copy_checks_the_folder_it_lies_in(unpacked_once: Path) -> None:
    command = [sys.executable, "-I", "-S", "verify.py", "--json"]
    done = subprocess.run(command, cwd=unpacked_once, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert (done.returncode, report["holds"], report["problems"]) == (0, True, [])
    assert [level["verdict"] for level in report["levels"]] == [
        "partly", "partly", "holds", "holds", "not checked",
    ]  # fmt: skip


def test_zip_and_folder_and_processes_say_the_same(
    published_once: Published, unpacked_once: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PARALLEL_BYTES", 0)
    reports = [
        judged(path, processes=processes).to_json()
        for path in (published_once.path, unpacked_once)
        for processes in (1, 2)
    ]
    assert all(report == reports[0] for report in reports)


def test_the_page_tells_what_was_asked_and_what_was_not_checked(unpacked_once: Path) -> None:
    text = verify.page("bundle", judged(unpacked_once))
    assert "Words | and *marks*" in text
    assert "not quantized" in text
    assert "12 requests; greedy (seeds 0); sampled (seeds 1, 2)" in text
    assert "character_error_rate" in text and "same" in text
    assert re.search(r"not checked +ledger\.duckdb", text)
    assert "not signed and not time-stamped" in text


def test_the_page_shows_no_character_that_acts(tmp_path: Path) -> None:
    log = honest()
    log.change("plan", lambda record: {**record, "experiment": "x\x1b[31m\u202e\u2066y"})
    text = verify.page("b\x07", judged(bundle(tmp_path, log)))
    assert "\\x1b[31m\\u202e\\u2066y" in text
    assert all(character == "\n" or character.isprintable() for character in text)


def test_a_bare_ledger_is_checked_without_its_files(good: Path) -> None:
    report = judged(good / "ledger")
    assert report.problems == []
    assert report.levels[0].verdict == "not checked"
    assert report.levels[3].verdict == "holds"


def test_a_folder_or_file_that_is_no_bundle_is_told_from_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    for path in (tmp_path, tmp_path / "notes.txt", tmp_path / "nowhere"):
        done = run(path)
        assert done.returncode == 3
        assert done.stderr.startswith("verify.py: expected") and "Traceback" not in done.stderr


def test_a_wrong_command_line_exits_with_2(good: Path) -> None:
    assert run(good, "--nonsense").returncode == 2


# What an author who writes everything anew around a lie is told: (level, defect).


def _set(**fields: Any) -> Edit:
    return lambda record: {**record, **fields}


LIES: dict[str, tuple[str, Edit, int, str]] = {
    "an unknown field": ("generation", _set(mood="good"), 1, "LeafMismatch"),
    "a malformed field": ("start", _set(snapshot_check="half"), 1, "LeafMismatch"),
    "an unknown schema": ("note", _set(schema="reprollm/note/2"), 1, "LeafMismatch"),
    "another finish": ("generation", _set(finish="length"), 2, "LeafMismatch"),
    "another sampling seed": ("request", _set(seed="7"), 2, "LeafMismatch"),
    "another result id": ("generation", _set(result=fake("other")), 2, "LeafMismatch"),
    "another snapshot": ("snapshot", _set(files=[{"path": "x"}]), 2, "LeafMismatch"),
    "another environment": ("environment", _set(facts={"cpu": "y"}), 2, "LeafMismatch"),
    "another commitment": ("generation", _set(margins=fake("other")), 1, "CommitmentMismatch"),
    "more planned requests": ("plan", _set(requests=REQUESTS + 1), 2, "PlanIncomplete"),
    "another core": ("plan", _set(core={"title": "x"}), 2, "LeafMismatch"),
    "another root of requests": ("plan", _set(requests_root=fake("r")), 2, "LeafMismatch"),
    "a request out of order": ("request", _set(index=4), 2, "RecordsDisagree"),
    "an answer to no request": ("failure", _set(request=fake("none")), 2, "RecordsDisagree"),
    "an answer of no attempt": ("failure", _set(attempt="0" * 32), 2, "RecordsDisagree"),
    "an answer of another run": ("failure", _set(run=fake("run")), 2, "RecordsDisagree"),
    "a checkpoint that never was": (
        "start", _set(checkpoint={"size": 8, "root": fake("root")}), 2, "RecordsDisagree",
    ),
    "another score": ("score", _set(value="0.999999"), 3, "ScoreMismatch"),
    "another number of answers": ("score", _set(n=5), 3, "ScoreMismatch"),
    "another table": ("score", _set(table_sha256=fake("table")), 3, "ScoreMismatch"),
    "a score of a run that never began": ("score", _set(run=fake("run")), 3, "ScoreMismatch"),
    "a row of no stratum": (
        "score", _set(level="stratum", stratum="none"), 3, "ScoreMismatch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_consistent_lie_is_found_and_named(lie: str, tmp_path: Path) -> None:
    kind, edit, level, defect = LIES[lie]
    log = honest(failing=[5])
    log.segments.append([Shard("note", (_note(),))])
    log.change(kind, edit)
    path = bundle(tmp_path, log)
    report = judged(path)
    assert (level, defect) in defects(report), report.problems
    assert report.code == 10 + level


@pytest.mark.parametrize("lie", LIES)
def test_reprollm_verify_finds_the_same_lie(lie: str, tmp_path: Path) -> None:
    kind, edit, level, defect = LIES[lie]
    log = honest(failing=[5])
    log.segments.append([Shard("note", (_note(),))])
    log.change(kind, edit)
    found = verify_path(bundle(tmp_path, log) / "ledger")
    own = {(item.level, item.defect) for item in found.problems}
    assert (level, defect) in own - {(1, "ProjectionMismatch")}


def _note() -> Sealed:
    return Sealed({
        "schema": "reprollm/note/1", "kind": "note", "text": "x", "created": forging.CREATED,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "level", "defect"),
    [
        ("generation", 2, "PlanIncomplete"),
        ("request", 2, "PlanIncomplete"),
        ("start", 2, "RecordsDisagree"),
        ("plan", 2, "RecordsDisagree"),
        ("score", 3, "ScoreMismatch"),
    ],
)
def test_a_record_that_was_left_out_is_missed(
    kind: str, level: int, defect: str, tmp_path: Path
) -> None:
    log = honest()
    log.drop(kind, 1 if kind in ("generation", "request") else 0)
    report = judged(bundle(tmp_path, log))
    assert (level, defect) in defects(report)


def test_a_line_that_is_not_canonical_is_no_record(tmp_path: Path) -> None:
    log = honest()
    spaced = b'{"created":"2026-01-01T00:00:00.000Z","kind":"note", "schema":"reprollm/note/1"}'
    log.segments.append([Shard("note", (spaced,))])
    assert defects(judged(bundle(tmp_path, log))) == {(1, "LeafMismatch")}


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' + b"9" * 100_000 + b"}",
        b'{"a":1e9}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b"",
    ],
    ids=["deep", "long number", "float", "not UTF-8", "lone surrogate", "empty"],
)
def test_a_hostile_line_is_refused_quickly(line: bytes, tmp_path: Path) -> None:
    log = honest()
    log.segments.append([Shard("note", (line,))])
    assert defects(judged(bundle(tmp_path, log))) == {(1, "LeafMismatch")}


def test_the_plan_must_be_in_a_checkpoint_before_the_first_token(tmp_path: Path) -> None:
    log = honest()
    log.segments = [[*log.segments[0], *log.segments[1]], log.segments[2]]
    assert (2, "RecordsDisagree") in defects(judged(bundle(tmp_path, log)))


def test_attempts_that_ended_badly_are_told(tmp_path: Path) -> None:
    log = honest()
    made = log.plan
    for how, name in ((None, "left"), ("killed", "shot")):
        sealed = attempt(made, 0, 2, name=name, how=how, second=5)
        log.segments[1].append(Shard(f"run-{made.run[:16]}/{name}", tuple(sealed)))
    report = judged(bundle(tmp_path, log))
    assert report.problems == []
    text = " ".join(report.notices)
    assert "abandoned" in text and "killed" in text and "more than one answer" in text


def test_another_answer_to_the_same_request_is_told_and_the_first_one_counts(
    tmp_path: Path,
) -> None:
    log = honest()
    made = log.plan
    again = attempt(made, 0, 2, name="again", answers="andres", second=5)
    log.segments[1].append(Shard(f"run-{made.run[:16]}/again", tuple(again)))
    report = judged(bundle(tmp_path, log))
    assert report.problems == []
    assert [(run["rerolled"], run["differing"]) for run in report.runs] == [(2, 2)]
    assert any("2 differ" in notice for notice in report.notices)


def test_a_missing_answer_fails_unless_another_run_is_complete(tmp_path: Path) -> None:
    log = planned()
    made = log.plan
    log.segments.append([Shard("run", tuple(attempt(made, 0, 4)))])
    report = judged(bundle(tmp_path / "one", log))
    assert defects(report) == {(2, "PlanIncomplete")}
    second = type(made)(made.plan, made.requests, made.sealed, nonce="second")
    log.segments.append([Shard("run-2", tuple(attempt(second, 0, REQUESTS)))])
    report = judged(bundle(tmp_path / "two", log))
    assert report.problems == []
    assert any(notice.startswith("Given up: run") for notice in report.notices)


def test_a_later_plan_needs_a_true_record_of_what_changed(tmp_path: Path) -> None:
    log, second = planned(), plan(REQUESTS - 2, experiment="other")
    first = log.plan
    log.segments.append([Shard("run", tuple(attempt(first, 0, REQUESTS)))])
    log.segments.append([Shard("plan-2", second.sealed)])
    log.write(tmp_path / "draft")
    seen = log.written[-1].checkpoint()
    log.segments.append([Shard("run-2", tuple(attempt(second, 0, 4, checkpoint=seen)))])
    assert defects(judged(log.write(tmp_path / "a"))) == {(2, "RecordsDisagree")}
    told = {
        "schema": "reprollm/deviation/1", "kind": "deviation", "plan": second.plan,
        "before": first.plan, "kept": 4, "dropped": 2, "added": 0, "reason": "fewer",
        "changed": {"experiment_sha256": {"before": fake("normalisation"), "after": fake("other")}},
        "created": forging.CREATED,
    }  # fmt: skip
    log.segments[2].append(Shard("deviation", (Sealed(told),)))
    log.write(tmp_path / "draft-2")
    seen = log.written[-2].checkpoint()
    log.segments[3] = [Shard("run-2", tuple(attempt(second, 0, 4, checkpoint=seen)))]
    report = judged(log.write(tmp_path / "b"))
    assert report.problems == []
    assert any("4 requests kept, 2 dropped" in notice for notice in report.notices)
    log.change("deviation", _set(dropped=1))
    assert defects(judged(log.write(tmp_path / "c"))) >= {(2, "RecordsDisagree")}


# What someone who changes files of a bundle is told.


def _shard(folder: Path, kind: str = "shards") -> Path:
    return sorted(folder.glob(f"ledger/{kind}/run-*/*/*.jsonl"))[0]


def _rewrite(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def _forget_openings(folder: Path) -> None:
    path = _shard(folder, "openings")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def _swap_openings(folder: Path) -> None:
    path = _shard(folder, "openings")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[1], lines[0], *lines[2:]]))


def _last(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[-1]


DAMAGE: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "a changed record": (
        lambda f: _rewrite(_shard(f), b'"finish":"stop"', b'"finish":"stoq"'), 1, "LeafMismatch",
    ),
    "a missing shard": (lambda f: _shard(f).unlink(), 1, "LeafMismatch"),
    "a shard cut off": (
        lambda f: _shard(f).write_bytes(_shard(f).read_bytes()[:-20]), 1, "LeafMismatch",
    ),
    "a changed text": (
        lambda f: _rewrite(_shard(f, "openings"), b"sprach", b"sprich"), 1, "CommitmentMismatch",
    ),
    "a changed salt": (
        lambda f: _rewrite(_shard(f, "openings"), b'"salt":"', b'"salt":"0'),
        1, "CommitmentMismatch",
    ),
    "openings in another order": (_swap_openings, 1, "CommitmentMismatch"),
    "a changed checkpoint": (
        lambda f: _rewrite(_last(f, "ledger/log/*.checkpoint"), b"\n1", b"\n2"),
        1, "CheckpointMismatch",
    ),
    "a missing checkpoint": (
        lambda f: sorted(f.glob("ledger/log/*.checkpoint"))[0].unlink(), 1, "CheckpointMismatch",
    ),
    "a missing segment": (
        lambda f: sorted(f.glob("ledger/log/*.segment.json"))[1].unlink(),
        1, "CheckpointMismatch",
    ),
    "another frontier": (
        lambda f: _rewrite(_last(f, "ledger/log/*.json"), b'"frontier":["', b'"frontier":["0'),
        1, "CheckpointMismatch",
    ),
    "another experiment": (
        lambda f: (f / "experiment/experiment.yaml").write_text("other"), 0, "FileChanged",
    ),
    "a shard that the log does not name": (
        lambda f: (f / "ledger/shards/extra.jsonl").write_text("{}\n"), 0, "FileUnexpected",
    ),
    "another verify.py": (
        lambda f: (f / "verify.py").write_text("print('all is well')\n"), 0, "FileChanged",
    ),
    "another verify.sql": (lambda f: (f / "verify.sql").write_text("SELECT 1"), 0, "FileChanged"),
    "a verifier that is gone": (lambda f: (f / "verify.sql").unlink(), 0, "FileMissing"),
    "a statement of withholding that nobody signed": (
        lambda f: (f / "redaction.json").write_text(
            '{"left_out":[],"origin":"x","reason":"y","root":"","schema":"reprollm/redaction/1",'
            '"size":0,"values":0,"withheld":[]}\n'
        ),
        0, "SignatureMismatch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_though_the_list_of_files_was_made_anew(damage: str, good: Path) -> None:
    break_it, level, defect = DAMAGE[damage]
    before = judged(good).checkpoint
    break_it(good)
    seal(good, before)
    report = judged(good)
    assert (level, defect) in defects(report), report.problems
    assert report.code == 10 + level


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_by_the_list_of_files(damage: str, good: Path) -> None:
    break_it, _, _ = DAMAGE[damage]
    break_it(good)
    report = judged(good)
    names = {defect for level, defect in defects(report) if level == 0}
    assert names & {"FileChanged", "FileMissing", "FileUnexpected"}
    assert report.code == 10


@pytest.mark.parametrize("damage", DAMAGE)
def test_reprollm_verify_names_the_same_damage(damage: str, good: Path) -> None:
    break_it, level, defect = DAMAGE[damage]
    before = judged(good).checkpoint
    break_it(good)
    seal(good, before)
    found = verify_path(good)
    assert (level, defect) in {(item.level, item.defect) for item in found.problems}
    assert found.exit_code == 10 + level


def test_missing_openings_of_a_bare_ledger_are_not_checked_and_not_wrong(good: Path) -> None:
    _forget_openings(good)
    report = judged(good / "ledger")
    assert report.problems == []
    assert report.levels[1].verdict == "partly"
    assert report.levels[3].verdict == "not checked"
    assert "withheld" in " ".join(report.levels[3].unchecked)


def test_missing_openings_of_a_bundle_need_a_signed_statement(good: Path) -> None:
    last = judged(good).checkpoint
    _forget_openings(good)
    seal(good, last)
    assert defects(judged(good)) == {(0, "FileMissing")}
    said = {
        "schema": "reprollm/redaction/1", "kind": "redaction", "origin": last.origin,
        "size": last.size, "root": last.root.hex(), "values": 4, "left_out": [], "overlaps": [],
        "withheld": [{"field": "margins", "salt": "secret"}], "reason": "because",
        "created": forging.CREATED,
    }  # fmt: skip
    key = SigningKey("example.org/jane", bytes(range(32)))
    (good / "ledger/keys").mkdir()
    public = key.verifier()
    (good / f"ledger/keys/{public.key_id.hex()}.vkey").write_text(public.text() + "\n")
    for change, expected in (
        ({"withheld": []}, set()),
        ({"values": 3, "withheld": []}, {(0, "FileChanged")}),
        ({}, {(0, "FileChanged")}),  # margins of other answers are shown
        ({"size": 1, "withheld": []}, {(0, "FileChanged")}),
    ):
        (good / "redaction.json").write_bytes(dumps({**said, **change}) + b"\n")
        seal(good, last)
        path = good / "bundle.note"
        path.write_text(note.sign(path.read_text(), key).content())
        assert defects(judged(good)) == expected, change


def test_a_link_in_the_folder_is_refused(good: Path) -> None:
    (good / "README.md").symlink_to("/etc/passwd")
    assert defects(judged(good)) == {(0, "ArchiveRefused")}


# Keys, checkpoints and texts that the reader brings along.


def test_a_log_that_was_rewritten_does_not_begin_with_a_kept_checkpoint(tmp_path: Path) -> None:
    log = honest()
    path = bundle(tmp_path / "before", log)
    kept = tmp_path / "kept"
    kept.write_text(log.written[1].checkpoint().body())
    assert run(path, "--checkpoint", str(kept)).returncode == 0
    rewritten = honest(answers="andres")
    done = run(bundle(tmp_path / "after", rewritten), "--checkpoint", str(kept), "--json")
    assert done.returncode == 11
    assert {item["defect"] for item in json.loads(done.stdout)["problems"]} == {
        "CheckpointMismatch"
    }


def test_a_kept_checkpoint_needs_not_be_one_of_the_log(good: Path, tmp_path: Path) -> None:
    report = judged(good)
    leaves = [
        verify.sha256(b"\0" + line).digest()
        for segment in sorted(good.glob("ledger/log/*.segment.json"))
        for shard in json.loads(segment.read_bytes())["shards"]
        for line in (good / f"ledger/shards/{shard['group']}/{shard['sha256']}.jsonl")
        .read_bytes()
        .splitlines()
    ]
    tree = verify.Tree()
    tree.extend(leaves[:11])
    kept = verify.Checkpoint(report.checkpoint.origin, 11, tree.root())
    assert judged(good, kept=[kept]).problems == []
    wrong = kept._replace(root=bytes(32))
    assert defects(judged(good, kept=[wrong])) == {(1, "CheckpointMismatch")}
    longer = kept._replace(size=1000)
    assert defects(judged(good, kept=[longer])) == {(1, "CheckpointMismatch")}


def test_a_text_that_was_withheld_can_be_shown_later(good: Path, tmp_path: Path) -> None:
    line = _shard(good, "openings").read_bytes().splitlines(keepends=True)[0]
    _forget_openings(good)
    ledger, disclosed = good / "ledger", tmp_path / "disclosed.jsonl"
    disclosed.write_bytes(line)
    done = run(ledger, "--opening", str(disclosed))
    assert done.returncode == 0
    assert "output: sprach 0" in done.stdout
    disclosed.write_bytes(line.replace(b"sprach", b"sprich"))
    done = run(ledger, "--opening", str(disclosed))
    assert done.returncode == 11
    assert "CommitmentMismatch" in done.stdout and "sprich" not in done.stdout
    disclosed.write_bytes(line.replace(line[9:20], b"0" * 11))
    done = run(ledger, "--opening", str(disclosed))
    assert done.returncode == 11
    assert "LeafMismatch" in done.stdout
    disclosed.write_bytes(b"nonsense\n")
    assert run(ledger, "--opening", str(disclosed)).returncode == 3


def test_a_key_that_did_not_sign_is_missed(good: Path) -> None:
    key = verify.NoteKey("example.org/jane", bytes(range(32))).text()
    done = run(good, "--key", key, "--json")
    assert done.returncode == 11
    assert [item["defect"] for item in json.loads(done.stdout)["problems"]] == ["SignatureMismatch"]
    assert run(good, "--key", "nonsense").returncode == 3


def test_the_verifiers_that_were_released_are_the_same_list() -> None:
    digest = verify.sha256(VERIFIER.with_name("verify.sql").read_bytes()).hexdigest()
    assert verify.RELEASED["verify.sql"] == {digest, *RELEASED["verify.sql"]}
    assert verify.RELEASED["verify.py"] == set(RELEASED["verify.py"])
