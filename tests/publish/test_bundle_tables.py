"""The Parquet exports, as R and pandas users meet them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.building import plan, publish_attempt
from publish.finished import REQUESTS, Finished, imported
from reprollm.ledger.commit import commit
from reprollm.ledger.read import final_answers
from reprollm.ledger.segments import read_checkpoints
from reprollm.publish import tables
from reprollm.publish.account import account_of
from reprollm.publish.columns import ITEM_SCORES, TABLES
from reprollm.publish.tables import write_tables


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / f"{table}.parquet").to_pylist()
    return found


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A ledger without a model behind it: a failure, a second answer that differs."""
    ledger = tmp_path / "ledger"
    planned = plan()
    planned.publish(ledger)
    commit(ledger)
    publish_attempt(ledger, planned, 0, 3, failing=[1])
    publish_attempt(ledger, planned, 3, 6)
    publish_attempt(ledger, planned, 0, 1, name="b", answers="gieng", second=5)
    commit(ledger)
    return ledger


def exported(ledger: Path, folder: Path) -> Path:
    folder.mkdir()
    write_tables(ledger, account_of(ledger), folder)
    return folder


def test_every_table_has_the_columns_that_its_page_describes(unpacked_once: Path) -> None:
    page = (unpacked_once / "tables" / "README.md").read_text()
    for table in (*TABLES, ITEM_SCORES):
        schema = pq.read_schema(unpacked_once / "tables" / f"{table.name}.parquet")
        assert schema.names == [column.name for column in table.columns]
        section = page.split(f"\n## {table.name}.parquet\n")[1].split("\n## ")[0]
        for column in table.columns:
            assert f"| {column.name} | {column.kind} | {column.means} |" in section
            assert column.means


def test_answers_are_those_of_the_ledger(unpacked_once: Path, finished_once: Finished) -> None:
    expected = list(final_answers(finished_once.ledger))
    found = rows(unpacked_once / "tables", "answers")
    assert len(found) == len(expected) == REQUESTS
    for row, answer in zip(found, expected, strict=True):
        for name in ("run", "index", "request", "item", "sampling", "seed", "prompt", "output",
                     "reference", "stratum", "finish", "result", "environment"):  # fmt: skip
            assert row[name] == getattr(answer, name), name
        assert tuple(row["output_ids"]) == answer.output_ids
        assert row["logprobs"] == answer.logprob_values
        assert row["margins"] == answer.margin_values


def test_requests_hold_their_token_ids(unpacked_once: Path, finished_once: Finished) -> None:
    [planned] = (finished_once.ledger / "plans").glob("*/requests.parquet")
    expected = pq.read_table(planned).to_pylist()
    found = rows(unpacked_once / "tables", "requests")
    shared = ("index", "request", "item", "prompt", "prompt_ids", "source", "reference", "few_shot",
              "settings", "repetition")  # fmt: skip
    assert [{k: row[k] for k in shared} for row in found] == [
        {k: row[k] for k in shared} for row in expected
    ]


def test_item_scores_give_the_summary_table(unpacked_once: Path) -> None:
    items = rows(unpacked_once / "tables", "item_scores")
    estimates = rows(unpacked_once / "tables", "estimates")
    assert len(items) == 2 * REQUESTS
    compared = 0
    for row in estimates:
        if (row["level"], row["aggregation"]) != ("all", "mean_of_ratios"):
            continue
        values = [
            item["value"] for item in items
            if (item["run"], item["score"], item["sampling"])
            == (row["run"], row["score"], row["sampling"]) and item["counted"]
        ]  # fmt: skip
        assert row["value"] == pytest.approx(math.fsum(values) / len(values), abs=1e-6)
        assert row["n"] == len(values)
        compared += 1
    assert compared == 4


def test_duckdb_reads_them_with_their_types(unpacked_once: Path) -> None:
    query = f"""
        SELECT count(*), sum(len(output_ids)), typeof(any_value(output_ids)),
               typeof(any_value(logprobs)), bool_and(len(logprobs) = len(output_ids))
        FROM '{unpacked_once}/tables/answers.parquet' a
        JOIN '{unpacked_once}/tables/item_scores.parquet' s USING (run, "index")
        WHERE s.score = 'exact_match'
    """
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchone()
    assert found == (REQUESTS, 6 * REQUESTS, "UINTEGER[]", "FLOAT[]", True)


def test_each_file_says_of_which_log_it_is(unpacked_once: Path, finished_once: Finished) -> None:
    last = read_checkpoints(finished_once.ledger)[-1]
    for path in (unpacked_once / "tables").glob("*.parquet"):
        assert pq.read_metadata(path).metadata == {
            b"reprollm.origin": last.origin.encode(),
            b"reprollm.size": str(last.size).encode(),
            b"reprollm.root": last.root.hex().encode(),
        }, path.name


def test_failures_replicates_and_findings_are_shown(made: Path, tmp_path: Path) -> None:
    folder = exported(made, tmp_path / "tables")
    [failure] = rows(folder, "failures")
    assert (failure["reason"], failure["message"]) == ("memory", "out of memory")
    [replicate] = rows(folder, "replicates")
    assert not replicate["equal"]
    assert [row["finding"] for row in rows(folder, "findings")] == ["nondeterminism"]
    assert len(rows(folder, "attempts")) == 3
    [run] = rows(folder, "runs")
    assert (run["planned"], run["answered"], run["attempts"]) == (6, 5, 3)


def test_pages_end_where_the_rows_end(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = exported(made, tmp_path / "whole")
    monkeypatch.setattr(tables, "_ROWS", 2)
    parts = exported(made, tmp_path / "parts")
    for name in ("answers", "requests", "item_scores"):
        assert rows(parts, name) == rows(whole, name)
    assert len(rows(parts, "answers")) == 5
    assert pq.ParquetFile(parts / "answers.parquet").num_row_groups == 3


def test_what_is_withheld_is_null(made: Path, tmp_path: Path) -> None:
    for path in (made / "openings").rglob("*.jsonl"):
        path.unlink()
    (made / "ledger.duckdb").unlink()
    commit(made)
    folder = exported(made, tmp_path / "tables")
    for row in rows(folder, "answers"):
        assert {row[name] for name in ("prompt", "source", "reference", "output")} == {None}
        assert row["output_ids"] is row["logprobs"] is row["margins"] is None
        assert row["item"].startswith("item-")
    assert {row["prompt_ids"] for row in rows(folder, "requests")} == {None}


def test_a_null_and_an_empty_list_are_told_apart() -> None:
    found = tables._numbers([b"", None, b"\x00\x00\x80\x3f\x00\x00\x00\x40"], pa.float32())
    assert found.to_pylist() == [[], None, [1.0, 2.0]]


def test_samples_of_other_tools_are_a_table_of_their_own(tmp_path: Path) -> None:
    folder = exported(imported(tmp_path / "ledger"), tmp_path / "tables")
    found = rows(folder, "imported")
    assert [(row["item"], row["prompt"], row["reference"], row["output"]) for row in found] == [
        ("i0", "2 + 2", None, "4"),
        ("i1", "2 + 2", None, "4"),
    ]
