"""Two ledgers side by side: a verdict for each request, and what differed around them.

Runs are paired by request id, which is the same on every machine for the same prompt, weights,
settings and seed. Where no request is shared, the plans themselves differ; then the differences of
the plans are the answer. An unattested answer has no such id: it is paired by what its item, its
sampling and its repetition are called, and nothing but the texts can be held against each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from reprollm.compare.causes import Cause, causes
from reprollm.compare.levels import Level, Tokens
from reprollm.compare.precision import coarsest
from reprollm.compare.verdict import Outcome, Verdict, judge, judge_texts, with_texts
from reprollm.ledger.projection import opened
from reprollm.ledger.read import (
    UNATTESTED,
    Answer,
    Run,
    attempts,
    current_run,
    environments,
    final_answers,
    imports,
    plan_of,
    replicates,
    run_named,
)
from reprollm.ledger.verify import verify

_Key: TypeAlias = tuple[str, ...]
_Pairing: TypeAlias = tuple[Callable[[Answer], _Key], Callable[[Answer, Answer], Verdict]]


@dataclass(frozen=True)
class Row:
    """One request of either run, with its verdict."""

    request: str
    item: str
    sampling: str
    seed: str | None
    repetition: int
    verdict: Verdict


@dataclass(frozen=True)
class Side:
    """One of the two runs, as far as a comparison needs it.

    Attributes:
        rerolled: requests that the run answered more than once.
        unsteady: those of them whose answers differ from each other.
        facts: plan, engine and environments, as recorded; of an import what its log claims.
        unsaid: of an import, sentences about what its log does not say.
    """

    ledger: Path
    run: Run
    rerolled: int
    unsteady: int
    facts: dict[str, Any]
    unsaid: tuple[str, ...] = ()

    @property
    def attested(self) -> bool:
        """Whether the run was recorded while it went on."""
        return self.run.attestation != UNATTESTED

    @property
    def dtype(self) -> str:
        """The coarsest type in which the model computed, as far as is told; empty for imports."""
        named = str(self.facts.get("plan", {}).get("engine", {}).get("dtype", ""))
        return coarsest(named, self.facts.get("engine", {}))

    @property
    def declared(self) -> dict[str, Any] | None:
        """What had been measured of the run's engine when it began; None where nothing had."""
        found = self.facts.get("engine", {}).get("declared")
        return found if isinstance(found, dict) else None


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
    def levels(self) -> Counter[Level]:
        """How many requests that both runs answered reach which level, each counted once."""
        return Counter(row.verdict.level for row in self.rows if row.verdict.level is not None)

    @property
    def level(self) -> Level | None:
        """The level that every request reaches; None where one is missing or only texts are."""
        levels = [row.verdict.level for row in self.rows]
        return None if not levels or None in levels else min(filter(None, levels))

    @property
    def alike(self) -> bool:
        """Whether the runs answered much the same requests: at least half of the smaller one's."""
        both = sum(row.verdict.level is not None for row in self.rows)
        alone = self.counts[Outcome.ONLY_FIRST], self.counts[Outcome.ONLY_SECOND]
        return 2 * both >= both + min(alone)

    @property
    def attested(self) -> bool:
        """Whether both runs were recorded; else only texts were compared, paired by names."""
        return self.first.attested and self.second.attested

    @property
    def reproduced(self) -> bool:
        """Whether every request of the first run has the identical answer in the second."""
        return bool(self.rows) and set(self.counts) == {Outcome.IDENTICAL}

    @property
    def agrees(self) -> bool:
        """Whether nothing differs of what could be compared: the answers, or their texts alone."""
        return self.reproduced or (bool(self.rows) and set(self.counts) == {Outcome.SAME_TEXT})


