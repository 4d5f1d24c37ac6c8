"""What may be said of one model and one data set, in words that hold.

One primary test decides, declared with its family before anything was measured. Its p-value is
corrected for the declared size of the family: here by that size itself (Bonferroni), because one
ledger does not hold the other tests; `reprollm contamination family` corrects several ledgers
together by Holm's rule, which is never stricter. Everything else is exploratory, and said with the
number of p-values that were computed.

| verdict | where |
| --- | --- |
| `evidence for` | the corrected p-value is at most 0.05 |
| `no evidence found` | it is not; said with what the test would have found at this n |
| `not testable` | no primary test is declared, it could not run, or could never reach 0.05 |

That a test found nothing is never said to show that there is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.05
POWER = 0.8
FOR, NOTHING, UNTESTABLE = "evidence for", "no evidence found", "not testable"
CALIBRATION = "benchmarks/contamination"


@dataclass(frozen=True)
class Primary:
    """The primary test as it came out.

    Attributes:
        method: its name.
        p: its p-value; None where it could not run.
        n: how many groups, rows or canaries it speaks of.
        reason: why it could not run, in words; empty where it did.
        detectable: what it would have found with power `POWER` at the family's level, as the end of
            a sentence; None where no result could have reached that level.
    """

    method: str
    p: float | None
    n: int
    reason: str
    detectable: str | None


@dataclass(frozen=True)
class Result:
    """One finding about a whole set, for the statement.

    Attributes:
        claim: `fact`, `test` or `screening`.
        name: method, with the set where it is not the data set.
        verdict: the method's own words.
        n: how many items it speaks of.
        p: its p-value, or None.
    """

    claim: str
    name: str
    verdict: str
    n: int
    p: float | None


def corrected(p: float, tests: int) -> float:
    """Return the p-value corrected for a family of so many tests, of which only one is known."""
    return min(1.0, tests * p)


def verdict(primary: Primary | None, tests: int) -> str:
    """Return one of the three verdicts."""
    if primary is None or primary.p is None or primary.detectable is None:
        return UNTESTABLE
    return FOR if corrected(primary.p, tests) <= LEVEL else NOTHING


def statement(
    primary: Primary | None, tests: int, results: Sequence[Result], sets: int, items: int
) -> str:
    """Return what may be said of the data set, in sentences.

    Args:
        primary: the primary test; None where none is declared.
        tests: size of the declared family.
        results: the other findings about whole sets.
        sets: p-values of whole sets that were computed, the primary one among them.
        items: p-values of single items.
    """
    sentences = [_decided(primary, tests)]
    for claim, heading in _HEADINGS:
        said = [_said(each) for each in results if each.claim == claim]
        if said:
            sentences.append(f"{heading}: {'; '.join(said)}.")
    sentences.append(f"P-values computed, all on record: {sets} of sets, {items} of single items.")
    return " ".join(sentences)


_HEADINGS = (
    ("fact", "Facts"),
    ("test", "Other tests, exploratory"),
    ("screening", "Screening, which proves nothing"),
)


def _decided(primary: Primary | None, tests: int) -> str:
    if primary is None:
        return "Not testable: no primary test is declared."
    name = f"{primary.method}, the primary test"
    if primary.p is None:
        return f"Not testable: {name}, could not run: {primary.reason or 'no result'}."
    if primary.detectable is None:
        return (
            f"Not testable: {name}, has {primary.n} cases, of which no outcome could reach the "
            f"level {LEVEL / tests:.3g} of its family (p = {primary.p:.3g})."
        )
    after = corrected(primary.p, tests)
    if after <= LEVEL:
        return (
            f"Evidence that the model was trained on these items as published: {name}, gave "
            f"p = {primary.p:.3g}, {after:.3g} after correction for a family of {tests}."
        )
    alone = (
        " Alone it is below 0.05; `reprollm contamination family` corrects it with the others."
        if primary.p <= LEVEL
        else ""
    )
    return (
        f"No evidence found by {name} (p = {primary.p:.3g}, {after:.3g} after correction for a "
        f"family of {tests}), which would have found {primary.detectable} with power {POWER} at "
        f"the level {LEVEL / tests:.3g}.{alone} Weaker traces would have been missed: a single "
        f"exposure of an item usually is (see {CALIBRATION})."
    )


def _said(result: Result) -> str:
    p = "" if result.p is None else f", p = {result.p:.3g}"
    return f"{result.name}: {result.verdict} (n = {result.n}{p})"
