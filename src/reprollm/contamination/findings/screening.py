"""The findings `screening_<score>`: membership scores of items against an i.i.d. reference set.

For each declared score, of each item a conformal p-value with the reference set, adjusted by
Benjamini and Hochberg over the items (`q`), and of the set one Mann-Whitney p-value with the area
under the ROC curve. Scores, reference, and everything else stand in the examination, which was in
the log before anything was measured. Where the guard does not clear the reference set, every
verdict is `uninterpretable`; the figures stay on record.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reprollm.canon import Json
from reprollm.contamination.findings import guard
from reprollm.contamination.material import Found, Material, Measured
from reprollm.records.evidence import decimal, evidence
from reprollm.screening.scores import NEEDS_SPREAD, VERSIONS, score
from reprollm.statistics.auroc import auroc, auroc_interval, tpr_at_fpr
from reprollm.statistics.conformal import conformal_ps, expected_share, spread
from reprollm.statistics.mann_whitney import mann_whitney_greater
from reprollm.statistics.multiplicity import benjamini_hochberg
from reprollm.statistics.power import detectable_area

LEVEL = 0.05
MODE = "log-probabilities"
NOT_POSSIBLE = "not possible"
UNINTERPRETABLE = "uninterpretable"
UNCHECKABLE = "uncheckable"
STANDS_OUT, ORDINARY = "stands out", "does not stand out"
LISTED, UNLISTED = "listed", "not listed"
_ERROR_RATE = (
    "0.05, and 0.05 of the listed items, where suspects and reference were drawn alike; the guard "
    "can refuse that, nobody can prove it"
)


def findings(material: Material) -> list[Found]:
    """Return the guard's finding, then those of each declared score: the set's, then the items'.

    Empty where the examination declares no screening.
    """
    declared = material.checks.get("screening")
    if not declared:
        return []
    guarded = guard.finding(material)
    found = [guarded]
    for name in declared["scores"]:
        found += _of_score(str(name), material, guard.clears(guarded))
    return found


def method(name: str) -> str:
    """Return what the findings of the score `name` are called."""
    return f"screening_{name}"


def scored(name: str, texts: Sequence[Measured]) -> list[tuple[Measured, float]]:
    """Return the texts that have a score, each with it, in order."""
    found = []
    for each in texts:
        value = score(name, each.logprobs or (), each.means, each.deviations, each.zlib)
        if value is not None:
            found.append((each, value))
    return found


@dataclass(frozen=True)
class _Compared:
    """One score of both sets, ready to be said.

    Attributes:
        name: the score.
        cleared: whether the guard cleared the reference set.
        suspects: all measured items.
        values: those with a score, and it.
        references: scores of the reference set.
        ps: conformal p-value of each of `values`.
        qs: the same adjusted.
    """

    name: str
    cleared: bool
    suspects: tuple[Measured, ...]
    values: list[tuple[Measured, float]]
    references: list[float]
    ps: list[float]
    qs: list[float]

    @property
    def parameters(self) -> dict[str, Json]:
        return {"score": self.name, "level": decimal(LEVEL), "references": len(self.references)}


def _of_score(name: str, material: Material, cleared: bool) -> list[Found]:
    suspects, reference = material.of("suspect"), material.of("reference")
    values, others = scored(name, suspects), [value for _, value in scored(name, reference)]
    reason = _obstacle(name, material, suspects + reference)
    if reason is None and not (values and others):
        reason = "no text with a score on one side"
    if reason is not None:
        return [_not_possible(name, len(suspects), reason)]
    ps = conformal_ps([value for _, value in values], others)
    compared = _Compared(name, cleared, suspects, values, others, ps, benjamini_hochberg(ps))
    return [_of_set(compared), *_of_items(compared)]


def _obstacle(name: str, material: Material, texts: Sequence[Measured]) -> str | None:
    """Return why a score cannot be had of these texts, or None."""
    if not material.capable:
        return "the engine gives no log-probabilities of given texts"
    if not texts:
        return "nothing was measured"
    if any(each.logprobs is None for each in texts):
        return "log-probabilities are withheld"
    if name in NEEDS_SPREAD and any(None in (each.means, each.deviations) for each in texts):
        return "the engine gives no mean and deviation over the vocabulary"
    return None


def _not_possible(name: str, n: int, reason: str) -> Found:
    said = evidence(
        "screening",
        method(name),
        VERSIONS[name],
        mode=NOT_POSSIBLE,
        parameters={"score": name, "level": decimal(LEVEL), "references": 0},
        n=n,
        verdict=NOT_POSSIBLE,
        detail={"reason": reason},
    )
    return Found(method(name), "*", said)


def _of_set(compared: _Compared) -> Found:
    members = [value for _, value in compared.values]
    others = compared.references
    area, tested = auroc(members, others), mann_whitney_greater(members, others)
    found = tpr_at_fpr(members, others, 0.01)
    assert area is not None and tested is not None and found is not None, "both sides have scores"
    detectable = detectable_area(len(members), len(others), LEVEL)
    verdict = STANDS_OUT if tested.p <= LEVEL else ORDINARY
    detail: dict[str, Json] = {
        "u": decimal(tested.u),
        "tpr_at_1_percent": decimal(found),
        "rare": sum(p <= LEVEL for p in compared.ps),
        "rare_expected": decimal(expected_share(LEVEL, len(others))),
        "rare_spread": decimal(spread(LEVEL, len(others), len(members))),
        "listed": sum(q <= LEVEL for q in compared.qs),
        "uncheckable": len(compared.suspects) - len(members),
        "detectable": None if detectable is None else decimal(detectable),
        "error_rate": _ERROR_RATE,
    }
    said = evidence(
        "screening",
        method(compared.name),
        VERSIONS[compared.name],
        mode=MODE,
        parameters=compared.parameters,
        n=len(members),
        verdict=verdict if compared.cleared else UNINTERPRETABLE,
        statistic=area,
        p=tested.p,
        interval=auroc_interval(area, len(members), len(others)),
        detail=detail,
    )
    return Found(method(compared.name), "*", said)


def _of_items(compared: _Compared) -> list[Found]:
    known = {
        each.index: (value, p, q)
        for (each, value), p, q in zip(compared.values, compared.ps, compared.qs, strict=True)
    }
    return [_of_item(compared, each, known.get(each.index)) for each in compared.suspects]


def _of_item(
    compared: _Compared, item: Measured, known: tuple[float, float, float] | None
) -> Found:
    detail: dict[str, Json] = {"tokens": item.tokens}
    value, p, verdict = None, None, UNCHECKABLE
    if known is not None:
        value, p, q = known
        detail["q"] = decimal(q)
        verdict = LISTED if q <= LEVEL else UNLISTED
        verdict = verdict if compared.cleared else UNINTERPRETABLE
    if value is not None and math.isinf(value):
        detail["impossible_token"], value = True, None
    said = evidence(
        "screening",
        method(compared.name),
        VERSIONS[compared.name],
        mode=MODE,
        parameters=compared.parameters,
        n=1,
        verdict=verdict,
        statistic=value,
        p=p,
        detail=detail,
    )
    return Found(method(compared.name), item.subject, said)
