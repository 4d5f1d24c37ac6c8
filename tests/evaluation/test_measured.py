from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sklearn.metrics import cohen_kappa_score, f1_score

from evaluation.published_files import write
from reprollm.cli.evaluate import command

GOLD = ["dog", "cat", "dog", "bird", "cat", "dog", "bird", "cat"]
SAID = ["dog", "cat.", "cat", "bird", "cat", "no idea", "dog", ""]
HEARD = ["dog", "cat", "cat", "bird", "cat", "", "dog", ""]


def run(tmp_path: Path, *scores: str) -> dict[tuple[str, str, str | None], float]:
    path = write(tmp_path / "t.csv", list(zip(GOLD, SAID, strict=True)), ("gold", "said"))
    rows = tmp_path / "rows.csv"
    asked = ["--reference", "gold", "--output", "said", "--answer", "dog,cat,bird", "--json"]
    asked += [part for score in scores for part in ("--score", score)]
    done = CliRunner().invoke(command, [str(path), *asked, "--rows", str(rows)])
    assert done.exit_code == 0, done.output
    return {
        (each["score"], each["aggregation"], each["label"]): each["value"]
        for each in json.loads(done.stdout)["aggregates"]
    }


def test_labels_are_scored_as_an_experiment_scores_them(tmp_path: Path) -> None:
    found = run(tmp_path, "accuracy", "f1", "cohens_kappa")
    assert found["accuracy", "mean_of_ratios", None] == 4 / 8
    labels = ["bird", "cat", "dog"]
    for label, value in zip(
        labels, f1_score(GOLD, HEARD, labels=labels, average=None, zero_division=0), strict=True
    ):
        assert found["f1", "label", label] == pytest.approx(value, abs=5e-7)
    assert found["cohens_kappa", "corpus", None] == pytest.approx(
        cohen_kappa_score(GOLD, HEARD), abs=5e-7
    )


def test_rows_say_what_became_of_each_output(tmp_path: Path) -> None:
    run(tmp_path, "accuracy")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["status"] for line in lines] == [
        "answered", "answered", "answered", "answered", "answered", "unparsed", "answered", "empty",
    ]  # fmt: skip
    assert [line["accuracy"] for line in lines] == [
        "1.0", "1.0", "0.0", "1.0", "1.0", "0.0", "0.0", "0.0",
    ]  # fmt: skip


def test_scores_of_texts_stand_beside_the_rates(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [("ein Haus", "ein Haus")] * 3, ("gold", "said"))
    asked = ["--reference", "gold", "--output", "said", "--score", "chrf", "--score", "cer"]
    done = CliRunner().invoke(command, [str(path), *asked])
    assert done.exit_code == 0, done.output
    assert "100.000000" in done.stdout and "CER" in done.stdout


def test_scores_of_mentions_are_refused_where_answers_are_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [('["O"]', "ein Haus")] * 3, ("gold", "said"))
    asked = ["--reference", "gold", "--output", "said", "--score", "entity_f1_strict"]
    done = CliRunner().invoke(command, [str(path), *asked])
    assert "expected answer.parser tags or mentions" in str(done.exception)
