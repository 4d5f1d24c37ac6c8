import json
import shutil
from pathlib import Path

import pytest

from command import Run, runner
from unattested.logs import EVAL, RESULTS, samples_file


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_a_log_is_taken_in_committed_verified_and_shown_as_unattested(tmp_path: Path, run: Run):
    ledger = str(tmp_path / "theirs")
    done = run("import", "inspect", str(EVAL), "--ledger", ledger, "--stratum", "stratum")
    assert done.code == 0
    assert "8 unattested answers taken in, from inspect_ai 0.3.285" in done.out
    assert "No hash of the weights" in done.out
    assert f"reprollm ledger commit {ledger}" in done.err
    assert run("ledger", "commit", ledger).code == 0
    assert run("ledger", "verify", ledger).code == 0
    shown = run("ledger", "show", ledger)
    assert "imports: unattested answers" in shown.out
    found = run(
        "ledger", "query", ledger, "--format", "json",
        "SELECT item, output, attestation FROM answers WHERE item = 'i1' ORDER BY repetition",
    )  # fmt: skip
    assert json.loads(found.out)[0] == {
        "item": "i1", "output": "und er sprach 1", "attestation": "unattested",
    }  # fmt: skip
    again = run("import", "inspect", str(EVAL), "--ledger", ledger)
    assert again.code == 0
    assert "was taken in before" in again.out


def test_several_files_are_taken_in_with_the_results_beside_them(tmp_path: Path, run: Run):
    ledger = str(tmp_path / "theirs")
    files = [str(samples_file(task)) for task in ("again", "choice", "spelling")]
    done = run(
        "import", "lm-eval", *files, "--results", str(RESULTS), "--item", "id",
        "--ledger", ledger, "--json",
    )  # fmt: skip
    assert done.code == 0
    taken = json.loads(done.out)
    assert [one["samples"] for one in taken] == [8, 3, 4]
    assert {one["tool_version"] for one in taken} == {"0.4.13"}
    assert {one["attestation"] for one in taken} == {"unattested"}
    assert run("ledger", "commit", ledger).code == 0
    assert run("ledger", "verify", ledger).code == 0


def test_one_bad_file_leaves_nothing_behind(tmp_path: Path, run: Run):
    bad = tmp_path / "samples_bad.jsonl"
    bad.write_text("{}\n")
    ledger = tmp_path / "theirs"
    done = run(
        "import", "lm-eval", str(samples_file("spelling")), str(bad), "--ledger", str(ledger)
    )
    assert done.code == 3
    assert "expected a sample of lm-evaluation-harness in line 1" in done.err
    assert not ledger.exists()


@pytest.mark.parametrize("kind", ["inspect", "lm-eval"])
def test_any_changed_byte_is_a_sentence_or_another_import(tmp_path: Path, run: Run, kind: str):
    """A damaged log never ends in a traceback, whatever byte was changed."""
    source = EVAL if kind == "inspect" else samples_file("spelling")
    content = source.read_bytes()
    path = tmp_path / source.name
    step = max(1, len(content) // 60)
    for place in range(0, len(content), step):
        changed = bytearray(content)
        changed[place] ^= 0x15
        path.write_bytes(changed)
        ledger = tmp_path / "theirs"
        done = run("import", kind, str(path), "--ledger", str(ledger))
        assert done.code in (0, 3), done.err
        shutil.rmtree(ledger, ignore_errors=True)


def test_hostile_texts_reach_no_terminal(tmp_path: Path, run: Run):
    path = tmp_path / "samples_\x1b[2Jtask.jsonl"
    shutil.copy(samples_file("spelling"), path)
    done = run("import", "lm-eval", str(path), "--ledger", str(tmp_path / "theirs"))
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\\x1b" in done.out


def test_imported_answers_are_scored_and_their_scores_recomputed(tmp_path: Path, run: Run):
    ledger = str(tmp_path / "theirs")
    run("import", "inspect", str(EVAL), "--ledger", ledger, "--stratum", "stratum")
    run("ledger", "commit", ledger)
    done = run("score", ledger)
    assert done.code == 0
    assert "unattested answers" in done.out
    assert run("ledger", "commit", ledger).code == 0
    found = run(
        "ledger", "query", ledger, "--format", "json",
        "SELECT value FROM estimates WHERE score = 'exact_match' AND level = 'all'",
    )  # fmt: skip
    assert json.loads(found.out) == [{"value": "0.625000"}]
    checked = json.loads(run("verify", ledger, "--json").out)
    [numbers] = [level for level in checked["levels"] if level["name"] == "numbers"]
    assert (checked["holds"], numbers["verdict"]) == (True, "holds")


def test_the_scores_and_the_import_can_be_named(tmp_path: Path, run: Run):
    ledger = str(tmp_path / "theirs")
    files = [str(samples_file(task)) for task in ("again", "spelling")]
    taken = json.loads(run("import", "lm-eval", *files, "--ledger", ledger, "--json").out)
    run("ledger", "commit", ledger)
    done = run(
        "score", ledger, "--run", taken[0]["import"][:12], "--score", "exact_match", "--json"
    )
    assert [(row["score"], row["n"]) for row in json.loads(done.out)] == [("exact_match", 8)]
    assert run("score", ledger, "--score", "beauty").code == 3
    assert run("score", ledger, "--run", "00000000").code == 3
