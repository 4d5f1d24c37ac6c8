from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from command import Run, runner
from reprollm.snapshot.lock import write_lock
from reprollm.snapshot.pin import pin
from tiny_models import make_llama

ITEM = "Da trat der Müller aus der Tür und grüßte die große Straße hinab, ehe er die Säcke zählte"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    documents = [ITEM.replace("zählte", "wog"), *(f"Satz {at} über Mühlen" for at in range(9))]
    corpus = tmp_path / "corpus.jsonl"
    lines = (json.dumps({"text": text}) + "\n" for text in documents)
    corpus.write_text("".join(lines), encoding="utf-8")
    write(tmp_path / "tests.csv", [ITEM, "ja", "ein Blatt mit Siegel von 1523"])
    write(tmp_path / "control.csv", [f"Zettel {at * 7} aus der Truhe" for at in range(25)])
    return (
        "contamination",
        "scan",
        *("--corpus", str(corpus), "--tests", str(tmp_path / "tests.csv")),
        *("--control", str(tmp_path / "control.csv"), "--jobs", "1"),
    )


def write(path: Path, texts: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "text"])
        table.writerows([f"i{at}", text] for at, text in enumerate(texts))


def test_near_duplicates_are_shown_beside_the_preset(
    run: Run, files: tuple[str, ...], tmp_path: Path
) -> None:
    shown = run(*files, "--near")
    assert shown.code == 0
    assert "i0     corpus.jsonl#1" in shown.out
    assert "1 items are nearly a document of 10; 1 are uncheckable" in shown.out
    report = run(*files, "--near", "--json", "--output", str(tmp_path / "out"))
    whole, found, short = json.loads(report.out)["near"]
    assert (whole["subject"], whole["evidence"]["claim"]) == ("*", "fact")
    # 18 words, 16 shingles, of which one holds the changed word: 15 of 17.
    assert whole["evidence"]["verdict"] == "contaminated items"
    assert (found["subject"], found["evidence"]["statistic"]) == ("i0", "0.882352941")
    assert (short["subject"], short["evidence"]["verdict"]) == ("i1", "uncheckable")
    written = (tmp_path / "out" / "near.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in written.splitlines()] == [whole, found, short]


def test_rephrasings_are_screening_against_the_control(
    run: Run, files: tuple[str, ...], tmp_path: Path
) -> None:
    make_llama(tmp_path / "model")
    lock = tmp_path / "model.lock.json"
    write_lock(pin(tmp_path / "model"), lock, replace=False)
    whole, first, *others = json.loads(run(*files, "--rephrase", str(lock), "--json").out)[
        "rephrasings"
    ]
    assert whole["evidence"]["claim"] == first["evidence"]["claim"] == "screening"
    assert whole["evidence"]["parameters"]["model"]["checked"] == "full"
    assert first["evidence"]["verdict"] == "nearer than the control"
    assert first["evidence"]["detail"]["passage"].startswith("corpus.jsonl#1@")
    assert len(others) == 2


def test_llama2_is_asked_with_a_pinned_tokenizer(
    run: Run, files: tuple[str, ...], tmp_path: Path
) -> None:
    file = make_llama(tmp_path / "model") / "tokenizer.json"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    asked = (*files, "--preset", "llama2", "--tokenizer", str(file), "--json", "--tokenizer-sha256")
    whole, found = json.loads(run(*asked, sha256).out)["findings"][:2]
    assert whole["evidence"]["parameters"]["reading"]["tokenizer"] == sha256
    assert (found["subject"], found["evidence"]["detail"]["stratum"]) == ("i0", "dirty")
    refused = run(*asked, "0" * 64)
    assert (refused.code, f"found {sha256}" in refused.err) == (3, True)


def test_rephrasings_without_a_control_are_refused(run: Run, files: tuple[str, ...]) -> None:
    alone = [part for part in files if "control" not in part]
    answer = run(*alone, "--rephrase", "nowhere.lock.json")
    assert answer.code == 3
    assert "at least 20 control items" in answer.err
