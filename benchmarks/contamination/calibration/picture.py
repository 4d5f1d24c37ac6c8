"""Areas under the ROC curve as a picture: a line a method over the copies, with its intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from calibration.one_model import Report
from calibration.tables import METHODS
from reprollm.statistics.auroc import auroc_interval

# Okabe and Ito 2008, told apart without colours by their dashes.
_STROKES = {
    "loss": ("#0072b2", ""),
    "zlib": ("#56b4e9", "2 3"),
    "min_k_20": ("#d55e00", ""),
    "min_k_pp_20": ("#e69f00", "6 3"),
    "extraction": ("#009e73", "1 3"),
}
_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 150, 40, 44
_LOW, _HIGH = 0.3, 1.0
_APART = 7


def picture(reports: Sequence[Report]) -> str:
    """Return an SVG document; areas are means over the models, intervals those of all texts."""
    counts = list(dict.fromkeys(row.count for row in reports[0].rows))
    body = [*_axes(counts)]
    for place, method in enumerate(METHODS):
        body += _line(place, method, counts, reports)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
            f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
            _text(12, 20, "Planted against never planted: area under the ROC curve", "start", True),
            *body,
            "</svg>\n",
        ]
    )


def _line(
    place: int, method: str, counts: Sequence[int], reports: Sequence[Report]
) -> Iterator[str]:
    colour, dashes = _STROKES[method]
    points = []
    for at, count in enumerate(counts):
        rows = [
            row
            for report in reports
            for row in report.rows
            if (row.method, row.count) == (method, count)
        ]
        area = math.fsum(row.area for row in rows) / len(rows)
        members, others = (sum(getattr(row, side) for row in rows) for side in ("n", "others"))
        low, high = auroc_interval(area, members, others)
        x = _x(at, counts) + (place - 2) * _APART
        points.append((x, _y(area)))
        yield (
            f'<line x1="{x:.1f}" y1="{_y(low):.1f}" x2="{x:.1f}" y2="{_y(high):.1f}" '
            f'stroke="{colour}" stroke-width="1.5"/>'
        )
        yield f'<circle cx="{x:.1f}" cy="{_y(area):.1f}" r="3" fill="{colour}"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    stroke = f'stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"'
    yield f'<polyline points="{path}" fill="none" {stroke}/>'
    y = _TOP + 12 + 20 * place
    x = _WIDTH - _RIGHT + 16
    yield f'<line x1="{x}" y1="{y}" x2="{x + 24}" y2="{y}" {stroke}/>'
    yield _text(x + 30, y + 4, method)


def _axes(counts: Sequence[int]) -> Iterator[str]:
    right = _WIDTH - _RIGHT
    for tenth in range(round(_LOW * 10), round(_HIGH * 10) + 1):
        y = _y(tenth / 10)
        strong = tenth == 5
        colour = "#888888" if strong else "#dddddd"
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{colour}"/>'
        yield _text(_LEFT - 8, y + 4, f"{tenth / 10:.1f}", "end")
    for at, count in enumerate(counts):
        yield _text(_x(at, counts), _HEIGHT - _BOTTOM + 18, f"{count}", "middle")
    middle = (_LEFT + right) / 2
    yield _text(middle, _HEIGHT - 8, "copies in the training text", "middle")


def _x(at: int, counts: Sequence[int]) -> float:
    return _LEFT + (_WIDTH - _RIGHT - _LEFT) * (at + 0.5) / len(counts)


def _y(area: float) -> float:
    share = (max(area, _LOW) - _LOW) / (_HIGH - _LOW)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _text(x: float, y: float, words: str, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{words}</text>'
