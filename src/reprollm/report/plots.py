"""Pictures of the report: tables whose cells hold marks as inline SVG, so that words stay words.

A mark is drawn in a box of 100 by 10 that is stretched to the width of its cell; lines keep their
width, and a line of no length with round ends is a dot. What a picture shows stands beside it as
text, so that nothing is lost to those who do not see it, and everything fits on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reprollm.report.language import Number, Speech, rounded, short
from reprollm.report.shown import shown

_BINS = 20
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Mark:
    """One value with its interval, if it has one, as recorded decimals.

    Attributes:
        label: what it is of, as text or as a message.
        strong: whether it is set apart from the others.
    """

    label: str | Markup
    value: str | None
    low: str | None = None
    high: str | None = None
    n: int = 0
    strong: bool = False


def intervals(speech: Speech, caption: Markup, marks: Sequence[Mark]) -> Markup:
    """Return values with their intervals on one scale, a row each."""
    low, high = scale(
        [text for mark in marks for text in (mark.value, mark.low, mark.high) if text]
    )
    rows = Markup("").join(_row(speech, mark, low, high) for mark in marks)
    axis = Markup(
        '<tfoot aria-hidden="true"><tr><td></td><td class="axis"><div><span>{}</span>'
        "<span>{}</span><span>{}</span></div></td><td></td><td></td></tr></tfoot>"
    ).format(*(speech.number(short(str(at))) for at in (low, (low + high) / 2, high)))
    head = Markup(
        '<thead><tr><th scope="col">{}</th><th scope="col"><span class="unseen">{}</span></th>'
        '<th scope="col">{}</th><th scope="col" class="number">{}</th></tr></thead>'
    ).format(*(speech(f"col.{name}") for name in ("of", "picture", "value", "n")))
    return Markup('<table class="plot"><caption>{}</caption>{}<tbody>{}</tbody>{}</table>').format(
        caption, head, rows, axis
    )


def shares(speech: Speech, caption: Markup, rows: Sequence[tuple[str, Sequence[int]]]) -> Markup:
    """Return bars that are divided into three: the same, different, not known."""
    body = Markup("").join(
        Markup(
            '<tr><th scope="row"><bdi>{}</bdi></th><td class="mark">{}</td><td>{}</td></tr>'
        ).format(
            label, _stack(parts), speech("again.parts", same=parts[0], differ=parts[1],
                                         once=parts[2])
        )
        for label, parts in rows
    )  # fmt: skip
    head = Markup(
        '<thead><tr><th scope="col">{}</th><th scope="col"><span class="unseen">{}</span></th>'
        '<th scope="col">{}</th></tr></thead>'
    ).format(*(speech(f"col.{name}") for name in ("of", "picture", "found")))
    return Markup('<table class="plot"><caption>{}</caption>{}<tbody>{}</tbody></table>').format(
        caption, head, body
    )


def p_values(speech: Speech, values: Sequence[float]) -> Markup:
    """Return a histogram of items' p-values; without any leak every bar is about the line's height.

    Args:
        speech: of the page.
        values: p-values, each above 0 and at most 1.
    """
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, max(0, int(value * _BINS)))] += 1
    high, wide, tall = max(counts), 340, 120
    step = (wide - 40) / _BINS
    expected = len(values) / _BINS
    bars = Markup("").join(
        Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"/>').format(
            f"{30 + at * step + 0.5:.1f}",
            f"{tall - 18 - _height(count, high):.1f}",
            f"{step - 1:.1f}",
            f"{_height(count, high):.1f}",
        )
        for at, count in enumerate(counts)
    )
    line = f"{tall - 18 - _height(expected, high):.1f}"
    ticks = Markup("").join(
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            f"{30 + at * (wide - 40):.0f}", tall - 4, _figure(speech, f"{at:g}")
        )
        for at in (0, 0.25, 0.5, 0.75, 1)
    )
    label = speech.label(
        "pvalues.label", n=len(values), first=counts[0], expected=Number(f"{expected:.0f}")
    )
    return Markup(
        '<svg class="histogram" role="img" {} viewBox="0 0 {} {}" width="{}" height="{}">{}'
        '<line class="guide" x1="30" x2="{}" y1="{}" y2="{}"/>{}'
        '<text x="26" y="12" text-anchor="end">{}</text></svg>'
    ).format(
        label,
        wide,
        tall,
        wide,
        tall,
        bars,
        wide - 10,
        line,
        line,
        ticks,
        _figure(speech, str(high)),
    )


def scale(values: Sequence[str]) -> tuple[float, float]:
    """Return the ends of an axis that holds some decimals, and zero; 0 to 1 if all are zero."""
    numbers = [float(value) for value in values] or [0.0]
    most, least = max(*numbers, 0.0), min(*numbers, 0.0)
    if most == least:
        return 0.0, 1.0
    step = _step(max(most - least, 1e-9) / 4)
    return math.floor(least / step) * step, math.ceil(most / step) * step


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(each * power for each in _STEPS if each * power >= rough * (1 - 1e-9))


def _row(speech: Speech, mark: Mark, low: float, high: float) -> Markup:
    label = (
        mark.label
        if isinstance(mark.label, Markup)
        else Markup("<bdi>{}</bdi>").format(shown(mark.label))
    )
    if mark.value is None:
        drawn, said = Markup(""), speech("undefined")
    else:
        drawn, said = _drawn(mark, low, high), speech.number(rounded(mark.value))
        if mark.low is not None and mark.high is not None:
            ends = {"low": Number(rounded(mark.low)), "high": Number(rounded(mark.high))}
            said += Markup(' <span class="interval">{}</span>').format(speech("interval", **ends))
    return Markup(
        '<tr{}><th scope="row">{}</th><td class="mark">{}</td><td>{}</td><td class="number">{}</td>'
        "</tr>"
    ).format(
        Markup(' class="strong"') if mark.strong else "", label, drawn, said, speech.number(mark.n)
    )


def _drawn(mark: Mark, low: float, high: float) -> Markup:
    def at(text: str | None) -> str:
        return f"{2 + 96 * (float(text or 0) - low) / (high - low):.2f}"

    zero = Markup('<line class="zero" x1="{}" x2="{}" y1="0" y2="10"/>').format(at("0"), at("0"))
    whisker = Markup("")
    if mark.low is not None and mark.high is not None:
        whisker = Markup('<line class="whisker" x1="{}" x2="{}" y1="5" y2="5"/>').format(
            at(mark.low), at(mark.high)
        )
    dot = Markup('<line class="dot" x1="{}" x2="{}" y1="5" y2="5"/>').format(
        at(mark.value), at(mark.value)
    )
    return _svg(zero + whisker + dot)


def _stack(parts: Sequence[int]) -> Markup:
    total, x, drawn = max(sum(parts), 1), 0.0, Markup("")
    for name, count in zip(("same", "differs", "once"), parts, strict=True):
        wide = 100 * count / total
        drawn += Markup('<rect class="{}" x="{}" y="1" width="{}" height="8"/>').format(
            name, f"{x:.2f}", f"{wide:.2f}"
        )
        x += wide
    return _svg(drawn)


def _svg(inner: Markup) -> Markup:
    return Markup(
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" '
        'focusable="false">{}</svg>'
    ).format(inner)


def _height(count: float, high: int) -> float:
    return 92 * count / high if high else 0


def _figure(speech: Speech, text: str) -> Markup:
    return Markup('<tspan data-n="{}">{}</tspan>').format(text, speech.text("n", n=Number(text)))
