"""The item scores of a run, from the table that the score stage wrote beside the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reprollm.report.rows import ItemScores


def item_scores(ledger: Path, run: str) -> tuple[tuple[str, ...], dict[int, ItemScores]]:
    """Return the names of the scores, and the scores of each answer by its request's index.

    Nothing where the run was not scored; a score that no answer has by itself is left out.
    """
    path = ledger / "scores" / f"{run[:16]}.parquet"
    if not path.is_file():
        return (), {}
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        wanted = [
            name
            for name in ("index", "score", "value", "status")
            if name in file.schema_arrow.names
        ]
        names: dict[str, None] = {}
        values: dict[int, dict[str, float | None]] = {}
        said: dict[int, str | None] = {}
        for batch in file.iter_batches(columns=wanted):
            for row in _rows(batch):
                names.setdefault(row["score"])
                values.setdefault(row["index"], {})[row["score"]] = row["value"]
                said[row["index"]] = row.get("status")
    kept = [name for name in names if any(of.get(name) is not None for of in values.values())]
    return tuple(kept), {at: ItemScores(said[at], scores) for at, scores in values.items()}


def _rows(batch: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows
