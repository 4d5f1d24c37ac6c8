"""The data file: read whole and strictly, or refused with its line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment_files import ASSETS, ITEMS
from reprollm.errors import DataInvalid
from reprollm.experiment.data import MAX_CELL_BYTES, DataFile, read_data

NEEDED = ("id", "source", "reference", "stratum")


def read(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> DataFile:
    return read_data(path, "id", NEEDED, encoding, delimiter)


def refusal(path: Path, encoding: str = "utf-8") -> str:
    with pytest.raises(DataInvalid) as refused:
        read(path, encoding)
    sentence = str(refused.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "items.csv"


def test_cells_are_kept_as_they_stand(file: Path) -> None:
    file.write_bytes('id,source,reference,stratum\r\n 1 ,"a\r\n""b""",NA,\r\n\r\n2,é,é,x'.encode())
    data = read(file)
    assert data.columns == NEEDED
    assert [row.id for row in data.rows] == [" 1 ", "2"]
    assert data.rows[0].cells == {
        "id": " 1 ",
        "source": 'a\r\n"b"',
        "reference": "NA",
        "stratum": "",
    }
    assert [row.line for row in data.rows] == [2, 5]


DEFECTS = {
    "empty_data": "found an empty file",
    "header_only_data": "at least one row",
    "truncated_data": "expected 4 cells in line 3",
    "unclosed_quote_data": "the row that starts in line 3",
    "ragged_data": "expected 4 cells in line 3",
    "cp1252_data": "found byte 0xf6 at offset 50 (line 3); if it comes from Windows or Excel write "
    "`encoding: cp1252`",
    "utf16_data": "write `encoding: utf-16`",
    "bom_data": "write `encoding: utf-8-sig`",
    "nul_data": "found a NUL character in line 3",
    "duplicate_id_data": "found 'a' in line 4 and before in line 2",
    "empty_id_data": "expected an id in column 'id'",
    "missing_column_data": "found 'id', 'sorce', 'reference', 'stratum'; did you mean 'sorce'?",
    "duplicate_column_data": "found 'id' again",
    "semicolon_data": "separated by ';'",
    "stray_quote_data": "line 2",
}


@pytest.mark.parametrize(("defect", "sentence"), DEFECTS.items())
def test_a_defect_is_refused_by_a_sentence_that_names_it(defect: str, sentence: str) -> None:
    assert sentence in refusal(ASSETS / defect / "data" / "items.csv")


@pytest.mark.parametrize(
    ("defect", "encoding"),
    [("cp1252_data", "cp1252"), ("utf16_data", "utf-16"), ("bom_data", "utf-8-sig")],
)
def test_the_encoding_that_the_sentence_names_reads_the_file(defect: str, encoding: str) -> None:
    data = read(ASSETS / defect / "data" / "items.csv", encoding)
    assert data.columns == NEEDED
    assert data.rows[0].cells["source"] == "vnd er"


def test_utf_16_without_a_mark_is_recognised_by_its_nul_characters(file: Path) -> None:
    file.write_bytes(ITEMS.encode("utf-16-le").replace("ſ".encode("utf-16-le"), b"s\0"))
    assert "UTF-16 without a mark" in refusal(file)
    assert [row.id for row in read(file, "utf-16-le").rows] == ["a", "b", "c"]


def test_the_delimiter_that_the_sentence_names_reads_the_file() -> None:
    data = read(ASSETS / "semicolon_data" / "data" / "items.csv", delimiter=";")
    assert data.rows[0].cells["reference"] == "und er"


def test_a_cell_of_ten_megabytes_is_refused_with_its_line_and_column(file: Path) -> None:
    file.write_text(f"id,source,reference,stratum\na,x,y,z\nb,{'x' * 10_000_000},y,z\n")
    assert "10000000 bytes in column 'source' of line 3" in refusal(file)


def test_the_largest_cell_is_read(file: Path) -> None:
    file.write_text(f"id,source,reference,stratum\na,{'x' * MAX_CELL_BYTES},y,z\n")
    assert len(read(file).rows[0].cells["source"]) == MAX_CELL_BYTES


def test_a_missing_file_is_refused(file: Path) -> None:
    assert "No such file" in refusal(file)


def test_one_changed_byte_gives_another_hash(file: Path) -> None:
    file.write_text(ITEMS)
    before = read(file).sha256
    file.write_text(ITEMS.replace("seyn", "sein"))
    assert read(file).sha256 != before


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6))
def test_what_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(NEEDED)
    writer.writerows((str(number), *row) for number, row in enumerate(rows))
    file = tmp_path_factory.getbasetemp() / "written.csv"
    file.write_bytes(text.getvalue().encode())
    found = [tuple(row.cells.values()) for row in read(file).rows]
    assert found == [(str(number), *row) for number, row in enumerate(rows)]


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(b"id,source,reference,stratum\n" + content)
    try:
        assert read(file).rows
    except DataInvalid as refused:
        assert "\n" not in str(refused)
