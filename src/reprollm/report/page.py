"""The page: what was read, rendered into one file that needs neither network nor scripts."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from reprollm import __version__
from reprollm.ledger.remarks import TRUST_WORDS
from reprollm.report.content import Content, Score
from reprollm.report.plots import p_values, strata
from reprollm.report.shown import shown

_TEMPLATE = "report.html.jinja"
CLAIM_WORDS = {
    "fact": (
        "Facts about texts",
        "What stands where, and what was sent where; nothing about what a model learnt.",
    ),
    "test": (
        "Tests by designed randomness",
        "Their p-values hold by the lots that were drawn when the data set was made, whatever the "
        "model is.",
    ),
    "screening": (
        "Screening",
        "Scores that hint, and prove nothing: no one can know how they come out for a model that "
        "has not seen the texts. They are void where the guard can tell both sets apart unseen.",
    ),
    "decision": (
        "Decision",
        "What follows from the declared primary test, corrected for its family, and what it could "
        "have found.",
    ),
}


def page(content: Content) -> str:
    """Return the report as one HTML document; equal ledgers give equal bytes."""
    source = files("reprollm.report").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "short": _short}
    return environment.from_string(source).render(
        content=content,
        version=__version__,
        trust=TRUST_WORDS[content.run.trust or "claimed"],
        samplings=content.plan.core.get("sampling", []),
        engine=sorted(content.plan.core.get("engine", {}).items()),
        headlines=[score for score in content.scores if score.stratum is None],
        score_plots=_score_plots(content.scores),
        claims=CLAIM_WORDS,
        p_plots=_p_plots(content),
        statements=[
            one.words for one in content.findings.whole["decision"] if one.method == "decision"
        ],
    )


def _short(number: str) -> str:
    """Return a recorded decimal with four significant digits, for a table."""
    return format(float(number), ".4g") if number else ""


def _harmless(value: object) -> object:
    """Return what the template is about to write; nothing comes past this unseen."""
    return value if isinstance(value, Markup) else shown(value)


def _score_plots(scores: Sequence[Score]) -> list[tuple[Score, Markup]]:
    """Return, for each sampling and score that has strata, its first aggregation as a picture."""
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.sampling, score.score), []).append(score)
    found = []
    for group in groups.values():
        shown_rows = [score for score in group if score.aggregation == group[0].aggregation]
        if len(shown_rows) > 1:
            found.append((shown_rows[0], Markup(strata(shown_rows))))
    return found


def _p_plots(content: Content) -> list[tuple[str, Markup]]:
    """Return a histogram for each method that gives items p-values."""
    found = []
    for method in content.findings.methods:
        values = [
            float(of[method].said("p"))
            for of in content.findings.items.values()
            if method in of and of[method].said("p")
        ]
        if values:
            found.append((method, Markup(p_values(method, values))))
    return found
