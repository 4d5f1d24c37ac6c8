from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from evaluation.published_files import COLUMNS, HEADER, ROWS, write
from reprollm.errors import DataInvalid
from reprollm.evaluation.source import likeliest_separator, read_items, read_table


def test_a_column_of_numbers_without_a_name_is_no_hindrance(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv"), None, None, None)
    assert table.columns == ("column_1", *HEADER[1:])
    assert table.rows[2].cells["OCR Text"] == "Hauss,\nHof"


def test_a_name_that_comes_twice_is_numbered(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [("1", "2", "3")], ("a", "a", "a"))
    assert read_table(path, None, None, None).columns == ("a", "a (2)", "a (3)")


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding"),
    [
        ("t.tsv", "\t", "utf-8"),
        ("t.csv", ";", "utf-8-sig"),
        ("t.csv", ",", "utf-16"),
        ("t.txt", "|", "utf-8"),
    ],
)
def test_separators_and_marks_are_seen(
    tmp_path: Path, name: str, delimiter: str, encoding: str
) -> None:
    path = write(tmp_path / name, delimiter=delimiter, encoding=encoding)
    items = read_items([path], COLUMNS).items
    assert [item.output for item in items] == [row[4] for row in ROWS]


def test_a_separator_inside_quotes_divides_nothing() -> None:
    assert likeliest_separator('"a;b;c;d",e\n1,2\n') == ","


def test_json_lines_and_parquet_give_the_same_items(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    said = [dict(zip(HEADER[1:], row[1:], strict=True)) for row in ROWS]
    lines = tmp_path / "t.jsonl"
    lines.write_text("\n".join(map(json.dumps, said)), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(said), tmp_path / "t.parquet")
    texts = [
        [(i.reference, i.output, i.source, i.document) for i in read_items([path], COLUMNS).items]
        for path in (write(tmp_path / "t.csv"), lines, tmp_path / "t.parquet")
    ]
    assert texts[0] == texts[1] == texts[2]


def test_files_and_columns_name_the_systems(tmp_path: Path) -> None:
    one, two = write(tmp_path / "bart.csv"), write(tmp_path / "llama.csv")
    systems = [item.system for item in read_items([one, two], COLUMNS).items]
    assert list(dict.fromkeys(systems)) == ["bart", "llama"]
    both = dataclasses.replace(COLUMNS, outputs=("Model Correction", "OCR Text"))
    systems = [item.system for item in read_items([one], both).items]
    assert list(dict.fromkeys(systems)) == ["Model Correction", "OCR Text"]


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    wrong = dataclasses.replace(COLUMNS, reference="Ground truth")
    with pytest.raises(DataInvalid, match=r"'Ground truth'.*did you mean 'Ground Truth'"):
        read_items([write(tmp_path / "t.csv")], wrong)


def test_a_form_of_its_own_is_said_as_in_an_experiment(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text('der "Hund\tder Hund\n', encoding="utf-8")
    form = {"kind": "table", "header": False, "columns": ["out", "ref"], "quoted": False}
    columns = dataclasses.replace(
        COLUMNS, reference="ref", outputs=("out",), source=None, document=None
    )
    assert read_items([path], columns, form).items[0].output == 'der "Hund'
    with pytest.raises(DataInvalid, match="expected a form"):
        read_items([path], columns, {"kind": "tabel"})


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="at least one row below the header"):
        read_items([write(tmp_path / "t.csv", [])], COLUMNS)
