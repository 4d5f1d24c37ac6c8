"""Claims and comparisons as a page shows them: a verdict, and the numbers that it rests on.

The evidence is that of `docs/conclusions.md`. What has another shape, of another version, is shown
by its name alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reprollm.report.content import Concluded, Content
from reprollm.report.language import Number, Said, Value
from reprollm.report.sentence import Sentence, decimal, word
from reprollm.tables.ranking import SIGNIFICANT

_ORDER = {"fails": 0, "undecided": 1, "holds": 2}


@dataclass(frozen=True)
class Claim:
    """A claim with its verdict, and what it was held against."""

    name: str
    says: str
    verdict: str
    found: tuple[Sentence, ...]


@dataclass(frozen=True)
class Pair:
    """Two arms, compared by item.

    Attributes:
        difference, low, high: of the first arm's value from the second's, with its interval.
        p: after correction for the declared family; None where there is none.
        favours: `of`, `against` or `neither`, whether or not it could be shown.
    """

    name: str
    score: str
    of: str
    against: str
    of_value: str | None
    against_value: str | None
    difference: str | None
    low: str | None
    high: str | None
    test: str
    p: str | None
    n: int
    favours: str
    warnings: tuple[str, ...]

    @property
    def shown(self) -> str:
        """What could be shown: `of` or `against` is better, `neither`, or `untested`."""
        if self.p is None:
            return "untested"
        return self.favours if Decimal(self.p) <= SIGNIFICANT else "neither"


def claims(content: Content) -> list[Claim]:
    """Return the claims, failing ones first."""
    found = sorted(content.claims, key=lambda one: _ORDER.get(one.verdict or "", 3))
    return [
        Claim(
            one.name,
            str(one.evidence.get("says") or one.name),
            one.verdict or "undecided",
            tuple(_grounds(one.evidence)),
        )
        for one in found
    ]


def pairs(content: Content) -> list[Pair]:
    """Return the declared comparisons of two arms, in their order."""
    return [_pair(one) for one in content.comparisons if one.evidence.get("kind") == "pair"]


def agreements(content: Content) -> list[Sentence]:
    """Return how often annotators, passes and models say the same."""
    found: list[Sentence] = []
    for one in content.comparisons:
        if one.evidence.get("kind") == "agreement":
            found += _agreement(one.evidence, content.name_of(one.run))
    return found


def determinism(content: Content) -> list[Sentence]:
    """Return what repetitions show of the declared class."""
    return [
        _determinism(one.evidence, content.name_of(one.run))
        for one in content.comparisons
        if one.evidence.get("kind") == "determinism"
    ]


def _grounds(evidence: Mapping[str, Any]) -> Iterator[Sentence]:
    if evidence.get("kind") == "comparison":
        yield Sentence(
            "claim.difference",
            {
                "difference": decimal(evidence.get("difference")),
                "p": decimal(evidence.get("p_adjusted")),
            },
        )
    elif evidence.get("kind") == "value":
        yield from _value_grounds(evidence)
    if evidence.get("because"):
        yield Sentence("claim.because", {"reason": word("because", str(evidence["because"]))})


def _value_grounds(evidence: Mapping[str, Any]) -> Iterator[Sentence]:
    low, high = evidence.get("low"), evidence.get("high")
    found: dict[str, Value] = {
        "score": word("score", str(evidence.get("score"))),
        "arm": _arm(evidence.get("arm")),
        "value": _exact(evidence.get("value")),
    }
    if low is None or high is None:
        yield Sentence("claim.value", found)
    else:
        yield Sentence("claim.interval", {**found, "low": _exact(low), "high": _exact(high)})
    for name in ("is", "at_least", "at_most"):
        if evidence.get(name) is not None:
            declared = {"value": _exact(evidence[name]), "within": _exact(evidence.get("within"))}
            yield Sentence(f"claim.{name}", declared)
    estimate = evidence.get("estimate")
    if isinstance(estimate, dict) and isinstance(estimate.get("position"), int):
        yield Sentence("claim.record", {"position": str(estimate["position"])})


def _exact(text: object) -> Value:
    return Said("undefined") if text is None else Number(str(text))


def _arm(arm: object) -> str:
    if not isinstance(arm, dict):
        return ""
    model, cell = arm.get("model"), str(arm.get("cell", ""))
    return f"{model} · {cell}" if model else cell


def _pair(one: Concluded) -> Pair:
    said = one.evidence
    of, against = said.get("of", {}), said.get("against", {})
    effect, test = said.get("effect", {}), said.get("test", {})
    return Pair(
        name=one.name,
        score=str(said.get("score", "")),
        of=_arm_of(of),
        against=_arm_of(against),
        of_value=of.get("value"),
        against_value=against.get("value"),
        difference=effect.get("difference"),
        low=effect.get("low"),
        high=effect.get("high"),
        test=str(test.get("name", "none")),
        p=test.get("p_adjusted"),
        n=int(said.get("pairs", {}).get("items", 0)),
        favours=str(said.get("favours", "neither")),
        warnings=tuple(map(str, said.get("warnings", ()))),
    )


def _arm_of(side: Mapping[str, Any]) -> str:
    """Return the name of a pair's arm, which may stand in an object of its own."""
    return _arm(side.get("arm", side))


def _agreement(evidence: Mapping[str, Any], model: str) -> Iterator[Sentence]:
    among = str(evidence.get("among"))
    of = f"{model} · " if model and among == "passes" else ""
    for each in evidence.get("cells", [evidence]):
        names = [_rater(rater) for rater in each.get("raters", each.get("models", ()))]
        who: Value = f"{of}{each['cell']}" if "cell" in each else Said("among.annotators")
        yield Sentence(
            "agreement",
            {
                "among": word("among", among),
                "who": who,
                "alpha": decimal(each.get("alpha")),
                "items": int(each.get("items", 0)),
                "unanimous": int(each.get("unanimous", 0)),
            },
        )
        for pair in each.get("pairs", ()):
            values: dict[str, Value] = {
                "first": names[pair["first"]],
                "second": names[pair["second"]],
                "kappa": decimal(pair.get("kappa")),
                "agree": int(pair.get("agree", 0)),
                "total": int(pair.get("n", 0)),
            }
            yield Sentence("agreement.pair", values)


def _rater(rater: Any) -> Value:
    if not isinstance(rater, dict):
        return str(rater)
    if rater.get("who") == "reference":
        return Said("text.reference")
    return str(rater["name"]) if rater.get("who") == "annotator" else _arm_of(rater)


def _determinism(evidence: Mapping[str, Any], model: str) -> Sentence:
    verdict = str(evidence.get("verdict"))
    values: dict[str, Value] = {
        "class": word("determinism", str(evidence.get("class"))),
        "kept": int(evidence.get("kept") or 0),
        "compared": int(evidence.get("compared") or 0),
    }
    key = "determinism.measured" if values["compared"] else "determinism.unmeasured"
    if model:
        key, values["model"] = f"{key}.of", model
    return Sentence(key, values, mark={"holds": "good", "fails": "bad"}.get(verdict, ""))
