"""Tests by rank: one of several texts was published by lot; does the model foresee it better?

For each group of texts (an item's variants, a canary and those held back) the score of a text is
the mean log-probability of its tokens (`loss`), the one number that is recorded of such a text,
rounded to float32. The published text's rank is the number of the others that score at least as
high. The sum T of ranks has an exact distribution where the model has not seen what was published
(`reprollm.statistics.rank_sum`), and p is the probability of a sum of at most T.

The statistic that is shown is the share of other texts that the published one beats: the mean over
groups of (number beaten) / (number of others), at most 0.5 in expectation where nothing leaked and
1 where every published text is foreseen best; its interval is Hoeffding's. A group in which a text
has no token to be scored is left out whole, whichever of its texts was published.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reprollm.canon import Json
from reprollm.contamination.material import Found, Material, Measured
from reprollm.records.evidence import decimal, evidence
from reprollm.screening.scores import score
from reprollm.statistics.hoeffding import mean_interval
from reprollm.statistics.rank_sum import detectable_share, rank, share_at_most, twin_p

LEVEL = 0.05
MODE = "log-probabilities"
SCORE = "loss"
STANDS_OUT, HIDDEN = "published stands out", "published does not stand out"
UNREACHABLE, NOT_POSSIBLE = "cannot reach the level", "not possible"
ERROR_RATE = "says so of at most 5 in 100 models that have not seen what was published"


class Drawn(NamedTuple):
    """A group as the examination's core names it: subject, published variant, number of texts."""

    subject: str
    published: int
    variants: int


class Test(NamedTuple):
    """What a test is called, the version of its definition, and the set of its texts."""

    method: str
    version: str
    set: str


def ranked(material: Material, test: Test, groups: Sequence[Drawn]) -> list[Found]:
    """Return the one finding of a test by rank, on the whole data set.

    Args:
        material: what is on record.
        test: which test.
        groups: all groups that the examination names.
    """
    by_group: dict[str, dict[int, Measured]] = {}
    for each in material.of(test.set):
        by_group.setdefault(each.subject, {})[each.variant] = each
    reason = obstacle(
        material,
        [each for group in by_group.values() for each in group.values()],
        sum(group.variants for group in groups),
    )
    if reason is not None:
        return [impossible(test.method, test.version, _PARAMETERS, reason)]
    ranks = [_rank(group, by_group[group.subject]) for group in groups]
    known = [
        (found, group.variants)
        for found, group in zip(ranks, groups, strict=True)
        if found is not None
    ]
    if not known:
        reason = "no group has a token to be scored in each of its texts"
        return [impossible(test.method, test.version, _PARAMETERS, reason)]
    return [Found(test.method, "*", _evidence(test, ranks, known))]


def obstacle(material: Material, measured: Sequence[Measured], expected: int) -> str | None:
    """Return why a test of the sealed texts cannot run, or None."""
    if not material.capable:
        return "the engine gives no log-probabilities of given texts"
    if len(measured) < expected:
        return f"{expected - len(measured)} of {expected} texts are not measured"
    if any(each.logprobs is None for each in measured):
        return "log-probabilities are withheld"
    return None


def impossible(method: str, version: str, parameters: Mapping[str, Json], reason: str) -> Found:
    """Return the finding of a test that was declared and cannot run."""
    said = evidence(
        "test",
        method,
        version,
        mode=NOT_POSSIBLE,
        parameters=parameters,
        n=0,
        verdict=NOT_POSSIBLE,
        detail={"reason": reason},
    )
    return Found(method, "*", said)


def judged(p: float, smallest: float) -> str:
    """Return a test's word on its p-value, given the smallest one that it could have."""
    if smallest > LEVEL:
        return UNREACHABLE
    return STANDS_OUT if p <= LEVEL else HIDDEN


_PARAMETERS: Mapping[str, Json] = {"score": SCORE, "level": decimal(LEVEL)}


def _rank(group: Drawn, measured: Mapping[int, Measured]) -> int | None:
    """Return the rank of the published text; None where a text has no score."""
    scores = []
    for variant in range(group.variants):
        found = score(SCORE, measured[variant].logprobs or (), None, None, 0)
        if found is None:
            return None
        scores.append(found)
    others = [value for variant, value in enumerate(scores) if variant != group.published]
    return rank(scores[group.published], others)


def _evidence(
    test: Test, ranks: Sequence[int | None], known: Sequence[tuple[int, int]]
) -> dict[str, Json]:
    sizes = [size for _, size in known]
    beaten = [1 - found / (size - 1) for found, size in known]
    p, smallest = twin_p(known), share_at_most(0, sizes)
    share = detectable_share(sizes, LEVEL)
    return evidence(
        "test",
        test.method,
        test.version,
        mode=MODE,
        parameters=_PARAMETERS,
        n=len(known),
        verdict=judged(p, smallest),
        statistic=math.fsum(beaten) / len(beaten),
        p=p,
        interval=mean_interval(beaten),
        detail={
            "rank_sum": sum(found for found, _ in known),
            "expected_rank_sum": decimal(sum(size - 1 for size in sizes) / 2),
            "ranks": list(ranks),
            "uncheckable": len(ranks) - len(known),
            "smallest_p": decimal(smallest),
            "detectable_share": None if share is None else decimal(share),
            "error_rate": ERROR_RATE,
        },
    )
