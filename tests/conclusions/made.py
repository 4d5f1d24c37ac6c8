"""Answers of made-up arms, as conclusions see them, without any ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reprollm.conclusions.answers import Answered, Arm, Given
from reprollm.scores.measures import measure
from reprollm.scores.parsers import parser

Outputs = Mapping[str, str]


def arm(model: str = "a", cell: str = "greedy") -> Arm:
    return Arm(f"{model:0<64}", f"{model:f<64}", model, cell)


def answered(
    outputs: Outputs | Sequence[Outputs],
    references: Outputs,
    score: str = "exact_match",
    model: str = "a",
    strata: Outputs | None = None,
) -> Answered:
    """Return an arm's answers: one mapping of outputs by item, or one for each distinct pass."""
    passes = [outputs] if isinstance(outputs, Mapping) else list(outputs)
    found = []
    for item in references:
        for repetition, each in enumerate(passes):
            if item in each:
                texts = parser(None).texts(each[item], references[item], references[item])
                counts = {score: measure(score).counts(texts)}
                stratum = (strata or {}).get(item)
                label = each[item].strip()
                found.append(
                    Given(len(found), item, stratum, "0", repetition, label, counts,
                          references[item])
                )  # fmt: skip
    return Answered(arm(model), tuple(found), len(passes), len(passes))


def right_or_wrong(places: Sequence[int], model: str = "a") -> Answered:
    """Return an arm that answers item n rightly where `places[n]` is 1."""
    references = {f"i{number}": "ja" for number in range(len(places))}
    outputs = {f"i{number}": "ja" if place else "nein" for number, place in enumerate(places)}
    return answered(outputs, references, model=model)
