"""All conclusions that an experiment declares, from values: the list that is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from reprollm.canon import Json
from reprollm.conclusions import agreement, claims, determinism
from reprollm.conclusions.answers import Answered, Arm, Standing
from reprollm.conclusions.arms import arm_meant
from reprollm.conclusions.pair import Compared, Exchanges, Intervals, compare, evidence, family
from reprollm.conclusions.pairing import Part
from reprollm.errors import InvalidInput
from reprollm.scores.measures import measure
from reprollm.scores.parsers import parser

COMPARISON, CLAIM = "comparison", "claim"
_DECLARED = ("comparisons", "claims", "determinism")


class Wanted(NamedTuple):
    """The estimate that a claim is about."""

    run: str
    score: str
    sampling: str
    level: str
    group: str | None
    aggregation: str
    label: str | None


@dataclass(frozen=True)
class Material:
    """What conclusions are drawn from.

    Attributes:
        runs: those that the ledger stands for.
        estimate: finds the recorded estimate that a claim is about.
        counted: counts a run's repetitions.
    """

    runs: tuple[Standing, ...]
    estimate: Callable[[Wanted], claims.Estimate | None]
    counted: determinism.Counting


@dataclass(frozen=True)
class Conclusion:
    """One record to be: its kind, its name, whose it is, and what it says.

    Attributes:
        kind: `comparison` or `claim`.
        name: the comparison's or claim's name.
        run: run id, hex.
        plan: plan id, hex.
        evidence: what it says.
        verdict: of a claim; None of a comparison.
    """

    kind: str
    name: str
    run: str
    plan: str
    evidence: dict[str, Json]
    verdict: str | None = None


def declared_in(core: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a plan declares of conclusions, by section."""
    return {name: core[name] for name in _DECLARED if core.get(name)}


def scores_compared(core: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the scores that a plan's comparisons need, each once."""
    pairs = core.get("comparisons", {}).get("comparisons", [])
    return tuple(dict.fromkeys(pair["score"] for pair in pairs))


def conclusions(material: Material) -> list[Conclusion]:
    """Return what the declarations call for, in the order in which it is recorded.

    Raises:
        InvalidInput: an arm or comparison that is named does not exist, or the runs' plans declare
            different things.
    """
    runs = material.runs
    core = runs[0].core
    for run in runs[1:]:
        if declared_in(run.core) != declared_in(core):
            raise InvalidInput(
                f"expected plan {run.plan[:16]} to declare the comparisons and claims of plan "
                f"{runs[0].plan[:16]}, found others; plan all models with one experiment.yaml"
            )
    pairs, adjusted = _pairs(runs, core)
    return [
        *_paired(pairs, adjusted, core),
        *_agreement(runs),
        *_determinism(material, core),
        *_claims(material, core, pairs, adjusted),
    ]


def _pairs(
    runs: Sequence[Standing], core: Mapping[str, Any]
) -> tuple[dict[str, Compared], dict[str, float | None]]:
    """Return the declared comparisons by name, and their corrected p-values."""
    declared = core.get("comparisons")
    if not declared:
        return {}, {}
    exchanges = Exchanges.from_core(declared)
    found = {
        pair["name"]: _compare(runs, pair, Intervals.from_core(core), exchanges)
        for pair in declared["comparisons"]
    }
    corrected = family(list(found.values()), declared.get("tests"))
    return found, dict(zip(found, corrected, strict=True))


def _compare(
    runs: Sequence[Standing], pair: Mapping[str, Any], intervals: Intervals, exchanges: Exchanges
) -> Compared:
    of, against = (
        _answered(runs, pair[side], f"the arm {side} of the comparison {pair['name']}")
        for side in ("of", "against")
    )
    items = next(run.items for run in runs if run.run == of.arm.run)
    part = Part(pair.get("stratum"), pair.get("split"))
    score, aggregation = measure(pair["score"]), pair.get("aggregation")
    return compare(of, against, score, items, part, intervals, exchanges, aggregation)


def _answered(runs: Sequence[Standing], wanted: Mapping[str, Any], where: str) -> Answered:
    cells = {cell.arm: cell for run in runs for cell in run.cells}
    return cells[arm_meant(cells, wanted, where)]


def _paired(
    pairs: Mapping[str, Compared], adjusted: Mapping[str, float | None], core: Mapping[str, Any]
) -> Iterator[Conclusion]:
    by = parser(core.get("answer")).version
    for name, found in pairs.items():
        tests = core["comparisons"].get("tests") or len(pairs)
        arm = found.of.arm
        said = evidence(found, by, adjusted[name], tests)
        yield Conclusion(COMPARISON, name, arm.run, arm.plan, said)


def _agreement(runs: Sequence[Standing]) -> Iterator[Conclusion]:
    found = [
        (agreement.ANNOTATORS, runs[0], agreement.among_annotators(runs)),
        *((agreement.PASSES, run, agreement.among_passes(run)) for run in runs),
        (agreement.MODELS, runs[0], agreement.among_models(runs)),
    ]
    for among, run, said in found:
        if said is not None:
            yield Conclusion(COMPARISON, f"agreement/{among}", run.run, run.plan, said)


def _determinism(material: Material, core: Mapping[str, Any]) -> Iterator[Conclusion]:
    declared = core.get("determinism")
    if not declared:
        return
    for run in material.runs:
        counted = material.counted(run.run, run.plan, declared.get("within"))
        said = determinism.evidence(declared, counted)
        yield Conclusion(COMPARISON, "determinism", run.run, run.plan, said)


def _claims(
    material: Material,
    core: Mapping[str, Any],
    pairs: Mapping[str, Compared],
    adjusted: Mapping[str, float | None],
) -> Iterator[Conclusion]:
    arms = [arm for run in material.runs for arm in run.arms]
    for claim in core.get("claims", []):
        name = claim["name"]
        if claim.get("comparison") is not None:
            arm, judged = _comparison_claim(claim, pairs, adjusted)
        else:
            arm = arm_meant(arms, claim.get("of") or {}, f"the claim {name}")
            judged = _value_claim(material, claim, arm)
        yield Conclusion(CLAIM, name, arm.run, arm.plan, judged.evidence, judged.verdict)


def _comparison_claim(
    claim: Mapping[str, Any],
    pairs: Mapping[str, Compared],
    adjusted: Mapping[str, float | None],
) -> tuple[Arm, claims.Judged]:
    named = claim["comparison"]
    if named not in pairs:
        raise InvalidInput(
            f"expected the claim {claim['name']} to name a comparison that is declared "
            f"({', '.join(pairs) or 'none is'}), found {named!a:.80}"
        )
    return pairs[named].of.arm, claims.of_comparison(claim, pairs[named], adjusted[named])


def _value_claim(material: Material, claim: Mapping[str, Any], arm: Arm) -> claims.Judged:
    score = claim["score"]
    aggregation = claim.get("aggregation") or measure(score).aggregations[0].name
    level, group = claims.level_of(claim)
    wanted = Wanted(arm.run, score, arm.cell, level, group, aggregation, claim.get("label"))
    return claims.of_value(claim, arm, aggregation, material.estimate(wanted))
