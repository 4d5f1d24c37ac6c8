"""From a real ledger to the page: those of the last release, whole and with texts withheld."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from reprollm.cli.report import command
from reprollm.errors import InvalidInput
from reprollm.ledger.lookup import find
from reprollm.report.content import Content, read
from reprollm.report.estimates import headlines
from reprollm.report.gathering import gather
from reprollm.report.page import page
from reprollm.report.rows import SAME, Row
from reprollm.report.summary import summary
from reprollm.scores.stage import score

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "0.3.0"
REQUESTS = 9


def unpacked(name: str, folder: Path) -> Path:
    with zipfile.ZipFile(GOLDEN / name) as bundle:
        bundle.extractall(folder, [each for each in bundle.namelist() if "ledger/" in each])
    [found] = folder.rglob("ledger.duckdb")
    return found.parent


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked("whole.zip", tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def content(ledger: Path) -> Content:
    return read(ledger)


@pytest.fixture(scope="module")
def rows(ledger: Path, content: Content) -> list[Row]:
    score(ledger, content.runs[0].run.run)
    return list(gather(ledger, content).rows)


def test_it_names_the_model_by_its_hash_with_card_and_memory(content: Content) -> None:
    [model] = content.models

    assert dict(model.identity)["snapshot"] == model.snapshot
    assert ("training cutoff", "unknown") in [(name, value[:7]) for name, value in model.card]
    assert {each.place for each in model.memory} == {"cpu", "gpu"}
    assert all(float(each.gigabytes) > 0 for each in model.memory)


def test_scores_of_an_older_ledger_are_shown_as_they_stand(content: Content) -> None:
    found = headlines(content.estimates)

    assert found
    assert {(one.aggregation, one.low, one.interval == {}) for one in found} == {
        ("mean_of_ratios", None, True)
    }
    assert sum(one.n for one in found if one.score == "exact_match") == REQUESTS


def test_every_planned_request_has_a_row_with_its_place_in_the_log(
    ledger: Path, rows: list[Row]
) -> None:
    assert [row.index for row in rows] == list(range(REQUESTS))
    for row in rows:
        assert row.position is not None
        [stored] = find(ledger, str(row.position))
        assert (stored.leaf, stored.record["request"]) == (row.leaf, row.request)
        assert stored.opened["output"] == row.output
        [asked] = find(ledger, str(row.asked))
        assert asked.opened["prompt"] == row.prompt


def test_rows_carry_the_recorded_item_scores(ledger: Path, rows: list[Row]) -> None:
    [table] = (ledger / "scores").glob("*.parquet")
    recorded = {
        (each["index"], each["score"]): each["value"] for each in pq.read_table(table).to_pylist()
    }

    found = {(row.index, name): value for row in rows for name, value in row.scores.items()}
    assert recorded == found != {}
    assert all(row.right == (row.scores["exact_match"] == 1) for row in rows)


def test_a_ledger_without_the_table_of_item_scores_still_has_its_rows(
    content: Content, tmp_path: Path
) -> None:
    items = gather(unpacked("whole.zip", tmp_path), content)
    row = next(iter(items.rows))

    assert items.scores == ()
    assert row.output is not None and row.right is not None


def test_nothing_that_is_withheld_stands_in_the_report(rows: list[Row], tmp_path: Path) -> None:
    withheld = unpacked("withheld.zip", tmp_path)
    content = read(withheld)
    items = gather(withheld, content)

    source = "".join(page(content, items))

    assert {row.status for row in gather(withheld, content).rows} == {"withheld"}
    texts = {text for row in rows for text in (row.prompt, row.source, row.reference) if text}
    assert texts and not [text for text in texts if text in source]
    assert "Withheld: the text is committed to in the log" in source


def test_a_rerun_says_of_every_answer_whether_it_came_again(ledger: Path, content: Content) -> None:
    """Held against itself every answer comes again."""
    again = read(ledger, ledger)

    [counted] = again.runs
    assert content.runs[0].alike == {}
    assert len(counted.alike) == REQUESTS and all(counted.alike.values())
    assert again.rerun == again.checkpoint
    assert [each.key for each in dict(summary(again))["again"]] == ["again.rerun", "again.same"]
    assert {row.again for row in gather(ledger, again).rows} == {SAME}


def test_the_command_writes_one_file_and_says_what(ledger: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"

    done = CliRunner().invoke(
        command, [str(ledger), "-o", str(target), "--language", "de", "--json"]
    )

    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (said["items"], said["bytes"]) == (REQUESTS, target.stat().st_size)
    assert target.read_bytes().startswith(b'<!doctype html>\n<html lang="de">')


def test_equal_ledgers_give_equal_bytes(ledger: Path, content: Content) -> None:
    made = [list(page(each, gather(ledger, each))) for each in (content, read(ledger))]

    assert "".join(made[0]) == "".join(made[1])


def test_a_folder_that_is_no_ledger_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        read(tmp_path)
    assert list(tmp_path.iterdir()) == []
