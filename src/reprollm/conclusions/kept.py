"""The determinism that a run declares, held against the same requests answered in another run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from reprollm.compare.runs import Comparison
from reprollm.compare.verdict import Outcome, Verdict
from reprollm.conclusions.determinism import BITWISE, SCORE, TOKENS, verdict
from reprollm.conclusions.values import item_values, near
from reprollm.ledger.projection import opened
from reprollm.scores.answers import final_answers, subject
from reprollm.scores.judged import Judge
from reprollm.scores.measures import measure
from reprollm.scores.settings import Settings
from reprollm.scores.tally import BILLION

_SAME_TOKENS = (Outcome.IDENTICAL, Outcome.RETOLD)


@dataclass(frozen=True)
class Kept:
    """How a declared class fared.

    Attributes:
        declared: `bitwise`, `tokens` or `score`.
        within: how far scores may lie apart, decimal; None of other classes.
        compared: answers of both runs that could be compared in this.
        kept: those of them that keep the class.
        verdict: `holds`, `fails` or `not measured`.
    """

    declared: str
    within: str | None
    compared: int
    kept: int

    @property
    def verdict(self) -> str:
        """Whether the class holds, as far as was compared."""
        return verdict(self.compared, self.kept)

    @property
    def sentence(self) -> str:
        """The same in one sentence."""
        within = f" within {self.within}" if self.within else ""
        said = f"declared determinism: {self.declared}{within}"
        if not self.compared:
            return f"{said}; not measured: no answer could be compared"
        return f"{said}; kept by {self.kept} of {self.compared} answers: it {self.verdict}"


def kept(comparison: Comparison) -> Kept | None:
    """Return how the class that the first run's plan declares fared in the second.

    Returns:
        None where it declares none, or where one of the runs is unattested.
    """
    declared = comparison.first.facts.get("plan", {}).get("determinism")
    if not comparison.attested or not isinstance(declared, dict):
        return None
    name, within = str(declared["class"]), declared.get("within")
    if name == SCORE:
        found = list(_scores(comparison, Decimal(within or 0) * BILLION))
    else:
        judge = {TOKENS: _tokens, BITWISE: _bits}[name]
        both = (row.verdict for row in comparison.rows if row.verdict.level is not None)
        found = [said for each in both if (said := judge(each)) is not None]
    return Kept(name, within, len(found), sum(found))


def _tokens(found: Verdict) -> bool:
    return found.outcome in _SAME_TOKENS


def _bits(found: Verdict) -> bool | None:
    """Return whether every bit agrees; None where tokens do and there are no bits to see."""
    if found.outcome not in _SAME_TOKENS:
        return False
    if found.logprob_difference is None:
        return None
    return found.level == "L3"


def _scores(comparison: Comparison, distance: Decimal) -> Iterator[bool]:
    core = comparison.first.facts["plan"]
    names = [name for name in core.get("scores", []) if measure(name).item is not None]
    judge = Judge(Settings(tuple(names), core.get("answer")))
    if not names:
        return
    first, second = (
        _values(side.ledger, side.run.run, judge) for side in (comparison.first, comparison.second)
    )
    for key in first.keys() & second.keys():
        yield near(first[key], second[key], distance)


def _values(ledger: Path, run: str, judge: Judge) -> dict[tuple[str, str], tuple[int | None, ...]]:
    """Return each opened answer's item values in billionths, by request and item."""
    with opened(ledger) as connection:
        of = subject(connection, run)
        return {
            (each.request, each.item): item_values(judge, each.output, each.reference, each.source)
            for each in (final_answers(connection, of) if of else ())
            if each.output is not None and each.reference is not None
        }
