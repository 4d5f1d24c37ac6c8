"""One declared comparison of two arms, and the family that its p-value is corrected over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reprollm.canon import Json
from reprollm.conclusions.answers import Answered, Item
from reprollm.conclusions.pairing import Pairing, Part, paired
from reprollm.conclusions.sums import (
    aggregate,
    count_rows,
    difference_rows,
    in_units,
    layout_of,
    sums_compared,
)
from reprollm.conclusions.tested import MCNEMAR, Tested, headline, tested
from reprollm.errors import InvalidInput
from reprollm.records.evidence import decimal as digits
from reprollm.scores.measures.protocol import ByLabel, Measure, OfSums
from reprollm.scores.row import BOOTSTRAP, NONE, Uncertainty, decimal
from reprollm.scores.tally import BILLION, billionths
from reprollm.statistics.bootstrap import Interval
from reprollm.statistics.multiplicity import holm
from reprollm.statistics.paired import d_z
from reprollm.statistics.resampling import percentile_interval

OF, AGAINST, NEITHER = "of", "against", "neither"
MOST = 99_999


def _expect_bounded(name: str, number: Any) -> None:
    """Raise `InvalidInput` for a number that would keep whoever verifies busy without end."""
    if type(number) is not int or not 1 <= number <= MOST:
        raise InvalidInput(f"expected at most {MOST} {name} in a plan, found {number!r:.40}")


@dataclass(frozen=True)
class Intervals:
    """How intervals are made; the defaults are those of an experiment that says nothing.

    Attributes:
        level: coverage, decimal.
        resamples: how many are drawn.
        seed: decides the draws.
    """

    level: str = "0.95"
    resamples: int = 999
    seed: str = "1"

    @classmethod
    def from_core(cls, core: Mapping[str, Any]) -> Intervals:
        """Return the settings of a plan; raise `InvalidInput` for more resamples than may be."""
        said = core.get("intervals") or {}
        _expect_bounded("resamples", said.get("resamples", cls.resamples))
        return cls(**{name: said[name] for name in ("level", "resamples", "seed") if name in said})


@dataclass(frozen=True)
class Exchanges:
    """How exchanges are drawn: the most that are looked at, and the seed of the draws."""

    permutations: int = 9_999
    seed: str = "1"

    @classmethod
    def from_core(cls, family: Mapping[str, Any]) -> Exchanges:
        """Return the settings of a family; raise `InvalidInput` for more than there may be."""
        _expect_bounded("permutations", family["permutations"])
        return cls(family["permutations"], family["seed"])


@dataclass(frozen=True)
class Compared:
    """Two arms, compared.

    Attributes:
        measure: the score.
        sums: the aggregation of sums that is compared; None for the mean of items.
        of: the first arm's answers.
        against: the second's.
        part: which items were taken.
        values: the two arms' aggregates.
        difference: the first less the second; None where one is undefined.
        interval: the difference's bootstrap interval.
        favours: `of`, `against` or `neither`.
    """

    measure: Measure
    sums: OfSums | None
    of: Answered
    against: Answered
    part: Part
    pairing: Pairing
    test: Tested
    values: tuple[float | None, float | None]
    difference: float | None
    interval: Interval | None
    favours: str
    intervals: Intervals

    @property
    def p(self) -> float | None:
        """The test's p-value, before the correction."""
        return self.test.p


def compare(
    of: Answered,
    against: Answered,
    measure: Measure,
    items: Mapping[str, Item],
    part: Part,
    intervals: Intervals,
    exchanges: Exchanges,
    aggregation: str | None = None,
) -> Compared:
    """Compare two arms on one score, item by item.

    Args:
        of: the first arm's answers.
        against: the second's.
        measure: the score.
        items: what is on record of the items.
        part: which items are taken.
        intervals: how the interval is made.
        exchanges: how exchanges are drawn.
        aggregation: what is compared; None takes the first that the score has.

    Raises:
        InvalidInput: arms are not compared by such an aggregation.
    """
    sums = sums_compared(measure, aggregation)
    pairing = paired(of, against, measure, items, part, sums is None)
    once = of.distinct == against.distinct == 1
    level = float(intervals.level)
    test = tested(measure, sums, pairing, once, level, exchanges.permutations, exchanges.seed)
    found = _values_of(pairing, intervals) if sums is None else _counts_of(sums, pairing, intervals)
    return Compared(
        measure=measure,
        sums=sums,
        of=of,
        against=against,
        part=part,
        pairing=pairing,
        test=test,
        values=found.values,
        difference=found.difference,
        interval=found.interval,
        favours=_favoured(measure, found.sign),
        intervals=intervals,
    )


def family(found: Sequence[Compared], tests: int | None) -> list[float | None]:
    """Return the p-values corrected over the declared family (Holm), in the order given.

    Raises:
        InvalidInput: the family is smaller than the number of comparisons with a p-value.
    """
    ps = [each.p for each in found if each.p is not None]
    adjusted = iter(holm(ps, len(found) if tests is None else tests))
    return [None if each.p is None else next(adjusted) for each in found]


@dataclass(frozen=True)
class _Size:
    values: tuple[float | None, float | None]
    difference: float | None
    sign: int
    interval: Interval | None


def _values_of(pairing: Pairing, intervals: Intervals) -> _Size:
    n = len(pairing.items)
    if not n:
        return _Size((None, None), None, 0, None)
    sides = list(zip(*(item.values or (0, 0) for item in pairing.items), strict=True))
    of, against = (sum(side) for side in sides)
    interval = percentile_interval(
        lambda sums: sums[0] / (BILLION * sums[1]) if sums[1] else None,
        in_units(difference_rows(pairing), intervals.seed),
        intervals.seed,
        float(intervals.level),
        intervals.resamples,
    )
    values = (of / (BILLION * n), against / (BILLION * n))
    return _Size(values, (of - against) / (BILLION * n), of - against, interval)


