from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conclusions.ledgers import Study, answered, concluded
from reprollm.cli.table import command
from reprollm.errors import InvalidInput
from reprollm.ledger.commit import commit
from reprollm.ledger.query import query
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import publish
from reprollm.tables.choice import Wanted
from reprollm.tables.layout import lay_out
from reprollm.tables.source import found, read

GOOD, BAD = ["yes"] * 12, ["yes"] * 3 + ["no"] * 9
STUDY = Study(
    cells={
        "small": {"greedy": {("0", 0): BAD}, "warm": {("1", 0): BAD, ("2", 0): GOOD}},
        "large": {"greedy": {("0", 0): GOOD}},
    },
    references=["yes"] * 12,
    strata=["new"] * 6 + ["old"] * 6,
    core={
        "comparisons": {
            "tests": None,
            "permutations": 99,
            "seed": "1",
            "comparisons": [
                {
                    "name": "size",
                    "score": "exact_match",
                    "of": {"model": "large", "prompt": None, "sampling": "greedy"},
                    "against": {"model": "small", "prompt": None, "sampling": "greedy"},
                    "stratum": None,
                    "split": None,
                }
            ],
        }
    },
)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables") / "study"
    concluded(folder, STUDY)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_all_models_of_an_experiment_stand_in_one_table(ledger: Path) -> None:
    grid = lay_out(read([ledger]), Wanted())
    assert grid.names == ("Model", "Sampling")
    assert [(row.names, row.cells[0].value) for row in grid.rows] == [
        (("small", "greedy (a)"), "0.250"),
        (("small", "warm (b)"), "0.625"),
        (("large", "greedy (c)"), "1.000"),
    ]
    assert [row.n for row in grid.rows] == ["12", "24", "12"]
    assert all(row.cells[0].interval for row in grid.rows)


def test_a_comparison_on_record_marks_the_better_arm(ledger: Path) -> None:
    grid = lay_out(read([ledger]), Wanted())
    assert [row.cells[0].marks for row in grid.rows] == ["", "", "a"]
    assert any(
        "size (Exact match, mean of items): large, greedy against small, greedy: difference 0.75"
        in note
        for note in grid.notes
    )


def test_strata_have_their_numbers(ledger: Path) -> None:
    grid = lay_out(read([ledger]), Wanted(level="stratum"))
    assert [(row.names[:3], row.cells[0].value) for row in grid.rows][:2] == [
        (("new", "small", "greedy"), "0.500"),
        (("new", "small", "warm"), "0.750"),
    ]


def test_every_number_is_that_of_the_record_it_names(ledger: Path) -> None:
    done = run(str(ledger), "--format", "csv", "--level", "stratum")
    assert done.exit_code == 0, done.output
    lines = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert len(lines) == 6
    with query(ledger, 'SELECT "position", leaf, canon FROM log') as every:
        log = {position: (leaf, json.loads(canon)) for position, leaf, canon in every.rows}
    for line in lines:
        leaf, record = log[int(line["position"])]
        assert (line["leaf"], line["code"]) == (leaf, record["code"])
        assert record["kind"] == "estimate"
        assert {
            name: record[name]
            for name in ("value", "low", "high", "score", "sampling", "group", "aggregation")
        } == {
            name: line[name]
            for name in ("value", "low", "high", "score", "sampling", "group", "aggregation")
        }
        assert int(line["checkpoint_size"]) == record["checkpoint"]["size"]


def test_the_same_ledger_gives_the_same_bytes(ledger: Path, tmp_path: Path) -> None:
    for form in ("latex", "markdown", "html", "csv"):
        written = []
        for name in ("one", "two"):
            target = tmp_path / f"{name}.{form}"
            done = run(str(ledger), "--format", form, "-o", str(target))
            assert done.exit_code == 0, done.output
            assert done.stdout == ""
            written.append(target.read_bytes())
        assert written[0] == written[1]


def test_two_ledgers_stand_in_one_table(ledger: Path) -> None:
    grid = lay_out(read([ledger, ledger]), Wanted())
    assert grid.names[0] == "Experiment"
    assert [row.names[0] for row in grid.rows] == ["study (1)"] * 3 + ["study (2)"] * 3


def test_provenance_is_printed_for_every_number(ledger: Path) -> None:
    done = run(str(ledger), "--format", "markdown", "--provenance")
    assert done.exit_code == 0, done.output
    assert done.stdout.count(" is record ") == 3
    said = json.loads(run(str(ledger), "--json").stdout)
    assert [each["value"] for each in said["provenance"]] == ["0.250000", "0.625000", "1.000000"]
    assert said["numbers"][2]["better_than"] == "a"


def test_scores_of_an_old_release_have_a_table_without_intervals(tmp_path: Path) -> None:
    (run_of_small, _) = answered(tmp_path / "old", STUDY)
    record = new(
        "score",
        run=run_of_small,
        plan="00" * 32,
        score="exact_match",
        sampling="greedy",
        level="all",
        stratum=None,
        aggregation="mean_of_ratios",
        value="0.250000",
        n=12,
        undefined=0,
        runaway=0,
        table_sha256="00" * 32,
        created="2026-01-01T00:00:00.000Z",
    )
    publish(tmp_path / "old", "scores-old", [Sealed(record)])
    commit(tmp_path / "old")
    (row,) = lay_out(read([tmp_path / "old"]), Wanted()).rows
    assert (row.cells[0].value, row.cells[0].interval, row.n) == ("0.250", None, "12")


def test_a_name_below_ledger_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ledger" / "letters").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert found("letters") == Path("ledger/letters")
    with pytest.raises(InvalidInput, match="found 'letter'"):
        found("letter")
