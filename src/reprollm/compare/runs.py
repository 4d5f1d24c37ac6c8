"""Two ledgers side by side: a verdict for each request, and what differed around them.

Runs are paired by request id, which is the same on every machine for the same prompt, weights,
settings and seed. Where no request is shared, the plans themselves differ; then the differences of
the plans are the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.compare.causes import Cause, causes
from reprollm.compare.verdict import Outcome, Tokens, Verdict, judge
from reprollm.ledger.read import (
    Answer,
    Run,
    attempts,
    current_run,
    environments,
    final_answers,
    plan_of,
    replicates,
)
from reprollm.ledger.verify import verify


@dataclass(frozen=True)
class Row:
    """One request of either run, with its verdict."""

    request: str
    item: str
    sampling: str
    seed: str
    repetition: int
    verdict: Verdict


@dataclass(frozen=True)
class Side:
    """One of the two runs, as far as a comparison needs it.

    Attributes:
        rerolled: requests that the run answered more than once.
        unsteady: those of them whose answers differ from each other.
        facts: plan, engine and environments, as recorded.
    """

    ledger: Path
    run: Run
    rerolled: int
    unsteady: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """What two runs have in common.

    Attributes:
        logprobs_compared: identical answers whose log-probabilities both runs opened.
        logprobs_equal: those of them with every bit equal.
        logprob_difference: the largest difference in nats among the identical answers.
    """

    first: Side
    second: Side
    rows: list[Row]
    logprobs_compared: int
    logprobs_equal: int
    logprob_difference: float
    causes: list[Cause]

    @property
    def counts(self) -> Counter[Outcome]:
        """How many requests have which outcome."""
        return Counter(row.verdict.outcome for row in self.rows)

    @property
    def reproduced(self) -> bool:
        """Whether every request of the first run has the identical answer in the second."""
        return bool(self.rows) and set(self.counts) == {Outcome.IDENTICAL}


def compare(first: Path, second: Path) -> Comparison:
    """Compare the runs that two ledgers stand for, the last complete ones.

    Both ledgers are verified first: what is compared is what their logs commit to.

    Raises:
        VerificationFailed: a ledger is not what it claims to be.
        InvalidInput: a ledger holds no run.
    """
    for ledger in (first, second):
        verify(ledger, allow_incomplete=True).require()
    one, other = _side(first), _side(second)
    dtype = str(one.facts["plan"].get("engine", {}).get("dtype", ""))
    rows = list(_rows(one, other, dtype))
    drifts = [
        row.verdict.logprob_difference
        for row in rows
        if row.verdict.outcome is Outcome.IDENTICAL and row.verdict.logprob_difference is not None
    ]
    return Comparison(
        first=one,
        second=other,
        rows=rows,
        logprobs_compared=len(drifts),
        logprobs_equal=sum(drift == 0.0 for drift in drifts),
        logprob_difference=max(drifts, default=0.0),
        causes=causes(one.facts, other.facts),
    )


def _rows(one: Side, other: Side, dtype: str) -> Iterator[Row]:
    waiting = {_key(answer): answer for answer in final_answers(one.ledger, one.run.run)}
    absent = []
    for answer in final_answers(other.ledger, other.run.run):
        partner = waiting.pop(_key(answer), None)
        if partner is None:
            absent.append(_row(answer, Verdict(Outcome.ONLY_SECOND)))
            continue
        verdict = judge(partner.result == answer.result, dtype, _tokens(partner), _tokens(answer))
        yield _row(answer, verdict)
    yield from absent
    for answer in waiting.values():
        yield _row(answer, Verdict(Outcome.ONLY_FIRST))


def _key(answer: Answer) -> tuple[str, str]:
    return answer.request, answer.item


def _row(answer: Answer, verdict: Verdict) -> Row:
    return Row(
        answer.request, answer.item, answer.sampling, answer.seed, answer.repetition, verdict
    )


def _tokens(answer: Answer) -> Tokens | None:
    logprobs, margins = answer.logprob_values, answer.margin_values
    if answer.output_ids is None or logprobs is None or margins is None:
        return None
    return Tokens(answer.output_ids, logprobs, margins)


def _side(ledger: Path) -> Side:
    run = current_run(ledger)
    again = replicates(ledger, run.run)
    return Side(
        ledger=ledger,
        run=run,
        rerolled=len({replicate.request for replicate in again}),
        unsteady=len({replicate.request for replicate in again if not replicate.equal}),
        facts=_facts(ledger, run),
    )


def _facts(ledger: Path, run: Run) -> dict[str, Any]:
    tried = attempts(ledger, run.run)
    named = {item.environment: item.facts for item in environments(ledger)}
    return {
        "plan": plan_of(ledger, run).core,
        "engine": tried[0].engine if tried else {},
        "environment": named.get(tried[0].environment, {}) if tried else {},
        "hosts": sorted({attempt.host for attempt in tried}),
        "code": sorted({attempt.code for attempt in tried}),
    }
