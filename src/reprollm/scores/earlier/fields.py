"""What a score record says of one row of a summary, and how such records are told apart."""

from __future__ import annotations

from typing import Any

from reprollm.scores.earlier.aggregate import Aggregate

NAME = ("score", "sampling", "level", "stratum", "aggregation")


def score_fields(run: str, plan: str, row: Aggregate, table: str) -> dict[str, Any]:
    """Return what a score record must say of one aggregate; only its time is its own.

    Args:
        run: run id, or the id of an import, hex.
        plan: plan id, or the id of the import again, hex.
        row: the aggregate.
        table: digest of the table of item scores of this score, hex.
    """
    return {
        "run": run,
        "plan": plan,
        "score": row.score,
        "sampling": row.sampling,
        "level": row.level,
        "stratum": row.stratum,
        "aggregation": row.aggregation,
        "value": row.decimal(),
        "n": row.n,
        "undefined": row.undefined,
        "runaway": row.runaway,
        "table_sha256": table,
    }
