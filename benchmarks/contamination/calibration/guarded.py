"""The blind-baseline guard on texts that no model saw: where scores cry wolf, it must block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from calibration import frozen
from calibration.archive import Archive, archive, half_the_names, other_patterns
from reprollm.screening.guard import guard
from reprollm.statistics.auroc import auroc
from reprollm.statistics.mann_whitney import mann_whitney_greater

SHIFTED = "other patterns"
FRESH = 40
"""Fresh pairs of like sets, for the guard's own type-I error."""
FRESH_TEXTS = 60


@dataclass(frozen=True)
class Case:
    """Suspects that were never trained on, against a reference set.

    Attributes:
        name: how the suspects differ from the reference.
        score_p: one-sided Mann–Whitney p of the Min-K 20 score, which knows no shift.
        score_area: its area under the ROC curve.
        area: the guard's own area.
        p: its permutation p.
        blocked: whether it makes the scores uninterpretable.
    """

    name: str
    score_p: float
    score_area: float
    area: float
    p: float
    blocked: bool


def cases(rng: Random, scores: Callable[[Sequence[str]], list[float]]) -> list[Case]:
    """Return the three cases: drawn alike, from some of the patterns, from half the names."""
    reference = _texts(archive(), rng)
    known = scores(reference)
    suspects = (
        ("drawn alike", archive()),
        (SHIFTED, other_patterns()),
        ("half the names", half_the_names()),
    )
    found = []
    for name, source in suspects:
        texts = _texts(source, rng)
        own = scores(texts)
        test, area = mann_whitney_greater(own, known), auroc(own, known)
        said = guard(texts, reference, "1", frozen.GUARD_PERMUTATIONS)
        assert test is not None and area is not None
        found.append(Case(name, test.p, area, said.area, said.p, said.blocks))
    return found


def null_ps(rng: Random) -> tuple[float, ...]:
    """Return the guard's p of fresh pairs of sets that are drawn alike."""
    ps = []
    for turn in range(FRESH):
        texts = [archive().item(rng) for _ in range(2 * FRESH_TEXTS)]
        suspects, reference = texts[:FRESH_TEXTS], texts[FRESH_TEXTS:]
        ps.append(guard(suspects, reference, str(turn), frozen.GUARD_PERMUTATIONS).p)
    return tuple(ps)


def _texts(source: Archive, rng: Random) -> list[str]:
    return [source.item(rng) for _ in range(frozen.GUARD)]
