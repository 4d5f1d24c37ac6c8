"""What a reader should know of a ledger though nothing is wrong with it, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reprollm.experiment.engine import TRUST
from reprollm.ledger.report import RunCoverage

TRUST_WORDS = {
    "claimed": "a server answered under a name; which weights it used nobody checked",
    "attested": "a server answered that said which files it had loaded; these were hashed, its "
    "word that it used them was taken",
    "owned": "the weights that answered were loaded from files that the run had hashed",
}


def run_remarks(runs: Sequence[RunCoverage]) -> Iterator[str]:
    """Yield what was run more than once, what failed, and what was answered again."""
    for plan, count in Counter(run.plan for run in runs).items():
        if count > 1:
            complete = sum(run.plan == plan and not run.missing for run in runs)
            yield (
                f"plan {plan[:16]} was run {count} times, {complete} of them to the end; scores "
                "and comparisons take the last complete run, and all runs stay in the log"
            )
    for run in runs:
        name = f"run {run.run[:16]}"
        if run.failed:
            yield f"{name}: {run.failed} requests failed with a recorded reason"
        if run.reused:
            yield (
                f"{name}: {run.reused} answers were taken over from earlier attempts in this log, "
                "given to the same requests by the same class of engine"
            )
        if run.rerolled:
            yield (
                f"{name}: {run.rerolled} requests were answered again; {run.replicates} later "
                f"answers are equal, {run.differing} differ from the final one"
            )


def trust_remarks(runs: Sequence[RunCoverage]) -> Iterator[str]:
    """Yield which runs' weights were not loaded from hashed files by the run itself."""
    for run in runs:
        if run.trust != TRUST[-1]:
            yield f"trust in run {run.run[:16]} is only {run.trust}: {TRUST_WORDS[run.trust]}"


def exposure_remarks(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield where requests were sent to a server on another machine."""
    for address, count in Counter(record["address"] for record in records).items():
        requests = sum(record["requests"] for record in records if record["address"] == address)
        yield (
            f"{requests} requests of {count} attempts were sent off the machine, to {address}: "
            "their texts may have been kept there"
        )


def deviation_remarks(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield in what each later plan differs from the plan before it."""
    for record in records:
        changed = ", ".join(record["changed"]) or "nothing but its requests"
        yield (
            f"plan {record['plan'][:16]} deviates from plan {record['before'][:16]} before it: "
            f"changed {changed}; {record['kept']} requests kept, {record['dropped']} dropped, "
            f"{record['added']} added; reason given: {record['reason'] or 'none'}"
        )


def withheld_remarks(commitments: int, opened: int, salted: int) -> Iterator[str]:
    """Yield how many of so many committed values are withheld, and with which salts."""
    of = f"of {commitments} texts and arrays withheld"
    if salted:
        yield f"{salted} {of} (salt given: whoever has the text can confirm it)"
    if secret := commitments - opened - salted:
        yield f"{secret} {of} (salt secret): their commitments stand, their openings are not here"
