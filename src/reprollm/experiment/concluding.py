"""What comparisons and claims must have of the rest of an experiment, before anything is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reprollm.experiment.scoring import ClaimSettings, ComparisonSettings, FamilySettings
from reprollm.experiment.words import listed, meant


def check_concluding(
    family: FamilySettings | None,
    claims: Sequence[ClaimSettings],
    scores: Sequence[str],
    reference: bool,
) -> None:
    """Raise `ValueError` where a comparison or claim could not be judged.

    Args:
        family: the comparisons.
        claims: the claims.
        scores: the scores that the experiment asks for.
        reference: whether the data has right answers.
    """
    compared = [each.name for each in family.comparisons] if family else []
    _once("comparison", compared)
    _once("claim", [claim.name for claim in claims])
    if compared and not reference:
        raise ValueError(
            f"expected data.reference for the comparison {compared[0]}, found none; name the "
            "column with the right answers"
        )
    if family and family.tests is not None and family.tests < len(compared):
        raise ValueError(
            f"expected a family of at least {len(compared)} tests, as many as there are "
            f"comparisons, found {family.tests}; leave tests out or count all of them"
        )
    for each in family.comparisons if family else ():
        if each.of == each.against:
            raise ValueError(f"expected two arms in the comparison {each.name}, found one twice")
        _can_be_compared(each)
    for claim in claims:
        _has_what_it_is_about(claim, scores, compared)


def _can_be_compared(pair: ComparisonSettings) -> None:
    known = compared_by(pair.score)
    if pair.aggregation is not None and pair.aggregation not in known:
        raise ValueError(
            f"expected comparisons of {pair.score} by {' or '.join(known)}, found "
            f"{pair.aggregation!a:.80}; name one of these, or none (comparison {pair.name})"
        )


def compared_by(score: str) -> tuple[str, ...]:
    """Return by which aggregations arms can be compared on a score, its default first."""
    if score in ("precision", "recall", "f1"):
        return "micro", "macro"
    if score == "cohens_kappa":
        return ("corpus",)
    if score in ("exact_match", "accuracy"):
        return ("mean_of_ratios",)
    return "mean_of_ratios", "corpus"


def _once(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"expected every {what} to have its own name, found {twice[0]!r} again")


def _has_what_it_is_about(
    claim: ClaimSettings, scores: Sequence[str], compared: Sequence[str]
) -> None:
    if claim.comparison is not None:
        if claim.comparison not in compared:
            raise ValueError(
                f"expected the claim {claim.name} to name a comparison "
                f"({listed(compared) or 'there is none'}), found {claim.comparison!r}"
                + meant(claim.comparison, compared)
            )
        return
    if claim.score not in scores:
        raise ValueError(
            f"expected the score of the claim {claim.name} among scores "
            f"({listed(scores) or 'there is none'}), found {claim.score!r}; add it there"
        )
    if claim.stratum is not None and claim.split is not None:
        raise ValueError(
            f"expected a stratum or a split in the claim {claim.name}, found both; claim one of "
            "them"
        )
