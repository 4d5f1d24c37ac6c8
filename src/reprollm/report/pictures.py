"""Which pictures a report has, and of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reprollm.report.content import Content
from reprollm.report.estimates import Estimate, beside, headlines
from reprollm.report.language import Speech
from reprollm.report.plots import Mark, intervals, p_values, shares
from reprollm.report.sentence import word
from reprollm.report.summary import arm


@dataclass(frozen=True)
class Mean:
    """The mean of a score over the answers of which a check says the same.

    Attributes:
        method, verdict: the check, and what it says.
        model: of which model, where there are several; else empty.
        mean: None where no such answer has the score.
    """

    score: str
    method: str
    model: str
    verdict: str
    mean: float | None
    n: int


def score_plots(speech: Speech, content: Content) -> list[tuple[Markup, Markup | None]]:
    """Return, for each score, a picture over all items, and one within strata and splits."""
    by_score: dict[str, list[Estimate]] = {}
    for one in headlines(content.estimates):
        by_score.setdefault(one.score, []).append(one)
    return [
        (_over_all(speech, content, group), _within(speech, content, group))
        for group in by_score.values()
    ]


def again_plot(speech: Speech, parts: Sequence[tuple[str, Sequence[int]]]) -> Markup:
    """Return how many answers of each arm came again, or nothing where none was asked again."""
    if not any(same + differs for _, (same, differs, _) in parts):
        return Markup("")
    return shares(speech, speech("again.plot"), parts)


def verdict_plots(speech: Speech, means: Sequence[Mean]) -> list[Markup]:
    """Return, for each score and check, the mean score by what the check says of the items."""
    groups: dict[tuple[str, str], list[Mean]] = {}
    for one in means:
        groups.setdefault((one.score, one.method), []).append(one)
    found = []
    for (score, method), group in groups.items():
        if len({one.verdict for one in group}) > 1:
            marks = [
                Mark(
                    _of(one.model, one.verdict),
                    None if one.mean is None else f"{one.mean:.6f}",
                    n=one.n,
                )
                for one in group
            ]
            name = word("score", score)
            caption = speech("verdicts.plot", score=name, check=word("check", method))
            found.append(intervals(speech, caption, marks))
    return found


def p_plots(speech: Speech, content: Content) -> list[tuple[str, Markup]]:
    """Return a histogram, and of what, for each method that gives items p-values and each model."""
    found = []
    methods = dict.fromkeys(name for each in content.findings.values() for name in each.methods)
    for method in methods:
        for model, findings in content.findings.items():
            values = [
                float(of[method].said("p"))
                for of in findings.items.values()
                if method in of and of[method].said("p")
            ]
            if values:
                name = _of(model, method.replace("_", " "))
                found.append((name, p_values(speech, values)))
    return found


def _of(model: str, what: str) -> str:
    return f"{model} · {what}" if model else what


def _over_all(speech: Speech, content: Content, group: Sequence[Estimate]) -> Markup:
    marks = [_mark(arm(content, one.run, one.cell), one, strong=True) for one in group]
    return intervals(speech, _caption(speech, group[0]), marks)


def _within(speech: Speech, content: Content, group: Sequence[Estimate]) -> Markup | None:
    """Return the picture by stratum and split; None where there are none."""
    marks: list[Mark] = []
    for one in group:
        name = arm(content, one.run, one.cell)
        inner = [
            _mark(f"{name} · {each.group}", each, strong=False)
            for level in ("stratum", "split")
            for each in beside(content.estimates, one, level)
        ]
        marks += [_mark(name, one, strong=True), *inner] if inner else []
    return intervals(speech, _caption(speech, group[0]), marks) if marks else None


def _caption(speech: Speech, one: Estimate) -> Markup:
    aggregation = word("aggregation", one.aggregation)
    better = speech("better.lower" if one.lower_is_better else "better.higher")
    return speech("score.plot", score=word("score", one.score), aggregation=aggregation) + Markup(
        ' <span class="dim">{}</span>'
    ).format(better)


def _mark(label: str, one: Estimate, *, strong: bool) -> Mark:
    return Mark(label, one.value, one.low, one.high, one.n, strong)
