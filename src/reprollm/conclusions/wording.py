"""Conclusions as short texts for people, from their evidence; what shows them makes them safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Evidence = Mapping[str, Any]
WARNINGS: Mapping[str, str] = {
    "identical-passes": "passes with identical answers count as one",
    "no-variation": "all pairs differ by as much, so the interval has no width; it does not say "
    "how sure the difference is",
    "sign-depends-on-aggregation": "another usual aggregation of the score has the other sign",
    "unpaired-items": "some items have no counterpart in the other arm, or no value",
}
BECAUSE: Mapping[str, str] = {
    "no-estimate": "nothing of this is estimated in the log",
    "undefined": "the value is undefined",
    "no-interval": "the value does, but there is no interval to be sure by",
    "difference": "the other arm does as well or better",
    "no-p": "nothing could be tested",
    "no-difference": "the difference is undefined",
}


def arm(said: Evidence) -> str:
    """Return an arm by its names: model and cell."""
    return " ".join(str(said[name]) for name in ("model", "cell") if said.get(name) is not None)


def number(decimal: str | None) -> str:
    """Return a recorded decimal as tables show it: four significant digits."""
    return "undefined" if decimal is None else f"{float(decimal):.4g}"


def between(low: str | None, high: str | None) -> str:
    """Return an interval; nothing without one."""
    return "" if low is None or high is None else f"{number(low)} … {number(high)}"


def pair_lines(name: str, said: Evidence) -> Iterator[str]:
    """Yield a pair in short lines: its score, the value of each arm, difference, test, items.

    Args:
        name: the comparison's name; empty where it has none.
        said: its evidence.
    """
    test, effect = said["test"], said["effect"]
    score = str(said["score"]).replace("_", " ")
    yield f"{name}: {score}" if name else score
    sides = [(arm(said[side]), number(said[side]["value"])) for side in ("of", "against")]
    wide = max(len(each) for each, _ in sides)
    for each, value in sides:
        yield f"  {each:<{wide}}  {value}"
    interval = between(effect["low"], effect["high"])
    yield f"  difference {number(effect['difference'])}" + (f" ({interval})" if interval else "")
    if test["p_adjusted"] is None:
        yield "  not tested"
    else:
        adjusted = number(test["p_adjusted"])
        yield f"  p {adjusted}, corrected for {test['tests']} ({test['name']})"
    counts = [
        f"{each} {effect[each]}"
        for each in ("better", "equal", "worse")
        if effect[each] is not None
    ]
    if counts:
        yield f"  items: {', '.join(counts)}"
    for code in said["warnings"]:
        yield f"  {WARNINGS.get(str(code), str(code))}"


def claim_row(name: str, verdict: str, said: Evidence) -> tuple[str, ...]:
    """Return a claim as a row: name, verdict, what it says, what was found."""
    return name, verdict, said["says"], claim_found(said)


def claim_found(said: Evidence) -> str:
    """Return what a claim was held against."""
    reason = BECAUSE.get(said["because"])
    if said["kind"] == "value":
        interval = between(said["low"], said["high"])
        value = number(said["value"]) + (f" ({interval})" if interval else "")
    else:
        p = said["p_adjusted"]
        value = f"difference {number(said['difference'])}, p {'none' if p is None else number(p)}"
    return f"{value}; {reason}" if reason else value


def other_rows(name: str, said: Evidence) -> Iterator[tuple[str, ...]]:
    """Yield agreement and determinism as rows: of what, what, n, found."""
    if said["kind"] == "determinism":
        rate = "" if said["rate"] is None else f", {said['kept']} of {said['compared']} kept"
        yield name, f"class {said['class']}", str(said["compared"]), f"{said['verdict']}{rate}"
    elif said["among"] == "annotators":
        yield name, "alpha of the annotators", str(said["items"]), number(said["alpha"])
        for pair in said["pairs"]:
            of = " and ".join(_rater(said["raters"][pair[one]]) for one in ("first", "second"))
            yield name, f"kappa of {of}", str(pair["n"]), number(pair["kappa"])
    else:
        for cell in said["cells"]:
            who = "models" if said["among"] == "models" else f"{cell['asked']} passes"
            found = f"{number(cell['alpha'])}, {cell['unanimous']} unanimous"
            yield name, f"alpha of {who}, {cell['cell']}", str(cell["items"]), found


def _rater(said: Evidence) -> str:
    return arm(said) if said["who"] == "arm" else str(said.get("name", said["who"]))
