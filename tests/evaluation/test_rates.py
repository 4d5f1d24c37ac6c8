from __future__ import annotations

import csv
import io
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.published_files import COLUMNS, write
from reprollm.errors import InvalidInput
from reprollm.evaluation.rates import (
    NEED_SOURCE,
    RATES,
    Rated,
    as_they_are,
    edits,
    full_name,
    is_runaway,
    rate,
)
from reprollm.evaluation.row_table import rows_csv
from reprollm.evaluation.source import Item, read_items
from reprollm.scores.measures import MEASURES
from reprollm.scores.parsers.answer import Parsed, Texts


def rated(tmp_path: Path, strip: bool = True) -> list[Rated]:
    items = read_items([write(tmp_path / "t.csv")], COLUMNS).items
    return [rate(item, RATES, str.strip if strip else as_they_are) for item in items]


def fractions(rows: list[Rated], name: str) -> list[str]:
    return [str(row.ratios[name]) for row in rows]


def test_rates_are_those_counted_by_hand(tmp_path: Path) -> None:
    rows = rated(tmp_path)
    assert fractions(rows, "source_character_error_rate") == [
        "1/7", "0/4", "1/9", "2/2", "0/8", "1/0",
    ]  # fmt: skip
    assert fractions(rows, "character_error_rate") == ["0/7", "1/4", "1/9", "0/2", "0/8", "1/0"]
    assert fractions(rows, "character_error_reduction") == [
        "1/1", "-1/0", "0/1", "2/2", "0/0", "0/0",
    ]  # fmt: skip
    assert fractions(rows, "source_word_error_rate") == ["1/2", "0/1", "1/2", "1/1", "0/2", "1/0"]
    assert fractions(rows, "exact_match") == ["1/1", "0/1", "0/1", "1/1", "1/1", "0/1"]


def test_white_space_at_the_ends_counts_where_it_is_not_taken_off(tmp_path: Path) -> None:
    assert fractions(rated(tmp_path, strip=False), "source_character_error_rate")[4] == "2/8"


@given(st.text(max_size=8), st.text(max_size=8))
def test_edits_are_levenshteins(first: str, second: str) -> None:
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        before, row = row, [i]
        for j, b in enumerate(second, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
    assert edits(first, second) == row[-1]


@pytest.mark.parametrize("name", sorted(set(RATES) & set(MEASURES) - {"character_error_reduction"}))
@given(st.text(max_size=12), st.text(min_size=1, max_size=12), st.text(max_size=12))
def test_rates_are_those_that_experiments_record(
    name: str, output: str, reference: str, source: str
) -> None:
    item = Item("s", "f", 1, 1, "1", None, None, reference, output, source, {})
    ours = rate(item, [name], str.strip).ratios[name].value
    measure = MEASURES[name]
    counts = measure.counts(Texts(output, Parsed("answered", output), reference, source))
    assert measure.value(counts) == ours


def test_every_cell_reads_back_as_the_same_number(tmp_path: Path) -> None:
    rows = rated(tmp_path)
    lines = list(csv.DictReader(io.StringIO(rows_csv(rows, RATES), newline="")))
    assert [line["line"] for line in lines] == ["2", "3", "4", "7", "8", "9"]
    for line, row in zip(lines, rows, strict=True):
        for name in RATES:
            value = row.ratios[name].value
            above, below = line[f"{name}_fraction"].split("/")
            assert line[name] == ("" if value is None else repr(value))
            assert value is None or float(Fraction(int(above), int(below))) == float(line[name])


def test_an_id_that_is_a_formula_is_none_in_the_rows(tmp_path: Path) -> None:
    item = Item("s", "f", 1, 1, "=1+1", None, "@SUM(A1)\x1b[31m", "a", "a", None, {})
    line = rows_csv([rate(item, ["exact_match"], str.strip)], ["exact_match"]).splitlines()[1]
    assert line == "s,f,1,1,'=1+1,,'@SUM(A1)\\x1b[31m,1.0,1/1"


def test_an_output_twice_as_long_and_more_runs_away() -> None:
    assert not is_runaway("x" * 40, "x" * 10, None)
    assert is_runaway("x" * 41, "x" * 10, None)
    assert not is_runaway("x" * 41, "x" * 10, "x" * 11)


def test_rates_have_short_names_too() -> None:
    assert full_name("cer_before") == "source_character_error_rate"
    with pytest.raises(InvalidInput, match="did you mean"):
        full_name("cer_befor")
    item = Item("s", "f", 1, 1, "1", None, None, "a", "a", None, {})
    for name in NEED_SOURCE:
        with pytest.raises(InvalidInput, match="expected a source"):
            rate(item, [name], str.strip)
