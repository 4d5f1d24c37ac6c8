"""The canary: a fixed prompt asked at both ends of an attempt, so that swapped weights show.

A server's weights can be exchanged behind a name, a path or a port while an attempt goes on. The
start record holds what the canary said first; at the end it is asked again. Where it says something
else, nobody knows which of the answers in between came from which weights: none of them is kept as
an answer, each becomes a failure with that reason, so that the requests are asked again, and a
finding holds what differed. A server that shares its batches with others may change the last bits
of a log-probability; up to the tolerance in the first canary that counts as the same.

A killed attempt asks no canary at its end. Its answers stay, and the next attempt of the run is
refused where the canary changed in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reprollm.canon import Json, loads_object
from reprollm.engines.evidence import AttemptNames
from reprollm.engines.protocol import Engine
from reprollm.errors import SnapshotChanged
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import read_lines

FINDING = "canary"
REASON = "canary_changed"
MESSAGE = (
    "the server answered, but its canary changed during the attempt: which weights answered is "
    "not known, so the answer is not kept"
)
TRIES = 3
"""A canary that differs is asked again: what passes was the company of other requests."""


def compare(first: dict[str, Any], last: dict[str, Any] | None) -> dict[str, Json]:
    """Return how two canaries differ.

    Args:
        first: from the start record.
        last: asked later, or None where the server did not answer any more.

    Returns:
        `same` (None where it was not answered), `text`, `ids`, `said` (whether each is equal;
        `said` is what the server says of itself), `largest` (decimal: the largest difference of
        log-probabilities, None without any), `tolerance` (decimal).
    """
    tolerance = str(first.get("tolerance", "0"))
    if last is None:
        return {"same": None, "tolerance": tolerance}
    equal = {name: first.get(name) == last.get(name) for name in ("text", "ids", "said")}
    largest = _largest(first.get("logprobs"), last.get("logprobs"))
    near = largest is None or largest <= float(tolerance)
    return {
        "same": all(equal.values()) and near,
        **equal,
        "largest": None if largest is None else f"{largest:.3g}",
        "tolerance": tolerance,
    }


def asked_again(engine: Engine, first: dict[str, Any]) -> dict[str, Json]:
    """Ask an engine its canary again and return how it differs from the first; see `compare`."""
    evidence: dict[str, Json] = {}
    for _ in range(TRIES):
        try:
            evidence = compare(first, engine.canary())
        except SnapshotChanged:
            return {"same": False, "tolerance": str(first.get("tolerance", "0"))}
        if evidence["same"] is not False:
            break
    return evidence


def finding(names: AttemptNames, evidence: dict[str, Json], now: str) -> Sealed:
    """Return the finding that holds a comparison of an attempt's canaries."""
    return Sealed(
        new(
            "finding",
            run=names.run,
            plan=names.plan,
            finding=FINDING,
            subject=names.attempt,
            evidence=evidence,
            created=now,
        )
    )


def withdrawn(records: Iterable[Sealed], names: AttemptNames, now: str) -> list[Sealed]:
    """Return an attempt's records with every answer replaced by the failure that it became.

    Answers taken over from earlier runs are not this server's, and stay.
    """
    return [
        _failure(item.record["request"], names, now)
        if item.record["kind"] == "generation" and "reused" not in item.record["batch"]
        else item
        for item in records
    ]


def earlier(ledger: Path, run: str) -> dict[str, Any] | None:
    """Return the canary of the run's first attempt that asked one, None where none did.

    Canaries of servers that this program started are left out: their files were hashed each time.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    for path in sorted((ledger / "shards" / f"run-{run[:16]}").glob("*/*.jsonl")):
        for start in _starts(path, run):
            engine = start["engine"]
            if isinstance(engine.get("canary"), dict) and engine.get("trust") != "owned":
                found.append((start["started"], engine["canary"]))
    return min(found, key=lambda one: one[0])[1] if found else None


def _starts(path: Path, run: str) -> Iterator[dict[str, Any]]:
    for line in read_lines(path):
        if b'"kind":"start"' in line:
            record = loads_object(line)
            if record["kind"] == "start" and record["run"] == run:
                yield record


def _failure(request: str, names: AttemptNames, now: str) -> Sealed:
    return Sealed(
        new(
            "failure",
            **names.to_json(),
            request=request,
            reason=REASON,
            message=MESSAGE,
            failed=now,
        )
    )


def _largest(first: Any, last: Any) -> float | None:
    """Return the largest difference between decimals; infinite where one side has fewer."""
    if not isinstance(first, list) or not isinstance(last, list):
        return None if first == last else float("inf")
    if len(first) != len(last):
        return float("inf")
    pairs = [(one, two) for one, two in zip(first, last, strict=True)]
    if any((one is None) != (two is None) for one, two in pairs):
        return float("inf")
    return max((abs(float(one) - float(two)) for one, two in pairs if one is not None), default=0.0)
