"""What the log itself shows: one request of one run, answered twice and differently.

Two complete executions of a request with the same result are replicate evidence; with different
results they are a finding. The first answer in log order stays final either way. A finding record
is a function of the two generations alone, so that it is never written twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reprollm.ledger.projection import opened
from reprollm.records.kinds import new
from reprollm.records.sealed import Sealed
from reprollm.records.shard import ShardReference, publish

NONDETERMINISM = "nondeterminism"

_DIFFERING = """
    SELECT g.run, g.plan, g.request, f.attempt, f.result, g.attempt, g.result, g.finished
    FROM generations g JOIN final f USING (run, request)
    WHERE g.result != f.result
      AND g."position" IN (SELECT min("position") FROM generations GROUP BY run, request, result)
      AND NOT EXISTS (SELECT 1 FROM findings n WHERE n.finding = 'nondeterminism'
                      AND n.run = g.run AND n.subject = g.request
                      AND (n.evidence->>'$.other.result') = g.result)
    ORDER BY g.run, g."position"
"""


def publish_new(ledger: Path) -> list[ShardReference]:
    """Publish the findings that the log, as projected, calls for and does not hold yet.

    There is one finding for each run, request and differing result; one shard for each run.
    """
    with opened(ledger) as connection:
        rows = connection.execute(_DIFFERING).fetchall()
    by_run: dict[str, list[Sealed]] = {}
    for row in rows:
        by_run.setdefault(row[0], []).append(Sealed(nondeterminism(*row)))
    return [
        publish(ledger, f"finding-{run[:16]}", findings) for run, findings in sorted(by_run.items())
    ]


def nondeterminism(
    run: str,
    plan: str,
    request: str,
    final_attempt: str,
    final_result: str,
    attempt: str,
    result: str,
    finished: str,
) -> dict[str, Any]:
    """Return the finding that `attempt` answered `request` otherwise than the final answer."""
    return new(
        "finding",
        run=run,
        plan=plan,
        finding=NONDETERMINISM,
        subject=request,
        evidence={
            "final": {"attempt": final_attempt, "result": final_result},
            "other": {"attempt": attempt, "result": result},
        },
        created=finished,
    )
