"""The declared class of determinism, and what repetitions that are on record show of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from reprollm.canon import Json
from reprollm.conclusions.values import near
from reprollm.records.evidence import decimal
from reprollm.scores.tally import BILLION

VERSION = "determinism/1"
BITWISE, TOKENS, SCORE = "bitwise", "tokens", "score"
CLASSES = (BITWISE, TOKENS, SCORE)
REPLICATES, REPETITIONS, RERUNS = "replicates", "repetitions", "reruns"
KINDS = (REPLICATES, REPETITIONS, RERUNS)
HOLDS, FAILS, NOT_MEASURED = "holds", "fails", "not measured"


@dataclass(frozen=True, slots=True)
class Planned:
    """One planned request; `greedy` is whether its temperature is 0."""

    index: int
    request: str
    item: str
    cell: str
    seed: str
    greedy: bool


@dataclass(frozen=True, slots=True)
class Generated:
    """One generation of the plan; `reused` is whether it was taken over from another attempt."""

    position: int
    run: str
    request: str
    reused: bool


@dataclass(frozen=True, slots=True)
class Repeated:
    """Two answers that ought to be the same: their requests' indices and their positions."""

    kind: str
    first_index: int
    first: int
    second_index: int
    second: int


@dataclass(frozen=True, slots=True)
class Said:
    """One answer in full.

    Attributes:
        ids: bytes of the token ids.
        finish: `stop` or `length`.
        logprobs: bytes of the log-probabilities.
        margins: bytes of the margins.
        values: each score's value in billionths; None where it is undefined.
    """

    ids: bytes
    finish: str
    logprobs: bytes
    margins: bytes
    values: tuple[int | None, ...] = ()


@dataclass
class Kept:
    """How many pairs of one kind there are, were compared, and keep each class."""

    pairs: int = 0
    compared: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Json]:
        """Return the numbers as they stand in evidence."""
        found: dict[str, Json] = {"pairs": self.pairs}
        for name in CLASSES:
            found[name] = {"compared": self.compared[name], "kept": self.kept[name]}
        return found


def repeated(
    run: str, planned: Sequence[Planned], generated: Iterable[Generated]
) -> Iterator[Repeated]:
    """Yield the pairs of answers that repeat each other, as far as `run` has part in them.

    Args:
        run: run id, hex.
        planned: the plan's requests by index.
        generated: the plan's generations in log order, of all its runs.
    """
    asked: dict[str, int] = {}
    for each in planned:
        asked.setdefault(each.request, each.index)
    by_run: dict[str, dict[str, list[Generated]]] = {}
    for answer in generated:
        if answer.request in asked:
            by_run.setdefault(answer.run, {}).setdefault(answer.request, []).append(answer)
    own = by_run.pop(run, {})
    finals = {request: answers[0] for request, answers in own.items() if not answers[0].reused}
    for request, final in finals.items():
        index = asked[request]
        for other in own[request][1:]:
            if not other.reused:
                yield Repeated(REPLICATES, index, final.position, index, other.position)
        for answers in by_run.values():
            again = answers.get(request)
            if again and not again[0].reused:
                yield Repeated(RERUNS, index, final.position, index, again[0].position)
    yield from _repetitions(planned, finals)


def _repetitions(planned: Sequence[Planned], finals: Mapping[str, Generated]) -> Iterator[Repeated]:
    first: dict[tuple[str, str, str], Planned] = {}
    for request in planned:
        if request.greedy and request.request in finals:
            found = first.setdefault((request.cell, request.item, request.seed), request)
            one, other = finals[found.request].position, finals[request.request].position
            if one != other:
                yield Repeated(REPETITIONS, found.index, one, request.index, other)


def count(pairs: Iterable[tuple[str, Said, Said]], within: str | None) -> dict[str, Kept]:
    """Count what pairs of answers keep, by the kind of repetition.

    Args:
        pairs: kind, and the two answers.
        within: how far scores may lie apart, decimal; None where scores are not asked for.
    """
    found = {kind: Kept() for kind in KINDS}
    distance = None if within is None else Decimal(within) * BILLION
    for kind, one, other in pairs:
        counted = found[kind]
        counted.pairs += 1
        for name, keeps in _judged(one, other, distance).items():
            if keeps is not None:
                counted.compared[name] += 1
                counted.kept[name] += keeps
    return found


def _judged(one: Said, other: Said, distance: Decimal | None) -> dict[str, bool | None]:
    tokens = (one.ids, one.finish) == (other.ids, other.finish)
    told = all(not each.ids or each.logprobs for each in (one, other))
    same = one.logprobs == other.logprobs and (
        not one.margins or not other.margins or one.margins == other.margins
    )
    score = None
    if distance is not None and one.values:
        score = near(one.values, other.values, distance)
    return {BITWISE: tokens and same if told else None, TOKENS: tokens, SCORE: score}


def evidence(declared: Mapping[str, Any], found: Mapping[str, Kept]) -> dict[str, Json]:
    """Return the evidence of a determinism record.

    Args:
        declared: the class, and for scores the distance.
        found: what was counted of each kind of repetition.
    """
    wanted = declared["class"]
    compared = sum(each.compared[wanted] for each in found.values())
    kept = sum(each.kept[wanted] for each in found.values())
    return {
        "kind": "determinism",
        "version": VERSION,
        "class": wanted,
        "within": declared.get("within"),
        "verdict": verdict(compared, kept),
        "rate": decimal(kept / compared) if compared else None,
        "compared": compared,
        "kept": kept,
        "measured": {kind: each.to_json() for kind, each in found.items()},
    }


def verdict(compared: int, kept: int) -> str:
    """Return whether a declared class holds, given how many pairs keep it."""
    if not compared:
        return NOT_MEASURED
    return HOLDS if kept == compared else FAILS


Counting = Callable[[str, str, str | None], Mapping[str, Kept]]
"""Counts a run's repetitions: run id, plan id, and how far scores may lie apart."""
