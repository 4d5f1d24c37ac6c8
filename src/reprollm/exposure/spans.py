"""Dates as precise as their sources: a year, a month, a day, or a moment, as a span of days.

Where a source names only a month, every comparison takes the end that claims less.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_DAY = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?)?)?\Z"
)


@dataclass(frozen=True)
class Span:
    """The days, `YYYY-MM-DD`, among which a date lies; a moment's day is the one it names."""

    first: str
    last: str

    def after(self, other: Span) -> bool:
        """Return whether every day of this span is later than every day of the other."""
        return self.first > other.last

    def by(self, other: Span) -> bool:
        """Return whether the spans allow that this date is not later than the other."""
        return self.first <= other.last


def span(text: str) -> Span | None:
    """Return the days that `2024`, `2024-06`, `2024-06-01` or an RFC 3339 time names.

    None for any other text and for days that do not exist. A month's last day is written as 31:
    days are only compared.
    """
    match = _DAY.match(text) if text.isascii() else None
    if match is None:
        return None
    year, month, day = match[1], match[2], match[3]
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return Span(
        f"{year}-{month or '01'}-{day or '01'}",
        f"{year}-{month or '12'}-{day or '31'}",
    )
