"""Measurements as a picture: one bar for each variation, its parts the levels that were reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from reprollm.compare.levels import MEANING, Level
from reprollm.determinism.findings import Finding
from reprollm.determinism.measure import Measured

# From dark to light also where colours are not told apart (Okabe and Ito 2008, adapted).
_COLOURS = {
    Level.BITS: "#00543d",
    Level.TOLERANCE: "#3f9c7c",
    Level.TOKENS: "#9fd3c0",
    Level.SETTINGS: "#e69f00",
}
_LEFT, _BAR, _RIGHT = 190, 400, 190
_ROW, _THICK, _TOP = 22, 14, 84
_WIDTH = _LEFT + _BAR + _RIGHT


def picture(measured: Sequence[Measured]) -> str:
    """Return an SVG document; bars show shares of the requests."""
    body: list[str] = []
    y = _TOP
    for each in measured:
        body.append(_text(12, y + 12, title(each), "bold"))
        y += _ROW
        for finding in each.findings:
            body += _bar(y, finding)
            y += _ROW
        y += _ROW // 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y + 8}" '
            f'viewBox="0 0 {_WIDTH} {y + 8}" font-family="sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="{y + 8}" fill="#ffffff"/>',
            _text(12, 20, "Answers to the same requests, asked again", "bold"),
            *_legend(),
            *body,
            "</svg>\n",
        ]
    )


def title(measured: Measured) -> str:
    """Return what was measured and the level that follows, in words."""
    settings = measured.settings
    level = measured.level.value if measured.level else "unknown"
    return f"{settings.family}, {settings.dtype}, {settings.batch_policy}: {level}"


def _legend() -> Iterator[str]:
    for place, level in enumerate(sorted(Level, reverse=True)):
        x, y = (12, _WIDTH // 2)[place // 2], (34, 52)[place % 2]
        yield f'<rect x="{x}" y="{y}" width="12" height="12" fill="{_COLOURS[level]}"/>'
        yield _text(x + 16, y + 10, f"{level.value} {MEANING[level]}")


def _bar(y: int, finding: Finding) -> Iterator[str]:
    name = finding.variation.name + ("" if finding.variation.counts else " *")
    yield _text(_LEFT - 8, y + 11, name, anchor="end")
    if not finding.compared:
        yield _text(_LEFT, y + 11, "could not be asked so")
        return
    x = float(_LEFT)
    for level in sorted(finding.levels, reverse=True):
        wide = _BAR * finding.levels[level] / finding.compared
        yield (
            f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{_THICK}" '
            f'fill="{_COLOURS[level]}"/>'
        )
        x += wide
    yield _text(_LEFT + _BAR + 8, y + 11, _beside(finding))


def _beside(finding: Finding) -> str:
    level = finding.level.value if finding.level else ""
    if not finding.divergences:
        return level
    ulps = [each.ulps for each in finding.divergences if each.ulps is not None]
    return f"{level}, parted at {max(ulps):.3g} ulp or less" if ulps else level


def _text(x: float, y: float, words: str, weight: str = "normal", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )
