from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest

from evaluation.published_files import COLUMNS, ROWS, with_column
from reprollm.errors import DataInvalid
from reprollm.evaluation.printed import FLOAT, printing, read_cell, ways
from reprollm.evaluation.published import Held, hold
from reprollm.evaluation.source import read_items

CER, BEFORE = "character_error_rate", "source_character_error_rate"
CUT = "character_error_reduction"


def held(tmp_path: Path, cells: list[str], score: str = CER, times: int = 10) -> Held:
    """Hold a column against a file in which the six rows stand several times."""
    path = with_column("theirs", cells, tmp_path / "t.csv", times)
    columns = dataclasses.replace(COLUMNS, published=("theirs",))
    return hold(read_items([path], columns).items, score, "theirs")


def test_floats_agree_to_the_last_digit(tmp_path: Path) -> None:
    found = held(tmp_path, ["0.0", "0.25", "0.1111111111111111", "0.0", "0.0", "nan"])
    assert (found.agreeing, found.without, found.differing) == (60, 10, 0)
    assert dict(found.printings)[FLOAT] == 50
    assert found.convention == (
        "texts as they are, divided by the reference's length, as a fraction"
    )


def test_rounded_per_cents_with_a_comma_are_understood(tmp_path: Path) -> None:
    found = held(tmp_path, ["0,00 %", "25,00", "11,11", "0,00", "0,00", ""])
    assert found.agreeing == 60
    assert found.convention and found.convention.endswith("as per cent")
    assert "rounded to 2 decimals" in dict(found.printings)


def test_a_digit_that_is_another_is_found(tmp_path: Path) -> None:
    found = held(tmp_path, ["0.00", "0.25", "0.19", "0.00", "0.00", "inf"], times=1)
    assert (found.agreeing, found.near, found.differing) == (5, 0, 1)
    (only,) = found.disagreements
    assert (only.line, only.id, only.published, only.ours) == (4, "3", "0.19", 1 / 9)


@pytest.mark.parametrize(
    ("score", "cells", "words"),
    [
        # ` ein Wort ` stripped has no edit; as it is it has two.
        (BEFORE, ["0.143", "0.000", "0.111", "1.000", "0.000", "na"], "stripped at both ends"),
        (BEFORE, ["0.143", "0.000", "0.111", "1.000", "0.250", "na"], "texts as they are"),
        # The longer text of the third row has 10 characters, that of the fifth as it is 10.
        (BEFORE, ["0.143", "0.000", "0.100", "1.000", "0.200", "1.000"], "the longer text's"),
        (CER, ["1.00", "0.75", "0.89", "1.00", "1.00", ""], "1 less the rate"),
        (CUT, ["0.143", "-0.250", "0.000", "1.000", "0.250", ""], "as a difference"),
    ],
)
def test_the_way_of_counting_that_fits_is_named(
    tmp_path: Path, score: str, cells: list[str], words: str
) -> None:
    found = held(tmp_path, cells, score)
    assert found.agreeing == 10 * len(ROWS), found
    assert words in (found.convention or "none")


def test_a_line_break_may_be_part_of_a_word(tmp_path: Path) -> None:
    # `Haus,` and `Hof` with a line break between them are one word for some tools: 2 of 1 wrong.
    found = held(tmp_path, ["0.0", "1.0", "2.0", "0.0", "0.0", ""], "word_error_rate")
    assert found.agreeing == 60
    assert "words between spaces" in (found.convention or "none")
    found = held(tmp_path, ["0.0", "1.0", "0.0", "0.0", "0.0", ""], "word_error_rate")
    assert (found.agreeing, found.deciding, found.convention) == (60, 0, None)


def test_on_few_rows_no_way_of_counting_is_named(tmp_path: Path) -> None:
    """0.25 and 0.1111 decide; that one of 120 ways fits them is no wonder."""
    cells = ["0.0", "0.25", "0.1111", "0.0", "0.0", ""]
    for times, named in ((4, False), (5, True)):
        found = held(tmp_path, cells, times=times)
        assert (found.agreeing, found.deciding) == (6 * times, 2 * times)
        assert (found.convention is not None) is named
        assert found.tried > 100


def test_ways_that_fit_as_well_are_counted(tmp_path: Path) -> None:
    # Output and reference of these rows are of one length: all three divisors give the same.
    found = held(tmp_path, ["0.0", "0.25", "0.1111", "0.0", "0.0", ""])
    assert found.convention and "the reference's length" in found.convention
    assert found.rivals >= 2
    # One deciding row of a length of its own leaves fewer.
    own = held(tmp_path, ["0.143", "0.000", "0.100", "1.000", "0.200", "1.000"], BEFORE)
    assert own.convention and "the longer text's" in own.convention
    assert own.rivals < found.rivals


def test_a_reduction_may_be_of_the_rate_before_as_it_is_printed(tmp_path: Path) -> None:
    before = ["0.14", "0.0", "0.11", "1.0", "0.0", ""]
    theirs = [str((0.14 - 0.0) / 0.14), "", str((0.11 - 1 / 9) / 0.11), "1.0", "", ""]
    path = with_column("theirs", theirs, tmp_path / "t.csv", times=10)
    columns = dataclasses.replace(COLUMNS, published=("theirs", "was"))
    items = [
        dataclasses.replace(item, published={**item.published, "was": cell})
        for item, cell in zip(
            read_items([path], dataclasses.replace(columns, published=("theirs",))).items,
            before * 10,
            strict=True,
        )
    ]
    found = hold(items, CUT, "theirs", before="was")
    assert found.agreeing == 60
    assert found.convention and found.convention.endswith(
        "of the rate before as the file prints it"
    )
    assert hold(items, CUT, "theirs").agreeing < 60


def test_a_cell_that_is_no_number_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match=r"'theirs' of .*, line 3, found 'about 0.2'"):
        held(tmp_path, ["0", "about 0.2", "0", "0", "0", "0"])


@pytest.mark.parametrize("text", ["1e999999999", "0x10", "1_0", "9" * 500])
def test_numbers_that_are_none_of_ours_do_no_harm(text: str) -> None:
    cell = read_cell(text)
    assert cell is None or cell.value is not None


def test_cells_are_held_against_the_column_s_digits() -> None:
    cells = [read_cell(text) for text in ("0.3333", "0.25", "0.6666")]
    column = printing([cell for cell in cells if cell])
    third, quarter, cut = (cell for cell in cells if cell)
    assert ways(third, [Fraction(1, 3)], column) == {
        "rounded to 4 decimals", "cut to 4 decimals", "rounded to 4 digits", "cut to 4 digits",
    }  # fmt: skip
    assert not ways(quarter, [Fraction(251, 1000)], column)
    assert ways(cut, [Fraction(2, 3)], column) == {"cut to 4 decimals", "cut to 4 digits"}
