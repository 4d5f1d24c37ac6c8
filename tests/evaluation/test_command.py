from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evaluation.published_files import HEADER, ROWS, write
from reprollm.cli.evaluate import command
from reprollm.errors import DataInvalid, InvalidInput
from reprollm.evaluation.source import MOST_CHARACTERS

ASKED = [
    "--reference", "Ground Truth", "--output", "Model Correction", "--source", "OCR Text",
    "--document", "Sample ID", "--resamples", "99",
]  # fmt: skip


def run(path: Path, *more: str) -> Result:
    return CliRunner().invoke(command, [str(path), *ASKED, *more])


def test_rows_aggregates_and_warnings_come_from_one_call(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    done = run(write(tmp_path / "t.csv"), "--rows", str(rows), "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    found = {(each["score"], each["aggregation"]): each for each in said["aggregates"]}
    assert found["character_error_rate", "corpus"]["value"] == 2 / 30
    assert found["character_error_rate", "corpus"]["clusters"] == 3
    assert [len(each["sha256"]) for each in said["files"]] == [64]
    with rows.open(encoding="utf-8", newline="") as file:
        assert [line["character_error_rate_fraction"] for line in csv.DictReader(file)] == [
            "0/7", "1/4", "1/9", "0/2", "0/8", "1/0",
        ]  # fmt: skip


def test_the_table_shows_all_aggregates_beside_each_other(tmp_path: Path) -> None:
    done = run(write(tmp_path / "t.csv"), "--score", "cer_reduction")
    assert done.exit_code == 0, done.output
    line = next(each for each in done.stdout.splitlines() if "0.712025" in each)
    assert [line.count(value) for value in ("0.666667", "1.000000", "0.500000")] == [1, 1, 1]
    assert "texts stripped at both ends" in done.stdout


def test_published_columns_are_held_against_ours(tmp_path: Path) -> None:
    rows = [(*row, "0.5") for row in ROWS]
    path = write(tmp_path / "t.csv", rows, (*HEADER, "CER"))
    done = run(path, "--published", "cer_after=CER", "--score", "cer")
    assert done.exit_code == 0, done.output
    assert "0 of 6 rows agree to the last digit printed" in done.stdout
    assert "6 differ, the first of them:" in done.stdout
    assert "no way of counting is named: 0 rows decide" in done.stdout
    assert "line 3 (2): published 0.5, ours 0.25" in done.stdout


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    rows = [("a", "a\x1b[2J", "b"), ("b", "\u202eb", "c" * 99)]
    path = write(tmp_path / "t.csv", rows, ("ref", "out\x1b[31m", "g\u202e"))
    asked = ["--reference", "ref", "--output", "out\x1b[31m", "--stratum", "g\u202e"]
    done = CliRunner().invoke(command, [str(path), *asked])
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output and "\u202e" not in done.output


def test_a_wrong_option_is_one_sentence(tmp_path: Path) -> None:
    done = run(write(tmp_path / "t.csv"), "--published", "cer_after")
    assert done.exit_code == 2
    assert "expected NAME=COLUMN" in done.output
    done = run(write(tmp_path / "t.csv"), "--form", "{")
    assert done.exit_code == 2
    assert "expected a kind or a JSON object" in done.output


@pytest.mark.parametrize(
    ("option", "said", "sentence"),
    [
        ("--delimiter", ";;", "expected one character as the delimiter"),
        ("--delimiter", '"', "expected one character as the delimiter"),
        ("--encoding", "nope", "expected an encoding such as utf-8 or cp1252, found 'nope'"),
        ("--encoding", "rot13", "expected an encoding such as utf-8 or cp1252, found 'rot13'"),
    ],
)
def test_a_way_of_reading_that_does_not_exist_is_one_sentence(
    tmp_path: Path, option: str, said: str, sentence: str
) -> None:
    done = run(write(tmp_path / "t.csv"), option, said)
    assert isinstance(done.exception, DataInvalid), done.exception
    assert sentence in str(done.exception)


def test_the_rows_do_not_replace_the_file_that_is_evaluated(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv")
    before = path.read_bytes()
    done = run(path, "--rows", str(tmp_path / "." / "t.csv"))
    assert isinstance(done.exception, InvalidInput)
    assert path.read_bytes() == before


def test_a_text_that_could_not_be_compared_in_time_is_refused(tmp_path: Path) -> None:
    rows = [("a", "b" * (MOST_CHARACTERS + 1), "c", "d")]
    done = run(write(tmp_path / "t.csv", rows, HEADER[1:]))
    assert isinstance(done.exception, DataInvalid), done.exception
    assert "found 4,194,305 in column" in str(done.exception)
