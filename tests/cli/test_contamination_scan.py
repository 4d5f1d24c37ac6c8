from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from command import Answer, Run, runner
from corpus.corpora import json_lines, sentence, write_gz

ITEMS = [sentence(number, 20) for number in range(6)]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with a corpus, test items and a control."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    documents = [sentence(100 + at, 30) + f" „{text.upper()}“" for at, text in enumerate(ITEMS[:4])]
    (tmp_path / "corpus" / "a.jsonl").write_bytes(json_lines(documents))
    (tmp_path / "corpus" / "b.txt").write_text(ITEMS[4])
    write("tests.csv", [*ITEMS, "nur vier kurze Wörter"])
    write("control.csv", [sentence(500 + number, 20) for number in range(10)])
    return tmp_path


def write(name: str, texts: list[str]) -> None:
    with open(name, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["number", "question"])
        table.writerows([f"q{at}", text] for at, text in enumerate(texts))


def scanned(run: Run, *options: str) -> Answer:
    columns = ("--id", "number", "--text", "question", "--jobs", "1", "--kernel", "numpy")
    return run(
        "contamination", "scan", "--corpus", "corpus", "--tests", "tests.csv", *columns, *options
    )


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_scan_says_what_stands_where_and_what_it_cannot_say(run: Run, place: Path) -> None:
    answer = scanned(run, "--control", "control.csv", "--fraction", "0.25")
    assert answer.code == 0, answer.err
    assert "5 of 7 items have at least one 13-gram in the scanned corpus" in answer.out
    assert "1 are uncheckable (fewer than 13 tokens)" in answer.out
    assert "corpus/b.txt, character 0" in answer.out
    assert "excess over the control +0.833" in answer.out
    assert "missed with probability 1: 0.75, 2: 0.562" in answer.out


def test_the_report_names_places_and_hashes_and_keeps_texts_apart(run: Run, place: Path) -> None:
    assert scanned(run, "--output", "out").code == 0
    out = place / "out"
    matches = lines(out / "matches.jsonl")
    assert [match["document"] for match in matches][-1] == "corpus/b.txt"
    assert set(matches[0]) == {
        "item", "start", "length", "skipped", "document", "offset", "end", "sha256"
    }  # fmt: skip
    findings = lines(out / "findings.jsonl")
    assert [each["subject"] for each in findings] == ["*", "q0", "q1", "q2", "q3", "q4", "q6"]
    assert [file["name"] for file in lines(out / "files.jsonl")] == [
        "corpus/a.jsonl",
        "corpus/b.txt",
    ]
    words = ITEMS[0].split()[0]
    for name in ("matches.jsonl", "findings.jsonl", "files.jsonl"):
        assert words.upper() not in (out / name).read_text(encoding="utf-8")
    assert words.upper() in (out / "excerpts.jsonl").read_text(encoding="utf-8")


def test_a_second_run_of_the_same_scan_reads_the_journal_and_writes_the_same(
    run: Run, place: Path
) -> None:
    scanned(run, "--output", "out")
    before = {path.name: path.read_bytes() for path in (place / "out").glob("*.jsonl")}
    stamps = {path: path.stat().st_mtime_ns for path in (place / "out" / "journal").iterdir()}
    scanned(run, "--output", "out")
    assert {path.name: path.read_bytes() for path in (place / "out").glob("*.jsonl")} == before
    journal = (place / "out" / "journal").iterdir()
    assert {path: path.stat().st_mtime_ns for path in journal} == stamps


def test_json_holds_verdict_findings_and_files(run: Run, place: Path) -> None:
    value = json.loads(scanned(run, "--json").out)
    assert value["verdict"].startswith("5 of 7 items")
    assert value["findings"][0]["evidence"]["claim"] == "fact"
    assert value["findings"][0]["evidence"]["detail"]["tally"]["uncheckable"] == 1
    assert [file["documents"] for file in value["files"]] == [4, 1]


def test_options_for_historical_spelling_are_recorded(run: Run, place: Path) -> None:
    (place / "corpus" / "b.txt").write_text(ITEMS[5].replace("ü", "ue").replace("ö", "oe"))
    found = json.loads(scanned(run, "--json", "--option", "umlauts").out)["findings"]
    assert "q5" in [
        each["subject"] for each in found if each["evidence"]["verdict"] == "contaminated"
    ]
    assert found[0]["evidence"]["parameters"]["reading"]["umlauts"] == "yes"


def test_a_damaged_file_ends_in_an_error_after_the_report(run: Run, place: Path) -> None:
    write_gz(place / "corpus" / "c.jsonl.gz", json_lines(ITEMS))
    whole = (place / "corpus" / "c.jsonl.gz").read_bytes()
    (place / "corpus" / "c.jsonl.gz").write_bytes(whole[:100])
    answer = scanned(run, "--output", "out")
    assert answer.code == 3
    assert "corpus/c.jsonl.gz: its gzip compression is broken" in answer.err
    assert "1 files could be read only in part" in answer.out
    assert lines(place / "out" / "files.jsonl")[2]["damaged"]


def test_the_test_file_within_the_corpus_is_refused_and_a_copy_flagged(
    run: Run, place: Path
) -> None:
    (place / "corpus" / "items.txt").write_bytes((place / "tests.csv").read_bytes())
    answer = scanned(run)
    assert "corpus/items.txt: it is the file of test items itself, byte for byte" in answer.err
    (place / "corpus" / "link.txt").symlink_to(place / "tests.csv")
    answer = scanned(run)
    assert (answer.code, answer.out) == (3, "")
    assert "found the file of test items itself" in answer.err


def test_hostile_names_do_not_reach_the_terminal(run: Run, place: Path) -> None:
    (place / "corpus" / "b\x1b[2J.txt").write_text(ITEMS[5])
    (place / "corpus" / "x\x1b[2J.bin").write_text("?")
    answer = scanned(run)
    assert "\x1b[2J" not in answer.out + answer.err
    assert "\\x1b[2J" in answer.out + answer.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--preset", "nonsense"), "expected a preset of robust, gpt3"),
        (("--preset", "palm", "--option", "u_v"), "expected no options with the preset palm"),
        (("--preset", "llama2"), "expected a tokenizer for this preset"),
        (("--fraction", "2"), "expected --fraction above 0 and at most 1"),
        (("--encoding", "klingon"), "expected an encoding that Python knows"),
        (("--text", "answer"), "expected the column 'answer'"),
        (("--kernel", "abacus"), "expected a kernel of auto, numba, numpy"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    run: Run, place: Path, options: tuple[str, ...], said: str
) -> None:
    answer = scanned(run, *options)
    assert answer.code == 3
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_several_paths_can_follow_as_the_shell_expands_a_pattern(run: Run, place: Path) -> None:
    answer = run(
        "contamination", "scan", "--tests", "tests.csv", "--id", "number", "--text", "question",
        "--jobs", "1", "--kernel", "numpy", "--corpus", "corpus/a.jsonl", "corpus/b.txt",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert "5 of 7 items" in answer.out


def test_without_a_corpus_the_usage_is_said(run: Run, place: Path) -> None:
    answer = run("contamination", "scan", "--tests", "tests.csv")
    assert answer.code == 2
    assert "name --corpus and --tests" in answer.err
