"""The recorded estimates of a run, as values for tables, reports and conclusions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprollm.ledger.projection import opened
from reprollm.scores.row import Row, Uncertainty


@dataclass(frozen=True, kw_only=True)
class Estimate(Row):
    """An estimate as it stands in the log.

    Attributes:
        run: run id, or the id of an import, hex.
        plan: plan id, or the id of the import again, hex.
        table_sha256: digest of the item scores that it was made of, hex.
        checkpoint_size: number of the log's records when it was made; it speaks of these.
        checkpoint_root: root over them, hex.
        code: digest of the code that made it, hex.
        created: RFC 3339 UTC.
        position: place of the record in the log.
    """

    run: str
    plan: str
    table_sha256: str
    checkpoint_size: int
    checkpoint_root: str
    code: str
    created: str
    position: int


def estimates(ledger: Path, run: str) -> list[Estimate]:
    """Return the recorded estimates of a run or import, of each row the latest, in log order.

    Raises:
        InvalidInput: there is no projection.
    """
    with opened(ledger) as connection:
        rows = connection.execute(_ESTIMATES, [run]).fetchall()
    found: dict[tuple[Any, ...], Estimate] = {}
    for position, canon in rows:
        one = estimate_of(json.loads(canon), position)
        found.pop(one.key, None)
        found[one.key] = one
    return list(found.values())


def estimate_of(record: dict[str, Any], position: int) -> Estimate:
    """Return an estimate record as a value."""
    interval, passes, checkpoint = record["interval"], record["passes"], record["checkpoint"]
    return Estimate(
        score=record["score"],
        version=record["version"],
        sampling=record["sampling"],
        level=record["level"],
        group=record["group"],
        label=record["label"],
        aggregation=record["aggregation"],
        value=record["value"],
        low=record["low"],
        high=record["high"],
        interval=Uncertainty(
            interval["method"],
            interval["level"],
            interval["resamples"],
            interval["seed"],
            interval["clusters"],
        ),
        n=record["n"],
        items=record["items"],
        clusters=record["clusters"],
        undefined=record["undefined"],
        counted=record["counted"],
        asked=passes["asked"],
        distinct=passes["distinct"],
        warnings=tuple(record["warnings"]),
        run=record["run"],
        plan=record["plan"],
        table_sha256=record["table_sha256"],
        checkpoint_size=checkpoint["size"],
        checkpoint_root=checkpoint["root"],
        code=record["code"],
        created=record["created"],
        position=position,
    )


_ESTIMATES = """
    SELECT "position", canon FROM log WHERE kind = 'estimate' AND run = ? ORDER BY "position"
"""