def _counts_of(aggregation: OfSums, pairing: Pairing, intervals: Intervals) -> _Size:
    if not pairing.items:
        return _Size((None, None), None, 0, None)
    layout = layout_of(pairing)
    rows, size = in_units(count_rows(pairing, layout), intervals.seed), layout.size

    def values(sums: Sequence[float]) -> tuple[float | None, float | None]:
        whole = [int(each) for each in sums]
        of, against = whole[:size], whole[size:]
        return headline(aggregation, layout, of), headline(aggregation, layout, against)

    def statistic(sums: Sequence[float]) -> float | None:
        one, other = values(sums)
        return None if one is None or other is None else one - other

    whole = [sum(column) for column in zip(*rows, strict=True)]
    one, other = values(whole)
    if one is None or other is None:
        return _Size((one, other), None, 0, None)
    level = float(intervals.level)
    interval = percentile_interval(statistic, rows, intervals.seed, level, intervals.resamples)
    return _Size((one, other), one - other, billionths(one) - billionths(other), interval)


def _favoured(measure: Measure, sign: int) -> str:
    if not sign:
        return NEITHER
    return OF if (sign > 0) != measure.lower_is_better else AGAINST


def evidence(found: Compared, parser: str, p_adjusted: float | None, tests: int) -> dict[str, Json]:
    """Return the evidence of a comparison record.

    Args:
        found: the comparison.
        parser: version of the parser of answers.
        p_adjusted: its p-value within the family.
        tests: size of the family.
    """
    pairing, measure = found.pairing, found.measure
    others = _aggregations(found)
    return {
        "kind": "pair",
        "version": "pair/1",
        "score": measure.name,
        "score_version": f"{measure.version} {parser}",
        "aggregation": (found.sums or measure.aggregations[0]).name,
        "lower_is_better": measure.lower_is_better,
        "stratum": found.part.stratum,
        "split": found.part.split,
        "of": _arm(found.of, found.values[0]),
        "against": _arm(found.against, found.values[1]),
        "pairs": {
            "items": len(pairing.items),
            "clusters": pairing.clusters,
            "only_of": pairing.only_of,
            "only_against": pairing.only_against,
            "undefined": pairing.undefined,
        },
        "test": found.test.to_json(p_adjusted, tests),
        "effect": _effect(found),
        "favours": found.favours,
        "aggregations": others,
        "warnings": _warnings(found, others),
    }


def _arm(answered: Answered, value: float | None) -> dict[str, Json]:
    passes: dict[str, Json] = {"asked": answered.asked, "distinct": answered.distinct}
    return {**answered.arm.to_json(), "passes": passes, "value": decimal(value)}


def _effect(found: Compared) -> dict[str, Json]:
    items, interval, made = found.pairing.items, found.interval, found.intervals
    better = sum(item.difference > 0 for item in items)
    worse = sum(item.difference < 0 for item in items)
    if found.measure.lower_is_better:
        better, worse = worse, better
    counted = found.sums is None
    return {
        "difference": decimal(found.difference),
        "low": decimal(interval.low if interval else None),
        "high": decimal(interval.high if interval else None),
        "interval": Uncertainty(
            BOOTSTRAP if interval else NONE,
            made.level,
            interval.resamples if interval else 0,
            made.seed if interval else None,
            found.pairing.clusters,
        ).to_json(),
        "standardised": _standardised(found),
        "better": better if counted else None,
        "equal": len(items) - better - worse if counted else None,
        "worse": worse if counted else None,
    }


def _standardised(found: Compared) -> dict[str, Json] | None:
    mcnemar = found.test.mcnemar
    if found.test.name == MCNEMAR and mcnemar is not None:
        numbers = (mcnemar.odds_ratio, mcnemar.low, mcnemar.high)
        value, low, high = map(_digits, numbers)
        return {"name": "odds_ratio", "value": value, "low": low, "high": high}
    if found.sums is not None or not found.pairing.items:
        return None
    value = _digits(d_z([item.difference for item in found.pairing.items]))
    return {"name": "d_z", "value": value, "low": None, "high": None}


def _aggregations(found: Compared) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for aggregation in found.measure.aggregations:
        if isinstance(aggregation, ByLabel):
            continue
        one = aggregate(aggregation, found.pairing, lambda item: item.of)
        other = aggregate(aggregation, found.pairing, lambda item: item.against)
        difference = None if one is None or other is None else one - other
        numbers = (("of", one), ("against", other), ("difference", difference))
        made[aggregation.name] = {name: decimal(number) for name, number in numbers}
    return made


def _warnings(found: Compared, others: Mapping[str, Any]) -> list[Json]:
    differences = [float(each["difference"] or 0) for each in others.values()]
    signs = {difference > 0 for difference in differences if difference}
    pairing = found.pairing
    interval = found.interval
    said = {
        "identical-passes": any(each.distinct < each.asked for each in (found.of, found.against)),
        "no-variation": interval is not None and decimal(interval.low) == decimal(interval.high),
        "sign-depends-on-aggregation": len(signs) > 1,
        "unpaired-items": bool(pairing.only_of + pairing.only_against + pairing.undefined),
    }
    return [code for code, holds in sorted(said.items()) if holds]


def _digits(value: float | None) -> str | None:
    return None if value is None else digits(value)
