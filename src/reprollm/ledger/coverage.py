"""Whether every planned request of every run has its one final answer or an explained failure.

The first complete generation of a request in log order is final. Later ones are replicates when
their result is equal and a nondeterminism otherwise; both are counted, none is hidden. The same
answer of the same attempt, recorded twice because a rescue was itself cut short, counts once. An
answer that was taken over must be one that an attempt gave earlier in the log.
Requests are judged part by part (`reprollm.ledger.spool`), so that memory does not grow with the
log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from reprollm.ledger.report import Problem, RunCoverage
from reprollm.ledger.spool import Event, Spool
from reprollm.ledger.standing import Standing

_EXAMPLES = 5

# Two plans that follow one another in the log, and the requests kept, dropped and added.
Pair: TypeAlias = tuple[bytes, bytes]
Overlap: TypeAlias = tuple[int, int, int]

# For each request, attempt and result of its answers, in log order.
_Answers: TypeAlias = dict[bytes, list[tuple[bytes, bytes]]]


@dataclass(frozen=True)
class PartCoverage:
    """What one part of the requests shows, by run."""

    runs: dict[bytes, RunCoverage]
    problems: tuple[Problem, ...]
    overlaps: dict[Pair, Overlap]


def judge_part(
    spool: Spool, plans: Mapping[bytes, bytes], pairs: Sequence[Pair], part: int
) -> PartCoverage:
    """Return how the runs cover the requests of one part.

    Args:
        spool: the rows that the pass over the shards left.
        plans: plan id of each run, both 32 bytes.
        pairs: plans that follow one another in the log.
        part: which part.
    """
    return judge(spool.events(part), plans, pairs)


def judge(
    events: Iterable[Event], plans: Mapping[bytes, bytes], pairs: Sequence[Pair] = ()
) -> PartCoverage:
    """Return how runs cover the requests that `events`, in log order, speak of."""
    planned: dict[bytes, set[bytes]] = {plan: set() for plan in plans.values()}
    answers: dict[bytes, _Answers] = {run: {} for run in plans}
    failures: dict[bytes, set[bytes]] = {run: set() for run in plans}
    events = list(events)
    reused, problems = _judge_reused(events)
    for event in events:
        if event.kind == b"r":
            planned.setdefault(event.owner, set()).add(event.request)
        elif event.kind == b"g" and event.owner in answers:
            given = answers[event.owner].setdefault(event.request, [])
            if (event.attempt, event.result) not in given:
                given.append((event.attempt, event.result))
        elif event.kind == b"f" and event.owner in failures:
            failures[event.owner].add(event.request)
    covered = {}
    for run, plan in plans.items():
        found = _cover(run, plan, planned[plan], answers[run], failures[run])
        covered[run] = replace(found, reused=reused[run])
        stray = (answers[run].keys() | failures[run]) - planned[plan]
        if stray:
            problems.append(_stray(run, stray))
    overlaps = {
        pair: _overlap(planned.get(pair[0], set()), planned.get(pair[1], set())) for pair in pairs
    }
    return PartCoverage(covered, tuple(problems), overlaps)


def _judge_reused(events: Sequence[Event]) -> tuple[Counter[bytes], list[Problem]]:
    """Return how many answers each run took over, and those that nobody gave before."""
    counts: Counter[bytes] = Counter()
    taken = {event.position for event in events if event.kind == b"u"}
    if not taken:
        return counts, []
    given: set[tuple[bytes, bytes, bytes]] = set()
    problems = []
    for event in events:
        answer = (event.request, event.attempt, event.result)
        if event.kind == b"g" and event.position not in taken:
            given.add(answer)
        elif event.kind == b"u":
            counts[event.owner] += 1
            if answer not in given:
                problems.append(_unfounded(event))
    return counts, problems[:_EXAMPLES]


def total(
    parts: Iterable[PartCoverage],
) -> tuple[tuple[RunCoverage, ...], dict[Pair, Overlap], list[Problem]]:
    """Return the runs' coverage and the plans' overlaps over all parts, and all problems."""
    runs: dict[bytes, RunCoverage] = {}
    overlaps: dict[Pair, Overlap] = {}
    problems: list[Problem] = []
    for part in parts:
        problems += part.problems
        for run, coverage in part.runs.items():
            runs[run] = _add(runs[run], coverage) if run in runs else coverage
        for pair, (kept, dropped, added) in part.overlaps.items():
            before = overlaps.get(pair, (0, 0, 0))
            overlaps[pair] = (before[0] + kept, before[1] + dropped, before[2] + added)
    return tuple(runs.values()), overlaps, problems


def missing_problem(run: RunCoverage) -> Problem | None:
    """Return the problem that requests of `run` have no answer, if so."""
    if not run.missing:
        return None
    some = ", ".join(request[:16] for request in run.missing_requests)
    return Problem(
        "PlanIncomplete",
        f"run {run.run[:16]}: expected an answer or a failure for each of {run.planned} planned "
        f"requests, found none for {run.missing} ({some}{', …' if run.missing > _EXAMPLES else ''})"
        "; start the run again to answer them",
    )


def nothing_answered(plans: int) -> Problem:
    """Return the problem that a ledger holds plans and no run of any of them."""
    return Problem(
        "PlanIncomplete",
        f"expected a run of one of the ledger's {plans} plans, found none; run the experiment",
    )


def not_begun(standing: Standing) -> Problem:
    """Return the problem that one of several models was not asked."""
    return Problem(
        "PlanIncomplete",
        f"plan {standing.plan[:16]} of the model {standing.model!a:.80}: expected a run, as the "
        "other models of the experiment have, found none; run the experiment again",
    )


def _unfounded(event: Event) -> Problem:
    return Problem(
        "RecordsDisagree",
        f"record {event.position} takes over an answer to request {event.request.hex()[:16]} from "
        f"attempt {event.attempt.hex()[:16]}, which gave no such answer earlier in the log",
    )


def _overlap(before: set[bytes], after: set[bytes]) -> Overlap:
    return len(before & after), len(before - after), len(after - before)


def _cover(
    run: bytes,
    plan: bytes,
    planned: set[bytes],
    answers: _Answers,
    failures: set[bytes],
) -> RunCoverage:
    again = [given for given in answers.values() if len(given) > 1]
    later = [result == given[0][1] for given in again for _, result in given[1:]]
    without = planned - answers.keys()
    missing = sorted(without - failures)
    return RunCoverage(
        run=run.hex(),
        plan=plan.hex(),
        planned=len(planned),
        answered=len(planned) - len(without),
        failed=len(without) - len(missing),
        missing=len(missing),
        rerolled=len(again),
        replicates=later.count(True),
        differing=later.count(False),
        missing_requests=tuple(request.hex() for request in missing[:_EXAMPLES]),
    )


def _add(one: RunCoverage, other: RunCoverage) -> RunCoverage:
    return replace(
        one,
        planned=one.planned + other.planned,
        answered=one.answered + other.answered,
        failed=one.failed + other.failed,
        missing=one.missing + other.missing,
        rerolled=one.rerolled + other.rerolled,
        replicates=one.replicates + other.replicates,
        differing=one.differing + other.differing,
        reused=one.reused + other.reused,
        missing_requests=(one.missing_requests + other.missing_requests)[:_EXAMPLES],
    )


def _stray(run: bytes, requests: set[bytes]) -> Problem:
    return Problem(
        "RecordsDisagree",
        f"run {run.hex()[:16]}: expected answers to planned requests only, found {len(requests)} "
        f"to others, for example {min(requests).hex()[:16]}",
    )
