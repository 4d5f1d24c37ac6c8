"""`reprollm verify` as a reviewer meets it: the page, the JSON, the exit codes, what he brings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from command import Run, runner
from ledger.building import plan, publish_attempt, whole
from reprollm.ledger.commit import commit
from reprollm.ledger.projection import FILE
from reprollm.ledger.segments import read_checkpoints
from reprollm.signing import note, store
from reprollm.signing.note_key import new_signing_key
from reprollm.withholding.disclosure import disclose
from scores.ledgers import falsely_scored, scored

LEVELS = ["files", "log", "completeness", "numbers", "re-execution"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_a_ledger_that_holds_says_so_level_by_level(run: Run, tmp_path: Path) -> None:
    scored(tmp_path)
    said = run("verify", str(tmp_path))
    assert said.code == 0
    for level in ("L0", "L1", "L2", "L3", "L4"):
        assert f"\n{level}  " in said.out
    assert "VERDICT: nothing that was checked is wrong. Not, or not wholly, checked: L0, L4." in (
        said.out
    )
    assert max(map(len, said.out.splitlines())) <= 100


def test_the_json_has_the_schema_that_the_docs_name(run: Run, tmp_path: Path) -> None:
    made = scored(tmp_path)
    said = json.loads(run("verify", str(tmp_path), "--json").out)
    assert (said["schema"], said["holds"], said["exit"]) == ("reprollm/verification/2", True, 0)
    assert [level["name"] for level in said["levels"]] == LEVELS
    assert (said["size"], said["problems"]) == (read_checkpoints(tmp_path)[-1].size, [])
    assert [(one["run"], one["counts"]) for one in said["runs"]] == [(made.run, True)]
    assert {row["recomputed"] for row in said["summary"]} == {"same"}


def test_a_false_score_is_an_exit_code_of_13_and_named(run: Run, tmp_path: Path) -> None:
    falsely_scored(tmp_path, lambda records: [{**r, "value": "0.900000"} for r in records])
    said = run("verify", str(tmp_path))
    assert said.code == 13
    assert "L3  Numbers: do the scores follow from the answers?  FAILS" in said.out
    assert "FAILS at level 3 (numbers): ScoreMismatch" in said.out
    assert "WRONG" in said.out


def test_a_run_with_gaps_is_an_exit_code_of_12_unless_that_is_allowed(
    run: Run, tmp_path: Path
) -> None:
    made = plan(6)
    made.publish(tmp_path)
    publish_attempt(tmp_path, made, 0, 4)
    commit(tmp_path)
    assert run("verify", str(tmp_path)).code == 12
    assert run("verify", str(tmp_path), "--allow-incomplete").code == 0


def test_a_lying_database_hides_no_false_score(run: Run, tmp_path: Path) -> None:
    falsely_scored(tmp_path, lambda records: [{**r, "value": "0.900000"} for r in records])
    (tmp_path / FILE).write_bytes(b"nothing")
    said = json.loads(run("verify", str(tmp_path), "--json").out)
    assert said["exit"] == 11
    assert {problem["defect"] for problem in said["problems"]} == {
        "ProjectionMismatch",
        "ScoreMismatch",
    }


def test_a_changed_record_leaves_the_levels_above_unchecked_and_says_why(
    run: Run, tmp_path: Path
) -> None:
    scored(tmp_path)
    shard = next((tmp_path / "shards").glob("plan-*/*.jsonl"))
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes().replace(b'"item":"item-1"', b'"item":"item-9"'))
    said = json.loads(run("verify", str(tmp_path), "--json").out)
    assert (said["exit"], said["problems"][0]["defect"]) == (11, "LeafMismatch")
    for level in said["levels"][2:4]:
        assert level["verdict"] == "not checked"
        assert "not reached" in level["unchecked"][0]


@pytest.mark.parametrize("what", ["nothing there", "another folder", "a text"])
def test_what_is_no_bundle_is_an_exit_code_of_3_and_one_sentence(
    what: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / what.replace(" ", "-")
    if what == "another folder":
        path.mkdir()
    if what == "a text":
        path.write_text("this is a bundle, honestly, look at it")
    said = run("verify", str(path))
    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("reprollm: expected a bundle")
    assert said.err.count("\n") == 1


def test_a_key_that_signed_is_found_and_one_that_did_not_is_missed(
    run: Run, tmp_path: Path
) -> None:
    scored(tmp_path / "ledger")
    key, other = new_signing_key("example.org/jane"), new_signing_key("example.org/john")
    last = read_checkpoints(tmp_path / "ledger")[-1]
    store.add_note(tmp_path / "ledger", last, note.sign(last.body(), key), key.verifier())
    (tmp_path / "jane.vkey").write_text(key.verifier().text() + "\n")
    said = run("verify", str(tmp_path / "ledger"), "--key", str(tmp_path / "jane.vkey"))
    assert said.code == 0
    assert "the last checkpoint is signed by example.org/jane" in " ".join(said.out.split())
    assert run("verify", str(tmp_path / "ledger"), "--key", other.verifier().text()).code == 11
    assert run("verify", str(tmp_path / "ledger"), "--key", key.text()).code == 3


def test_a_kept_checkpoint_is_compared(run: Run, tmp_path: Path) -> None:
    scored(tmp_path / "ledger")
    kept = tmp_path / "kept"
    kept.write_text(read_checkpoints(tmp_path / "ledger")[0].body())
    assert run("verify", str(tmp_path / "ledger"), "--checkpoint", str(kept)).code == 0
    scored(tmp_path / "other")
    said = run("verify", str(tmp_path / "other"), "--checkpoint", str(kept))
    assert said.code == 11
    assert "another log" in said.out
    assert run("verify", str(tmp_path / "other"), "--checkpoint", str(tmp_path / "no")).code == 3


def test_a_disclosed_text_is_checked_and_shown_and_cannot_act(run: Run, tmp_path: Path) -> None:
    ledger, copy = tmp_path / "ledger", tmp_path / "copy"
    made = plan(1)
    made.publish(ledger)
    publish_attempt(ledger, made, 0, 1, answers="\x1b[2J\u202eevil")
    commit(ledger)
    position = read_checkpoints(ledger)[-1].size - 2
    lines = disclose(ledger, [position], ["output"])
    (tmp_path / "opening").write_bytes(b"".join(line + b"\n" for line in lines))
    ledger.rename(copy)
    said = run("verify", str(copy), "--opening", str(tmp_path / "opening"))
    assert said.code == 0
    assert "\\x1b[2J\\u202eevil 0" in said.out
    assert "\x1b" not in said.out
    assert run("verify", str(copy), "--opening", str(tmp_path / "missing")).code == 3


def test_verification_never_imports_torch(tmp_path: Path) -> None:
    whole(tmp_path)
    commit(tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from reprollm.review.verification import verify_path\n"
        f"assert verify_path(Path({str(tmp_path)!r})).holds\n"
        "print([n for n in ('torch', 'transformers') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unreadable_file_is_named_whatever_it_was_given_for(run: Run, tmp_path: Path) -> None:
    whole(tmp_path / "ledger")
    commit(tmp_path / "ledger")
    odd = tmp_path / "odd.zip"
    odd.write_bytes(b"\xff" * 300)
    ledger, named = str(tmp_path / "ledger"), str(odd)
    for arguments in (
        ("verify", named),
        ("verify", ledger, "--checkpoint", named),
        ("verify", ledger, "--opening", named),
        ("checkpoint", "compare", named, ledger),
        ("proof", "check", named),
    ):
        said = run(*arguments)
        assert said.code == 3
        assert said.err.count("\n") == 1
        assert named in said.err
