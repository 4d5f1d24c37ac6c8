from __future__ import annotations

import pytest

from reprollm.exposure.spans import Span, span


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-06", "2024-06-01", "2024-06-31"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-06-01T10:00:00.123Z", "2024-06-01", "2024-06-01"),
    ],
)
def test_a_date_is_as_precise_as_it_was_written(text: str, first: str, last: str) -> None:
    assert span(text) == Span(first, last)


@pytest.mark.parametrize(
    "text",
    ["", "24", "2024-13", "2023-02-29", "2024-6", "June 2024", "2024-06-01x", "٢٠٢٤", "0000"],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert span(text) is None


def test_a_month_is_later_than_a_day_only_if_all_of_it_is() -> None:
    month, day = Span("2024-06-01", "2024-06-31"), Span("2024-06-15", "2024-06-15")
    assert not month.after(day)
    assert month.by(day)
    assert Span("2024-07-01", "2024-07-01").after(month)
