"""What a reader of one number alone would not see, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from reprollm.evaluation.aggregate import Aggregate
from reprollm.evaluation.rates import BEFORE, EXACT, HIGHER_IS_BETTER, Rated
from reprollm.scores.measures import LOWER_IS_BETTER, MEASURES


def warnings(rows: Sequence[Rated], found: Sequence[Aggregate]) -> list[str]:
    """Return what the aggregates hide, the change of a sign first."""
    whole = [each for each in found if each.level == "all"]
    return [*_signs(found), *_rankings(whole), *_broken(whole), *_texts(rows)]


def shown(value: float | None) -> str:
    """Return a value with four decimals, or what stands for none."""
    return "undefined" if value is None else f"{value:.4f}"


def _signs(found: Sequence[Aggregate]) -> Iterator[str]:
    groups = dict.fromkeys((each.system, each.score, each.group) for each in found)
    for system, score, group in groups:
        if score not in BEFORE:
            continue
        own = [e for e in found if (e.system, e.score, e.group) == (system, score, group)]
        values = [each.value for each in own if each.value is not None]
        if values and min(values) < 0 < max(values):
            said = ", ".join(
                f"{value:+.1%} by {each.aggregation.replace('_', ' ')}"
                for each in own
                if (value := each.value) is not None
            )
            place = "" if group is None else f" in the stratum {group}"
            yield (
                f"{system}: the sign of the {_words(score)}{place} depends on the aggregation: "
                f"{said}"
            )


def _rankings(found: Sequence[Aggregate]) -> Iterator[str]:
    for score in dict.fromkeys(each.score for each in found):
        ways: dict[str, dict[str, float]] = {}
        for each in found:
            if each.score == score and each.label is None and each.value is not None:
                ways.setdefault(each.aggregation, {})[each.system] = each.value
        orders = {name: _order(score, values) for name, values in ways.items()}
        pairs = combinations(dict.fromkeys(each.system for each in found), 2)
        turned = [pair for pair in pairs if _turns(ways, pair)]
        if turned:
            said = "; ".join(
                f"by {name.replace('_', ' ')} {' > '.join(order)}" for name, order in orders.items()
            )
            yield f"the ranking by {_words(score)} depends on the aggregation (best first): {said}"


def _order(score: str, values: dict[str, float]) -> list[str]:
    return sorted(values, key=lambda name: values[name], reverse=_is_gain(score))


def _is_gain(score: str) -> bool:
    return score in HIGHER_IS_BETTER or (score in MEASURES and score not in LOWER_IS_BETTER)


def _turns(ways: dict[str, dict[str, float]], pair: tuple[str, str]) -> bool:
    """Return whether one way of aggregating puts the first before, another the second."""
    first, second = pair
    both = [values for values in ways.values() if first in values and second in values]
    differences = [values[first] - values[second] for values in both]
    return bool(differences) and min(differences) < 0 < max(differences)


def _broken(found: Sequence[Aggregate]) -> Iterator[str]:
    for each in found:
        if each.score in BEFORE and each.broken and each.aggregation == "mean_of_ratios":
            yield (
                f"{each.system}: {each.broken} of {each.undefined} rows without a value of the "
                f"{_words(each.score)} had no error and were given some: the mean of ratios and "
                "the median leave them out"
            )


def _texts(rows: Sequence[Rated]) -> Iterator[str]:
    for system in dict.fromkeys(row.item.system for row in rows):
        own = [row for row in rows if row.item.system == system]
        runaway = [row for row in own if row.runaway]
        if runaway:
            yield f"{system}: {len(runaway)} of {len(own)} outputs run away{_share(runaway, own)}"
        empty = sum(row.empty for row in own)
        if empty:
            yield f"{system}: {empty} of {len(own)} outputs are empty, and count as they are"
        without = sum(not row.item.reference.strip() for row in own)
        if without:
            yield (
                f"{system}: {without} of {len(own)} rows have an empty reference: no rate of "
                "theirs has a value, and no aggregate of a rate counts them, as in experiments; "
                f"{EXACT.replace('_', ' ')} does"
            )


def _share(runaway: Sequence[Rated], own: Sequence[Rated]) -> str:
    name = "character_error_rate"
    if name not in own[0].ratios:
        return ""
    part = sum(row.ratios[name].numerator for row in runaway)
    whole = sum(row.ratios[name].numerator for row in own)
    return f" and make {part / whole:.0%} of all edits in characters" if whole else ""


def _words(score: str) -> str:
    return score.replace("_", " ")
