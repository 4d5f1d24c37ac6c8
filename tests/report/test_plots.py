from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from reprollm.report.language import Speech
from reprollm.report.plots import Mark, intervals, p_values, scale, shares


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        (["0.041", "0.045"], (0.0, 0.05)),
        (["0.6", "0.71"], (0.0, 0.8)),
        (["-0.3", "0.2"], (-0.4, 0.2)),
        (["37.2"], (0.0, 40.0)),
        (["0.000000", "0.000000"], (0.0, 1.0)),
        ([], (0.0, 1.0)),
    ],
)
def test_an_axis_holds_all_values_and_zero(values: list[str], ends: tuple[float, float]) -> None:
    low, high = scale(values)

    assert low <= ends[0] + 1e-9 and high >= ends[1] - 1e-9
    assert all(low <= float(value) <= high for value in values)
    assert low <= 0 <= high


def test_a_picture_says_as_text_what_it_shows() -> None:
    marks = [Mark("a", "0.25", "0.2", "0.3", 40), Mark("b", None, n=2)]

    found = intervals(Speech("en"), Markup("Scores"), marks)
    text = re.sub(r"<[^>]+>", " ", found)

    assert "0.250   0.200 to 0.300" in re.sub(r" +", lambda m: m[0][:3], text)
    assert "undefined" in text
    assert found.count('class="dot"') == 1 and found.count('class="whisker"') == 1


def test_a_score_of_which_all_values_are_zero_has_a_picture() -> None:
    found = intervals(Speech("en"), Markup(""), [Mark("a", "0.000000"), Mark("b", "0.000000")])

    assert re.findall(r'class="dot" x1="([\d.]+)"', found) == ["2.00", "2.00"]


def test_a_mark_lies_where_its_value_is() -> None:
    found = intervals(Speech("en"), Markup(""), [Mark("a", "0.5"), Mark("b", "1")])

    places = [float(x) for x in re.findall(r'class="dot" x1="([\d.]+)"', found)]
    assert places == [50.0, 98.0]


def test_bars_are_as_wide_as_their_share() -> None:
    found = shares(Speech("en"), Markup(""), [("a", (3, 1, 0))])

    assert re.findall(r'class="(\w+)" x="[\d.]+" y="1" width="([\d.]+)"', found) == [
        ("same", "75.00"), ("differs", "25.00"), ("once", "0.00"),
    ]  # fmt: skip


def test_a_histogram_counts_every_p_value() -> None:
    found = p_values(Speech("en"), [0.01, 0.02, 0.5, 1.0])

    assert "Histogram of 4 p-values: 2 below 0.05, where 0 would be expected" in found
    assert found.count('class="bar"') == 20