def compare(
    first: Path, second: Path, first_run: str | None = None, second_run: str | None = None
) -> Comparison:
    """Compare the runs that two ledgers stand for, the last complete ones.

    Both ledgers are verified first: what is compared is what their logs commit to.

    Args:
        first: a ledger.
        second: another, or the same.
        first_run: the beginning of the id of another run or import of the first.
        second_run: likewise of the second.

    Raises:
        VerificationFailed: a ledger is not what it claims to be.
        InvalidInput: a ledger holds no run, or none of that name.
    """
    for ledger in (first, second):
        verify(ledger, allow_incomplete=True).require()
    # Held open over the comparison, whose parts then need not each open the files afresh.
    with opened(first), opened(second):
        return _compared(_side(first, first_run), _side(second, second_run))


def _compared(one: Side, other: Side) -> Comparison:
    rows = list(_rows(one, other, _pairing(one, other)))
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
        causes=causes(one.facts, other.facts) if one.attested == other.attested else [],
    )


def tokens_of(answer: Answer) -> Tokens | None:
    """Return what is opened of an answer's numbers; None where any of them is withheld."""
    logprobs, margins = answer.logprob_values, answer.margin_values
    if answer.output_ids is None or logprobs is None or margins is None:
        return None
    return Tokens(answer.output_ids, logprobs, margins)


def facts_of(ledger: Path, run: Run) -> dict[str, Any]:
    """Return what surrounded a recorded run: plan, engine, environment, hosts and code."""
    tried = attempts(ledger, run.run)
    named = {item.environment: item.facts for item in environments(ledger)}
    return {
        "plan": plan_of(ledger, run).core,
        "engine": tried[0].engine if tried else {},
        "environment": named.get(tried[0].environment, {}) if tried else {},
        "hosts": sorted({attempt.host for attempt in tried}),
        "code": sorted({attempt.code for attempt in tried}),
    }


def _pairing(one: Side, other: Side) -> _Pairing:
    """Return how answers are paired, and how a pair is judged."""
    if not (one.attested and other.attested):
        return _named, lambda answer, partner: judge_texts(answer.output, partner.output)

    def judge_answers(answer: Answer, partner: Answer) -> Verdict:
        same = answer.result == partner.result
        verdict = judge(same, one.dtype, tokens_of(answer), tokens_of(partner))
        return with_texts(verdict, answer.output, partner.output)

    return _asked, judge_answers


def _asked(answer: Answer) -> _Key:
    return answer.request, answer.item


def _named(answer: Answer) -> _Key:
    return answer.item, answer.sampling, str(answer.repetition)


def _rows(one: Side, other: Side, pairing: _Pairing) -> Iterator[Row]:
    key, judged = pairing
    waiting: dict[_Key, list[Answer]] = {}
    for answer in final_answers(one.ledger, one.run.run):
        waiting.setdefault(key(answer), []).append(answer)
    absent = []
    for answer in final_answers(other.ledger, other.run.run):
        partners = waiting.get(key(answer))
        if not partners:
            absent.append(_row(answer, Verdict(Outcome.ONLY_SECOND)))
            continue
        yield _row(answer, judged(partners.pop(0), answer))
    yield from absent
    for answer in (answer for left in waiting.values() for answer in left):
        yield _row(answer, Verdict(Outcome.ONLY_FIRST))


def _row(answer: Answer, verdict: Verdict) -> Row:
    return Row(
        answer.request, answer.item, answer.sampling, answer.seed, answer.repetition, verdict
    )


def _side(ledger: Path, named: str | None) -> Side:
    run = run_named(ledger, named) if named else current_run(ledger)
    if run.attestation == UNATTESTED:
        [log] = [log for log in imports(ledger) if log.id == run.run]
        facts = {"tool": log.tool, "tool_version": log.tool_version, **_settings(log.claims)}
        return Side(ledger, run, 0, 0, facts, log.unsaid)
    again = replicates(ledger, run.run)
    return Side(
        ledger=ledger,
        run=run,
        rerolled=len({replicate.request for replicate in again}),
        unsteady=len({replicate.request for replicate in again if not replicate.equal}),
        facts=facts_of(ledger, run),
    )


def _settings(claims: dict[str, Any]) -> dict[str, Any]:
    """Return what a log claims of how it was asked, without its scores and files."""
    left_out = ("scores", "results")
    return {
        name: value for name, value in claims.items() if name not in left_out and value is not None
    }
