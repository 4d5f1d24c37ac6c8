"""The findings `decision` and `effect`: what all the others come to.

`decision` holds the verdict by the primary test, the statement for the data set, what the test
would have found, and every p-value of a set. `effect` holds, for each score of the answers, all
items against the clean half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reprollm.canon import Json
from reprollm.contamination.decision import (
    CALIBRATION,
    LEVEL,
    POWER,
    Primary,
    Result,
    corrected,
    statement,
    verdict,
)
from reprollm.contamination.effect import effect
from reprollm.contamination.findings.screening import LISTED, method, scored
from reprollm.contamination.material import Found, Material
from reprollm.records.evidence import PREFIX, decimal, evidence
from reprollm.statistics.bootstrap import RESAMPLES
from reprollm.statistics.power import detectable_shift
from reprollm.statistics.rank_sum import detectable_share

VERSION = "1"
DECISION, EFFECT = "decision", "effect"
MODE = "records"


def findings(material: Material, found: Sequence[Found]) -> list[Found]:
    """Return the decision, then the effect on each score.

    Args:
        material: all that is on record.
        found: what the other methods found in it.
    """
    last = {_key(each): each for each in (*_recorded(material), *found)}
    every = list(last.values())
    return [_decision(material, every), *_effects(material, every)]


def detectable(checks: Mapping[str, Any], primary: Found, level: float) -> tuple[float, str] | None:
    """Return the smallest effect that the primary test finds with power `POWER`, and in words.

    None where no outcome could reach the level, or the test could not run.
    """
    if primary.evidence["p"] is None:
        return None
    sealed = checks["sealed"]
    if primary.method == "sealed_order":
        shift = detectable_shift(int(sealed["order"]["permutations"]), level, POWER)
        return None if shift is None else (shift, _SHIFTED.format(shift))
    groups = sealed["twins" if primary.method == "sealed_twins" else "canaries"]
    detail: Any = primary.evidence["detail"]
    known = zip(groups, detail["ranks"], strict=True)
    sizes = [int(group[-1]) for group, rank in known if rank is not None]
    share = detectable_share(sizes, level, POWER)
    return None if share is None else (share, _FORESEEN.format(f"{100 * share:.1f} %", len(sizes)))


_SHIFTED = "a published order {:.2f} standard deviations above random orders"
_FORESEEN = "a published version that is foreseen best in {} of {} groups beyond chance"


def _decision(material: Material, found: Sequence[Found]) -> Found:
    core, family = material.core, material.core["family"]
    tests = int(family["tests"]) if family else 1
    single = _single_subjects(material)
    about_sets = [each for each in found if each.subject not in single]
    said_by = next((each for each in about_sets if _is_primary(core, each)), None)
    effect_size = detectable(material.checks, said_by, LEVEL / tests) if said_by else None
    primary = _primary(core["primary"], said_by, effect_size) if core["primary"] else None
    ps: list[Json] = [
        {
            "claim": each.evidence["claim"],
            "method": each.method,
            "p": each.evidence["p"],
            "subject": each.subject,
        }
        for each in about_sets
        if each.evidence["p"] is not None
    ]
    items = sum(each.evidence["p"] is not None for each in found) - len(ps)
    results = [_result(each) for each in about_sets if not _is_primary(core, each)]
    detail: dict[str, Json] = {
        "snapshot": core["snapshot"],
        "data": core["data"]["sha256"],
        "statement": statement(primary, tests, results, len(ps), items),
        "p_values": ps,
        "tests_run": len(ps),
        "item_p_values": items,
        "detectable": decimal(effect_size[0]) if effect_size else None,
        "calibration": CALIBRATION,
    }
    p = primary.p if primary else None
    said = evidence(
        "decision",
        DECISION,
        VERSION,
        mode=MODE if core["primary"] else "not possible",
        parameters={
            "primary": core["primary"],
            "family": family["name"] if family else None,
            "tests": tests,
            "level": decimal(LEVEL),
            "power": decimal(POWER),
        },
        n=primary.n if primary else int(core["data"]["items"]),
        verdict=verdict(primary, tests),
        statistic=None if p is None else corrected(p, tests),
        p=p,
        detail=detail,
    )
    return Found(DECISION, "*", said)


def _primary(name: str, found: Found | None, effect_size: tuple[float, str] | None) -> Primary:
    if found is None:
        return Primary(name, None, 0, "it was not computed", None)
    said: Any = found.evidence
    reason = str(said["detail"].get("reason", said["verdict"])) if said["p"] is None else ""
    n = int(said["n"])
    return Primary(name, _number(said["p"]), n, reason, effect_size[1] if effect_size else None)


def _key(found: Found) -> tuple[str, str, str]:
    return found.method, found.subject, _scan(found)


def _scan(found: Found) -> str:
    """Return which of the declared scans a finding is of; empty where it is of none."""
    parameters: Any = found.evidence.get("parameters", {})
    return str(parameters.get("scan", ""))


def _is_primary(core: Mapping[str, Any], found: Found) -> bool:
    return bool(found.method == core["primary"])


def _result(found: Found) -> Result:
    said: Any = found.evidence
    of = [part for part in (_scan(found), found.subject.removesuffix("*")) if part]
    name = f"{found.method} ({', '.join(of)})" if of else found.method
    verdict = str(said["verdict"])
    if tally := said["detail"].get("tally"):
        hits, items, rest = (tally[key] for key in ("contaminated", "items", "uncheckable"))
        verdict += f": {hits} of {items} items, {rest} uncheckable"
    return Result(str(said["claim"]), name, verdict, said["n"], _number(said["p"]))


def _single_subjects(material: Material) -> frozenset[str]:
    """Return the subjects of findings that speak of one item or canary, not of a set."""
    texts = (each.subject for each in material.likelihoods if each.set != "order")
    return frozenset({*material.items, *texts}) - {"*"}


def _recorded(material: Material) -> list[Found]:
    """Return the findings of other stages, as `examine` has its own."""
    return [
        Found(record["finding"].removeprefix(PREFIX), record["subject"], record["evidence"])
        for record in material.recorded
    ]


def _effects(material: Material, found: Sequence[Found]) -> list[Found]:
    """Return the effect on each score and sampling, by the membership score declared first."""
    screening = material.checks.get("screening")
    if not screening or not material.scores:
        return []
    name = str(screening["scores"][0])
    membership = {each.subject: value for each, value in scored(name, material.of("suspect"))}
    listed = {
        each.subject
        for each in found
        if each.method == method(name) and each.evidence["verdict"] == LISTED
    }
    by_score: dict[tuple[str, str], dict[str, float]] = {}
    for each in material.scores:
        by_score.setdefault((each.score, each.sampling), {})[each.item] = each.value
    return [
        one
        for (score, sampling), values in sorted(by_score.items())
        for one in _effect(material, (score, sampling, name), values, membership, listed)
    ]


def _effect(
    material: Material,
    named: tuple[str, str, str],
    values: Mapping[str, float],
    membership: Mapping[str, float],
    listed: set[str],
) -> list[Found]:
    score, sampling, by = named
    made = effect(values, membership, listed, material.examination)
    if made is None:
        return []
    interval = made.interval
    said = evidence(
        "decision",
        EFFECT,
        VERSION,
        mode=MODE,
        parameters={
            "score": score,
            "sampling": sampling,
            "by": by,
            "resamples": RESAMPLES,
            "seed": material.examination,
        },
        n=made.n,
        verdict="estimated",
        statistic=made.difference,
        interval=(interval.low, interval.high) if interval else None,
        detail={
            "all": decimal(made.every),
            "clean": made.clean,
            "clean_mean": decimal(made.clean_mean),
            "unlisted": made.unlisted,
            "unlisted_mean": None if made.unlisted_mean is None else decimal(made.unlisted_mean),
        },
    )
    return [Found(EFFECT, f"{score}, {sampling}", said)]


def _number(value: Json) -> float | None:
    return None if value is None else float(str(value))
