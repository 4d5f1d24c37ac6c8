"""Named entities: right type and right tokens (strict), or right type and a token shared (fuzzy).

Counted as hipe-eval/HIPE-scorer does (Ehrmann et al. 2020, CLEF-HIPE, section 4), where the fuzzy
scheme is called `ent_type`. Of a mention of the wrong type both the false positive and the false
negative stand with the type of the reference.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from reprollm.scores.measures.labels import Formula, f1, precision, recall
from reprollm.scores.measures.protocol import (
    ByLabel,
    Counts,
    Measure,
    OfSums,
    Ratio,
    mean_of_ratios,
)
from reprollm.scores.parsers.answer import Mention, Texts
from reprollm.scores.parsers.tags import mentions_of, tags_of_reference

Scheme: TypeAlias = Literal["strict", "fuzzy"]
Case: TypeAlias = Literal["correct", "wrong type", "overlap", "wrong overlap", "spurious", "missed"]

_RIGHT: dict[Scheme, frozenset[str]] = {
    "strict": frozenset({"correct"}),
    "fuzzy": frozenset({"correct", "overlap"}),
}


def cases(said: Sequence[Mention], expected: Sequence[Mention]) -> Iterator[tuple[Case, str]]:
    """Yield the case of each mention said, and of each missed one, with the type it counts under.

    Mentions of one side share no token, and come by their first token.
    """
    taken: set[Mention] = set()
    starts, ends = [one.start for one in expected], [one.end for one in expected]
    for mention in said:
        shared = expected[bisect_left(ends, mention.start) : bisect_right(starts, mention.end)]
        case, met = _case(mention, shared, taken)
        if met is not None:
            taken.add(met)
        yield case, (met or mention).type
    yield from (("missed", one.type) for one in expected if one not in taken)


def _case(
    mention: Mention, shared: Sequence[Mention], taken: set[Mention]
) -> tuple[Case, Mention | None]:
    """Return the case of a mention, and the reference's one that it met, of those it shares with.

    A mention that is nowhere shares with none, its place being before all of them.
    """
    for one in shared:
        if (one.start, one.end) == (mention.start, mention.end):
            return "correct" if one.type == mention.type else "wrong type", one
    for one in shared:
        if one not in taken:
            return "overlap" if one.type == mention.type else "wrong overlap", one
    return "spurious", None


def entity_counts(texts: Texts, scheme: Scheme) -> Counts:
    """Return TP, FP and FN by type; without any where the reference is of no use."""
    tags = tags_of_reference(texts.reference)
    if tags is None:
        return {}
    parsed = texts.parsed
    said = parsed.value if parsed.status == "answered" and isinstance(parsed.value, tuple) else ()
    found: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for case, kind in cases(said, tuple(mentions_of(tags))):
        right, false, missed = found.get((kind,), (0, 0, 0))
        if case in _RIGHT[scheme]:
            right += 1
        else:
            false += case != "missed"
            missed += case != "spurious"
        found[(kind,)] = right, false, missed
    return found


def _sums(counts: Counts) -> tuple[int, int, int]:
    right, false, missed = (sum(numbers[i] for numbers in counts.values()) for i in range(3))
    return right, false, missed


def _ratio(name: str, right: int, false: int, missed: int) -> Ratio | None:
    ratio = {
        "precision": Ratio(right, right + false),
        "recall": Ratio(right, right + missed),
        "f1": Ratio(2 * right, 2 * right + false + missed),
    }[name]
    return ratio if ratio.denominator else None


def _types(counts: Counts) -> tuple[str, ...]:
    """Return the types that the reference has."""
    return tuple(sorted(key[0] for key, (right, _, missed) in counts.items() if right + missed))


def _measure(name: str, formula: Formula, scheme: Scheme) -> Measure:
    def item(counts: Counts) -> Ratio | None:
        return _ratio(name, *_sums(counts))

    def corpus(counts: Counts) -> float | None:
        return formula(*_sums(counts)) if counts else None

    def of_type(counts: Counts, kind: str) -> float | None:
        numbers = counts.get((kind,))
        return None if numbers is None else formula(numbers[0], numbers[1], numbers[2])

    return Measure(
        f"entity_{name}_{scheme}",
        f"entity_{name}_{scheme}/1",
        needs="mentions",
        proportion=False,
        lower_is_better=False,
        counts=lambda texts: entity_counts(texts, scheme),
        aggregations=(
            mean_of_ratios(item),
            OfSums("corpus", corpus),
            ByLabel("label", _types, of_type),
        ),
        item=item,
    )


_FORMULAS: tuple[tuple[str, Formula], ...] = (
    ("precision", precision),
    ("recall", recall),
    ("f1", f1),
)
_SCHEMES: tuple[Scheme, ...] = ("strict", "fuzzy")
ENTITIES = tuple(_measure(*named, scheme) for scheme in _SCHEMES for named in _FORMULAS)
