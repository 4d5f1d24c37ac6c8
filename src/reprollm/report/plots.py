"""Pictures of the report as SVG, in the colours of the page, so that they follow its theme."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from reprollm.report.content import Score
from reprollm.report.shown import shown

_BINS = 20
_ROW, _LABEL, _BAR, _VALUE = 20, 150, 380, 90


def p_values(name: str, values: Sequence[float]) -> str:
    """Return a histogram of items' p-values; without any leak every bar is about the line's height.

    Args:
        name: the check, for the description that screen readers speak.
        values: p-values, each above 0 and at most 1.
    """
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, max(0, int(value * _BINS)))] += 1
    high, wide, tall = max(counts), 520, 130
    step = (wide - 40) / _BINS
    expected = len(values) / _BINS
    bars = [
        f'<rect class="bar" x="{30 + number * step + 1:.1f}" '
        f'y="{tall - 20 - _height(count, high):.1f}" '
        f'width="{step - 2:.1f}" height="{_height(count, high):.1f}"/>'
        for number, count in enumerate(counts)
    ]
    line = tall - 20 - _height(expected, high)
    said = (
        f"Histogram of {len(values)} p-values of {name}: {counts[0]} below {1 / _BINS:g}, "
        f"where {expected:.0f} would be expected if the model had seen none."
    )
    return _svg(
        wide,
        tall,
        said,
        [
            *bars,
            f'<line class="guide" x1="30" x2="{wide - 10}" y1="{line:.1f}" y2="{line:.1f}"/>',
            *(
                f'<text x="{30 + at * (wide - 40):.0f}" y="{tall - 5}" '
                f'text-anchor="middle">{at:g}</text>'
                for at in (0, 0.25, 0.5, 0.75, 1)
            ),
            f'<text x="26" y="{tall - 20 - _height(high, high) + 10:.0f}" '
            f'text-anchor="end">{high}</text>',
        ],
    )


def _height(count: float, high: int) -> float:
    return 100 * count / high if high else 0


def strata(scores: Sequence[Score]) -> str:
    """Return bars, one for each of `scores`, in their order; all of one score and aggregation."""
    values = [float(score.value) if score.value is not None else 0.0 for score in scores]
    most = max([*values, 1e-9])
    tall = _ROW * len(scores) + 6
    body = []
    for row, (score, value) in enumerate(zip(scores, values, strict=True)):
        y = row * _ROW + 3
        label = "all" if score.stratum is None else shown(score.stratum, 22)
        body += [
            f'<text x="{_LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="bar" x="{_LABEL}" y="{y}" width="{_BAR * value / most:.1f}" '
            f'height="{_ROW - 5}"/>',
            f'<text x="{_LABEL + _BAR * value / most + 6:.1f}" y="{y + 13}">'
            f"{escape(score.value or 'undefined')}</text>",
        ]
    said = f"{scores[0].score} by stratum, sampling {shown(scores[0].sampling)}"
    return _svg(_LABEL + _BAR + _VALUE, tall, said, body)


def _svg(wide: int, tall: int, said: str, body: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label={quoteattr(said)} viewBox="0 0 {wide} {tall}" '
        f'style="max-width:{wide}px" xmlns="http://www.w3.org/2000/svg">' + "".join(body) + "</svg>"
    )
